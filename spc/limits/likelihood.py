"""The law of the likelihood ratio by which a subgroup's covariance is held against the scatter of the reference.

W = ν (tr A⁻¹S − log|A⁻¹S| − p) is the statistic of Σ = A for the covariance S of k = ν + 1 rows (Korin 1968; Alt 1985), p variables and A
the estimated scatter. Given A, νS is a Wishart matrix whose true scatter is I, and the moment generating function of W is known in full:

    log E exp(−zW) = zν (p − p log ν − Σ log a_j) + pνz log 2 + Σ_j [log Γ(ν/2 + νz − (j−1)/2) − log Γ(ν/2 − (j−1)/2)]
                     − (ν/2 + νz) Σ log(1 + 2z/a_j),     a_j the eigenvalues of A.

It is turned into the tail of W by numerical inversion. So S is integrated out exactly and only A is simulated: tails are smooth, and their
error is that of a mean over fits. A fit that is affine equivariant, seen from the true scatter, does not depend on it, and neither does W.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import chdtri, loggamma

from spc.errors import BadRecipe
from spc.limits.calibrated import root
from spc.limits.exact import checked_alpha
from spc.limits.packing import APART
from spc.limits.quadratic import tail
from spc.nouns import Floats

_NODES = 14  # of the contour: leaves an error of about 1e-12
_RAREST = 1e-8  # alpha below which that would show
_EACH = 12  # subgroup sizes up to which every limit is worked out by itself


@dataclass(frozen=True, eq=False)
class Spreads:
    """Fits as uncertain as the reference's, as seen from the true parameters: centres (B, p) and lower factors (B, p, p).

    `tables` is how many groups of them are independent of one another, of which they are in turn; answers: limits that were worked out
    from all this.
    """

    center: Floats
    factor: Floats
    tables: int
    answers: dict[str, float] = field(default_factory=dict, repr=False, metadata=APART)

    @property
    def p(self) -> int:
        return int(self.center.shape[1])

    @cached_property
    def _forms(self) -> tuple[Floats, Floats]:
        """Eigenvalues of the fitted scatters (B, p), and b² (B, p), the centres in their eigenvectors."""
        left, singular, _ = np.linalg.svd(self.factor)
        return singular**2.0, np.einsum("kab,ka->kb", left, self.center) ** 2

    def tails(self, value: float, k: int) -> Floats:
        """P(W of k good new rows > value) for each fit (B,).

        >>> from scipy.special import chdtr, chdtrc
        >>> known = Spreads(np.zeros((1, 1)), np.ones((1, 1, 1)), 1)  # of one variable W is 9 (r − log r − 1), r = s²/σ²
        >>> known.tails(9 * (2.5 - np.log(2.5) - 1), 10).round(8).tolist()
        [0.02435202]
        >>> low = 0.2683881159770141  # there W is the same
        >>> round(float(chdtr(9, 9 * low) + chdtrc(9, 9 * 2.5)), 8)
        0.02435202
        """
        return _inverted(value, lambda z: _moments(z, k - 1, self._forms[0]))

    def value(self, alpha: float, k: int) -> float:
        """The value that W of k good new rows exceeds with probability alpha, on average over references.

        Raises BadRecipe for an alpha too rare for the precision of the inversion, ValueError for k ≤ p.
        """
        if checked_alpha(alpha) < _RAREST:
            raise BadRecipe(
                f"A false alarm in {1 / alpha:.3g} subgroups is too rare for a limit of the dispersion.",
                cure="Ask for at least one in 10⁸.",
            )
        if k <= self.p:
            raise ValueError("a covariance needs more rows than there are variables")
        question = f"{alpha!r} {k}"
        if question not in self.answers:

            def excess(value: float) -> float:
                mean = _inverted(value, lambda z: _moments(z, k - 1, self._forms[0]).mean(axis=0, keepdims=True))
                return float(np.log(max(mean[0], 1e-15)) - np.log(alpha))

            self.answers[question] = root(excess, usual(alpha, k, self.p), 1e-7)
        return self.answers[question]

    def error(self, alpha: float, k: int) -> float:
        """The relative standard error of alpha that the finite number of simulated references leaves."""
        each = self.tails(self.value(alpha, k), k)
        own = min(self.tables, len(each))
        if own < 2:
            return 0.0
        means = np.array([each[i::own].mean() for i in range(own)])
        return float(np.std(means, ddof=1) / np.sqrt(own) / alpha)

    def together(self, t2: float, value: float, k: int) -> float:
        """P(T² of the mean of k good new rows > t2, or W of them > value), on average over references.

        Mean and covariance of normal rows are independent, so given the reference it is 1 − (1 − P(T²))(1 − P(W)).
        """
        spread, shift2 = self._forms
        return float(np.mean(1.0 - (1.0 - tail(t2, 1.0 / spread, k * shift2)) * (1.0 - self.tails(value, k))))

    def by_size(self, alpha: float, full: int) -> tuple[tuple[int, float], ...]:
        """The limits for every number of rows from p + 1 to `full`.

        Of many sizes some are worked out; between these the logarithm of limit / χ² limit is interpolated in log(k − p), which is right to
        about 0.1 %.
        """
        sizes = list(range(self.p + 1, full + 1))
        some = sizes
        if len(sizes) > _EACH:
            away = [1]
            while away[-1] < len(sizes):
                away.append(min(len(sizes), away[-1] + max(1, away[-1] // 3)))
            some = [self.p + one for one in away]
        found = {k: self.value(alpha, k) for k in some}
        if some is not sizes:
            from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - takes long to load, and not every process fits

            known = np.log([found[k] / known_limit(alpha, self.p) for k in some])
            between = np.exp(PchipInterpolator(np.log(np.array(some) - self.p), known)(np.log(np.array(sizes) - self.p)))
            found = {k: float(one) * known_limit(alpha, self.p) for k, one in zip(sizes, between, strict=True)} | found
        return tuple((k, found[k]) for k in sizes)


def known_limit(alpha: float, p: int) -> float:
    """The limit for very many rows: χ² with p(p + 1)/2 degrees of freedom. Of small subgroups far more good ones lie beyond it."""
    return float(chdtri(p * (p + 1) / 2.0, alpha))


def usual(alpha: float, k: int, p: int) -> float:
    """That limit, by Bartlett's factor (Korin 1968): ρ W is about χ² with ρ = 1 − (2p + 1 − 2/(p + 1))/(6ν)."""
    rho = 1.0 - (2.0 * p + 1.0 - 2.0 / (p + 1.0)) / (6.0 * (k - 1.0))
    return known_limit(alpha, p) / max(rho, 0.3)


