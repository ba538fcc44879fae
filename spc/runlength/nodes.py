"""Where a chart may stand without an alarm: Gauss–Legendre nodes in a ball, by radius and by angle to the direction of a shift.

In control only the radius counts. With a shift of the mean the part along it (normal) and the length of the rest (noncentral chi) count,
so that any number of variables needs two dimensions (Runger & Prabhu 1996; Rigdon 1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spc.nouns import Floats
from spc.runlength.density import radius


@dataclass(frozen=True)
class Nodes:
    """Points (N,) along the shift and beside it, in a space of p variables, with the weight (N,) of each in an integral over the ball.

    `along` is None in control, where `beside` is the radius.
    """

    p: int
    along: Floats | None
    beside: Floats
    weight: Floats

    def density(self, along: Floats | None, beside: Floats, scale: float) -> Floats:
        """Density (M, N) at these nodes of normal points around the means (along, beside), each (M,), with this standard deviation."""
        if self.along is None or along is None:
            return radius(self.beside / scale, beside[:, None] / scale, self.p) / scale
        front = np.exp(-0.5 * ((self.along - along[:, None]) / scale) ** 2) / (np.sqrt(2.0 * np.pi) * scale)
        if self.p == 1:
            return np.asarray(front)
        # Points to the left and to the right of the centre have the same distance from the line of the shift.
        there, to = np.unique(self.beside, return_inverse=True)
        here, of = np.unique(beside, return_inverse=True)
        rest = radius(there / scale, here[:, None] / scale, self.p - 1) / scale
        return np.asarray(front * rest[np.ix_(of, to)])


def legendre(n: int, low: float, high: float) -> tuple[Floats, Floats]:
    """Gauss–Legendre nodes and weights (n,) on an interval.

    >>> nodes, weights = legendre(5, 0.0, 2.0)
    >>> round(float(weights @ nodes**9), 10)
    102.4
    """
    x, w = np.polynomial.legendre.leggauss(n)
    return low + (high - low) * 0.5 * (x + 1.0), 0.5 * (high - low) * w


def angles(n: int, p: int) -> tuple[Floats, Floats]:
    """Angles to the shift, from 0 to pi, mirrored to the last bit, with weights, about n (even) of them; for one variable two directions.

    The density of an angle goes with its sine to the power p − 2. Where that is smooth as a periodic function, or nearly, equal steps are
    best; elsewhere Gauss–Legendre nodes, which need half as many again.
    """
    if p == 1:
        return np.array([0.0, np.pi]), np.ones(2)
    if p % 2 == 0 or p > 8:
        left, w = -0.5 * np.pi + np.pi / n * (np.arange(n // 2) + 0.5), np.full(n, np.pi / n)
    else:
        n = 2 * math.ceil(0.75 * n)
        x, w = np.polynomial.legendre.leggauss(n)
        left, w = 0.5 * np.pi * x[: n // 2], 0.5 * np.pi * w
    return np.concatenate([left, -left[::-1]]) + 0.5 * np.pi, w


def ball(p: int, radii: tuple[Floats, Floats], turns: int) -> Nodes:
    """Nodes at these radii (nodes and weights): of the radius alone when `turns` is 0, else with that (even) number of angles."""
    r, w = radii
    if turns == 0:
        return Nodes(p, None, r, w)
    phi, v = angles(turns, p)
    size = np.ones_like(r) if p == 1 else r
    sine = np.concatenate([np.sin(phi[: len(phi) // 2]), np.sin(phi[: len(phi) // 2])[::-1]])
    beside = np.zeros(len(r) * 2) if p == 1 else np.outer(r, sine).ravel()
    return Nodes(p, np.outer(r, np.cos(phi)).ravel(), beside, np.outer(w * size, v).ravel())


def spread(mass: Floats, p: int, turns: int) -> Floats:
    """Mass by radius (R,) dealt out evenly over the directions of p-dimensional space: (R · turns,)."""
    phi, v = angles(turns, p)
    share = v * np.sin(phi) ** (p - 2) if p > 1 else v
    return np.asarray(np.outer(mass, share / share.sum()).ravel())


def lasting(move: Floats) -> Floats:
    """The law (N,) of the state of a chain that has long run without an alarm: the left eigenvector of the largest eigenvalue."""
    values, vectors = np.linalg.eig(move.T)
    top = np.abs(np.real(vectors[:, int(np.argmax(np.real(values)))]))
    return np.asarray(top / top.sum())
