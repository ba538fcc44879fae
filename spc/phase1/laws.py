"""Which law the limits follow: exact where it is known, calibrated where it is not, and never one that breaks its promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from spc.errors import BadRecipe
from spc.limits import TAIL_GRID, Calibration, KnownParameters, NewRow, ReferenceRow, calibrate, covers, lookup
from spc.nouns import Limit
from spc.scatter import Classical, Estimator, Known, Mcd

Progress = Callable[[float, str], None]
Tails = tuple[tuple[float, float], ...]


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


def law(estimator: Estimator, asked: str, n: int, p: int, alpha: float, seed: int = 0, progress: Progress | None = None) -> Law:
    """The law for an estimator, as asked or, for "auto", as it must be; raises BadRecipe for a law that would not hold."""
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
    return calibrated(estimator, n, p, alpha, seed, progress)


def _only(law_name: str, asked: str, what: str, answer: Law) -> Law:
    if asked not in ("auto", law_name):
        raise BadRecipe(f"Limit '{asked}' is not for {what}.", cure=f"Use 'auto' or '{law_name}'.")
    return answer


def calibrated(estimator: Estimator, n: int, p: int, alpha: float, seed: int, progress: Progress | None) -> Law:
    """The calibration of an estimator for n rows of p variables: from the shipped table, or simulated once and then remembered."""
    h = getattr(estimator, "h", None)
    if isinstance(estimator, Mcd) and isinstance(h, float) and covers(alpha):
        tabled = lookup(estimator.name, h, _title(estimator), n, p)
        if tabled is not None:
            return tabled
    key = (estimator, n, p, seed)
    if key not in _known():
        report = None if progress is None else (lambda share: progress(share, f"calibrating the limit for n = {n}, p = {p}"))
        _known()[key] = calibrate(estimator, _title(estimator), n, p, seed=seed, progress=report)
    return _known()[key]


@lru_cache(maxsize=1)
def _known() -> dict[tuple[Estimator, int, int, int], Calibration]:
    return {}


def _title(estimator: Estimator) -> str:
    """The estimator as the law's words name it: "MCD(h = 0.75)".

    >>> from spc.scatter import Mcd
    >>> _title(Mcd(h=0.5))
    'MCD(h = 0.5)'
    """
    h = getattr(estimator, "h", None)
    return estimator.name.upper() + (f"(h = {h:g})" if h is not None else "")
