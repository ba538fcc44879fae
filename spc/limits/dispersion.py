"""The generalised variance |S| of a subgroup: how large the determinant of its covariance is when its spread is that of the others."""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats


def determinant_moments(k: int, p: int) -> tuple[float, float]:
    """b1 and b2: mean and variance of |S| of k normal rows, in units of |Σ| and |Σ|² (Alt 1985; Montgomery 2020, section 11.6).

    >>> [round(b, 6) for b in determinant_moments(5, 3)]
    [0.375, 0.5625]
    """
    dof = k - 1.0
    first = float(np.prod([(k - i) / dof for i in range(1, p + 1)]))
    second = float(np.prod([(k - i + 2) / dof for i in range(1, p + 1)]))
    return first, first * (second - first)


def determinant_limit(logdet: float, k: int, p: int, dof: int) -> float:
    """b1 + 3√b2 in units of |Σ|, with |Σ| estimated without bias from a pooled covariance of `dof` degrees of freedom."""
    first, variance = determinant_moments(k, p)
    unbiased = logdet - float(np.sum(np.log(_shares(dof, p))))
    return float(np.exp(unbiased) * (first + 3.0 * np.sqrt(variance)))


def _shares(dof: int, p: int) -> Floats:
    """E|S_p| / |Σ| is the product of (ν + 1 − i)/ν, i = 1 … p."""
    return (dof + 1.0 - np.arange(1, p + 1)) / dof
