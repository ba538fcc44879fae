"""Phase I of rational subgroups: the scatter within them, the laws of their means, and their review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from spc.errors import BadRecipe, Complaint
from spc.limits import TAIL_GRID, KnownParameters
from spc.limits.dispersion import determinant_limit
from spc.limits.grouped import SubgroupFits, calibrate_subgroups
from spc.limits.subgroups import NewSubgroup, ReferenceSubgroup
from spc.nouns import Bools, Finding, Floats, Ints, Limit, Scatter, Subgroups
from spc.phase1.grouping import Grouping
from spc.phase1.laws import Progress, Tails
from spc.phase1.recipe import Recipe
from spc.phase1.review import Review, SubgroupReview
from spc.scatter import Classical, Estimator, Known, equivariance
from spc.scatter.within import pooled, robust


class _Means(Protocol):
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

    means: _Means
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


@dataclass(frozen=True, eq=False)
class Within:
    """The subgroups that take part in a fit: for each fitted row its subgroup (n,), the sizes (m,), what is usual, what is most."""

    grouping: Grouping
    fitted: Bools
    group: Ints
    sizes: Ints

    @classmethod
    def of(cls, grouping: Grouping, fitted: Bools) -> Within:
        group = grouping.within(fitted)
        return cls(grouping, fitted, group, np.bincount(group))

    @property
    def size(self) -> int:
        """The most common number of rows, the larger of two equally common ones."""
        counts = np.bincount(self.sizes)
        return int(len(counts) - 1 - np.argmax(counts[::-1]))

    def ask(self, estimator: Estimator) -> Callable[[Floats], Scatter]:
        """The question put to the fitted rows (n, p)."""
        if isinstance(estimator, Known):
            return estimator
        return lambda x: pooled(x, self.group) if isinstance(estimator, Classical) else robust(estimator, x, self.group)

    def law(self, recipe: Recipe, scatter: Scatter, progress: Progress | None) -> tuple[MeanLaw, Scatter]:
        """The law of the means and, for a robust estimator, the scatter made unbiased by its calibration."""
        estimator, asked, p = recipe.estimator, recipe.limit, scatter.p
        full = int(self.sizes.max())
        if isinstance(estimator, Known):
            _refuse(asked not in ("auto", "chi2"), f"Limit '{asked}' is not for known parameters.", "Use 'auto' or 'chi2'.")
            return MeanLaw(KnownMeans(p), self.size, full), scatter
        _refuse(asked == "chi2", "χ² limits are for known parameters.", "Use limit 'auto', or declare the parameters known.")
        if isinstance(estimator, Classical) and asked in ("auto", "f"):
            return MeanLaw(ExactMeans(len(self.group), len(self.sizes), p), self.size, full), scatter
        _refuse(asked == "f", f"The F law is not for {estimator.name}.", "Use limit 'auto': it is calibrated for the estimator.")
        fits = _calibrated(estimator, tuple(sorted(self.sizes.tolist())), scatter, recipe.seed, progress)
        return MeanLaw(fits, self.size, full), replace(scatter, factor=scatter.factor / np.sqrt(fits.bias))

    def noun(self, laws: Mapping[str, MeanLaw], alpha: Mapping[str, float], p: int) -> Subgroups:
        """What the model keeps of its subgroups."""
        slopes = {name: tuple(one.slope(alpha[name], q) for q in range(1, p + 1)) for name, one in laws.items()}
        own = {name: one.own_slope(alpha[name]) for name, one in laws.items()}
        return Subgroups(self.grouping.column, self.size, int(self.sizes.max()), len(self.sizes), slopes, own)

    def findings(self, review: Review) -> tuple[Finding, ...]:
        """What to know about the subgroups, and whether they differ from one another more than their rows do."""
        found = self.grouping.findings(self.sizes)
        out = [one for one in review.subgroups if one.out]
        if len(out) > max(3, 0.2 * len(review.subgroups)):
            text = (
                f"{len(out)} of {len(review.subgroups)} subgroups lie beyond the limit: subgroups differ from one another far more than "
                "the rows within them, and a chart of their means will alarm at ordinary differences."
            )
            cure = "Find out what changes between subgroups; if it belongs to the process, chart one row per subgroup instead."
            rows = tuple(row for one in out for row in one.rows)[:1000]
            found += (Finding("between_subgroups", "amber", text, cure, (self.grouping.column,), rows),)
        return found


def _refuse(wrong: bool, text: str, cure: str) -> None:
    if wrong:
        raise BadRecipe(text, cure=cure)


def _calibrated(estimator: Estimator, sizes: tuple[int, ...], scatter: Scatter, seed: int, progress: Progress | None) -> SubgroupFits:
    """The calibration for subgroups of these sizes; remembered for estimators whose law depends on nothing else."""
    affine = equivariance(estimator) == "affine"
    key = (estimator, sizes, scatter.p, seed)
    if affine and key in _known():
        return _known()[key]
    report = None if progress is None else (lambda share: progress(share, f"calibrating the limit for {len(sizes)} subgroups"))
    title = estimator.name.upper() + (f"(h = {estimator.h:g})" if hasattr(estimator, "h") else "")
    found = calibrate_subgroups(
        lambda x, group: pooled(x, group) if isinstance(estimator, Classical) else robust(estimator, x, group),
        title,
        sizes,
        scatter.p,
        truth=None if affine else scatter.factor,
        seed=seed,
        progress=report,
    )
    if affine:
        _known()[key] = found
    return found


@lru_cache(maxsize=1)
def _known() -> dict[tuple[Estimator, tuple[int, ...], int, int], SubgroupFits]:
    return {}


def review(x: Floats, within: Within, scatter: Scatter, used: Bools, law: MeanLaw, alpha: float) -> Review:
    """Every row with T² of its subgroup's mean, and the subgroups themselves; x (n, p) are all rows of the reference."""
    views = _views(x, within, scatter, law, alpha)
    n = len(x)
    t2, ucl, out = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool)
    for g, one in views.items():
        rows = within.grouping.group == g
        t2[rows], ucl[rows], out[rows] = one.t2, one.ucl, one.out
    plain_t2, plain_ucl = np.full(n, np.nan), np.full(n, np.nan)
    try:
        plain = pooled(x[within.fitted], within.group)
        exact = MeanLaw(ExactMeans(len(within.group), len(within.sizes), scatter.p), within.size, int(within.sizes.max()))
        for g, one in _views(x, within, plain, exact, alpha).items():
            rows = within.grouping.group == g
            plain_t2[rows], plain_ucl[rows] = one.t2, one.ucl
    except Complaint:
        pass  # no classical view, then
    return Review(t2, ucl, out, used, within.fitted, np.zeros(n, dtype=bool), plain_t2, plain_ucl, tuple(views.values()))


