"""Simulated values that count unequally: weights that make a companion follow the law that it is known to follow, and their quantiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spc.nouns import Floats

_EDGES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 5e-4, 2e-4, 1e-4, 0.0)  # probabilities of something larger


def stratified(companion: Floats, limit: Callable[[float], float]) -> Floats:
    """The share (m,) that each simulated value stands for, so that its companion (m,) is beyond limit(alpha) with probability alpha.

    A stratum of the companion's law in which nothing was simulated leaves its share to the others.

    >>> stratified(np.array([0.1, 0.3, 0.6, 0.85]), lambda alpha: 1.0 - alpha).round(3).tolist()
    [0.278, 0.278, 0.333, 0.111]
    """
    stratum = np.searchsorted([limit(alpha) for alpha in _EDGES[1:-1]], companion)
    counts = np.bincount(stratum, minlength=len(_EDGES) - 1)
    shares = -np.diff(_EDGES)
    return np.asarray((shares / np.maximum(counts, 1))[stratum] / float(np.sum(shares[counts > 0])))


def beyond(values: Floats, weight: Floats, alpha: float) -> float:
    """What a share alpha of the weight (m,) is beyond; values (m,) ascend.

    >>> beyond(np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 0.25), 0.5)
    3.0
    """
    above = np.cumsum(weight[::-1])[::-1]  # the share at or above each value
    return float(np.interp(-alpha, -above, values))
