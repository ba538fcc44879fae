"""Starts that take in what a solution leaves far outside.

A tight cluster of bad rows makes a determinant small by lying close together, not by lying where the others lie; the subset with the
lowest determinant may therefore contain it, and no path of small steps leads there from a subset of good rows. So the rows far outside
are looked at for a knot, and starts are made of the knot and of the rows nearest the centre, or of a few other rows: when the knot fills
most of the subset, which others complete it is a search of its own. Whether that basin is the process is not for the search to say: both
are kept, and a person is told.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from spc.nouns import Bools, Floats, Ints
from spc.scatter.factor import factor_of, inverse_of
from spc.scatter.kernel import medians
from spc.scatter.steps import Steps

_FAR = 1e-3  # share of good rows that lie so far out
_TURNS = 3
_DRAWN = 12  # starts with a few other rows, for each group


def engulfing(z: Floats, steps: Steps, member: Bools, h: int, seed: int) -> Bools:
    """Starting subsets (k, n): the far rows, or their tighter half, with the nearest of the others, or with p + 1 others drawn at random.

    z (n, p), and the subset `member` (n,) of the solution. None when hardly any row is far out.
    """
    n, p = z.shape
    mean = z[member].mean(axis=0)
    lower = factor_of((z[member] - mean).T @ (z[member] - mean), h)
    if lower is None:
        return np.zeros((0, n), dtype=bool)
    d2 = steps.distances(None, mean, inverse_of(lower))
    scaled = d2 * (float(chdtri(p, 0.5)) / float(np.median(d2)))
    far = np.flatnonzero(~member & (scaled > chdtri(p, _FAR)))
    if len(far) < max(3, n // 50):
        return np.zeros((0, n), dtype=bool)
    groups = [group for group in (far, far[_knot(z[far])]) if len(group) < h - p]
    starts = [_with(group, d2, h) for group in groups]
    inside = np.flatnonzero(member)
    groups.append(inside[_knot(z[inside])])  # perhaps the knot is in it already, and with it are the wrong others
    rng = np.random.default_rng([seed, n, p, 3])
    for group in groups:
        draw = rng.random((_DRAWN, n))
        draw[:, group] = 2.0  # never drawn: they are in
        start = np.zeros((_DRAWN, n), dtype=bool)
        np.put_along_axis(start, np.argpartition(draw, p, axis=1)[:, : p + 1], True, axis=1)
        start[:, group] = True
        starts.extend(start)
    return np.array(starts)


def _knot(rows: Floats) -> Ints:
    """Positions of the half of some rows that lie nearest each other: nearest their medians, then nearest the mean of that half."""
    center, scale = medians(rows.T)
    scale = np.maximum(scale, 1e-6 * max(float(scale.max()), 1.0))  # the table is standardised: 1 is its unit
    half = np.arange(len(rows))
    for _ in range(_TURNS):
        away = np.square((rows - center) / scale).sum(axis=1)
        half = np.sort(np.argsort(away, kind="stable")[: (len(rows) + 1) // 2])
        center = rows[half].mean(axis=0)
    return half


def _with(group: Ints, d2: Floats, h: int) -> Bools:
    start = np.zeros(len(d2), dtype=bool)
    start[group] = True
    others = np.argsort(np.where(start, np.inf, d2), kind="stable")
    start[others[: h - len(group)]] = True
    return start
