"""Scatter within groups of rows: what is left when each group is measured from its own centre.

Rows taken under the same conditions (a rational subgroup) or of the same product share a centre. Their spread about it is what a chart
of the groups' means, or a pooled model of several products, rests on: differences between groups are not in it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import chdtri

from spc.errors import TooFewRows
from spc.nouns import Bools, Floats, Ints, Scatter
from spc.scatter.contract import Estimator
from spc.scatter.factor import factor
from spc.scatter.table import checked

_ROUNDS = 2  # times that the groups are centred anew, each time in the metric found before
_STEPS = 30  # of a robust centre, which then stands still to some ten digits


def means(x: Floats, group: Ints, weight: Floats | None = None) -> Floats:
    """The (weighted) mean of each group, (m, p); `group` (n,) says to which of 0 … m − 1 a row belongs, and each has a row."""
    weight = np.ones(len(x)) if weight is None else weight
    total = np.bincount(group, weight)
    return np.column_stack([np.bincount(group, weight * column) for column in x.T]) / total[:, None]


def pooled(x: Floats, group: Ints) -> Scatter:
    """The grand mean and the pooled covariance Σ (k_i − 1) S_i / Σ (k_i − 1) of groups of k_i rows (Montgomery 2020, chapter 11).

    x (n, p), group (n,). Raises TooFewRows when n − m degrees of freedom are fewer than p, and Degenerate for a hyperplane.

    >>> x = np.array([[1.0, 2.0], [3.0, 2.5], [2.0, 6.0], [7.0, 1.0], [9.0, 4.0], [8.0, 3.0]])
    >>> found = pooled(x, np.array([0, 0, 0, 1, 1, 1]))
    >>> found.center.round(4).tolist(), found.covariance.round(4).tolist()
    ([5.0, 3.0833], [[1.0, 0.875], [0.875, 3.5417]])
    """
    x = checked(x, _needed(x, group), "a pooled covariance")
    return Scatter(x.mean(axis=0), factor(x - means(x, group)[group], _dof(group)), len(x), used=np.ones(len(x), dtype=bool))


def robust(estimator: Estimator, x: Floats, group: Ints) -> Scatter:
    """The grand centre and the scatter within groups, with `estimator` asked of the rows' residuals about their group's own centre.

    The centre of a group of three rows or more is a Huber location, so that one bad row moves it little and does not spoil its
    neighbours' residuals, however far out it is; residuals of a group of k are stretched by √(k/(k − 1)). Centring and asking are repeated
    in the metric found. The grand centre is the Huber location of the groups' centres. Everything is affine equivariant when the
    estimator is. How large the scatter comes out at the normal is left to whoever calibrates it.
    """
    x = checked(x, _needed(x, group), f"a scatter within groups ({estimator.name})")
    size = np.bincount(group)
    several = size[group] > 1
    stretch = np.sqrt(size / np.maximum(size - 1.0, 1.0))[group][:, None]
    found = pooled(x, group)
    center = means(x, group)
    for turn in range(_ROUNDS):
        center = _centers(x, group, found, by_group=turn == 0)
        found = estimator(((x - center[group]) * stretch)[several])
    grand = _location(Scatter(np.zeros(x.shape[1]), found.factor, 0), center, size)
    return _of_all_rows(found, grand, several)


def _of_all_rows(found: Scatter, center: Floats, several: Bools) -> Scatter:
    """An answer (and its rival) about the residuals of some rows, as one about all rows (n,): the others entered neither."""
    used = np.zeros(len(several), dtype=bool)
    used[several] = True if found.used is None else found.used
    rival = None if found.rival is None else _of_all_rows(found.rival, center, several)
    return dataclasses.replace(found, center=center, n=len(several), used=used, rival=rival)


def group_centers(x: Floats, group: Ints, scatter: Scatter) -> Floats:
    """The robust centre of each group, (m, p), in the metric of a scatter within them."""
    return _centers(x, group, scatter)


def _dof(group: Ints) -> int:
    return len(group) - int(group.max()) - 1 if len(group) else 0


def _needed(x: Floats, group: Ints) -> int:
    """The rows that leave p degrees of freedom; raises TooFewRows, with both counts, when there are fewer."""
    groups, p = (int(group.max()) + 1 if len(group) else 0), np.shape(x)[1]
    if _dof(group) < p:
        raise TooFewRows(
            f"{len(group)} rows in {groups} groups leave {_dof(group)} degrees of freedom within them, too few for {p} variables.",
            cure=f"At least {groups + p} rows in so many groups are needed: take more rows per group, or chart fewer variables.",
        )
    return 0


def _centers(x: Floats, group: Ints, scatter: Scatter, by_group: bool = False) -> Floats:
    """Huber's location of each group in the metric of a scatter: rows further out than a typical row count by their direction only.

    `by_group` is for a metric that may be inflated: typical is then the median row of the group itself.
    """
    p = x.shape[1]
    shift = x.mean(axis=0)
    z = Scatter(shift, scatter.factor, 0).whiten(x)
    radius: Floats | float = float(np.sqrt(chdtri(p, 0.5)))
    center = means(z, group)
    for _ in range(_STEPS):
        away = z - center[group]
        length = np.sqrt(np.einsum("ij,ij->i", away, away))
        if by_group:
            radius = np.maximum(_median(length, group)[group], np.finfo(float).tiny)
        after = means(z, group, np.minimum(1.0, radius / np.maximum(length, radius)))
        still = float(np.max(np.abs(after - center))) < 1e-10
        center = after
        if still:
            break
    return np.asarray(center @ scatter.factor.T + shift)


def _median(value: Floats, group: Ints) -> Floats:
    """The (lower) median of each group, (m,)."""
    size = np.bincount(group)
    first = np.cumsum(size) - size
    return np.asarray(value[np.lexsort((value, group))][first + (size - 1) // 2])


def _location(metric: Scatter, center: Floats, size: Ints) -> Floats:
    """Huber's location of the groups' centres, each as sure as its number of rows makes it."""
    shift = np.average(center, axis=0, weights=size)
    z = Scatter(shift, metric.factor, 0).whiten(center)
    radius = np.sqrt(float(chdtri(center.shape[1], 0.5)))
    middle = np.zeros(center.shape[1])
    for _ in range(_STEPS):
        away = z - middle
        length = np.sqrt(size * np.einsum("ij,ij->i", away, away))
        weight = size * np.minimum(1.0, radius / np.maximum(length, radius))
        after = weight @ z / weight.sum()
        still = float(np.max(np.abs(after - middle))) < 1e-12
        middle = after
        if still:
            break
    return np.asarray(metric.factor @ middle + shift)
