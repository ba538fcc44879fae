"""Rows that are inside the limit but of one kind with rows that are outside it."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtrc, betaincinv

from spc.nouns import Bools, Floats

_ALIKE = 0.02  # chance that a good row points as nearly the same way as one given outlier
_CHANCE = 0.001  # chance, over all outliers together, below which a likeness is not taken for luck
_BLOCK = 1024  # rows compared with all outliers at a time


def kin(z: Floats, out: Bools, aside: Bools) -> Bools:
    """Which rows, set aside by a robust fit yet inside the limit, point the same way as several rows that are outside it.

    One cause moves many rows in one direction, and the weakest of them can stay inside the limit. In whitened space z (n, p) a good row's
    direction is uniform on the sphere, so its angle to each outlier has a known law: cos² ~ Beta(1/2, (p−1)/2). A row is kin when more
    outliers lie within a 2 % cone around it than chance would put there once in a thousand. Only rows that the fit set aside (one good
    row in forty) are asked, so that this adds less than one good row in ten thousand to those flagged.

    out, aside: (n,). Returns (n,).
    """
    found = np.zeros(len(z), dtype=bool)
    p = z.shape[1]
    outliers = np.flatnonzero(out)
    if p < 2 or len(outliers) < 2:
        return found
    length = np.sqrt(np.einsum("ij,ij->i", z, z))
    direction = z / np.where(length > 0, length, 1.0)[:, None]
    near = np.sqrt(1.0 - float(betaincinv((p - 1) / 2.0, 0.5, 2.0 * _ALIKE)))  # the cosine that a good row exceeds so rarely
    asked = np.flatnonzero(aside & ~out)
    for start in range(0, len(asked), _BLOCK):
        rows = asked[start : start + _BLOCK]
        alike = np.count_nonzero(direction[rows] @ direction[outliers].T > near, axis=1)
        found[rows] = (alike >= 2) & (bdtrc(np.maximum(alike, 1) - 1.0, len(outliers), _ALIKE) < _CHANCE)
    return found
