"""S-estimates of centre and scatter."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats, Scatter
from spc.scatter.biweight import tuned_to_breakdown
from spc.scatter.contract import Equivariance
from spc.scatter.csteps import Features, nearest
from spc.scatter.factor import Hyperplane, factor, hyperplane
from spc.scatter.mcd import standardised
from spc.scatter.mscale import Loss, refine
from spc.scatter.s_factors import small_sample
from spc.scatter.starts import deterministic, elemental, fourth_moment_axes, guessed_distances, invariant
from spc.scatter.table import checked

_WHOLE = 1500  # rows up to which the search runs on the whole table; above, on a sample first
_AXES = 4  # axes with the smallest and the largest fourth moments along which the rows are halved
_KEEP = 10  # candidates that are taken towards their fixed points
_FINAL = 3  # and of these, the ones that are taken all the way
_ALIKE = 0.05  # a candidate whose weights differ less from a fixed point's leads there, too
_STEPS = 20  # concentration steps on the candidates
_RIVAL = 0.02  # a candidate whose log det is this much above the best one's will not pass it on the last steps
_LAST = 1000  # steps of the winner: the fixed point is reached to the last bits long before
_REST = 1e-10  # weights that move less have come to rest


@dataclass(frozen=True)
class S:
    """The centre and scatter whose distances have a given M-scale and whose determinant is smallest (Davies 1987; Lopuhaä 1989).

    Every row has a weight that falls smoothly to zero with its distance (Tukey's biweight), so no row is in or out by a hair, as with
    an MCD. breakdown: the share of bad rows that it stands, 0.5 at most; less gives more efficiency. Deterministic: the same rows give
    the same answer. Called with x (n, p), finite, n > 3p; returns a Scatter in the columns' own units, whose `objective` is log det at
    the M-scale before the small-sample factor (known for breakdown 0.5, else 1) and whose `used` marks the rows with a weight above
    zero. Raises TooFewRows, BadRecipe, and Degenerate with the equation when a share 1 − breakdown of the rows lies on a hyperplane.

    Sources: Salibián-Barrera & Yohai 2006 (the search), Hubert, Rousseeuw, Vanpaemel & Verdonck 2015 (deterministic starts).

    >>> x = np.array([[1.0], [1.1], [1.2], [1.3], [1.4], [1.5], [50.0]])
    >>> s = S()(x)
    >>> round(float(s.center[0]), 6), s.used.tolist()
    (1.25, [True, True, True, True, True, True, False])
    """

    breakdown: float = 0.5
    seed: int = 0
    name: ClassVar[str] = "s"
    robust: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "affine"

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a robust covariance (S)")
        found, _, scale = fixed_point(x, self.breakdown, self.seed)
        return found.scatter(x, scale, small_sample("s", *x.shape) if self.breakdown == 0.5 else 1.0)

    def rows_needed(self, p: int) -> int:
        """The fewest rows for p variables: 3p + 1; with fewer, half of the rows lie so near a hyperplane that shapes are an accident."""
        return 3 * p + 1


@dataclass(frozen=True)
class Fixed:
    """A fixed point on standardised rows: their weights (n,), squared distances at the M-scale (n,), and log det there."""

    weights: Floats
    d2: Floats
    objective: float

    def scatter(self, x: Floats, scale: Floats, corrected: float) -> Scatter:
        """The centre and `corrected` times the scatter, in the units of x (n, p), whose columns were divided by `scale` (p,)."""
        center = np.median(x, axis=0)
        share = self.weights / self.weights.sum()
        mean = center + share @ (x - center)
        lower = factor(np.sqrt(share)[:, None] * (x - mean), 1.0)
        objective = self.objective + 2.0 * float(np.sum(np.log(scale)))
        size = (objective - 2.0 * float(np.sum(np.log(np.diag(lower))))) / x.shape[1]
        return Scatter(mean, lower * math.sqrt(math.exp(size) * corrected), len(x), used=self.weights > 0.0, objective=objective)


def fixed_point(x: Floats, breakdown: float, seed: int) -> tuple[Fixed, Floats, Floats]:
    """The S-estimate of x (n, p) before any small-sample factor, with the standardised rows and the yardsticks of the columns."""
    if not 0.0 < breakdown <= 0.5:
        raise BadRecipe(f"A breakdown of {breakdown} makes no S-estimate.", cure="Use a share above 0 and at most 0.5.")
    n, p = x.shape
    z, scale = standardised(x, math.ceil(n * (1.0 - breakdown)))
    by = Loss(tuned_to_breakdown(p, breakdown), breakdown)
    found: list[Fixed] = []
    for weights in _search(z, by, seed):
        if all(float(np.max(np.abs(one.weights - weights))) > _ALIKE for one in found):
            found.append(settled(x, z, weights, by))
    return min(found, key=lambda one: one.objective), z, scale


def settled(x: Floats, z: Floats, weights: Floats, by: Loss, held: float | None = None) -> Fixed:
    """Concentration steps on z (n, p) until the weights rest; with `held` the scatter's det^(1/p) is held there and only centre and
    shape move (MM).

    After every two steps a third is tried further along (SQUAREM: Varadhan & Roland 2008) and kept when the loss has not risen.
    Raises Hyperplane, with the equation in the units of x, when the rows with a weight lie on one.
    """
    value, point = _step(x, z, weights, by, held)
    for _ in range(_LAST):
        first = point.weights - weights
        if float(np.max(np.abs(first))) < _REST:
            break
        value, after = _step(x, z, point.weights, by, held)
        bend = (after.weights - point.weights) - first
        length = float(np.sqrt((first @ first) / max(float(bend @ bend), 1e-300)))
        further = np.clip(weights + 2.0 * length * first + length**2 * bend, 0.0, 1.0)
        weights, point = point.weights, after
        if 1.0 < length < 1e6 and np.sum(further > 0.0) > z.shape[1]:
            with suppress(Hyperplane):  # a step too far; those that are taken anyway would say so
                tried, jump = _step(x, z, further, by, held)
                if tried <= value:
                    value, weights, point = tried, further, jump
    return point


def _step(x: Floats, z: Floats, weights: Floats, by: Loss, held: float | None) -> tuple[float, Fixed]:
    """The loss of the weighted centre and scatter, and where their distances lead."""
    n, p = z.shape
    share = weights / weights.sum()
    mean = share @ z
    try:
        lower = factor(np.sqrt(share)[:, None] * (z - mean), 1.0)
    except Hyperplane:
        rows = x[weights > 0.0]
        raise hyperplane(rows - rows.mean(axis=0), rows.mean(axis=0), x) from None
    logdet = 2.0 * float(np.sum(np.log(np.diag(lower))))
    d2 = Scatter(mean, lower, n).d2(z)
    size = float(by.scale(d2[None])[0]) if held is None else held * math.exp(-logdet / p)
    d2 = d2 / size
    objective = logdet + p * math.log(size)
    return (objective if held is None else by.mean(d2)), Fixed(by.weights(d2), d2, objective)


def _search(z: Floats, by: Loss, seed: int) -> Floats:
    """The weights (k, n) of the few best candidates on the standardised rows z (n, p), near their fixed points."""
    n, p = z.shape
    if n <= _WHOLE:
        return _candidates(z, by, seed)
    rows = np.sort(np.random.default_rng([seed, n, p, 1]).permutation(n)[: max(_WHOLE, 20 * p)])
    part = Features.of(z[rows])
    carried = np.empty((_FINAL, n))
    found = _candidates(z[rows], by, seed)
    means, covariances = part.moments(found)
    for k, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        d2 = Scatter(mean, np.linalg.cholesky(covariance), n).d2(z)
        carried[k] = by.weights(d2 / by.scale(d2[None])[0])
    return carried[: len(found)]


def _candidates(z: Floats, by: Loss, seed: int) -> Floats:
    n, p = z.shape
    features = Features.of(z)
    weights = _halves(z)
    if p <= 25:
        drawn = np.zeros((min(max(20_000 // n, 100), 500), n))
        np.put_along_axis(drawn, elemental(n, p, len(drawn), seed), 1.0, axis=1)
        weights = np.concatenate([weights, drawn])
    near, value = refine(features, weights, by, 2)
    near, value = refine(features, _best(near, value, _KEEP), by, _STEPS, 1e-7)
    return _best(near, np.where(value <= value.min() + _RIVAL, value, np.inf), _FINAL)


def _halves(z: Floats) -> Floats:
    """Halves of the rows, as weights (k, n): those nearest to the six deterministic guesses, and both sides along single axes.

    Along an axis of the invariant coordinates with very small or very large fourth moment, groups of rows separate (Peña & Prieto
    2001): where up to nearly half of the rows form another group, one side holds rows of a single kind.
    """
    axes = fourth_moment_axes(z)
    y = z if axes is None else invariant(axes)
    half = max((len(z) + 1) // 2, z.shape[1] + 1)
    d2 = guessed_distances(y, deterministic(y))
    ends = np.unique(np.concatenate([np.arange(z.shape[1])[:_AXES], np.arange(z.shape[1])[-_AXES:]]))
    return nearest(np.concatenate([d2, y.T[ends], -y.T[ends]]), half).astype(np.float64)


def _best(weights: Floats, objective: Floats, keep: int) -> Floats:
    """The `keep` best candidates whose objectives differ, best first."""
    order = np.lexsort((np.arange(len(objective)), objective))
    with np.errstate(invalid="ignore"):
        fresh = np.isfinite(objective[order]) & np.concatenate([[True], np.diff(objective[order]) > 1e-6])
    return np.asarray(weights[order[fresh][:keep]])
