"""The rows of a reference as the model that was fitted to them sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

    @property
    def leverage(self) -> Floats:
        """h_ii = 1/n + T²/(n − 1) (n,): the pull of each fitted row on the classical estimate, from 1/n to 1.

        T² is the classical one and n the number of complete fitted rows, over which the leverages sum to p + 1. The hat matrix of a
        regression on these variables and a constant has them on its diagonal. NaN for other rows, and when subgroups are judged.

        >>> nothing, t2 = np.zeros(3, dtype=bool), np.array([1.0, 0.0, 1.0])
        >>> seen = Review(t2, t2 + 9, nothing, ~nothing, ~nothing, nothing, t2, t2 + 9)
        >>> seen.leverage.round(4).tolist(), float(seen.leverage.sum().round(12))
        ([0.8333, 0.3333, 0.8333], 2.0)
        """
        known = self.fitted & ~np.isnan(self.classical_t2)
        n = int(known.sum())
        if self.subgroups or n < 2:
            return np.full(len(self.t2), np.nan)
        return np.where(known, 1.0 / n + self.classical_t2 / (n - 1), np.nan)
