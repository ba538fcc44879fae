"""The rows of a reference as the model that was fitted to them sees them."""

from __future__ import annotations

from dataclasses import dataclass

from spc.nouns import Bools, Floats


@dataclass(frozen=True, slots=True)
class SubgroupReview:
    """One subgroup of the reference: its label, its rows (from 1, those in the fit), T² of their mean with its limit, and its spread.

    determinant is the generalised variance |S_i| of its rows and determinant_ucl its mean plus three standard deviations (Montgomery
    2020, section 11.6: not a limit of known probability); both NaN when it has no more rows than variables.
    """

    label: str
    rows: tuple[int, ...]
    t2: float
    ucl: float
    out: bool
    determinant: float
    determinant_ucl: float


@dataclass(frozen=True, eq=False)
class Review:
    """The reference rows as the model sees them, one entry per row (n,), with the classical view beside it.

    t2 (squared distance; NaN when no variable has a value), ucl and out; used: the final estimate rests on this row; fitted: the row
    took part in the fit (complete and not excluded); kin: inside the limit but of one kind with rows outside it. The classical arrays
    are NaN where a row is incomplete or no classical estimate exists. When subgroups are judged, every row has t2, ucl and out of its
    subgroup's mean, and `subgroups` lists these.
    """

    t2: Floats
    ucl: Floats
    out: Bools
    used: Bools
    fitted: Bools
    kin: Bools
    classical_t2: Floats
    classical_ucl: Floats
    subgroups: tuple[SubgroupReview, ...] = ()
