"""Robust location and scale of single columns: the yardsticks that the starts of the MCD are measured with."""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats

MAD_AT_NORMAL = 1.482602218505602  # 1 / Φ⁻¹(3/4)


def median_and_scale(x: Floats, axis: int = 0) -> tuple[Floats, Floats]:
    """Median and MAD (consistent at the normal) along an axis; a zero MAD gives way to the mean absolute deviation.

    >>> median_and_scale(np.array([[1.0], [2.0], [3.0], [4.0], [100.0]]))
    (array([3.]), array([1.48260222]))
    """
    center = np.median(x, axis=axis)
    deviation = np.abs(x - np.expand_dims(center, axis))
    scale = MAD_AT_NORMAL * np.median(deviation, axis=axis)
    tied = scale <= 0
    if np.any(tied):
        scale = np.where(tied, 1.2533141373155001 * np.mean(deviation, axis=axis), scale)
    return center, scale
