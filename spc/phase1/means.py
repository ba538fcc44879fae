"""Which law the means of subgroups follow: exact where it is known, calibrated where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from spc.errors import BadRecipe
from spc.limits import TAIL_GRID, KnownParameters, Like
from spc.limits.cache import Key, remembered
from spc.limits.grouped import SubgroupFits, calibrate_subgroups
from spc.limits.subgroups import NewSubgroup, ReferenceSubgroup
from spc.nouns import Floats, Ints, Limit, Scatter
from spc.phase1.laws import Progress, Tails
from spc.phase1.own import OWN
from spc.phase1.recipe import Recipe
from spc.scatter import Classical, Estimator, Known, equivariance, title
from spc.scatter.within import pooled, robust


class Means(Protocol):
    """Where the limits of means of k rows come from."""

    def new_subgroup(self, alpha: float, k: int, q: int) -> Limit: ...

    def reference_subgroup(self, alpha: float, k: int) -> Limit: ...

    def tails(self, k: int) -> Tails: ...


@dataclass(frozen=True)
class ExactMeans:
    """Classical estimates of n normal rows in subgroups: F, with ν = n − groups."""

    n: int
    groups: int
    p: int

    def new_subgroup(self, alpha: float, k: int, q: int) -> Limit:
        return NewSubgroup(self.n, self.groups, k, q).limit(alpha)

    def reference_subgroup(self, alpha: float, k: int) -> Limit:
        return ReferenceSubgroup(self.n, self.groups, k, self.p).limit(alpha)

    def tails(self, k: int) -> Tails:
        return tuple((alpha, self.new_subgroup(alpha, k, self.p).value) for alpha in TAIL_GRID)


@dataclass(frozen=True)
class KnownMeans:
    """Known parameters: χ² for the mean of any number of rows."""

    p: int

    def new_subgroup(self, alpha: float, k: int, q: int) -> Limit:
        return KnownParameters(q).limit(alpha)

    def reference_subgroup(self, alpha: float, k: int) -> Limit:
        return KnownParameters(self.p).limit(alpha)

    def tails(self, k: int) -> Tails:
        return tuple((alpha, KnownParameters(self.p).limit(alpha).value) for alpha in TAIL_GRID)


@dataclass(frozen=True, eq=False)
class MeanLaw:
    """The law of T² of means, asked as the law of a row is: for subgroups of the usual `size`, with what one row more adds."""

    means: Means
    size: int
    full: int

    def new_row(self, alpha: float, q: int) -> Limit:
        return self.means.new_subgroup(alpha, self.size, q)

    def reference_row(self, alpha: float) -> Limit:
        return self.means.reference_subgroup(alpha, self.size)

    def tails(self) -> Tails:
        return self.means.tails(self.size)

    def slope(self, alpha: float, q: int) -> float:
        """What one row more adds to the limit of a new subgroup: a straight line, because the centre's scatter is constant."""
        far = 2 * self.full + self.size
        more = self.means.new_subgroup(alpha, far, q).value - self.means.new_subgroup(alpha, self.size, q).value
        return more / (far - self.size)

    def own_slope(self, alpha: float) -> float:
        """What one row more adds to the limit of a reference subgroup: it falls, since the grand mean holds more of the subgroup."""
        return self.means.reference_subgroup(alpha, self.size + 1).value - self.means.reference_subgroup(alpha, self.size).value


def asked_within(estimator: Estimator, x: Floats, group: Ints) -> Scatter:
    """The scatter within groups by an estimator."""
    return pooled(x, group) if isinstance(estimator, Classical) else robust(estimator, x, group)


def law_of_means(recipe: Recipe, sizes: tuple[int, ...], scatter: Scatter, progress: Progress | None) -> tuple[Means, float]:
    """The law for subgroups of these sizes, as asked or as it must be, and what the scatter must be divided by to be unbiased.

    Raises BadRecipe for a law that would not hold.
    """
    estimator, asked = recipe.estimator, recipe.limit
    if isinstance(estimator, Known):
        _refuse(asked not in ("auto", "chi2"), f"Limit '{asked}' is not for known parameters.", "Use 'auto' or 'chi2'.")
        return KnownMeans(scatter.p), 1.0
    _refuse(asked in OWN, f"Limit '{asked}' is for single rows, not for means of subgroups.", "Use limit 'auto'.")
    _refuse(asked == "chi2", "χ² limits are for known parameters.", "Use limit 'auto', or declare the parameters known.")
    if isinstance(estimator, Classical) and asked in ("auto", "f"):
        return ExactMeans(sum(sizes), len(sizes), scatter.p), 1.0
    _refuse(asked == "f", f"The F law is not for {estimator.name}.", "Use limit 'auto': it is calibrated for the estimator.")
    fits = _calibrated(estimator, sizes, scatter, recipe.seed, progress)
    return fits, fits.bias


def _refuse(wrong: bool, text: str, cure: str) -> None:
    if wrong:
        raise BadRecipe(text, cure=cure)


def _calibrated(estimator: Estimator, sizes: tuple[int, ...], scatter: Scatter, seed: int, progress: Progress | None) -> SubgroupFits:
    """The calibration for subgroups of these sizes, and for others than affine equivariant estimators at this scatter."""
    truth = None if equivariance(estimator) == "affine" else scatter.factor
    report = None if progress is None else (lambda share: progress(share, f"calibrating the limit for {len(sizes)} subgroups"))

    def made() -> SubgroupFits:
        asked = (lambda x, group: asked_within(estimator, x, group), title(estimator), sizes, scatter.p)
        return calibrate_subgroups(*asked, truth=truth, seed=seed, progress=report)

    key = Key(("subgroups", estimator, sizes, scatter.p, seed, None if truth is None else Like(truth).digest))
    return remembered(key, SubgroupFits, made, lambda _: 0.0)
