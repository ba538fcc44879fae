"""The limit of SPE, the squared length of what of a row lies outside some principal axes, with parameters that were estimated.

Given a fit, SPE of a new normal row is a quadratic form in normal variables, whose tail is exact. What its limit has to be depends on the
fit, which is as uncertain as its reference is short: the residual spread is itself estimated, and the axes are those that fit the
reference best, so that new rows lie farther outside than its own. So: simulated references are fitted, the limit is taken to be a factor
times the usual approximate one of each fit, and the factor is that with which the tails are alpha on average. Measuring each fit by its own
limit makes the answer nearly independent of the true scatter, of which only an estimate is known (Beran 1988: prepivoting).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import chdtri

from spc.limits.calibrated import root
from spc.limits.exact import checked_alpha
from spc.limits.quadratic import tail
from spc.nouns import Floats


def box(weight: Floats, alpha: float) -> Floats:
    """The approximate limit of Σ λ_j z_j² with weights λ (…, r) that are known: g·χ²_h with the same mean and variance (Box 1954, eq. 3.1).

    >>> box(np.array([1.0, 1.0, 1.0]), 0.01).round(3).tolist()  # equal weights: exact, the chi-squared law
    11.345
    """
    first, second = np.sum(weight, axis=-1), np.sum(weight**2, axis=-1)
    return np.asarray(second / first * chdtri(first**2 / second, checked_alpha(alpha)))


@dataclass(frozen=True, eq=False)
class Refitted:
    """SPE of a new row under B fits: weight λ and shift2 b² (B, r) of each one's quadratic form, and its `usual` limit (B,), the unit.

    `own` is how many of the fits are different references; the others share what an estimator makes of a table.
    """

    weight: Floats
    shift2: Floats
    usual: Floats
    own: int
    known: dict[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, rest: Floats, center: Floats, factor: Floats, usual: Floats, own: int) -> Refitted:
        """From `rest` (B, r, p), which takes a row whitened by a fit to its part outside; centres (B, p) and lower factors (B, p, p) of
        the fits as seen from the true parameters; and the usual limits (B,).
        """
        form = np.linalg.solve(np.swapaxes(factor, -1, -2), np.swapaxes(rest, -1, -2))  # Fᵀ⁻¹ Wᵀ: no inverse of a covariance
        left, singular, _ = np.linalg.svd(np.swapaxes(form, -1, -2), full_matrices=False)
        moved = np.einsum("kpr,kp->kr", form, center)
        shift = np.einsum("krs,kr->ks", left, moved) / singular
        return cls(singular**2, shift**2, usual, own)

    def tails(self, ratio: float) -> Floats:
        """P(SPE of a new row > ratio · usual limit) for each fit (B,)."""
        return tail(ratio * self.usual, self.weight, self.shift2)

    def ratio(self, alpha: float) -> float:
        """What the usual limit is multiplied with so that new rows exceed it with probability alpha, on average over references."""
        if alpha not in self.known:

            def excess(ratio: float) -> float:
                return float(np.log(self.tails(ratio).mean() + 1e-300) - np.log(alpha))

            self.known[alpha] = root(excess, 1.1, 1e-6)
        return self.known[alpha]

    def error(self, alpha: float) -> float:
        """The relative standard error of alpha that the finite number of simulated references leaves."""
        tails = self.tails(self.ratio(alpha))
        own = min(self.own, len(tails))
        if own < 2:
            return 0.0
        each = np.array([tails[k::own].mean() for k in range(own)])
        return float(np.std(each, ddof=1) / np.sqrt(own) / each.mean())
