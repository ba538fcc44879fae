"""Robust location and scale of single columns: the yardsticks that the starts of the MCD are measured with."""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats
from spc.scatter.kernel import medians

MAD_AT_NORMAL = 1.482602218505602  # 1 / Φ⁻¹(3/4)


def median_and_scale(x: Floats, axis: int = 0) -> tuple[Floats, Floats]:
    """Median and MAD (consistent at the normal) along an axis; a zero MAD gives way to the mean absolute deviation.

    >>> median_and_scale(np.array([[1.0], [2.0], [3.0], [4.0], [100.0]]))
    (array([3.]), array([1.48260222]))
    """
    series = np.moveaxis(x, axis, -1)
    center, deviation = medians(series.reshape(-1, series.shape[-1]))
    center, scale = center.reshape(series.shape[:-1]), MAD_AT_NORMAL * deviation.reshape(series.shape[:-1])
    tied = scale <= 0
    if np.any(tied):
        scale = np.where(tied, 1.2533141373155001 * np.mean(np.abs(series - center[..., None]), axis=-1), scale)
    return center, scale
