"""Exponential smoothing, the memory that several charts have."""

from __future__ import annotations

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats

_FEW = 16  # rows that are smoothed without it


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
    if len(z) <= _FEW:
        rows, last = np.empty_like(z), before
        for i, row in enumerate(z):
            last = rows[i] = lam * row + (1.0 - lam) * last
        return rows
    from scipy.signal import lfilter  # noqa: PLC0415 - takes seconds to load: a live row must not wait for it

    y, _ = lfilter([lam], [1.0, -(1.0 - lam)], z, axis=0, zi=((1.0 - lam) * before)[None])
    return np.asarray(y)
