"""The Shapley split of T²: whose doing it is, whatever the order of the columns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from spc.nouns import Blame, Floats, Ints, Model, Scatter

FAR: Final = 160  # powers of two of standard deviations: beyond, squares of squares are no numbers any more; a row is brought to
NEAR: Final = 100  # this one, and what is found of it back, which changes no digits
MOST: Final = 1000  # the power of two up to which shares are told: they and their sums are numbers
LARGEST: Final = float(np.finfo(np.float64).max)


def blame(model: Model, x: Floats) -> Blame:
    """The signed share of each variable in T² for rows x (n, p) in the model's order; NaN marks a missing value.

    share φ_j = (x_j − m_j)·[S⁻¹(x − m)]_j over the observed variables: it sums to T² and does not depend on the order of the columns
    (Mayrhofer & Filzmoser 2023, the Shapley value of the squared Mahalanobis distance). given_j = [S⁻¹(x − m)]_j / √[S⁻¹]_jj, whose
    square is the conditional term T²_{j|others} of Mason, Young & Tracy 1995. Of a row so far out that T² is more than a float64 holds,
    the shares have their proportions, and the largest is near 1e301.
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    if not math.isnan(np.vdot(x, x)):
        return Blame(model.names, *_parts(model.scatter, x))
    share, sigma, given = (np.full(x.shape, np.nan) for _ in range(3))
    seen = ~np.isnan(x)
    for pattern in np.unique(seen, axis=0):
        if pattern.any():
            rows = np.all(seen == pattern, axis=1)
            cells = np.ix_(rows, pattern)
            share[cells], sigma[cells], given[cells] = _parts(model.scatter.part(pattern), x[cells])
    return Blame(model.names, share, sigma, given)


def _parts(scatter: Scatter, x: Floats) -> tuple[Floats, Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        centred, solved = x - scatter.center, scatter.solve(x)
        parts = centred * solved, centred / scatter.sd, solved * scatter.conditional_scale
        if math.isfinite(parts[0].sum()):
            return parts
    power = distance(scatter, centred)
    shorter = np.ldexp(np.clip(centred, -LARGEST, LARGEST), -power[:, None])
    solved = replace(scatter, center=np.zeros(scatter.p)).solve(shorter)
    share, sigma, given = shorter * solved, shorter / scatter.sd, solved * scatter.conditional_scale
    with np.errstate(over="ignore"):
        sigma, given = (np.clip(np.ldexp(part, power[:, None]), -LARGEST, LARGEST) for part in (sigma, given))
    return enlarged(share, 2 * power), sigma, given


def distance(scatter: Scatter, centred: Floats) -> Ints:
    """The power of two (n,) by which to divide deviations (n, p) whose squares would be no numbers; 0 for all others."""
    found = (np.frexp(np.clip(centred, -LARGEST, LARGEST))[1] - np.frexp(scatter.sd)[1]).max(axis=1)
    return np.asarray(np.where(found > FAR, found - NEAR, 0))


def enlarged(values: Floats, power: Ints) -> Floats:
    """Values (n, p) times 2 to a power (n,), or to a smaller one where otherwise they or their sum were no numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.ldexp(values, power[:, None])
        lost = ~np.isfinite(found).all(axis=1) | ~np.isfinite(found.sum(axis=1))
    room = MOST - np.frexp(np.abs(values[lost]).max(axis=1, initial=0.0))[1]
    found[lost] = np.ldexp(values[lost], np.minimum(power[lost], room)[:, None])
    return np.asarray(found)
