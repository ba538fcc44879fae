"""Which set of variables a change sits in: the search over sets, by likelihood.

If the variables of a set A were shifted by amounts unknown and the others were not, the best such shift takes T² down to the T² of the
others by themselves; what it takes away is the gain of A, u_Aᵀ (P_AA)⁻¹ u_A with P = S⁻¹ and u = S⁻¹(x − m) (the likelihood ratio; the
conditional T² of Mason, Young & Tracy 1995 for a set). Variables are set aside one by one with rank-one downdates of one P.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.nouns import Floats, Scatter

_CLEAR = 1e-12  # what is left of a variable's own part when others imply it altogether


@dataclass(frozen=True, eq=False)
class Rest:
    """Rows without the variables that were set aside: `given` (m, q), each one's distance from what the others left imply, in standard
    deviations of that prediction; `tie` (q, q), the correlations within P, unit diagonal; `left`, who is still there; `d2`, the sum of
    the m rows' squared distances on those who are left.
    """

    given: Floats
    tie: Floats
    left: tuple[int, ...]
    d2: float

    @classmethod
    def of(cls, scatter: Scatter, x: Floats) -> Rest:
        """All variables of rows x (m, q)."""
        whitener = scatter._whitener  # L⁻ᵀ: its rows' products are P
        unit = whitener / np.sqrt(np.einsum("ij,ij->i", whitener, whitener))[:, None]
        z = scatter.whiten(x)
        return cls(z @ unit.T, unit @ unit.T, tuple(range(scatter.p)), float(np.einsum("ij,ij->", z, z)))

    @property
    def gains(self) -> Floats:
        """What setting each variable (q,) aside would take from d2: its conditional term; 0 for those who have gone."""
        return np.asarray(np.einsum("ij,ij->j", self.given, self.given))

    def without(self, j: int) -> Rest:
        """The same when variable j, too, is set aside: a rank-one downdate of P."""
        tie, column = self.tie, self.tie[:, j]
        own = np.sqrt(np.maximum(1.0 - column**2, _CLEAR))
        given = (self.given - np.outer(self.given[:, j], column)) / own
        after = (tie - np.outer(column, column)) / np.outer(own, own)
        given[:, j], after[j, :], after[:, j] = 0.0, 0.0, 0.0
        np.fill_diagonal(after, 1.0)
        gain = float(self.given[:, j] @ self.given[:, j])
        return Rest(given, after, tuple(k for k in self.left if k != j), max(self.d2 - gain, 0.0))

    def all_without(self, chosen: tuple[int, ...]) -> Rest:
        """The same with each of `chosen` set aside."""
        rest = self
        for j in chosen:
            rest = rest.without(j)
        return rest

    def best(self) -> int:
        """The variable whose absence lowers d2 most."""
        gains = self.gains
        return max(self.left, key=lambda j: (float(gains[j]), -j))

    def best_pair(self) -> tuple[int, int]:
        """The two variables that together take most from d2: all pairs at once."""
        together = self.given.T @ self.given
        own = np.diag(together)
        apart = np.maximum(1.0 - self.tie**2, _CLEAR)
        more = (own[None, :] - 2.0 * self.tie * together + self.tie**2 * own[:, None]) / apart
        total = own[:, None] + more
        np.fill_diagonal(total, -np.inf)
        gone = np.setdiff1d(np.arange(len(own)), self.left)
        total[gone, :], total[:, gone] = -np.inf, -np.inf
        j, k = np.unravel_index(int(np.argmax(total)), total.shape)
        return (int(j), int(k)) if own[j] >= own[k] else (int(k), int(j))


def best_set(whole: Rest, size: int, before: tuple[int, ...]) -> tuple[int, ...]:
    """The set of this size with the largest gain, grown from the best one of the size before; singles and pairs are searched in full."""
    if size == 1:
        return (whole.best(),)
    if size == 2:
        return whole.best_pair()
    chosen = (*before, whole.all_without(before).best())
    for _ in range(size if size <= 5 else 0):  # a member that another one replaces with gain
        swapped = chosen
        for j in chosen:
            others = tuple(k for k in swapped if k != j)
            swapped = (*others, whole.all_without(others).best())
        if set(swapped) == set(chosen):
            break
        chosen = swapped
    return chosen
