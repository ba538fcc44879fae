"""Phase I of rational subgroups: the scatter within them, and T² of their means against its limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from spc.charts import Dispersion
from spc.errors import Complaint
from spc.limits.dispersion import determinant_limit
from spc.nouns import Bools, Finding, Floats, Ints, Scatter, Subgroups
from spc.phase1.grouping import Grouping
from spc.phase1.laws import Progress
from spc.phase1.means import ExactMeans, MeanLaw, asked_within, law_of_means
from spc.phase1.recipe import Recipe
from spc.phase1.review import Review, SubgroupReview
from spc.scatter import Estimator, Known
from spc.scatter.within import pooled


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
        return estimator if isinstance(estimator, Known) else (lambda x: asked_within(estimator, x, self.group))

    def law(self, recipe: Recipe, scatter: Scatter, progress: Progress | None) -> tuple[MeanLaw, Scatter]:
        """The law of the means and, for a robust estimator, the scatter made unbiased by its calibration."""
        means, bias = law_of_means(recipe, tuple(sorted(self.sizes.tolist())), scatter, progress)
        return MeanLaw(means, self.size, int(self.sizes.max())), replace(scatter, factor=scatter.factor / np.sqrt(bias))

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


def wide(x: Floats, review: Review, scatter: Scatter, kept: Subgroups) -> tuple[Finding, ...]:
    """The subgroups of the reference whose covariance is not that of the others, by the limit for a new subgroup: one of the reference
    has a part in what it is held against, so that its statistic is a little smaller.
    """
    found = []
    mine = [one for one in review.subgroups if review.fitted[one.rows[0] - 1]]
    for name in kept.by_size:
        for one in mine:
            limit = kept.limit_of(name, len(one.rows))
            if limit is not None and Dispersion().of(scatter.whiten(x[[row - 1 for row in one.rows]])) > limit:
                found.append(one)
    if not found:
        return ()
    labels = ", ".join(one.label for one in found[:5]) + (" …" if len(found) > 5 else "")
    text = (
        f"{len(found)} of {len(mine)} subgroups of the reference scatter otherwise than all together ({labels}): their "
        "covariance lies beyond the limit of the dispersion."
    )
    rows = tuple(row for one in found for row in one.rows)[:1000]
    return (Finding("subgroup_spread", "note", text, "Look at their rows; exclude any with a cause.", (kept.column,), rows),)


def _determinant(x: Floats) -> float:
    """|S| of some rows x (k, p), by columns of like size so that units do not matter."""
    scale = np.maximum(np.ptp(x, axis=0), np.finfo(float).tiny)
    relative = np.linalg.det(np.atleast_2d(np.cov(x / scale, rowvar=False)))
    return float(max(relative, 0.0) * np.prod(scale) ** 2)


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
            determinant = _determinant(x[rows])
            top = determinant_limit(scatter.logdet, k, p, n - groups)
        found[g] = SubgroupReview(label, tuple(int(i) + 1 for i in rows), t2, ucl, t2 > ucl, determinant, top)
    return found
