"""Factors that make a trimmed covariance right at the normal distribution."""

from __future__ import annotations

import math
from functools import cache

from scipy.special import chdtri, fdtri, gammainc


def consistency(p: int, kept: float) -> float:
    """What a covariance of the nearest share `kept` of normal rows must be multiplied by: kept / P(χ²_{p+2} ≤ χ²_{p;kept}).

    Croux & Haesbroeck 1999; 1 when nothing is trimmed.

    >>> round(consistency(5, 0.75), 6)
    1.412071
    """
    if kept >= 1.0:
        return 1.0
    return kept / float(gammainc((p + 2) / 2.0, float(chdtri(p, 1.0 - kept)) / 2.0))


def degrees_of_freedom(n: int, p: int, kept: float) -> float:
    """The m for which the covariance of the nearest share `kept` of n normal rows varies like a Wishart matrix with m degrees.

    Asymptotic value: Croux & Haesbroeck 1999, as worked out by Hardin & Rocke 2005; finite-sample correction: Green & Martin 2014.

    >>> round(degrees_of_freedom(15, 2, 0.6), 4)
    3.6444
    """
    q = float(chdtri(p, 1.0 - kept))
    c = consistency(p, kept)
    c2, c3 = -gammainc((p + 2) / 2.0, q / 2.0) / 2.0, -gammainc((p + 4) / 2.0, q / 2.0) / 2.0
    b1 = -2.0 * c * c3 / kept
    b2 = 0.5 + c / kept * (c3 - q / p * (c2 + kept / 2.0))
    v1 = kept * b1**2 * ((1.0 - kept) * (c * q / p - 1.0) ** 2 - 1.0) - 2.0 * c3 * c**2 * (
        3.0 * (b1 - p * b2) ** 2 + (p + 2) * b2 * (2.0 * b1 - p * b2)
    )
    v2 = n * (b1 * (b1 - p * b2) * kept) ** 2 * c**2
    asymptotic = 2.0 * v2 / (c**2 * v1)
    return float(asymptotic * math.exp((12.745653 - 14.545559 * kept + 0.127400 * p) / n ** (0.559217 + 0.149040 * kept)))


@cache
def cutoff(n: int, p: int, kept: float, share: float) -> float:
    """The distance from the raw MCD (consistency-corrected) that a good row outside the subset exceeds with probability 1 − share.

    pm/(m − p + 1) · F(p, m − p + 1) with m `degrees_of_freedom` (Hardin & Rocke 2005). With few rows per variable m can fall to p or
    below, where the law ends; m is then held at p + 1, a very wide cut-off.

    >>> round(cutoff(15, 2, 0.75, 0.975), 4)
    22.6929
    """
    if kept >= 1.0:
        return float(chdtri(p, 1.0 - share))
    m = max(degrees_of_freedom(n, p, kept), p + 1.0)
    return float(p * m / (m - p + 1.0) * fdtri(p, m - p + 1.0, share))
