"""The subsets that the search begins with, found on a sample when rows are many."""

from __future__ import annotations

import numpy as np

from spc.nouns import Bools, Floats, Ints
from spc.scatter.csteps import distinct, nearest
from spc.scatter.starts import deterministic, elemental, fourth_moment_axes, guessed_distances, invariant, parted
from spc.scatter.steps import Steps, steps_on

_GUESSED, _DRAWN = 300, 400  # rows that the deterministic and the random starts look at (or 20 per variable)
_CLEAR = 10  # variables up to which the invariant coordinates are not blurred
_ENDS = 3  # directions of least, and of greatest, fourth moment that are looked along
_ELEMENTAL = 100  # random starts, taken one step
_SECOND = 20  # and of these, the ones that take another
_KEEP = 8  # and of these, the ones that go on


def guessed(z: Floats, steps: Steps, h: int, seed: int) -> Bools:
    """The subsets of h rows (k, n) that deterministic guesses lead to.

    A guess of the scatter stands for the half of the rows nearest to it: six guesses in the invariant coordinates, and, of more than ten
    columns, five of the columns as they are. Where bad rows form a group, the rows fall into two parts along a direction of extreme fourth
    moment: a subset is begun on either side.
    """
    n, p = z.shape
    rows = sample(n, max(_GUESSED, 20 * p), seed)
    part = z[rows]
    axes = fourth_moment_axes(part)
    if axes is None:
        guesses = [_guessed_distances(part)]
    else:
        ends = parted(axes, _ENDS)
        guesses = [_guessed_distances(invariant(axes)), ends, -ends]
    if p > _CLEAR:
        guesses.append(_guessed_distances(part, pairs=False))
    away = np.concatenate(guesses)
    return steps.grow(carried(nearest(away, max((len(part) + 1) // 2, p + 1)), rows, n), h)


def _guessed_distances(y: Floats, pairs: bool = True) -> Floats:
    return guessed_distances(y, deterministic(y, pairs))


def drawn(z: Floats, steps: Steps, h: int, seed: int) -> Bools:
    """The best few subsets of h rows that random elemental starts lead to in two steps."""
    n, p = z.shape
    rows = sample(n, max(_DRAWN, 20 * p), seed)
    part = steps if len(rows) == n else steps_on(z[rows])
    some = max(round(h * len(rows) / n), p + 1)
    start = np.zeros((_ELEMENTAL, len(rows)), dtype=bool)
    np.put_along_axis(start, elemental(len(rows), p, _ELEMENTAL, seed), True, axis=1)
    near, value = part.converge(part.grow(start, some), some, 1)
    near, value = part.converge(distinct(near, value, _SECOND), some, 1)
    best = distinct(near, value, _KEEP)
    return best if len(rows) == n else steps.grow(carried(best, rows, n), h)


def sample(n: int, most: int, seed: int) -> Ints:
    """The positions of `most` of n rows, or of all when they are not many more; the same for the same seed."""
    if n <= 1.5 * most:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, n, most]).choice(n, most, replace=False, shuffle=False))


def ladder(n: int, first: int, stair: int, seed: int) -> list[Ints]:
    """Samples of n rows, each within the next and `stair` times as large, as long as they are much fewer than all.

    >>> [len(rows) for rows in ladder(100_000, 1500, 8, seed=0)]
    [1500, 12000]
    """
    sizes = [min(first, n)]
    while sizes[-1] * stair < n / 4:
        sizes.append(sizes[-1] * stair)
    order = np.random.default_rng([seed, n]).choice(n, sizes[-1], replace=False)
    return [np.sort(order[:size]) for size in sizes]


def carried(member: Bools, rows: Ints, n: int) -> Bools:
    """Subsets (k, len(rows)) of some rows, as subsets (k, n) of the table that they were taken from."""
    whole = np.zeros((len(member), n), dtype=bool)
    whole[:, rows] = member
    return whole
