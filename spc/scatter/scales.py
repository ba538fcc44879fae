"""Robust location and scale of many columns at once: MAD, Qn and the tau scale, consistent at the normal distribution.

Every function takes y (…, n), one sample along the last axis, and answers with arrays (…). A scale is 0 when half of the values (for
Qn: a quarter of the pairs) are the same. None of them is the square root of an unbiased variance at small n; estimators that report a
covariance correct for that themselves (`spc.scatter.unbiased`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.special import ndtr

from spc.nouns import Floats
from spc.scatter.quantiles import MAD_AT_NORMAL

Kind = Literal["tau", "qn", "mad"]
QN_AT_NORMAL = 2.21914  # 1 / (√2 Φ⁻¹(5/8)), as rounded by robustbase
_QN_SMALL = (0.399356, 0.99365, 0.51321, 0.84401, 0.6122, 0.85877, 0.66993, 0.87344, 0.72014, 0.88906, 0.75743)  # n = 2 … 12
_PAIRS = 300  # up to so many values all their pairs are laid out; above, the order statistic is searched for in O(n log n)
_CELLS = 2_000_000  # numbers in one block of pairs


def mad(y: Floats) -> tuple[Floats, Floats]:
    """Median, and median absolute deviation × 1.4826 (no factor for small n, like R's `mad`).

    >>> [round(float(v), 6) for v in mad(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))]
    [3.0, 1.482602]
    """
    center = np.median(y, axis=-1)
    return center, np.asarray(MAD_AT_NORMAL * np.median(np.abs(y - center[..., None]), axis=-1))[()]


def tau(y: Floats) -> tuple[Floats, Floats]:
    """A weighted mean, and the tau scale of Yohai & Zamar 1988 in the form of Maronna & Zamar 2002 (c₁ = 4.5, c₂ = 3).

    Like robustbase's `scaleTau2`; efficient at the normal (about 80 %), bounded, breakdown ½.

    >>> [round(float(v), 6) for v in tau(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))]
    [2.626833, 1.744097]
    """
    first = np.median(y, axis=-1)
    spread = np.median(np.abs(y - first[..., None]), axis=-1)
    flat = spread <= 0
    spread = np.where(flat, 1.0, spread)
    z = (y - first[..., None]) / spread[..., None]
    weight = np.maximum(0.0, 1.0 - (z / 4.5) ** 2) ** 2
    shift = np.sum(weight * z, axis=-1) / np.sum(weight, axis=-1)
    z = z - shift[..., None]
    rho = np.minimum(z * z, 9.0)
    scale = spread * np.sqrt(np.mean(rho, axis=-1) / _TAU_AT_NORMAL)
    return np.where(flat, first, first + spread * shift)[()], np.where(flat, 0.0, scale)[()]


def _clipped_square(c: float) -> float:
    """E min(z², c²) for a standard normal z."""
    density = np.exp(-0.5 * c * c) / np.sqrt(2.0 * np.pi)
    return float(2.0 * ((1.0 - c * c) * ndtr(c) - c * density + c * c) - 1.0)


_TAU_AT_NORMAL = _clipped_square(3.0 / MAD_AT_NORMAL)


def qn(y: Floats) -> tuple[Floats, Floats]:
    """Median, and Qn: about the first quartile of the distances of all pairs (Rousseeuw & Croux 1993), with robustbase's small-n factors.

    Exact. Efficiency 82 % at the normal, breakdown ½.

    >>> [round(float(v), 6) for v in qn(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))]
    [3.0, 1.872977]
    """
    n = y.shape[-1]
    half = n // 2 + 1
    k = half * (half - 1) // 2
    center = np.median(y, axis=-1)
    ordered = np.sort(y - center[..., None], axis=-1).reshape(-1, n)
    if n < 2:
        return center, np.zeros_like(center)[()]
    raw = _laid_out(ordered, k) if n <= _PAIRS else np.array([_searched(row, k) for row in ordered])
    return center, np.asarray(QN_AT_NORMAL * _small(n) * raw).reshape(y.shape[:-1])[()]


def _small(n: int) -> float:
    """What Qn is multiplied by at n values (Croux & Rousseeuw 1992; as simulated anew for robustbase)."""
    if n <= 12:
        return _QN_SMALL[n - 2]
    if n % 2:
        return 1.0 / (1.0 + (1.60188 + (-2.1284 - 5.172 / n) / n) / n)
    return 1.0 / (1.0 + (3.67561 + (1.9654 + (6.987 - 77.0 / n) / n) / n) / n)


def _laid_out(ordered: Floats, k: int) -> Floats:
    """The k-th smallest distance of each sorted row (m, n), with all pairs laid out."""
    m, n = ordered.shape
    low, high = np.triu_indices(n, 1)
    out = np.empty(m)
    step = max(1, _CELLS // len(low))
    for start in range(0, m, step):
        block = ordered[start : start + step]
        out[start : start + step] = np.partition(block[:, high] - block[:, low], k - 1, axis=1)[:, k - 1]
    return out


def _searched(ordered: Floats, k: int) -> float:
    """The k-th smallest distance y_j − y_i, i < j, of a sorted sample in O(n log n) (Croux & Rousseeuw 1992; Johnson & Mizoguchi 1978).

    Row i of the triangle of distances is sorted; `first` and `last` enclose what is still in question in each. The weighted median of
    the rows' medians splits that so that at least a quarter falls away every time, until few enough are left to be laid out. Distances
    that differ by rounding alone count as equal, or tied values would be counted now in and now out, and the search would not end.
    """
    n = len(ordered)
    rounding = 4.0 * np.finfo(float).eps * max(-float(ordered[0]), float(ordered[-1]))
    first, last = np.arange(1, n + 1), np.full(n, n)
    while int(np.sum(last - first)) > 4 * n:
        open_rows = np.flatnonzero(last > first)
        medians = ordered[(first[open_rows] + last[open_rows]) // 2] - ordered[open_rows]
        order = np.argsort(medians)
        weight = np.cumsum((last - first)[open_rows][order])
        trial = medians[order[np.searchsorted(weight, 0.5 * weight[-1])]]
        below = np.clip(np.searchsorted(ordered, ordered + (trial - rounding), "left"), first, last)
        upto = np.clip(np.searchsorted(ordered, ordered + (trial + rounding), "right"), first, last)
        before = np.arange(1, n + 1)
        if int(np.sum(below - before)) >= k:
            last = below
        elif int(np.sum(upto - before)) < k:
            first = upto
        else:
            return float(trial)
    rest = np.repeat(np.arange(n), last - first)
    column = np.arange(len(rest)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[rest]
    left = k - int(np.sum(first - np.arange(1, n + 1)))
    return float(np.partition(ordered[column] - ordered[rest], left - 1)[left - 1])


SCALES: dict[Kind, Callable[[Floats], tuple[Floats, Floats]]] = {"tau": tau, "qn": qn, "mad": mad}
