"""Exponential smoothing, the memory that several charts have."""

from __future__ import annotations

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.scatter import kernel

_FEW = 4  # rows for which a call of the kernel is not worth its while


def weight(lam: float, chart: str) -> None:
    """Raise BadRecipe unless 0 < λ ≤ 1."""
    if not 0.0 < lam <= 1.0:
        raise BadRecipe(f"A weight of λ = {lam:g} makes no {chart}.", cure="Use 0 < λ ≤ 1; 0.1 sees small shifts, 0.3 larger ones.")


def smoothed(z: Floats, before: Floats, lam: float) -> Floats:
    """y (n, p) with y ← λz + (1 − λ)y along the rows of z (n, p), from y = before (p,).

    One row after the other, so that a block and its rows one by one have the same bits.

    >>> smoothed(np.array([[1.0], [1.0]]), np.zeros(1), 0.5).ravel().tolist()
    [0.5, 0.75]
    """
    keep = 1.0 - lam
    if len(z) > _FEW and (found := kernel.smoothed(z, before, lam, keep)) is not None:
        return found
    rows, last, kept = lam * z, before, np.empty(z.shape[1])
    for row in rows:
        np.add(row, np.multiply(last, keep, out=kept), out=row)
        last = row
    return np.asarray(rows)
