"""Spatial signed ranks of many tables at once, around the spatial median and without the pull of shifts on the scatter."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from spc.inspect.ranks import ranks
from spc.nouns import Floats, Ints

_ITERATIONS = 100
_CLOSE = 1.5e-8


def scores(x: Floats, sizes: Ints) -> Floats:
    """Spatial signed ranks (k, n, p) of k tables x of n rows in subgroups of `sizes` (m,).

    Single rows are whitened by the covariance of their successive differences (halved), which a step hardly changes, subgroups by the
    pooled covariance within; then centred at the spatial median (of the rows, or of the subgroup means), and of each row only the
    direction and the rank of its length are kept. Source: Capizzi & Masarotto 2017.
    """
    _, n, p = x.shape
    means = x
    if np.all(sizes == 1):
        steps = np.diff(x, axis=1)
        covariance = np.matmul(steps.transpose(0, 2, 1), steps) / (2.0 * (n - 1))
    else:
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        means = np.add.reduceat(x, starts, axis=1) / sizes[None, :, None]
        within = x - np.repeat(means, sizes, axis=1)
        covariance = np.matmul(within.transpose(0, 2, 1), within) / (n - len(sizes))
    lower = np.linalg.cholesky(covariance)
    z = np.linalg.solve(lower, x.transpose(0, 2, 1)).transpose(0, 2, 1)
    middle = z if means is x else np.linalg.solve(lower, means.transpose(0, 2, 1)).transpose(0, 2, 1)
    z = z - spatial_median(np.asarray(middle))[:, None, :]
    length2 = np.einsum("kij,kij->ki", z, z)
    target = np.sqrt(_targets(n, p)[_doubled_ranks(length2)])
    length = np.sqrt(length2)
    return np.asarray(z * np.where(length > _CLOSE, target / np.maximum(length, _CLOSE), 0.0)[:, :, None])


def spatial_median(z: Floats) -> Floats:
    """The points (k, p) whose distances to the rows of each of the k tables z (k, m, p) have the smallest sum (Weiszfeld's iteration)."""
    center = np.median(z, axis=1)
    moving = np.arange(len(z))
    for _ in range(_ITERATIONS):
        apart = z[moving] - center[moving, None, :]
        weight = 1.0 / np.maximum(np.sqrt(np.einsum("kij,kij->ki", apart, apart)), _CLOSE)
        step = np.einsum("ki,kij->kj", weight, apart) / weight.sum(axis=1)[:, None]
        center[moving] += step
        moving = moving[np.max(np.abs(step), axis=1) > _CLOSE]
        if not len(moving):
            break
    return center


def _targets(n: int, p: int) -> Floats:
    """The squared length of rank r / 2, for r = 0 … 2n: equal lengths share the mean of their ranks."""
    return np.asarray(chdtri(p, 1.0 - np.arange(2 * n + 1) / (2.0 * (n + 1))))


def _doubled_ranks(values: Floats) -> Ints:
    """Twice the ranks along the last axis of values (k, n), from 2; equal values share their mean."""
    k, n = values.shape
    order = np.argsort(values, axis=1)
    found = np.empty((k, n), dtype=np.int64)
    np.put_along_axis(found, order, np.broadcast_to(2 * np.arange(1, n + 1), (k, n)), axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    for i in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1)):
        found[i] = np.round(2 * ranks(values[i])).astype(np.int64)
    return found
