"""Since when: the row at which a change began that a chart signalled later, with an interval, from the whitened rows up to now.

In control a whitened row is standard normal (the model's parameters are taken as known). What may have happened at row τ: the mean
moved at once (step), or goes on moving by as much in each row (drift), in a direction and by a size that nobody knows; or the spread
changed. The likelihood of a step at τ against no change is exp(½ ‖Σ z_i‖²/m) for the m rows from τ on when the size and direction that
fit best are put in (Nedumaran, Pignatiello & Calvin 2000; Zamba & Hawkins 2006 for the likelihood ratio); that of a drift has Σ w_i z_i
and Σ w_i², w_i = 1, 2, 3, … . The best fit flatters short stretches where there are many variables, so the size is averaged instead of
put in: the shift is normal in all directions, with a scale from 0.35 to 16 standard deviations. That gives a likelihood over τ whose
mass makes the interval, and one number for each kind of change, by which they are compared: a step, being the usual thing, counts three
times as much as a drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from spc.nouns import Floats, Ints, Scatter, Since

Change = Literal["step", "drift", "spread"]

_MOST: Final = 1e301  # standard deviations: see Scatter.whiten
MOST: Final = 500  # rows looked back: what began earlier has its beginning at the first of them
MASS: Final = {
    "step": 0.90,
    "spread": 0.90,
    "drift": 0.95,
}  # likelihood that an interval of 90 % holds: a drift's first rows show nothing of it
_SIZES: Final = np.geomspace(0.35, 16.0, 12)  # standard deviations of a shift, all directions together
_SLOPES: Final = np.geomspace(0.004, 0.5, 12)  # the same, per row: what grows faster is a step
_THIN: Final = np.array([_SIZES, _SLOPES]).T[:, :, None] ** -2.0
_OFFSET: Final = 0.3  # how far the level before the change may be off, in all directions together: a reference is an estimate, and ages
CLEAR: Final = 3.0  # odds from which on the row is that of the likeliest kind of change, and not of all kinds together
_ODDS: Final = {"step": 3.0, "drift": 1.0, "spread": 1.0}  # before any row was seen: a fault is a jump more often than not
_CHANGES: Final[tuple[Change, ...]] = ("step", "drift", "spread")
_PRIOR: Final = np.log([[_ODDS[name]] for name in _CHANGES])
_SPREADS: Final = np.exp(np.linspace(0.1, 1.6, 16))  # the spread after a change, in that before: what shrinks rings no chart
_NOTHING: Final = -700.0  # log of what adds nothing to 1; below it `exp` takes its slow ways
_WIDER: Final = np.array([0.5 * (1.0 - _SPREADS**-2), -np.log(_SPREADS)]).T


@dataclass(frozen=True, slots=True, eq=False)
class Began:
    """When it began and what is known of it: the change (a step or a drift of the mean, or a step of the spread), how much likelier it is
    than the best other one (`odds`), the shift (p,) of whitened rows at the newest row, and its T²: the squared length of the shift over
    its standard error, which says how well its direction is known. `after` (m, p) are the whitened rows since then.
    """

    since: Since
    change: Change
    odds: float
    shift: Floats
    strength: float
    after: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def why(self) -> str:
        """The reason for the kind, in words.

        >>> Began(Since(8, 7, 9, "step"), "step", 31.4, np.zeros(2), 0.0).why
        'a step fits better than anything else tried, odds 31 : 1'
        """
        what = {"step": "a step", "drift": "a drift", "spread": "a change of the spread"}[self.change]
        if self.odds < CLEAR:
            return f"{what} fits best, though not by much, odds {self.odds:.1f} : 1"
        return f"{what} fits better than anything else tried, odds {'over 1000' if self.odds > 1000 else f'{self.odds:.0f}'} : 1"


def since(z: Floats, rows: Ints | None = None, weight: Floats | None = None, *, spread: bool = False) -> Since:
    """The row at which the change began that lasts up to the last of the whitened rows z (n, p), oldest first: see `began`.

    >>> z = np.random.default_rng(1).standard_normal((60, 2))
    >>> z[50:, 0] += 3.0
    >>> since(z)
    Since(row=51, low=51, high=51, kind='step')
    """
    return began(z, rows, weight, spread=spread).since


def began(z: Floats, rows: Ints | None = None, weight: Floats | None = None, *, spread: bool = True) -> Began:
    """What `since` finds, and why. Work and memory grow as n·p; the last 500 rows are looked at.

    z (n, p) are whitened, the last one the newest; a row of NaN is passed over. `rows` (n,) are their numbers, 1…n when not given.
    `weight` (n,): the shift of row i is weight_i times that of the process, 1 when not given (√k of a mean of k rows, if its z is whitened
    with its own scatter). `spread`: whether a change of the spread is tried besides step and drift; such a one is a step. Raises
    ValueError when no row has values.
    """
    z = np.atleast_2d(np.asarray(z, dtype=np.float64))
    rows = np.arange(1, len(z) + 1) if rows is None else np.asarray(rows)
    weight = np.ones(len(z)) if weight is None else np.asarray(weight, dtype=np.float64)
    there = slice(-MOST, None) if not np.isnan(z.sum()) else np.flatnonzero(~np.isnan(z).any(axis=1))[-MOST:]
    z, rows, weight = z[there], rows[there], weight[there]
    if not len(z):
        raise ValueError("no row has values: nothing says when it began")
    names, logs = _likelihoods(z, rows, weight, spread=spread)
    together = np.exp(logs - logs.max())
    evidence = together.sum(axis=1).tolist()
    first, second = sorted(range(len(names)), key=lambda k: -evidence[k])[:2]
    change, odds = names[first], min(evidence[first] / max(evidence[second], 1e-304), 1e304)
    mass = together.sum(axis=0)
    best, low, high = _interval(mass, int(np.argmax(logs[first] if odds > CLEAR else mass)), MASS[change])
    found = Since(int(rows[best]), int(rows[low]), int(rows[high]), "drift" if change == "drift" else "step")
    shift, strength = _shift(z[best:], rows[best:], weight[best:], change)
    return Began(found, change, odds, shift, strength, z[best:])


def whitened(scatter: Scatter, x: Floats) -> Floats:
    """Whitened rows (n, p) of x (n, p), where a missing value is what the others of its row imply; a row without any value stays NaN.

    What is implied adds nothing: the squared length of the row is T² of what it has, and it says nothing of what it lacks.

    >>> s = Scatter(np.zeros(2), np.eye(2), n=50)
    >>> whitened(s, np.array([[3.0, 4.0], [3.0, np.nan]])).tolist()
    [[3.0, 4.0], [3.0, 0.0]]
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    missing = np.isnan(x)
    if not missing.any():
        return scatter.whiten(x)
    z = scatter.whiten(np.where(missing, scatter.center, x))
    for pattern in np.unique(missing[missing.any(axis=1)], axis=0):
        here = np.all(missing == pattern, axis=1)
        if pattern.all():
            z[here] = np.nan
            continue
        gradient = np.zeros((int(here.sum()), x.shape[1]))
        gradient[:, ~pattern] = scatter.part(~pattern).solve(x[here][:, ~pattern])
        with np.errstate(over="ignore"):
            z[here] = np.clip(gradient @ scatter.factor, -_MOST, _MOST)
    return z


