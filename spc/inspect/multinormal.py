"""Tests of multivariate normality: Mardia's skewness and kurtosis, and Henze and Zirkler's statistic."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from spc.nouns import Floats
from spc.scatter import Classical
from spc.scatter.table import checked

_BLOCK = 1000  # rows compared with all others at a time


@dataclass(frozen=True, slots=True)
class Tested:
    """`value` as its author defines it, the `statistic` it is judged by, and the probability of one as large among normal rows."""

    value: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Mardia:
    """Skewness b₁ (0 for a symmetric law; its statistic is χ²) and kurtosis b₂ (p(p + 2) for a normal law; its statistic is N(0, 1))."""

    skewness: Tested
    kurtosis: Tested


def mardia(x: Floats, corrected: bool = True) -> Mardia:
    """Mardia's multivariate skewness and kurtosis of rows x (n, p), finite, n > p + 1.

    With `corrected` the skewness is multiplied by Mardia's small-sample factor, and the kurtosis is compared with its exact mean and
    variance at the normal; without, with the values for many rows. The kurtosis' probability is two-sided. Raises TooFewRows, and
    Degenerate when the rows lie on a hyperplane. Sources: Mardia 1970 (b₁, b₂), 1974 (the corrections).

    >>> found = mardia(np.random.default_rng(1).normal(size=(100, 3)))
    >>> round(found.skewness.p_value, 3), round(found.kurtosis.p_value, 3)
    (0.963, 0.062)
    """
    z, d2 = _standardised(x)
    n, p = z.shape
    b1 = _skewness(z)
    b2 = float(np.mean(d2**2))
    factor = (p + 1) * (n + 1) * (n + 3) / (n * ((n + 1) * (p + 1) - 6)) if corrected else 1.0
    chi2 = n * factor * b1 / 6.0
    skewness = Tested(b1, chi2, float(chdtrc(p * (p + 1) * (p + 2) / 6.0, chi2)))
    mean, variance = float(p * (p + 2)), 8.0 * p * (p + 2) / n
    if corrected:
        mean *= (n - 1) / (n + 1)
        variance *= n * (n - 3) * (n - p - 1) * (n - p + 1) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    score = (b2 - mean) / math.sqrt(variance)
    return Mardia(skewness, Tested(b2, score, float(2.0 * ndtr(-abs(score)))))


def henze_zirkler(x: Floats) -> Tested:
    """Henze and Zirkler's test of rows x (n, p): a weighted distance between the characteristic functions, sensitive to any departure.

    The covariance has divisor n; the probability is that of the lognormal law with the statistic's mean and variance at the normal.
    Raises TooFewRows and Degenerate. Source: Henze & Zirkler 1990.

    >>> found = henze_zirkler(np.random.default_rng(1).normal(size=(100, 3)))
    >>> round(found.statistic, 4), round(found.p_value, 3)
    (0.6792, 0.581)
    """
    z, d2 = _standardised(x)
    n, p = z.shape
    b2 = 0.5 * ((2 * p + 1) * n / 4.0) ** (2.0 / (p + 4))
    pairs = 0.0
    for start in range(0, n, _BLOCK):
        part = slice(start, start + _BLOCK)
        apart = np.maximum(d2[part, None] + d2 - 2.0 * z[part] @ z.T, 0.0)
        pairs += float(np.sum(np.exp(-0.5 * b2 * apart)))
    single = float(np.sum(np.exp(-0.5 * b2 / (1 + b2) * d2)))
    statistic = pairs / n - 2.0 * (1 + b2) ** (-p / 2.0) * single + n * (1 + 2 * b2) ** (-p / 2.0)
    mean, variance = _moments(p, b2)
    spread = math.sqrt(math.log1p(variance / mean**2))
    center = math.log(mean) - 0.5 * spread**2
    p_value = float(ndtr(-(math.log(statistic) - center) / spread)) if statistic > 0 else 1.0
    return Tested(statistic, statistic, p_value)


def _moments(p: int, b2: float) -> tuple[float, float]:
    """Mean and variance of Henze and Zirkler's statistic at the normal (their theorem 3.2), β² = b2."""
    b4, b8 = b2**2, b2**4
    a = 1.0 + 2.0 * b2
    w = (1 + b2) * (1 + 3 * b2)
    mean = 1.0 - a ** (-p / 2.0) * (1 + p * b2 / a + p * (p + 2) * b4 / (2 * a**2))
    variance = 2.0 * (1 + 4 * b2) ** (-p / 2.0) + 2.0 * a ** (-p) * (1 + 2 * p * b4 / a**2 + 3 * p * (p + 2) * b8 / (4 * a**4))
    variance -= 4.0 * w ** (-p / 2.0) * (1 + 3 * p * b4 / (2 * w) + p * (p + 2) * b8 / (2 * w**2))
    return mean, variance


def _standardised(x: Floats) -> tuple[Floats, Floats]:
    """Rows without unit and correlation (covariance with divisor n), and their squared distances."""
    x = checked(x, np.shape(x)[-1] + 2, "a test of normality")
    z = Classical()(x).whiten(x) * math.sqrt(len(x) / (len(x) - 1))
    return z, np.einsum("ij,ij->i", z, z)


def _skewness(z: Floats) -> float:
    """Mean of (z_iᵀ z_j)³ over all pairs: the sum of squares of all third moments, or pair by pair when the columns are many."""
    n, p = z.shape
    if p**2 <= n:
        return float(sum(np.sum(np.square((z * z[:, j : j + 1]).T @ z / n)) for j in range(p)))
    return float(sum(np.sum((z[k : k + _BLOCK] @ z.T) ** 3) for k in range(0, n, _BLOCK)) / n**2)
