"""The polish: single exchanges of a row inside the subset for one outside, as long as one lowers the determinant.

A subset that no C-step can improve may still have a better neighbour. Replacing row i by row j changes the covariance by a matrix of
rank two, so the determinants of all h(n − h) neighbours follow from three inner products each, without a factorisation.
"""

from __future__ import annotations

import numpy as np

from spc.nouns import Bools
from spc.scatter.csteps import Features, converge

_BAND = 64  # rows looked at on each side: those a good exchange can come from lie near the boundary


def polish(features: Features, member: Bools, h: int) -> Bools:
    """The subset `member` (n,) after exchanges, each followed by C-steps, until no exchange lowers its determinant.

    On a nearly singular table the formula can promise what rounding does not keep: an exchange that did not lower the determinant is the
    last one.
    """
    reached = float(features.distances(*features.moments(member[None]))[1][0])
    while True:
        swap = best_exchange(features, member, h)
        if swap is None:
            return member
        trial = member.copy()
        trial[swap[0]], trial[swap[1]] = False, True
        (trial,), (value,) = converge(features, trial[None], h)
        if not value < reached - 1e-11 * (1.0 + abs(reached)):
            return member
        member, reached = trial, float(value)


def best_exchange(features: Features, member: Bools, h: int) -> tuple[int, int] | None:
    """The rows (out, in) whose exchange lowers the determinant most, or None when none lowers it.

    With A the scatter sum, u = x_i − m and v = x_j − m, a = uᵀA⁻¹u, b = vᵀA⁻¹v, c = uᵀA⁻¹v and r = 1 − h/(h−1)·a, the new determinant
    over the old is r·(1 + (h−1)/h·(b + 2c/(h−1) + a/(h−1)² + h/(h−1)·(c + a/(h−1))²/r)).
    """
    mean, covariance = features.moments(member[None])
    d2, _ = features.distances(mean, covariance)
    inside, outside = np.flatnonzero(member), np.flatnonzero(~member)
    if not len(outside):
        return None
    inside = inside[np.argsort(-d2[0][inside], kind="stable")[:_BAND]]
    outside = outside[np.argsort(d2[0][outside], kind="stable")[:_BAND]]
    u, v = features.z[inside] - mean[0], features.z[outside] - mean[0]
    try:
        solved = np.linalg.solve(covariance[0] * h, v.T)
    except np.linalg.LinAlgError:
        return None  # the subset is on a hyperplane already: nothing lies lower
    a, b, c = d2[0][inside][:, None] / h, d2[0][outside][None, :] / h, u @ solved
    less = h - 1.0
    r = 1.0 - h / less * a
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = r * (1.0 + less / h * (b + 2.0 * c / less + a / less**2 + h / less * (c + a / less) ** 2 / r))
    ratio = np.where(r > 1e-12, ratio, np.inf)
    best = int(np.argmin(ratio))
    if not ratio.flat[best] < 1.0 - 1e-10:
        return None
    return int(inside[best // len(outside)]), int(outside[best % len(outside)])
