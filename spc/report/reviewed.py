"""A reference as its model sees it, worked out again from the two: what the review draws, and the same numbers to the last bit.

A model keeps its estimate, its limits and the rows it calls outliers; the distances follow from them and the reference's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spc import blame
from spc.errors import Complaint
from spc.figures.rows import Kind
from spc.limits import NewRow, ReferenceRow
from spc.nouns import Bools, Floats, Ints, Limit, Model, Reference, Scatter, Subgroups
from spc.phase1.review import SubgroupReview
from spc.report.grouped import grouped
from spc.scatter import Classical


@dataclass(frozen=True, eq=False)
class Reviewed:
    """Every row of the reference, one entry per row (n,); x (n, p) in the model's order.

    fitted: the row took part in the fit; kin: within the limit, but alike to rows beyond it. The classical arrays are NaN where a row is
    incomplete or no classical estimate exists; then `classical_limit` is None. judged (n, p) is what T² is of: the row, or the mean of
    its subgroup of `sizes` (n,) rows; `subgroups` lists those when the model judges them.
    """

    model: Model
    x: Floats
    t2: Floats
    ucl: Floats
    out: Bools
    kin: Bools
    fitted: Bools
    classical_t2: Floats
    classical_ucl: Floats
    limit: Limit
    classical_limit: Limit | None
    classical: Scatter | None
    judged: Floats
    sizes: Ints
    subgroups: tuple[SubgroupReview, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @property
    def robust(self) -> bool:
        """Whether there is a classical estimate beside another one."""
        return self.model.estimator != "classical" and self.classical_limit is not None

    @property
    def outlying(self) -> list[int]:
        """The rows beyond their limit or alike to those, as numbers from 1."""
        return [int(i) + 1 for i in np.flatnonzero(self.out | self.kin)]

    def p_value(self, row: int) -> float:
        """How rarely a good new row has such a T²."""
        observed = int(np.sum(~np.isnan(self.judged[row - 1])))
        return blame.p_value(self._sized(row), float(self.t2[row - 1]), observed)

    def sentence(self, row: int) -> str:
        """Whose doing the row's T² is."""
        return blame.sentence(self._sized(row), self.judged[row - 1])

    def _sized(self, row: int) -> Model:
        return self.model.sized(int(self.sizes[row - 1])) if self.model.subgroup is not None else self.model


def review(reference: Reference, model: Model) -> Reviewed:
    """The review of a reference under the model that was fitted to it. Raises Complaint when the two do not belong together."""
    if reference.digest != model.reference_digest:
        raise Complaint("This model was fitted to another file.", cure="Open the reference that it belongs to, or fit again.")
    x = reference.x[:, [reference.names.index(name) for name in model.names]]
    left_out = {one.row for one in model.excluded}
    fitted = np.array([row not in left_out for row in range(1, len(x) + 1)])
    if model.subgroup is not None:
        return _of_subgroups(reference, model, model.subgroup, x, fitted)
    t2, ucl = _judged(model, x, fitted)
    out = t2 > ucl
    kin = np.zeros(len(x), dtype=bool)
    kin[[row - 1 for row in model.outliers]] = True
    classical_t2, classical_ucl, classical_limit, classical = _classical(x, fitted, model.alpha)
    limit = model.reference_limits["t2"]
    return Reviewed(
        model,
        x,
        t2,
        ucl,
        out,
        kin & ~out,
        fitted,
        classical_t2,
        classical_ucl,
        limit,
        classical_limit,
        classical,
        x,
        np.ones(len(x), dtype=np.int64),
    )


def _of_subgroups(reference: Reference, model: Model, kept: Subgroups, x: Floats, fitted: Bools) -> Reviewed:
    found = grouped(reference, model, kept, x, fitted)
    out = found.t2 > found.ucl
    return Reviewed(
        model,
        x,
        found.t2,
        found.ucl,
        out,
        np.zeros(len(x), dtype=bool),
        fitted,
        found.classical_t2,
        found.classical_ucl,
        model.reference_limits["t2"],
        found.classical_limit,
        found.classical,
        found.judged,
        found.sizes,
        found.subgroups,
    )


def _judged(model: Model, x: Floats, fitted: Bools) -> tuple[Floats, Floats]:
    t2, ucl = np.full(len(x), np.nan), np.full(len(x), np.nan)
    seen = ~np.isnan(x)
    whole = seen.all(axis=1)
    patterns = [np.ones(x.shape[1], dtype=bool), *np.unique(seen[~whole], axis=0)]  # sorting a million whole rows would find one pattern
    for pattern in patterns:
        if pattern.any():
            rows = whole if pattern.all() else np.all(seen == pattern, axis=1)
            t2[rows] = model.scatter.part(pattern).d2(x[np.ix_(rows, pattern)])
            ucl[rows] = model.new_limits["t2"][int(pattern.sum()) - 1].value
    ucl[fitted & seen.all(axis=1)] = model.reference_limits["t2"].value  # a fitted row with gaps is held to the limit of a new row
    return t2, ucl


def _classical(x: Floats, fitted: Bools, alpha: float) -> tuple[Floats, Floats, Limit | None, Scatter | None]:
    """T² by the plain mean and covariance of the same rows: what would have been seen without a robust fit."""
    t2, ucl = np.full(len(x), np.nan), np.full(len(x), np.nan)
    complete = ~np.isnan(x).any(axis=1)
    fitted = fitted & complete
    n, p = int(fitted.sum()), x.shape[1]
    try:
        scatter = Classical()(x[fitted])
        inside, outside = ReferenceRow(n, p).limit(alpha), NewRow(n, p).limit(alpha)
    except Complaint:
        return t2, ucl, None, None
    t2[complete] = scatter.d2(x[complete])
    ucl[complete] = np.where(fitted[complete], inside.value, outside.value)
    return t2, ucl, inside, scatter


def kinds(seen: Reviewed, excluded: Mapping[int, object], kept: Mapping[int, object], *, classical: bool = False) -> list[Kind]:
    """What each row is, for its mark: a person's word counts before the number."""
    t2, ucl = (seen.classical_t2, seen.classical_ucl) if classical else (seen.t2, seen.ucl)
    found: list[Kind] = []
    for i in range(len(seen)):
        row = i + 1
        beyond = bool(t2[i] > ucl[i])
        if row in excluded:
            found.append("excluded")
        elif row in kept and (beyond or (seen.kin[i] and not classical)):
            found.append("kept")
        elif beyond:
            found.append("out")
        elif seen.kin[i] and not classical:
            found.append("kin")
        elif not seen.fitted[i] and np.isnan(seen.x[i]).any():
            found.append("incomplete")
        else:
            found.append("in")
    return found
