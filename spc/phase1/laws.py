"""Which law the limits follow: exact where it is known, calibrated where it is not, and never one that breaks its promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from spc.errors import BadRecipe
from spc.limits import TAIL_GRID, Calibration, Effort, KnownParameters, Like, NewRow, ReferenceRow, calibrate, covers, lookup
from spc.limits.cache import Key, remembered
from spc.nouns import Floats, Limit
from spc.scatter import Classical, Estimator, Known, Mcd, equivariance, takes_missing, title

Progress = Callable[[float, str], None]
Tails = tuple[tuple[float, float], ...]
_EACH = 16  # variables up to which every limit is worked out by itself
_PLENTY, _PLENTY_PER = 4000, 150  # rows, and rows per variable, from which a calibration is carried to more of them


class Law(Protocol):
    """Where limits come from, for new rows with q variables observed and for reference rows."""

    def new_row(self, alpha: float, q: int) -> Limit: ...

    def reference_row(self, alpha: float) -> Limit: ...

    def tails(self) -> Tails: ...


@dataclass(frozen=True)
class Exact:
    """Classical estimates of normal rows: F for new rows, beta for the reference's own."""

    n: int
    p: int

    def new_row(self, alpha: float, q: int) -> Limit:
        return NewRow(self.n, q).limit(alpha)

    def reference_row(self, alpha: float) -> Limit:
        return ReferenceRow(self.n, self.p).limit(alpha)

    def tails(self) -> Tails:
        return tuple((alpha, self.new_row(alpha, self.p).value) for alpha in TAIL_GRID)


@dataclass(frozen=True)
class ChiSquared:
    """Known parameters: χ² for every row."""

    p: int

    def new_row(self, alpha: float, q: int) -> Limit:
        return KnownParameters(q).limit(alpha)

    def reference_row(self, alpha: float) -> Limit:
        return KnownParameters(self.p).limit(alpha)

    def tails(self) -> Tails:
        return tuple((alpha, self.new_row(alpha, self.p).value) for alpha in TAIL_GRID)


def law(
    estimator: Estimator,
    asked: str,
    n: int,
    p: int,
    alpha: float,
    seed: int = 0,
    progress: Progress | None = None,
    like: Like | None = None,
    fewest: int = 60,
) -> Law:
    """The law for an estimator, as asked or, for "auto", as it must be; raises BadRecipe for a law that would not hold.

    `like` is what the reference is like: it matters for estimators that are not affine equivariant. `fewest` references are
    simulated at least, when any are.
    """
    if isinstance(estimator, Known):
        return _only("chi2", asked, "known parameters", ChiSquared(p))
    if asked == "chi2":
        raise BadRecipe(
            f"χ² limits are for known parameters; with parameters estimated from {n} rows they alarm far more often than they promise.",
            cure="Use limit 'auto', or declare the parameters known.",
        )
    if isinstance(estimator, Classical) and asked in ("auto", "f"):
        return Exact(n, p)
    if asked == "f":
        raise BadRecipe(
            f"The F law holds for the classical covariance, not for {estimator.name}.",
            cure="Use limit 'auto': it is calibrated for the estimator.",
        )
    return calibrated(estimator, n, p, alpha, seed, progress, like, fewest)


@dataclass(frozen=True)
class Larger:
    """The law for n rows, from that of fewer (`at`, a calibration): their limits over the classical ones, times the classical ones for n.

    For an affine equivariant estimator the logarithm of that ratio falls with 1/n; for others, which need not become the classical
    estimate however many the rows, it is taken as it is.
    """

    at: Calibration
    n: int
    falls: bool

    def new_row(self, alpha: float, q: int) -> Limit:
        few = self.at.new_row(alpha, q)
        ratio = few.value / NewRow(self.at.n, q).limit(alpha).value
        return self._limit(NewRow(self.n, q).limit(alpha).value, ratio, few)

    def reference_row(self, alpha: float) -> Limit:
        few = self.at.reference_row(alpha)
        ratio = few.value / ReferenceRow(self.at.n, self.at.p).limit(alpha).value
        return self._limit(ReferenceRow(self.n, self.at.p).limit(alpha).value, ratio, few)

    def tails(self) -> Tails:
        return tuple((alpha, self.new_row(alpha, self.at.p).value) for alpha in TAIL_GRID)

    def _limit(self, classical: float, ratio: float, few: Limit) -> Limit:
        power = self.at.n / self.n if self.falls else 1.0
        return Limit(classical * ratio**power, few.alpha, f"{few.law}, carried to n = {self.n}")


