"""Deterministic guesses of the good rows, for any number of variables (Hubert, Rousseeuw & Verdonck 2012; Boudt et al. 2020).

Each guess of the shape is the product YᵀY of a *root* Y. With more variables than the root has rows its axes are found from the small
matrix YYᵀ, and directions of which the root says nothing are left out: they would be arbitrary.
"""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats, Ints
from spc.scatter.ogk import pairwise
from spc.scatter.ranks import normal_scores, ranks, unit_columns
from spc.scatter.scales import qn, tau

_QN = 2000  # cells up to which the scale is Qn; above, the tau scale, which is nearly as good and many times quicker
_PAIRWISE = 100  # variables up to which robust covariances of all pairs are a guess; there are too many of them for 300 variables
_WRAPPED = 40  # variables above which wrapped values are another one


def starting_subsets(z: Floats, size: int) -> list[Ints]:
    """The `size` rows of z (n, p) that are nearest to the middle according to each of the guesses, each sorted."""
    return [_nearest(z, axes, size) for axes in _guesses(z)]


def _guesses(z: Floats) -> list[Floats]:
    """The axes (p, r) of the guesses: hyperbolic tangent, Spearman, normal scores, spatial sign, central half, pairwise, wrapped."""
    n, p = z.shape
    norms = np.sqrt(np.einsum("ij,ij->i", z, z))
    central = z[np.argsort(norms, kind="stable")[: (n + 1) // 2]]
    ranked = ranks(z)
    roots = [
        unit_columns(np.tanh(z)),
        unit_columns(ranked),
        unit_columns(normal_scores(ranked)),
        z / np.where(norms > 0, norms, 1.0)[:, None],
        central - central.mean(axis=0),
    ]
    if p > _WRAPPED:
        roots.append(unit_columns(wrapped(z)))
    axes = [_axes(root) for root in roots]
    if p <= _PAIRWISE:
        axes.append(np.asarray(np.linalg.eigh(pairwise(np.ascontiguousarray(z.T), "qn" if n * p <= _QN else "tau"))[1]))
    return axes


def wrapped(z: Floats) -> Floats:
    """Robust z-scores z wrapped: as they are up to 1.5, back to 0 at 4 (Raymaekers & Rousseeuw 2021, with their constants).

    >>> wrapped(np.array([1.0, -2.0, 9.0])).round(3).tolist()
    [1.0, -1.446, 0.0]
    """
    size = np.abs(z)
    middle = 1.540793 * np.tanh(0.8622731 * np.maximum(4.0 - size, 0.0)) * np.sign(z)
    return np.asarray(np.where(size <= 1.5, z, middle))


def _axes(root: Floats) -> Floats:
    """The eigenvectors (p, r) of rootᵀ root, all of them when p ≤ rows, else those with an eigenvalue."""
    rows, p = root.shape
    if p <= rows:
        return np.asarray(np.linalg.eigh(root.T @ root)[1])
    values, left = np.linalg.eigh(root @ root.T)
    seen = values > 1e-10 * values[-1]
    return np.asarray(root.T @ (left[:, seen] / np.sqrt(values[seen])))


def _nearest(z: Floats, axes: Floats, size: int) -> Ints:
    """The rows nearest to the middle when each axis has its robust scale; the middle is the median of the sphered rows, sphered back."""
    score = z @ axes
    scale = (qn if z.size <= _QN else tau)(np.ascontiguousarray(score.T))[1]
    scale = np.where(scale > 0, scale, max(float(np.max(scale)) * 1e-6, np.finfo(float).tiny))
    middle = (np.median((score / scale) @ axes.T, axis=0) @ axes) * scale
    d2 = np.sum(((score - middle) / scale) ** 2, axis=1)
    return np.sort(np.argsort(d2, kind="stable")[:size])
