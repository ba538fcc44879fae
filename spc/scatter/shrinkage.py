"""Covariances drawn towards independence by as much as the rows ask for: Ledoit–Wolf and OAS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.nouns import Floats, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.definite import factor_of
from spc.scatter.factor import SINGULAR, hyperplane
from spc.scatter.table import checked


@dataclass(frozen=True)
class LedoitWolf:
    """The sample covariance with its correlations shrunk by the factor of least expected error (Ledoit & Wolf 2004, lemma 3.2 ff.).

    Works for more variables than rows. The columns are divided by their standard deviations first, so that units do not matter and only
    correlations shrink; scikit-learn's `LedoitWolf` shrinks in the units at hand, towards equal variances, and agrees with this one on
    columns of unit variance (divisor n, as here). Not robust: one bad row can carry it away. Variances are those of divisor n.

    Called with x (n, p), finite, n ≥ 3; returns a Scatter in the columns' own units. Raises TooFewRows, and Degenerate when a column does
    not vary. Mixtures of the columns change distances.

    >>> x = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 4.0], [3.0, 5.0, 1.0]])
    >>> LedoitWolf()(x).covariance.round(3).tolist()
    [[0.667, 0.093, 0.031], [0.093, 2.889, -0.134], [0.031, -0.134, 2.889]]
    """

    name: ClassVar[str] = "ledoit_wolf"
    robust: ClassVar[bool] = False
    equivariance: ClassVar[Equivariance] = "columns"

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a shrunk covariance (Ledoit–Wolf)")
        return _shrunk(x, ledoit_wolf_share)

    def rows_needed(self, p: int) -> int:
        """Three rows, whatever the number of variables."""
        return 3 + 0 * p


@dataclass(frozen=True)
class Oas:
    """The sample covariance with its correlations shrunk as is best for normal rows (oracle approximating shrinkage, Chen et al. 2010).

    As LedoitWolf, with another share: equation 23 without its terms in 2/p, which is what scikit-learn computes too.

    >>> x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [6.0, 4.0], [7.0, 7.0], [8.0, 8.5]])
    >>> Oas()(x).covariance.round(3).tolist()
    [[6.917, 1.809], [1.809, 6.868]]
    """

    name: ClassVar[str] = "oas"
    robust: ClassVar[bool] = False
    equivariance: ClassVar[Equivariance] = "columns"

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a shrunk covariance (OAS)")
        return _shrunk(x, oas_share)

    def rows_needed(self, p: int) -> int:
        """Three rows, whatever the number of variables."""
        return 3 + 0 * p


def ledoit_wolf_share(z: Floats, correlation: Floats) -> float:
    """How much of the identity is mixed in, 0 … 1, for centred z (n, p) with unit variances: b²/d² of Ledoit & Wolf 2004."""
    n = len(z)
    norms = np.einsum("ij,ij->i", z, z)
    size = float(np.sum(correlation**2))
    d2 = size - len(correlation)  # ‖S − I‖², the trace of S being p
    b2 = float(norms @ norms) / n**2 - size / n
    return min(max(b2 / d2, 0.0), 1.0) if d2 > 0 else 0.0


def oas_share(z: Floats, correlation: Floats) -> float:
    """How much of the identity is mixed in, 0 … 1, for centred z (n, p) with unit variances: Chen et al. 2010, eq. 23."""
    n, p = z.shape
    mean_square = float(np.mean(correlation**2))
    below = (n + 1.0) * (mean_square - 1.0 / p)
    return min((mean_square + 1.0) / below, 1.0) if below > 1e-12 else float(p > 1)


def _shrunk(x: Floats, share: Callable[[Floats, Floats], float]) -> Scatter:
    n, p = x.shape
    center, scale, z = unit_variance(x)
    correlation = z.T @ z / n
    mixed = share(z, correlation)
    correlation = (1.0 - mixed) * correlation + mixed * np.eye(p)
    try:
        lower = factor_of(correlation)
    except ArithmeticError:
        lower = np.zeros((p, p))
    if float(np.min(np.diag(lower))) ** 2 <= SINGULAR:
        raise hyperplane(x - center, center, x)
    return Scatter(center, lower * scale[:, None], n, used=np.ones(n, dtype=bool))


def unit_variance(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Means, standard deviations (divisor n) and x (n, p) standardised with them; raises Degenerate for a column that does not vary."""
    center = x.mean(axis=0)
    centred = x - center
    centred = centred - centred.mean(axis=0)  # twice: far from 0 the first mean is off by a rounding
    scale = np.sqrt(np.einsum("ij,ij->j", centred, centred) / len(x))
    if np.any(scale <= 1e-13 * np.max(np.abs(x), axis=0)):
        raise hyperplane(centred, center, x)
    return center, scale, centred / scale
