"""Ranks, normal scores and correlations of them."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from spc.nouns import Floats


def ranks(z: Floats) -> Floats:
    """The rank of each value of z (n, p) in its column, from 1; equal values share the mean of theirs.

    >>> ranks(np.array([[3.0], [1.0], [3.0], [2.0]])).ravel().tolist()
    [3.5, 1.0, 3.5, 2.0]
    """
    order = np.argsort(z, axis=0)
    sorted_z = np.take_along_axis(z, order, axis=0)
    ranked = np.empty(z.shape)
    places = np.broadcast_to(np.arange(1.0, len(z) + 1.0)[:, None], z.shape)
    np.put_along_axis(ranked, order, places, axis=0)
    for j in np.flatnonzero(np.any(sorted_z[1:] == sorted_z[:-1], axis=0)):  # a column with ties: the mean of the places they share
        low, high = (np.searchsorted(sorted_z[:, j], z[:, j], side) for side in ("left", "right"))
        ranked[:, j] = 0.5 * (low + high + 1)
    return ranked


def normal_scores(ranked: Floats) -> Floats:
    """Φ⁻¹((rank − ⅓)/(n + ⅓)) for ranks (n, p)."""
    return np.asarray(ndtri((ranked - 1.0 / 3.0) / (len(ranked) + 1.0 / 3.0)))


def unit_columns(y: Floats) -> Floats:
    """y (n, p) centred, each column of length 1 (0 where it does not vary): yᵀy is then the correlation.

    >>> unit_columns(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])).round(4).tolist()
    [[-0.7071, 0.0], [0.0, 0.0], [0.7071, 0.0]]
    """
    y = y - y.mean(axis=0)
    length = np.sqrt(np.einsum("ij,ij->j", y, y))
    return np.asarray(y / np.where(length > 0, length, 1.0))


def rank_correlation(z: Floats) -> Floats:
    """Spearman's correlations made consistent at the normal, sin(½π r) (p, p)."""
    y = unit_columns(ranks(z))
    return np.asarray(np.sin(0.5 * np.pi * np.clip(y.T @ y, -1.0, 1.0)))
