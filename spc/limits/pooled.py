"""Limits for rows against the centre of their own product and a scatter pooled over products, for any estimator, by simulation.

The products' means and the pooled covariance are independent of the table that is centred and whitened by them (Basu 1955), so seen from
there a new row of a product of n_i rows is a Student vector with ν − q + 1 degrees of freedom and spread (1 + 1/n_i) ν/(ν − q + 1),
ν = N − g: the exact law of the classical fit, of which only the robust fit's difference is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import Degenerate
from spc.limits.calibrated import TAIL_GRID, Progress, root
from spc.limits.exact import checked_alpha
from spc.limits.packing import APART
from spc.limits.quadratic import tail
from spc.limits.subgroups import NewRowPooled, ReferenceRowPooled
from spc.nouns import Floats, Ints, Limit, Scatter

PooledFitter = Callable[[Floats, Ints], tuple[Floats, Scatter]]  # rows and their product -> the centres (g, p) and the pooled scatter

_ROWS, _FEWEST, _MOST = 40_000, 100, 500


@dataclass(frozen=True, eq=False)
class PooledFits:
    """Simulated fits: center (B, g, p) and factor (B, p, p), unbiased by `bias`; own[i] ascending: T² of the rows of product i."""

    title: str
    sizes: tuple[int, ...]
    p: int
    center: Floats
    factor: Floats
    own: tuple[Floats, ...]
    bias: float
    whitened: bool
    answers: dict[str, float] = field(default_factory=dict, repr=False, metadata=APART)

    def new_row(self, i: int, alpha: float, q: int) -> Limit:
        """The limit for a new row of product i on which q variables are observed."""
        value = self._quantile(i, checked_alpha(alpha), q)
        seen = f"p = {self.p}" if q == self.p else f"{q} of {self.p} variables observed"
        words = f"calibrated for {self.title} pooled over {len(self.sizes)} products: n = {self.sizes[i]} of {sum(self.sizes)}, {seen}"
        return Limit(value, alpha, f"{words}, {len(self.center)} simulated references")

    def reference_row(self, i: int, alpha: float) -> Limit:
        """The limit for a row of product i in the fit; the (larger) one for a new row when alpha is too small to simulate."""
        own = self.own[i]
        new = self.new_row(i, alpha, self.p)
        if alpha * len(own) < 25:
            return Limit(new.value, alpha, f"{new.law}, taken for a new row: on the safe side for a reference row")
        return Limit(float(np.quantile(own, 1.0 - alpha)), alpha, f"{new.law}, reference rows")

    def tails(self, i: int) -> tuple[tuple[float, float], ...]:
        """Pairs (alpha, value) of the law of a new row of product i."""
        return tuple((alpha, self._quantile(i, alpha, self.p)) for alpha in TAIL_GRID)

    def _quantile(self, i: int, alpha: float, q: int) -> float:
        question = f"{i} {alpha!r} {q}"
        if question not in self.answers:
            self.answers[question] = self._found(i, alpha, q)
        return self.answers[question]

    def _found(self, i: int, alpha: float, q: int) -> float:
        left, singular, _ = np.linalg.svd(self.factor[:, :q, :q])
        weight, shift2 = singular**-2.0, np.einsum("kab,ka->kb", left, self.center[:, i, :q]) ** 2
        n, dof = self.sizes[i], sum(self.sizes) - len(self.sizes)
        spread2 = (1.0 + 1.0 / n) * dof / (dof - q + 1) if self.whitened else 1.0
        free = dof - q + 1.0 if self.whitened else np.inf

        def excess(value: float) -> float:
            return float(np.log(np.mean(tail(value, weight, shift2, spread2, free)) + 1e-300) - np.log(alpha))

        start = NewRowPooled(sum(self.sizes), len(self.sizes), n, q).limit(alpha).value
        return root(excess, start)


@dataclass(frozen=True)
class PooledExact:
    """Classical estimates of normal rows: F for new rows, beta for the reference's own, with ν = N − g."""

    sizes: tuple[int, ...]
    p: int
    bias: float = 1.0

    def new_row(self, i: int, alpha: float, q: int) -> Limit:
        return NewRowPooled(sum(self.sizes), len(self.sizes), self.sizes[i], q).limit(alpha)

    def reference_row(self, i: int, alpha: float) -> Limit:
        return ReferenceRowPooled(sum(self.sizes), len(self.sizes), self.sizes[i], self.p).limit(alpha)

    def tails(self, i: int) -> tuple[tuple[float, float], ...]:
        return tuple((alpha, self.new_row(i, alpha, self.p).value) for alpha in TAIL_GRID)


def calibrate_pooled(
    fitter: PooledFitter,
    title: str,
    sizes: Sequence[int],
    p: int,
    *,
    truth: Floats | None = None,
    seed: int = 0,
    fits: int | None = None,
    progress: Progress | None = None,
) -> PooledFits:
    """Fit `fitter` to simulated normal products of these sizes. `truth` is the scatter to simulate at, when mixtures matter to it."""
    group, n = np.repeat(np.arange(len(sizes)), sizes), sum(sizes)
    rng = np.random.default_rng([seed, n, len(sizes), p])
    wanted = fits or int(np.clip(_ROWS / n, _FEWEST, _MOST))
    centers: list[Floats] = []
    factors: list[Floats] = []
    own: list[Floats] = []
    while len(centers) < wanted:
        table = _table(rng, group, p, truth)
        try:
            center, found = fitter(table, group)
        except Degenerate:  # normal rows that the estimator cannot answer: draw again
            continue
        own.append(Scatter(np.zeros(p), found.factor, n).d2(table - center[group]))
        centers.append(center if truth is None else solve_triangular(truth, center.T, lower=True).T)
        factors.append(found.factor if truth is None else solve_triangular(truth, found.factor, lower=True))
        if progress is not None:
            progress(len(centers) / wanted)
    factor = np.array(factors)
    bias = float(np.mean(np.sum(factor**2, axis=(1, 2))) / p)
    distance = np.array(own) * bias
    of_product = tuple(np.sort(distance[:, group == i], axis=None) for i in range(len(sizes)))
    return PooledFits(title, tuple(sizes), p, np.array(centers), factor / np.sqrt(bias), of_product, bias, truth is None)


def _table(rng: np.random.Generator, group: Ints, p: int, truth: Floats | None) -> Floats:
    x = rng.standard_normal((len(group), p))
    if truth is not None:
        return np.asarray(x @ truth.T)
    size = np.bincount(group)
    x -= (np.column_stack([np.bincount(group, column) for column in x.T]) / size[:, None])[group]
    lower = np.linalg.cholesky(x.T @ x / (len(x) - len(size)))
    return np.asarray(solve_triangular(lower, x.T, lower=True).T)
