"""Which single cells of a table deviate, and what they should have been: DetectDeviatingCells (Rousseeuw & Van den Bossche 2018).

Every cell is predicted from the cells of its row in the columns that its own column is correlated with; a cell far from its prediction
is flagged. All steps work on any number of missing cells. Two steps are simpler than in the paper: correlations start from wrapped data
(Raymaekers & Rousseeuw 2021) and slopes from those correlations, both followed by the paper's reweighting.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from spc.nouns import Bools, Floats
from spc.scatter.quantiles import MAD_AT_NORMAL

CUT = float(np.sqrt(chdtri(1, 0.01)))  # 2.576: of normal cells one in a hundred is further out
_PAIR_CUT = float(chdtri(2, 0.01))
_CORRELATED = 0.5  # columns that are correlated less do not predict each other
_LOCATION_CUT = 3.0  # Tukey's weight of the one-step location
_SCALE_CUT, _SCALE_AT_NORMAL = 2.5, 0.9775599834528066  # E min(z², 2.5²) for a standard normal z
_WRAP = (1.5, 4.0, 1.540793, 0.8622731)  # b, c, q₁, q₂ of the wrapping function


def median_present(a: Floats) -> Floats:
    """The median (p,) of the values of each column of a (n, p) that are there; 0 where none is.

    >>> median_present(np.array([[1.0, np.nan], [np.nan, np.nan], [4.0, np.nan]])).tolist()
    [2.5, 0.0]
    """
    count = np.sum(~np.isnan(a), axis=0)
    ordered = np.sort(a, axis=0)  # NaN last
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(a) - 1)
    every = np.arange(a.shape[1])
    return np.asarray(np.where(count > 0, 0.5 * (ordered[low, every] + ordered[high, every]), 0.0))


def location_and_scale(x: Floats) -> tuple[Floats, Floats]:
    """One-step robust location and scale of each column of x (n, p), missing cells left out; both (p,).

    Tukey's biweight from median and MAD, then a truncated root mean square. A scale is 0 when half of a column is the same value.

    >>> location_and_scale(np.array([[1.0], [2.0], [np.nan], [3.0], [4.0], [100.0]]))
    (array([2.6299]), array([2.5126]))
    """
    middle = median_present(x)
    spread = MAD_AT_NORMAL * median_present(np.abs(x - middle))
    safe = np.where(spread > 0, spread, 1.0)
    u = (x - middle) / safe
    weight = np.where(np.isnan(u), 0.0, np.maximum(1.0 - (u / _LOCATION_CUT) ** 2, 0.0) ** 2)
    center = middle + safe * np.sum(weight * np.nan_to_num(u), axis=0) / np.sum(weight, axis=0)
    center = np.where(spread > 0, center, middle)
    return center, spread_about((x - center) / safe) * spread


def spread_about(u: Floats) -> Floats:
    """The robust scale of columns whose centre is 0: MAD about 0, then the root mean of min(u², (2.5 MAD)²); missing cells left out."""
    first = MAD_AT_NORMAL * median_present(np.abs(u))
    safe = np.where(first > 0, first, 1.0)
    return np.asarray(first * np.sqrt(np.nanmean(np.minimum((u / safe) ** 2, _SCALE_CUT**2), axis=0) / _SCALE_AT_NORMAL))


def wrapped(z: Floats) -> Floats:
    """Standardised values beyond 1.5 are bent back, to 0 from 4 on; missing ones become 0 (Raymaekers & Rousseeuw 2021, equation 10).

    >>> wrapped(np.array([1.0, 2.0, 4.5, np.nan])).round(4).tolist()
    [1.0, 1.4459, 0.0, 0.0]
    """
    b, c, q1, q2 = _WRAP
    size = np.nan_to_num(np.abs(z), nan=np.inf)
    bent = q1 * np.tanh(q2 * (c - np.minimum(size, c)))
    return np.asarray(np.where(size <= b, np.nan_to_num(z), np.sign(np.nan_to_num(z)) * bent))


def deviating(z: Floats) -> tuple[Bools, Floats]:
    """The deviating cells of a table z (n, p) of standardised columns, NaN where missing, and the value expected of every cell."""
    near = np.where(np.abs(z) <= CUT, z, np.nan)
    r = correlations(z, near)
    slopes = _slopes(near, r)
    weight = np.where(np.abs(r) >= _CORRELATED, np.abs(r), 0.0)
    np.fill_diagonal(weight, 0.0)
    total = (~np.isnan(near)).astype(float) @ weight.T
    expected = np.nan_to_num(near) @ (weight * slopes).T / np.where(total > 0, total, 1.0)
    expected = expected * _unshrunk(z, expected)
    residual = z - expected
    scale = spread_about(residual)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(residual) > CUT * scale), expected


def correlations(z: Floats, near: Floats) -> Floats:
    """Robust correlations (p, p): of wrapped columns, then for each pair of the rows inside its 99 % ellipse."""
    p = z.shape[1]
    w = wrapped(z)
    both = (~np.isnan(z)).astype(float)
    square = (w * w).T @ both
    first = np.clip((w.T @ w) / np.sqrt(np.maximum(square * square.T, np.finfo(float).tiny)), -0.999999, 0.999999)
    out = np.eye(p)
    for j in range(1, p):
        a, b, r = near[:, :j], near[:, [j]], first[j, :j]
        with np.errstate(invalid="ignore"):
            inside = (a * a - 2.0 * r * a * b + b * b) / (1.0 - r * r) <= _PAIR_CUT
        a, b = np.where(inside, a, 0.0), np.where(inside, b, 0.0)
        count = np.maximum(inside.sum(axis=0), 1)
        ma, mb = a.sum(axis=0) / count, b.sum(axis=0) / count
        va, vb = (a * a).sum(axis=0) / count - ma * ma, (b * b).sum(axis=0) / count - mb * mb
        cov = (a * b).sum(axis=0) / count - ma * mb
        out[j, :j] = out[:j, j] = np.clip(cov / np.sqrt(np.maximum(va * vb, np.finfo(float).tiny)), -1.0, 1.0)
    return out


def _slopes(near: Floats, r: Floats) -> Floats:
    """slopes[j, k]: of column j on column k through 0, over rows whose residual from the slope r[j, k] is small."""
    out = np.zeros_like(r)
    for j in range(len(r)):
        y = near[:, [j]]
        residual = y - r[j] * near
        with np.errstate(invalid="ignore"):
            small = np.abs(residual) <= CUT * MAD_AT_NORMAL * median_present(np.abs(residual)) + 1e-12
        x = np.where(small, near, 0.0)
        square = np.sum(x * x, axis=0)
        out[j] = np.sum(x * np.where(small, y, 0.0), axis=0) / np.where(square > 0, square, 1.0)
    return out


def _unshrunk(z: Floats, expected: Floats) -> Floats:
    """The slope (p,) of each column on its prediction, over rows with small residuals: predictions from several columns are too near 0."""
    residual = z - expected
    with np.errstate(invalid="ignore"):
        small = np.abs(residual) <= CUT * spread_about(residual)
    x = np.where(small, expected, 0.0)
    square = np.sum(x * x, axis=0)
    return np.asarray(np.where(square > 0, np.sum(x * np.where(small, z, 0.0), axis=0) / np.where(square > 0, square, 1.0), 1.0))
