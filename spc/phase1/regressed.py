"""The law of limits for residuals: that of single rows, allowing for the coefficients that were estimated from the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from spc.errors import BadRecipe
from spc.limits import TAIL_GRID, NewRow
from spc.limits.calibrated import root
from spc.limits.residual import NewResidual, Simulated, of_dependent_rows, of_estimator
from spc.nouns import Dynamics, Floats, Limit, Scatter
from spc.phase1.dynamic import Charted
from spc.phase1.laws import ChiSquared, Exact, Law, Progress, Tails
from spc.phase1.own import Own
from spc.phase1.recipe import Recipe
from spc.scatter import Classical, Estimator, equivariance, title

_MANY = 60  # rows per variable, from which on neither the rows' dependence nor the estimator changes what the coefficients cost


@dataclass(frozen=True, eq=False)
class Regressed:
    """Limits for residuals of n rows on p variables of the row before; `inner` is the law of the same estimator for single rows.

    With many rows these limits are in the ratio of the classical laws for residuals and for rows. With few, `ratios` say how many times as
    often the classical one for residuals is exceeded because rows depend on one another, and because the estimator is another one. A row
    of the reference keeps the law of single rows.
    """

    inner: Law
    n: int
    p: int
    words: str
    ratios: tuple[Callable[[float], float], ...] = ()
    known: dict[float, float] = field(default_factory=dict)

    def new_row(self, alpha: float, q: int) -> Limit:
        plain = NewResidual(self.n, q, self.p).limit(alpha)
        if self.ratios:
            value = plain.value * self._whole(alpha) / NewResidual(self.n, self.p, self.p).limit(alpha).value
            of = f"p = {self.p}" if q == self.p else f"{q} of {self.p} variables observed"
            return Limit(value, alpha, f"{self.words}: n = {self.n}, {of}, {self.p} coefficients for each")
        if isinstance(self.inner, Exact):
            return plain
        single = self.inner.new_row(alpha, q)
        factor = plain.value / NewRow(self.n, q).limit(alpha).value
        return Limit(factor * single.value, alpha, f"{single.law}, times {factor:.4g} for residuals: {self.p} coefficients for each")

    def reference_row(self, alpha: float) -> Limit:
        return self.inner.reference_row(alpha)

    def tails(self) -> Tails:
        return tuple((alpha, self.new_row(alpha, self.p).value) for alpha in TAIL_GRID)

    @property
    def stretch(self) -> float:
        """How much larger T² is than with single rows of known dynamics."""
        return self.new_row(0.0027, self.p).value / self.inner.new_row(0.0027, self.p).value

    def _whole(self, alpha: float) -> float:
        if alpha not in self.known:
            law = NewResidual(self.n, self.p, self.p)

            def excess(value: float) -> float:
                return float(np.log(law.tail(value) + 1e-300) - np.log(alpha) + sum(np.log(ratio(value)) for ratio in self.ratios))

            self.known[alpha] = root(excess, law.limit(alpha).value, 1e-6)
        return self.known[alpha]


def regressed(
    inner: Law,
    estimator: Estimator,
    dynamics: Dynamics,
    scatter: Scatter,
    n: int,
    like: Floats,
    seed: int = 0,
    progress: Progress | None = None,
) -> Regressed:
    """The law of residuals, from the one of single rows for the same estimator and n.

    `scatter` is that of the residuals, `like` (2p, 2p) the lower factor of rows behind their regressors. Raises TooFewRows when n ≤ 2p.
    """
    if dynamics.coefficients is None or isinstance(inner, ChiSquared):  # pragma: no cover - the recipe is refused before
        raise BadRecipe("Known parameters have no residuals.", cure="Take another estimator, or judge rows as they are.")
    p = dynamics.p
    NewResidual(n, p, p)
    if n >= _MANY * p:
        return Regressed(inner, n, p, "")
    ratios = [of_dependent_rows(_white(dynamics.coefficients, scatter.factor), n, seed).ratio()]
    if isinstance(estimator, Classical):
        return Regressed(inner, n, p, "F law of residuals, simulated for rows as dependent as these", tuple(ratios))
    ratios.append(_of_estimator(estimator, n, p, like, seed, progress).ratio())
    return Regressed(inner, n, p, f"calibrated for residuals of {title(estimator)}", tuple(ratios))


def _white(coefficients: Floats, factor: Floats) -> Floats:
    """The coefficients in coordinates in which innovations have the covariance I."""
    from scipy.linalg import solve_triangular  # noqa: PLC0415 - beside its only use

    return np.asarray(solve_triangular(factor, coefficients @ factor, lower=True))


def _of_estimator(estimator: Estimator, n: int, p: int, like: Floats, seed: int, progress: Progress | None) -> Simulated:
    affine = equivariance(estimator) == "affine"
    key = (estimator, n, p, seed, b"" if affine else like.tobytes())
    if key not in _known():
        report = None if progress is None else (lambda share: progress(share, f"calibrating the limit of residuals for n = {n}, p = {p}"))
        _known().clear()  # one is enough: the same reference is fitted again and again while it is reviewed
        _known()[key] = of_estimator(estimator, n, p, None if affine else like, seed, report)
    return _known()[key]


@lru_cache(maxsize=1)
def _known() -> dict[tuple[object, ...], Simulated]:
    return {}


def stretched(own: Own, k: int) -> Own:
    """Limits from the reference's own residuals, for new ones: its rows had a part in the k coefficients of each variable."""
    factor = _factor(own.n, k)

    def words(alpha: float) -> str:
        return f"{own.words(alpha)}, times {factor:.4g} for the coefficients, which are from the same rows"

    return replace(
        own, quantile=lambda alpha: factor * own.quantile(alpha), error=lambda alpha: factor * own.error(alpha), words=words, known={}
    )


def _factor(n: int, k: int) -> float:
    return (n + k + 1) / (n - k + 1) if n > k else 1.0


def of_residuals(plain: Callable[[], Law], recipe: Recipe, made: Charted, scatter: Scatter, n: int, progress: Progress | None) -> Law:
    """The law for single rows, or, of residuals, the one that allows for their coefficients."""
    single = plain()
    if made.factor is None:
        return single
    return regressed(single, recipe.estimator, made.dynamics, scatter, n, made.factor, recipe.seed, progress)


def allowed(found: Law | Own, recipe: Recipe, made: Charted) -> Law | Own:
    """The same for a law from the reference's own rows. Raises BadRecipe for charts with memory whose limit would be for other rows."""
    if isinstance(found, Own):
        return found if made.factor is None else stretched(found, made.dynamics.p)
    if made.factor is None and set(recipe.charts) != {"t2"}:
        others = ", ".join(name for name in recipe.charts if name != "t2")
        raise BadRecipe(
            f"A row stands in {made.dynamics.lags + 1} lagged rows, and limits of {others} are for rows that share nothing.",
            cure="Take dynamics 'residual', or limit 'crossfit', or the chart t2 alone.",
        )
    return found
