"""Tukey's biweight: the loss that S and MM estimators share, and its tuning constants, exact at the normal distribution.

All integrals over the length d of a normal vector are truncated moments of χ², hence incomplete gamma functions: nothing is integrated
numerically. The loss is ρ(d) = 1 − (1 − (d/c)²)³ up to d = c and 1 beyond; its weight ρ'(d)/d is proportional to (1 − (d/c)²)².
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import gammainc, gammaln

from spc.nouns import Floats


def loss(u: Floats) -> Floats:
    """ρ as a function of u = (d/c)², between 0 and 1.

    >>> loss(np.array([0.0, 0.5, 1.0, 7.0])).tolist()
    [0.0, 0.875, 1.0, 1.0]
    """
    return np.asarray(1.0 - np.maximum(1.0 - u, 0.0) ** 3)


def weight(u: Floats) -> Floats:
    """The weight of a row as a function of u = (d/c)²: 1 at the centre, 0 from d = c on.

    >>> weight(np.array([0.0, 0.5, 1.0, 7.0])).tolist()
    [1.0, 0.25, 0.0, 0.0]
    """
    return np.asarray(np.maximum(1.0 - u, 0.0) ** 2)


def _moment(p: int, c: float, k: int) -> float:
    """E (d/c)^2k over d ≤ c, where d² ~ χ²_p."""
    rise = math.exp(k * math.log(2.0) + float(gammaln(p / 2.0 + k)) - float(gammaln(p / 2.0)) - 2.0 * k * math.log(c))
    return rise * float(gammainc(p / 2.0 + k, c * c / 2.0))


def expected_loss(p: int, c: float) -> float:
    """E ρ(d) for d² ~ χ²_p: what the mean loss of n rows is set to, so that the scale is right at the normal.

    >>> round(expected_loss(5, 4.65202334259769), 9)
    0.5
    """
    m = [_moment(p, c, k) for k in range(4)]
    return 3.0 * m[1] - 3.0 * m[2] + m[3] + 1.0 - m[0]


def location_efficiency(p: int, c: float) -> float:
    """Variance of the mean over that of the estimate's centre, at the normal (Lopuhaä 1989, corollary 5.1).

    >>> round(location_efficiency(1, 4.685), 3)
    0.95
    """
    m = [_moment(p, c, k) for k in range(6)]
    square = c * c * (m[1] - 4.0 * m[2] + 6.0 * m[3] - 4.0 * m[4] + m[5])  # E ψ², ψ(d) = d (1 − u)²
    slope = (m[0] - 2.0 * m[1] + m[2]) - 4.0 / p * (m[1] - m[2])  # E[(1 − 1/p) ψ/d + ψ'/p]
    return p * slope * slope / square


def shape_efficiency(p: int, c: float) -> float:
    """Variance of the classical shape over that of the estimate's, at the normal (Lopuhaä 1989; Salibián-Barrera et al. 2006, section 3).

    >>> round(shape_efficiency(5, 6.5955804), 4)
    0.95
    """
    m = [_moment(p, c, k) for k in range(7)]
    square = c**4 * (m[2] - 4.0 * m[3] + 6.0 * m[4] - 4.0 * m[5] + m[6])  # E ψ² d²
    slope = c * c * ((p + 2) * (m[1] - 2.0 * m[2] + m[3]) - 4.0 * (m[2] - m[3]))  # E[ψ' d² + (p + 1) ψ d]
    return slope * slope / (p * (p + 2) * square)


@lru_cache(maxsize=256)
def tuned_to_breakdown(p: int, breakdown: float) -> float:
    """The c at which E ρ = breakdown: the share of bad rows that moves an S-estimate without limit.

    >>> round(tuned_to_breakdown(1, 0.5), 6), round(tuned_to_breakdown(5, 0.5), 6)
    (1.547645, 4.652023)
    """
    return _root(lambda c: breakdown - expected_loss(p, c), math.sqrt(p))


@lru_cache(maxsize=256)
def tuned_to_efficiency(p: int, efficiency: float) -> float:
    """The c at which the shape (for p = 1: the centre) has this efficiency at the normal.

    >>> round(tuned_to_efficiency(5, 0.95), 5)
    6.59558
    """
    attained = location_efficiency if p == 1 else shape_efficiency
    return _root(lambda c: attained(p, c) - efficiency, math.sqrt(p))


def _root(rising: Callable[[float], float], guess: float) -> float:
    """Where an increasing function of c crosses zero, by bisection on log c down to the last bits."""
    low, high = 1e-3 * guess, 1e3 * guess
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if rising(middle) < 0.0 else (low, middle)
    return math.sqrt(low * high)
