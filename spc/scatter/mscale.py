"""The M-scale of distances, and the steps by which a centre and a scatter are concentrated on it (Salibián-Barrera & Yohai 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.nouns import Floats
from spc.scatter.biweight import loss, weight
from spc.scatter.csteps import Features

_TINY = 1e-300


def squared_scale(d2: Floats, c: float, b: float, start: Floats | None = None, exact: bool = True) -> Floats:
    """t = s² with mean ρ(d/s) = b, for each row of squared distances d2 (k, n): safeguarded Newton steps on log t.

    A bisection takes over where they leave the bracket. With exact = False they end at an error of about 1e-6, enough to compare
    candidates by. Where a share 1 − b of the distances is 0 there is no such scale; the smallest positive number is given.

    >>> round(float(squared_scale(np.array([[1.0, 4.0, 9.0, 1e6]]), 1.547645, 0.5)[0]), 4)
    14.2162
    """
    u = d2 / (c * c)
    at = np.log(np.maximum(np.median(u, axis=1) * 3.0 if start is None else start, _TINY))
    low, high = np.full(len(at), np.log(_TINY)), np.full(len(at), 0.5 * np.log(np.finfo(float).max))
    tolerance, most, reach = (1e-13, 60, np.inf) if exact else (1e-3, 25, 2.0)
    moving = np.arange(len(at))
    for _ in range(most):
        with np.errstate(over="ignore"):
            inside = 1.0 - np.minimum(u * np.exp(-at[moving])[:, None], 1.0)
        square = inside * inside
        excess = 1.0 - b - np.einsum("ij,ij->i", square, inside) / u.shape[1]
        slope = 3.0 * (square.sum(axis=1) / u.shape[1] - 1.0 + b + excess)
        low[moving], high[moving] = np.where(excess > 0, at[moving], low[moving]), np.where(excess > 0, high[moving], at[moving])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = at[moving] + np.clip(excess / slope, -reach, reach)
        after = np.where((step > low[moving]) & (step < high[moving]), step, 0.5 * (low[moving] + high[moving]))
        far = np.abs(after - at[moving]) > tolerance
        at[moving] = after
        if not np.all(far):
            moving, u = moving[far], u[far]
        if not len(moving):
            break
    if not exact:
        at[moving] = high[moving]  # has not come near: as if it were large, so that it is no candidate
    return np.asarray(np.exp(at))


@dataclass(frozen=True)
class Loss:
    """The biweight with constant c and its expectation b: what is held fixed while centres and scatters move."""

    c: float
    b: float

    def scale(self, d2: Floats, start: Floats | None = None, exact: bool = True) -> Floats:
        return squared_scale(d2, self.c, self.b, start, exact)

    def mean(self, d2: Floats) -> float:
        return float(np.mean(loss(d2 / (self.c * self.c))))

    def weights(self, d2: Floats) -> Floats:
        return weight(d2 / (self.c * self.c))


def refine(features: Features, weights: Floats, by: Loss, steps: int, tolerance: float = 0.0) -> tuple[Floats, Floats]:
    """`steps` concentration steps from k sets of weights (k, n): the weights reached, and log det of the scatter at its M-scale.

    A candidate rests when its objective has stopped falling by `tolerance`.
    """
    weights = weights.copy()
    best = np.full(len(weights), np.inf)
    moving = np.arange(len(weights))
    p = features.z.shape[1]
    t = None
    for _ in range(steps):
        d2, logdet = features.distances(*features.moments(weights[moving]))
        d2 = np.maximum(d2, 0.0)
        t = by.scale(d2, t, exact=False)
        value = logdet + p * np.log(t)
        fell = value < best[moving] - tolerance
        best[moving] = np.minimum(value, best[moving])
        weights[moving] = by.weights(d2 / t[:, None])
        moving, t = moving[fell], t[fell]
        if not len(moving):
            break
    return weights, best