def _views(x: Floats, within: Within, scatter: Scatter, law: MeanLaw, alpha: float) -> dict[int, SubgroupReview]:
    """Each subgroup, by its position: of its rows in the fit against its own law, else of its complete rows against that of a new one."""
    found = {}
    complete = ~np.isnan(x).any(axis=1)
    n, groups, p = len(within.group), len(within.sizes), scatter.p
    for g, label in enumerate(within.grouping.labels):
        mine = within.grouping.group == g
        rows = np.flatnonzero(mine & within.fitted)
        own = len(rows) > 0
        rows = rows if own else np.flatnonzero(mine & complete)
        if not len(rows):
            continue
        k = len(rows)
        t2 = float(k * scatter.d2(x[rows].mean(axis=0)[None])[0])
        ucl = (law.means.reference_subgroup(alpha, k) if own else law.means.new_subgroup(alpha, k, p)).value
        determinant, top = float("nan"), float("nan")
        if k > p:
            determinant = float(np.exp(2.0 * np.sum(np.log(np.diag(pooled(x[rows], np.zeros(k, dtype=np.int64)).factor)))))
            top = determinant_limit(scatter.logdet, k, p, n - groups)
        found[g] = SubgroupReview(label, tuple(int(i) + 1 for i in rows), t2, ucl, t2 > ucl, determinant, top)
    return found