def _moments(z: np.ndarray, dof: int, spread: Floats) -> np.ndarray:
    """E exp(−zW) for complex z (m,) and the eigenvalues (B, p) of each fit: (B, m)."""
    p = spread.shape[1]
    half = 0.5 * (dof - np.arange(p))
    log = dof * z * p * (1.0 + np.log(2.0 / dof)) + np.sum(loggamma(half[:, None] + dof * z) - loggamma(half)[:, None], axis=0)
    more = np.zeros((len(spread), len(z)), dtype=complex)
    for j in range(p):
        more -= (0.5 * dof + dof * z) * np.log(1.0 + 2.0 * z / spread[:, j, None])
    return np.asarray(np.exp(log - dof * z * np.sum(np.log(spread), axis=1)[:, None] + more))


def _inverted(value: float, moments: Callable[[np.ndarray], np.ndarray]) -> Floats:
    """P(W > value) (B,) from E exp(−zW): the Laplace transform of the tail is (1 − that)/z, whose singularities are real and negative, so
    that a parabola around them converges geometrically (Weideman & Trefethen 2007, eq. 2.2 and table 2.1).
    """
    step, scale = 3.0 / _NODES, np.pi * _NODES / (12.0 * value)
    u = (np.arange(_NODES) + 0.5) * step
    z = scale * (1.0 + 1j * u) ** 2
    part = np.exp(z * value) * (1.0 + 1j * u) / z
    return np.asarray(2.0 * step * scale / np.pi * np.real((1.0 - moments(z)) @ part))