def by_count(law: Law, alpha: float, p: int) -> tuple[Limit, ...]:
    """The limits for new rows on which 1, 2, … p variables were observed.

    For many variables a calibration works them out for some numbers of variables; between these log(limit / χ² limit) is interpolated in
    log q, which is right to about 0.1 %.
    """
    if p <= _EACH or not isinstance(getattr(law, "at", law), Calibration):
        return tuple(law.new_row(alpha, q) for q in range(1, p + 1))
    counts = [1]
    while counts[-1] < p:
        counts.append(min(p, counts[-1] + max(1, counts[-1] // 3)))
    known = {q: law.new_row(alpha, q) for q in counts}
    ratios = [np.log(known[q].value / KnownParameters(q).limit(alpha).value) for q in counts]
    between = np.exp(_curve(np.log(counts), np.array(ratios), np.log(np.arange(1, p + 1))))
    words = known[p].law.replace(f"p = {p},", f"{{}} of {p} variables observed, interpolated,")
    return tuple(
        known[q] if q in known else Limit(float(between[q - 1]) * KnownParameters(q).limit(alpha).value, alpha, words.format(q))
        for q in range(1, p + 1)
    )


def _curve(at: Floats, values: Floats, wanted: Floats) -> Floats:
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - takes long to load, and not every process fits

    return np.asarray(PchipInterpolator(at, values)(wanted))


def _only(law_name: str, asked: str, what: str, answer: Law) -> Law:
    if asked not in ("auto", law_name):
        raise BadRecipe(f"Limit '{asked}' is not for {what}.", cure=f"Use 'auto' or '{law_name}'.")
    return answer


def calibrated(
    estimator: Estimator,
    n: int,
    p: int,
    alpha: float,
    seed: int,
    progress: Progress | None,
    like: Like | None = None,
    fewest: int = 60,
) -> Law:
    """The calibration of an estimator for n rows of p variables: from the shipped table, or simulated once and then remembered.

    An affine equivariant estimator needs no more than n and p; any other is asked about references `like` this one.
    """
    h = getattr(estimator, "h", None)
    if isinstance(estimator, Mcd) and isinstance(h, float) and covers(alpha):
        tabled = lookup(estimator.name, h, title(estimator), n, p)
        if tabled is not None:
            return tabled
    return simulated(estimator, n, p, seed, progress, like, Effort(fewest))


def simulated(
    estimator: Estimator, n: int, p: int, seed: int, progress: Progress | None, like: Like | None, effort: Effort = Effort()
) -> Calibration | Larger:
    """The calibration of an estimator for n rows of p variables, by simulation; for very many rows it is carried from fewer."""
    affine = equivariance(estimator) == "affine" and not takes_missing(estimator)
    like = None if affine else like
    few = max(_PLENTY, _PLENTY_PER * p)
    if n > 1.2 * few:
        return Larger(_simulated(estimator, few, p, seed, progress, _thinned(like, few), effort), n, falls=affine)
    return _simulated(estimator, n, p, seed, progress, like, effort)


def _simulated(
    estimator: Estimator, n: int, p: int, seed: int, progress: Progress | None, like: Like | None, effort: Effort
) -> Calibration:
    report = None if progress is None else (lambda share: progress(share, f"calibrating the limit for n = {n}, p = {p}"))
    key = Key(("calibration", estimator, n, p, seed, like and like.digest, effort))
    asked = partial(calibrate, estimator, title(estimator), n, p, like=like, seed=seed, effort=effort, progress=report)
    return remembered(key, Calibration, asked, lambda found: found.error(0.0027))


def _thinned(like: Like | None, n: int) -> Like | None:
    """The same scatter, and the gaps of n rows spread over the table."""
    if like is None or like.gaps is None:
        return like
    return Like(like.factor, like.gaps[np.linspace(0, len(like.gaps) - 1, n).astype(int)])
