"""Concentration steps of the cellwise MCD: cells in turn, then one step of expectation and maximisation (Raymaekers & Rousseeuw 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, ndtr

from spc.nouns import Bools, Floats, Ints
from spc.scatter.ddc import deviating, wrapped
from spc.scatter.patterns import LOG_2PI, Patterns

_CUT = float(chdtri(1, 0.01))  # a cell is flagged where its squared standardised residual is beyond this
FLOOR = 1e-4  # smallest eigenvalue of a scatter of standardised columns: keeps the likelihood bounded
_FAR = 3.5  # a cell further from its column's location, in robust scales, is flagged whatever its row says: see best
_SIZES = (0.5, 0.7, 1.5)  # deep: the best scatter made smaller and larger, and the steps taken again from there
_STEPS = 300
_NEARLY, _REST = 1e-3, 1e-8  # a scatter whose entries move less has nearly, has quite come to rest
_WARM = 10  # steps on the cells that the start keeps, before the penalties are set


@dataclass(frozen=True, eq=False)
class Fit:
    """Centre and scatter of standardised columns, the cells (n, p) they rest on, the objective, and the penalties it was reached with."""

    mean: Floats
    s: Floats
    kept: Bools
    objective: float
    variance: Floats
    flat: float  # the smallest eigenvalue before the floor


@dataclass(frozen=True, eq=False)
class Penalty:
    """What a flagged cell of each column costs: χ²_{1;0.99} + ln 2π + ln `variance` (p,), and how many cells must be kept, `least` (p,).

    `variance` is each column's variance when the others are given, from the start, as it would be without the cut.
    """

    variance: Floats
    least: Ints

    @property
    def cost(self) -> Floats:
        return _CUT + LOG_2PI + np.log(self.variance)


def best(z: Floats, h: float, deep: bool = False) -> Fit:
    """The lowest objective that the starts lead to, for standardised columns z (n, p), NaN where missing, no row empty.

    Cells far out in their own column stay flagged (as in the authors' program, there beyond 3): in a row that is far out as a whole, along
    the columns' common direction, every cell agrees with the others, and the likelihood alone would keep them all.
    """
    present = ~np.isnan(z)
    least = np.ceil(h * present.sum(axis=0)).astype(int)
    near = at_least(np.abs(z) <= _FAR, np.abs(z), present, least)
    flagged, expected = deviating(z)
    kept = at_least(near & ~flagged, np.abs(z - expected), near, least)
    mean, s = _guess(np.where(kept, z, expected))
    for _ in range(_WARM):
        mean, s, _, _ = _maximised(Patterns(z - mean, kept, s), mean)
    penalty = Penalty(conditional_variances(s) / TRIMMED, least)
    plain = floored(np.atleast_2d(np.cov(wrapped(z), rowvar=False)))[0]
    starts = [(kept, mean, s), (near, np.zeros(z.shape[1]), plain)]
    found = min((concentrate(z, *start, near, penalty, _NEARLY) for start in starts), key=lambda one: one.objective)
    for size in _SIZES if deep else ():
        again = concentrate(z, found.kept, found.mean, floored(size * found.s)[0], near, penalty, _NEARLY)
        found = min(found, again, key=lambda one: one.objective)
    return concentrate(z, found.kept, found.mean, found.s, near, penalty, _REST)


def concentrate(z: Floats, kept: Bools, mean: Floats, s: Floats, near: Bools, penalty: Penalty, rest: float) -> Fit:
    """Steps from one start until the scatter's entries move less than `rest`; the objective falls at each.

    Only cells that are `near` (n, p) can be kept.
    """
    present = ~np.isnan(z)
    order = np.argsort(penalty.variance, kind="stable")  # an order that units and the order of the columns do not change
    objective, flat = np.inf, 0.0
    for _ in range(_STEPS):
        rows = Patterns(z - mean, kept, s)
        for j in order:
            _choose(rows, int(j), near[:, j], penalty)
        still = np.array_equal(rows.kept, kept)
        kept = rows.kept
        after, covariance, flat, loglik = _maximised(rows, mean)
        objective = loglik + float(penalty.cost @ (present & ~kept).sum(axis=0))
        moved = max(float(np.max(np.abs(after - mean))), float(np.max(np.abs(covariance - s))))
        mean, s = after, covariance
        if still and moved < rest:
            break
    return Fit(mean, s, kept, objective, penalty.variance, flat)


def _choose(rows: Patterns, j: int, near: Bools, penalty: Penalty) -> None:
    """Keep the cells of column j that cost less kept than flagged, and the cheapest ones up to the least number."""
    residual, variance = rows.conditional(j)
    gain = np.where(near, np.log(variance / penalty.variance[j]) + residual**2 / variance - _CUT, np.inf)
    keep = gain <= 0.0
    if keep.sum() < penalty.least[j]:
        keep = np.zeros_like(keep)
        keep[np.argsort(gain, kind="stable")[: penalty.least[j]]] = True
    rows.flip(np.flatnonzero(keep != rows.kept[:, j]), j)


def _maximised(rows: Patterns, mean: Floats) -> tuple[Floats, Floats, float, float]:
    """The next centre and scatter, its smallest eigenvalue before the floor, and −2 log likelihood under the present ones."""
    filled, left, d2 = rows.filled()
    shift = filled.mean(axis=0)
    centred = filled - shift
    s, flat = floored((centred.T @ centred + left) / len(centred))
    return mean + shift, s, flat, rows.minus_twice_loglik(d2)


def floored(s: Floats) -> tuple[Floats, float]:
    """A scatter whose eigenvalues are at least the floor, and what the smallest one was."""
    s = 0.5 * (s + s.T)
    values, vectors = np.linalg.eigh(s)
    if values[0] >= FLOOR:
        return s, float(values[0])
    return np.asarray((vectors * np.maximum(values, FLOOR)) @ vectors.T), float(values[0])


def conditional_variances(s: Floats) -> Floats:
    """The variance (p,) of each column when the others are given: 1 / [S⁻¹]_jj."""
    half = np.linalg.solve(np.linalg.cholesky(s), np.eye(len(s)))
    return np.asarray(1.0 / np.sum(half * half, axis=0))


def at_least(kept: Bools, distance: Floats, present: Bools, least: Ints) -> Bools:
    """`kept` (n, p), with the nearest present cells added in columns that keep too few."""
    kept = kept.copy()
    for j in np.flatnonzero(kept.sum(axis=0) < least):
        far = np.where(present[:, j], distance[:, j], np.inf)
        kept[np.argsort(far, kind="stable")[: least[j]], j] = True
    return kept


def _guess(filled: Floats) -> tuple[Floats, Floats]:
    """A first centre and scatter of a table (n, p) whose flagged and missing cells were filled with what was expected of them.

    Wrapped along the principal axes, so that rows far from all others weigh little.
    """
    mean = filled.mean(axis=0)
    _, axes = np.linalg.eigh(np.atleast_2d(np.cov(filled, rowvar=False)))
    along = (filled - mean) @ axes
    middle = np.median(along, axis=0)
    scale = np.maximum(1.482602218505602 * np.median(np.abs(along - middle), axis=0), math.sqrt(FLOOR))
    bent = wrapped((along - middle) / scale) * scale + middle
    mean = mean + axes @ bent.mean(axis=0)
    return mean, floored(axes @ np.atleast_2d(np.cov(bent, rowvar=False)) @ axes.T)[0]


def _trimmed() -> float:
    """The factor by which the cut shrinks a conditional variance at the normal, at the fixed point of the steps.

    With factor k a cell is kept where r²/k + ln k ≤ χ²_{1;0.99}, and k is the variance of the normal r that are kept.
    """
    k = 1.0
    for _ in range(100):
        a = math.sqrt(k * (_CUT - math.log(k)))
        inside = 2.0 * float(ndtr(a)) - 1.0
        k = 1.0 - 2.0 * a * math.exp(-0.5 * a * a) / math.sqrt(2.0 * math.pi) / inside
    return k


TRIMMED = _trimmed()  # 0.90
