"""The subgroups of a reference as a model sees them, worked out again from the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.errors import Complaint
from spc.nouns import Bools, Floats, Ints, Limit, Model, Reference, Scatter, Subgroups
from spc.phase1.grouping import grouping
from spc.phase1.means import ExactMeans, MeanLaw
from spc.phase1.recipe import Recipe
from spc.phase1.review import Review
from spc.phase1.subgroups import Within, review
from spc.scatter.within import pooled

Tails = tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Grouped:
    """The review, what is judged of each row: the mean (n, p) of its subgroup and how many rows that has (n,), and the classical view."""

    review: Review
    judged: Floats
    sizes: Ints
    classical_limit: Limit | None
    classical: Scatter | None


@dataclass(frozen=True)
class _Kept:
    """The limits of means that a model keeps: straight lines in the number of rows."""

    model: Model
    kept: Subgroups

    def new_subgroup(self, alpha: float, k: int, q: int) -> Limit:
        return self.model.sized(k).new_limits["t2"][q - 1]

    def reference_subgroup(self, alpha: float, k: int) -> Limit:
        own = self.model.reference_limits["t2"]
        return Limit(own.value + self.kept.own_slopes["t2"] * (k - self.kept.size), own.alpha, own.law)

    def tails(self, k: int) -> Tails:
        return self.model.sized(k).tails["t2"]


def grouped(reference: Reference, model: Model, kept: Subgroups, x: Floats, fitted: Bools) -> Grouped:
    """The review of a reference whose subgroups' means are judged; x (n, p) in the model's order. Raises Complaint without labels."""
    found = grouping(reference, Recipe.from_dict(model.recipe))
    if found is None:
        raise Complaint("This model judges subgroups, and its recipe names no column for them.", cure="Fit it again.")
    fitted = fitted & found.known
    within = Within.of(found, fitted)
    law = MeanLaw(_Kept(model, kept), kept.size, kept.full)
    seen = review(x, within, model.scatter, fitted, law, model.alpha)
    judged, sizes = x.copy(), np.ones(len(x), dtype=np.int64)
    place = {label: g for g, label in enumerate(found.labels)}
    for one in seen.subgroups:
        mine = found.group == place[one.label]
        judged[mine] = x[[row - 1 for row in one.rows]].mean(axis=0)
        sizes[mine] = len(one.rows)
    limit, classical = _classical(within, x, model, kept)
    return Grouped(seen, judged, sizes, limit, classical)


def _classical(within: Within, x: Floats, model: Model, kept: Subgroups) -> tuple[Limit | None, Scatter | None]:
    try:
        exact = MeanLaw(ExactMeans(len(within.group), len(within.sizes), model.p), kept.size, kept.full)
        return exact.reference_row(model.alpha), pooled(x[within.fitted], within.group)
    except Complaint:
        return None, None
