"""Spatial signed ranks: scores that keep the direction of a row and only the rank of its length."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from spc.nouns import Floats


def ranks(values: Floats) -> Floats:
    """Ranks from 1 along the last axis of values (n,); equal values share the mean of their ranks.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - 0.5 * (counts - 1))[inverse])


def signed_ranks(z: Floats) -> Floats:
    """Scores (n, p) of centred and whitened rows z: z/‖z‖ · √χ²_p⁻¹(rank of ‖z‖ / (n + 1)); a row at the centre scores 0.

    No row can count for more than the largest of n normal rows would, so that single outliers move nothing. Source: Hallin &
    Paindaveine 2002; in Phase I: Capizzi & Masarotto 2017.

    >>> signed_ranks(np.array([[1.0, 0.0], [0.0, -1e9]])).round(3).tolist()
    [[0.901, 0.0], [0.0, -1.482]]
    """
    n, p = z.shape
    length2 = np.einsum("ij,ij->i", z, z)
    far = length2 > np.finfo(float).eps
    target = chdtri(p, 1.0 - ranks(length2) / (n + 1))
    return np.asarray(z * np.sqrt(np.where(far, target / np.where(far, length2, 1.0), 0.0))[:, None])
