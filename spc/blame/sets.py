"""Which set of variables a change sits in: the search over sets, by likelihood.

If the variables of a set A were shifted by amounts unknown and the others were not, the best such shift takes T² down to the T² of the
others by themselves; what it takes away is the gain of A, u_Aᵀ (P_AA)⁻¹ u_A with P = S⁻¹ and u = S⁻¹(x − m) (the likelihood ratio; the
conditional T² of Mason, Young & Tracy 1995 for a set). Variables are set aside one by one with rank-one downdates of one P.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spc.nouns import Bools, Floats, Scatter

CLEAR = 1e-12  # what is left of a variable's own part when others imply it altogether
FEW = 4  # variables up to which a set is looked at closely: could another variable stand in the place of one of them?


@dataclass(frozen=True, eq=False)
class Rest:
    """Rows without the variables that were set aside: `u` (m, q) and P (q, q), scaled to a unit diagonal while all are there; `left` (q,),
    who is still there; `d2`, the sum of the m rows' squared distances on those who are left.
    """

    u: Floats
    precision: Floats
    left: Bools
    d2: float

    @classmethod
    def of(cls, scatter: Scatter, x: Floats) -> Rest:
        """All variables of rows x (m, q)."""
        (unit, precision), z = scatter.unit_precision, scatter.whiten(x)
        return cls(z @ unit.T, precision, np.ones(scatter.p, dtype=bool), float(np.einsum("ij,ij->", z, z)))

    @cached_property
    def count(self) -> int:
        """How many are left."""
        return int(np.count_nonzero(self.left))

    @cached_property
    def gains(self) -> Floats:
        """What setting each variable (q,) aside would take from d2: its conditional term; −∞ for those who have gone."""
        own = np.maximum(self.precision.diagonal(), CLEAR)
        return np.where(self.left, np.einsum("ij,ij->j", self.u, self.u) / own, -np.inf)

    def tied(self, j: int, k: int) -> float:
        """How closely two variables hang together when all others that are left are given: their partial correlation, 0 to 1."""
        return float(abs(self.precision[j, k]) / np.sqrt(max(self.precision[j, j] * self.precision[k, k], CLEAR)))

    def without(self, j: int) -> Rest:
        """The same when variable j, too, is set aside: a rank-one downdate of P."""
        column = self.precision[:, j] / max(float(self.precision[j, j]), CLEAR)
        after = np.multiply(column[:, None], self.precision[j])
        np.subtract(self.precision, after, out=after)
        u = self.u - self.u[:, j, None] * column
        left = self.left.copy()
        u[:, j], after[j], after[:, j], left[j] = 0.0, 0.0, 0.0, False
        return Rest(u, after, left, max(self.d2 - float(self.gains[j]), 0.0))

    def all_without(self, chosen: tuple[int, ...]) -> Rest:
        """The same with each of `chosen` set aside."""
        rest = self
        for j in chosen:
            rest = rest.without(j)
        return rest

    def best(self) -> int:
        """The variable whose absence lowers d2 most."""
        return int(np.argmax(self.gains))

    def best_pair(self) -> tuple[int, int]:
        """The two variables that together take most from d2: all pairs at once. Asked while all are there."""
        together, tie = self.u.T @ self.u, self.precision
        own = together.diagonal()
        more = (own - 2.0 * tie * together + tie**2 * own[:, None]) / np.maximum(1.0 - tie**2, CLEAR)
        total = own[:, None] + more
        np.fill_diagonal(total, -np.inf)
        j, k = divmod(int(np.argmax(total)), len(own))
        return (j, k) if own[j] >= own[k] else (k, j)


def grown(whole: Rest, before: tuple[int, ...], rest: Rest) -> tuple[tuple[int, ...], Rest]:
    """The set with the largest gain of one more variable than `before`, and the rest without it; `rest` is that without `before`.

    Singles and pairs are searched in full; larger sets grow by one, and small ones are improved while exchanging a member gains.
    """
    size = len(before) + 1
    if size == 2 and len(whole.left) > 2:
        pair = whole.best_pair()
        return pair, whole.all_without(pair)
    chosen: tuple[int, ...] = (*before, rest.best())
    rest = rest.without(chosen[-1])
    for _ in range(size if 2 < size <= FEW else 0):
        swapped = _exchanged(whole, chosen)
        if set(swapped) == set(chosen):
            break
        chosen, rest = swapped, whole.all_without(swapped)
    return chosen, rest


def _exchanged(whole: Rest, chosen: tuple[int, ...]) -> tuple[int, ...]:
    """Each member in turn replaced by the variable that takes most from what the other members leave."""
    for j in chosen:
        others = tuple(k for k in chosen if k != j)
        chosen = (*others, whole.all_without(others).best())
    return chosen