def _logsum(logs: Floats) -> Floats:
    """log Σ exp over the first axis, in whole passes over the array: a chain of `logaddexp` takes twenty times as long."""
    most = logs.max(axis=0)
    logs -= most
    np.maximum(logs, _NOTHING, out=logs)
    return np.asarray(most + np.log(np.exp(logs, out=logs).sum(axis=0)))


def _likelihoods(z: Floats, rows: Ints, weight: Floats, *, spread: bool) -> tuple[tuple[Change, ...], Floats]:
    """log of the likelihood of each kind of change at each row (kinds, n), with the odds of the kind before any row was seen.

    A drift has w_i = row_i − row_τ + 1: a row that was passed over counts as time. What all of them are made of is summed once.
    """
    n, p = z.shape
    back = slice(None, None, -1)  # from the newest row back: the sum of a row and all that follow it is one from the beginning
    age = (rows[back] - rows[-1]).astype(np.float64)  # 0 for the newest row: sums of small numbers
    plain, start = weight[back] ** 2, age - 1.0
    parts, numbers = np.empty((2, p, n)), np.empty((4, n))  # a variable's numbers side by side: p long loops are quicker than n short ones
    np.multiply(weight[back], z[back].T, out=parts[0])
    np.multiply(age, parts[0], out=parts[1])
    numbers[0], numbers[3] = plain, np.einsum("ij,ij->i", z, z)[back]
    np.multiply(age, plain, out=numbers[1])
    np.multiply(age, numbers[1], out=numbers[2])
    total, moved = parts = np.cumsum(parts, axis=2)
    square, first, second, far = np.cumsum(numbers, axis=1)
    moved -= start * total
    level, one = total[:, -1].copy(), float(square[-1])
    late = start * square
    cross = np.array([square, first - late])
    known = np.array([square, second - start * (2.0 * first - late)])
    along = level @ parts
    length = np.einsum("kji,kji->ki", parts, parts)
    own = float(level @ level)
    logs = _averaged(own, one, p, (along, length, cross, known))
    if not spread:
        return _CHANGES[:2], (logs + _PRIOR[:2])[:, back]
    wider = _spread(far, own - 2.0 * along[0] + length[0], one - square, p)
    return _CHANGES, (np.concatenate([logs, wider[None]]) + _PRIOR)[:, back]


