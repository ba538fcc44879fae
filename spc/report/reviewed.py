"""A reference as its model sees it, worked out again from the two: what the review draws, and the same numbers to the last bit.

A model keeps its estimate, its limits and the rows it calls outliers; the distances follow from them and the reference's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spc import blame
from spc.figures.rows import Kind
from spc.nouns import Bools, Floats, Ints, Limit, Model, Reference, Scatter
from spc.phase1 import Recipe
from spc.phase1.again import again
from spc.phase1.review import SubgroupReview
from spc.scatter import Cells, Cellwise


@dataclass(frozen=True, eq=False)
class Reviewed:
    """Every row of the reference, one entry per row (n,); x (n, p) in the model's order.

    fitted: the row took part in the fit; kin: within the limit, but alike to rows beyond it. The classical arrays are NaN where a row is
    incomplete or no classical estimate exists; then `classical_limit` is None. leverage: the pull of a fitted row on that estimate.
    judged (n, p) is what T² is of: the row, or the mean of its subgroup of `sizes` (n,) rows; `subgroups` lists those when the model
    judges them.
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
    leverage: Floats
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

    @cached_property
    def cells(self) -> Cells | None:
        """Which single values (n, p) a cellwise estimate set aside, and what they should have been; None for other estimates.

        The estimate is made once more. Rows that took no part in the fit have no flagged value, and NaN as what was expected.
        """
        estimator = Recipe.from_dict(self.model.recipe).estimator if self.model.estimator == Cellwise.name else None
        if not isinstance(estimator, Cellwise):
            return None
        told = estimator.cells(self.x[self.fitted])
        flagged, expected, sd = np.zeros(self.x.shape, dtype=bool), np.full(self.x.shape, np.nan), np.full(self.x.shape, np.nan)
        flagged[self.fitted], expected[self.fitted], sd[self.fitted] = told.flagged, told.expected, told.sd
        return Cells(flagged, expected, sd)

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
    found = again(reference, model)
    seen = found.review
    return Reviewed(
        model,
        found.x,
        seen.t2,
        seen.ucl,
        seen.out,
        seen.kin,
        seen.fitted,
        seen.classical_t2,
        seen.classical_ucl,
        seen.leverage,
        model.reference_limits["t2"],
        found.classical_limit,
        found.classical,
        found.judged,
        found.sizes,
        seen.subgroups,
    )


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