def _averaged(own: float, one: float, p: int, sums: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    """log of the likelihood (2, n) of rows weight_i · b before τ and weight_i · (b + w_i · shift) from τ on, for a step and a drift, the
    shift averaged over N(0, scale²/p · I) and the scales, b over N(0, _OFFSET²/p · I).

    With level (p,): Σ weight · z of all rows and total (p,): Σ weight · w · z from τ on, own is ‖level‖² and one Σ weight² of all rows; the
    sums are total · level, ‖total‖², Σ weight² · w and Σ weight² · w². In each coordinate that is a straight line through normal rows,
    whose marginal likelihood is known exactly: that of the level, and that of what it leaves of the shift, which alone depends on the
    scale.
    """
    along, length, cross, known = sums
    vague = _OFFSET**2 / p
    one += 1.0 / vague
    tilt = cross / one
    left = 0.5 * (length - 2.0 * tilt * along + tilt**2 * own)
    det = p * _THIN + (known - cross * tilt)
    logs = np.log(det)
    logs *= -0.5 * p
    logs += np.divide(left, det, out=det)
    logs += 0.5 * p * (np.log(_THIN) + math.log(p))
    return np.asarray(_logsum(logs) + (0.5 * own / one - 0.5 * p * math.log(one * vague) - math.log(len(_THIN))))


def _spread(far: Floats, level: Floats, plain: Floats, p: int) -> Floats:
    """log of the likelihood (n,) with the standard deviation after τ averaged, from far (n,): Σ ‖z‖² from τ on, and the level of the rows
    before it: level (n,) is ‖Σ weight · z‖² and plain (n,) Σ weight² of these.
    """
    count = np.arange(1, len(far) + 1) * float(p)
    vague = _OFFSET**2 / p
    lift = 1.0 + plain * vague
    before = level * (0.5 * vague) / lift - 0.5 * p * np.log(lift)
    return np.asarray(_logsum(_WIDER @ np.array([far, count])) + before - math.log(len(_SPREADS)))


def _interval(mass: Floats, best: int, wanted: float) -> tuple[int, int, int]:
    """The likeliest row, and the first and last of the shortest stretch around it that holds as much as is wanted of the likelihood (n,) of
    all kinds of change together, as nearly as whole rows can: which kind it was is not known for certain either.
    """
    shares = [-1.0, *(mass / mass.sum()).tolist(), -1.0]
    low = high = best + 1
    held = shares[low]
    while held < wanted:
        left, right = shares[low - 1], shares[high + 1]
        more = left if left >= right else right
        if held + more - wanted > wanted - held:
            break  # without this row it is nearer
        held += more
        if left >= right:
            low -= 1
        else:
            high += 1
    return best, low - 1, high - 1


def _shift(z: Floats, rows: Ints, weight: Floats, change: Change) -> tuple[Floats, float]:
    """The shift (p,) at the newest row, and its T²."""
    w = weight * (rows - rows[0] + 1) if change == "drift" else weight
    known = float(w @ w)
    total = w @ z
    end = float(rows[-1] - rows[0] + 1) if change == "drift" else 1.0
    return np.asarray(total / known * end), float(total @ total) / known
