"""The search for the h rows whose covariance has the smallest determinant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spc.nouns import Bools, Floats
from spc.scatter.csteps import apart, distinct
from spc.scatter.engulf import engulfing
from spc.scatter.exact import enumerated, shortest
from spc.scatter.kicks import Kicks
from spc.scatter.large import settle
from spc.scatter.objective import subset_objective
from spc.scatter.steps import Steps, steps_on
from spc.scatter.subsets import carried, drawn, guessed, ladder

_ENUMERATE = 3000  # subsets that are simply all tried
_WHOLE = 3000  # rows up to which the search runs on the whole table; above, on a sample first
_SAMPLE = 1500  # rows of that sample (or 20 per variable)
_STAIR = 8  # how many times as many rows the next sample has
_POLISHED = 30_000  # rows up to which the answer on all rows is polished and kicked
_FEW = 25  # variables up to which random starts are worth their time
_GO_ON = 16  # starts that go on after two steps
_TAKEN_IN = 8  # starts with a knot that go on after two steps; half of them are polished
_POLISH = 6  # candidates that single exchanges are tried on
_KICKS, _KICKS_SAMPLED, _KICKS_LARGE = 40, 12, 4
_SMALL = 2500  # values in a table (n p) below which fewer kicks see all there is
_EASY = 30_000  # values in a table (n p) up to which all of them are worth their time
_HEADS = 3  # polished subsets that are kicked
_SHARE = 0.25  # of the kicks, for each of them
_RIVALS = 3  # subsets of other basins that are told
_APART = 0.9  # share of the rows in common below which a subset belongs to another basin


_Reached = tuple[Bools, float]


@dataclass(frozen=True)
class Found:
    """The best subset `member` (n,), and subsets that deterministic starts lead to and that share less than nine tenths with it.

    `sure`: a deterministic start leads to the best one, too.
    """

    member: Bools
    objective: float
    others: tuple[_Reached, ...] = ()
    sure: bool = True


def search(x: Floats, shift: Floats, rate: Floats, h: int, seed: int) -> Found:
    """The best h-subset of the rows of x (n, p) used as z = (x − shift)·rate, n ≥ h > p; objectives are those of z.

    Exact for h = n, p = 1 and tiny tables; else starts, C-steps, polish and kicks. A table of more than 3000 rows is searched on a
    sample first.
    """
    n, p = x.shape
    if n <= _WHOLE or h == n or p == 1:
        z = (x - shift) * rate
        if h == n:
            return _same(np.ones(n, dtype=bool), z)
        if p == 1:
            return _same(shortest(z[:, 0], h), z)
        if math.comb(n, h) <= _ENUMERATE:
            return _same(enumerated(z, h), z)
        return _whole(z, h, seed, _KICKS)
    return _nested(x, shift, rate, h, seed)


def _same(member: Bools, z: Floats) -> Found:
    return Found(member, subset_objective(z[member]))


class _Descent:
    """From candidates to the best that exchanges and kicks make of them; a subset is only polished once."""

    def __init__(self, steps: Steps, h: int, kicks: int, seed: int) -> None:
        self.steps, self.h, self.kicks, self.seed = steps, h, kicks, seed
        self._done: dict[bytes, _Reached] = {}

    def best(self, members: Iterable[Bools]) -> _Reached:
        reached = []
        for member in members:
            key = member.tobytes()
            if key not in self._done:
                self._done[key] = self.steps.polish(member, self.h)
            reached.append(self._done[key])
        return min(reached, key=_objective, default=(np.zeros(0, dtype=bool), np.inf))

    def kicked(self, reached: _Reached, share: float = 1.0, again: int = 0) -> _Reached:
        if not np.isfinite(reached[1]):
            return reached
        kicks = Kicks.drawn(max(round(share * self.kicks), 1), self.seed + again, *self.steps.x.shape)
        return self.steps.kick(reached[0], self.h, kicks)

    def kicked_best(self, heads: int) -> _Reached:
        """The lowest that is reached by a share of the kicks from each of the best few polished subsets, and the rest from the winner."""
        polished = sorted({one[0].tobytes(): one for one in self._done.values()}.values(), key=_objective)[:heads]
        if len(polished) == 1:
            return self.kicked(polished[0])
        best = min((self.kicked(one, _SHARE) for one in polished), key=_objective)
        return self.kicked(best, 0.5, again=1)


def _objective(reached: _Reached) -> float:
    return reached[1]


def _whole(z: Floats, h: int, seed: int, kicks: int) -> Found:
    n, p = z.shape
    steps = steps_on(z)
    near, value = steps.converge(guessed(z, steps, h, seed), h, 2)
    sure = apart(near, value, _RIVALS + 1, _APART * h)
    if p <= _FEW:
        more, more_value = steps.converge(drawn(z, steps, h, seed), h, 2)
        near, value = np.concatenate([near, more]), np.concatenate([value, more_value])
    members, values = steps.converge(np.concatenate([sure, distinct(near, value, _GO_ON)]), h)
    effort = min(1.0, _EASY / (n * p))
    descent = _Descent(steps, h, max(round(kicks * min(effort, 0.1 + n * p / _SMALL)), _KICKS_LARGE), seed)
    best = descent.best(distinct(members, values, max(round(_POLISH * effort), 2)))
    taken_in = engulfing(z, steps, best[0], h, seed)
    if len(taken_in):
        near = distinct(*steps.converge(steps.grow(taken_in, h), h, 2), _TAKEN_IN)
        descent.best(distinct(*steps.converge(near, h), _TAKEN_IN // 2))
    return _beside(descent, descent.kicked_best(_HEADS), members[: len(sure)], h)


def _beside(descent: _Descent, best: _Reached, sure: Bools, h: int) -> Found:
    """The best with the subsets of other basins that deterministic starts led to, polished, the lowest first."""
    other = [descent.best([one]) for one in sure if not _one_basin(one, best[0], h)]
    best = min([best, *other], key=_objective)
    reached = {one[0].tobytes(): one for one in other if not _one_basin(one[0], best[0], h)}
    others = tuple(sorted(reached.values(), key=_objective)[:_RIVALS])
    return Found(*best, others, any(_one_basin(one, best[0], h) for one in sure))


def _one_basin(one: Bools, other: Bools, h: int) -> bool:
    return int(np.count_nonzero(one & other)) >= _APART * h


def _nested(x: Floats, shift: Floats, rate: Floats, h: int, seed: int) -> Found:
    """A large table: search a random sample, and carry the subsets found there to larger ones and at last to all rows."""
    n, p = x.shape
    rows, *larger = ladder(n, max(_SAMPLE, 20 * p), _STAIR, seed)
    part = _whole((x[rows] - shift) * rate, _share(h, len(rows), n, p), seed, _KICKS_SAMPLED)
    subsets = [part.member, *(member for member, _ in part.others)]
    for next_rows in larger:
        steps = steps_on(x[next_rows], shift, rate)
        subsets = [settle(steps, carried(one[None], rows, n)[0][next_rows], _share(h, len(next_rows), n, p))[0] for one in subsets]
        rows = next_rows
    steps = steps_on(x, shift, rate)
    reached = [settle(steps, one, h) for one in carried(np.array(subsets), rows, n)]
    if n <= _POLISHED:
        descent = _Descent(steps, h, _KICKS_LARGE, seed)
        near = min(value for _, value in reached) + 50.0 / h
        reached = [descent.best([one]) if value < near else (one, value) for one, value in reached]
        lowest = min(range(len(reached)), key=lambda k: reached[k][1])
        reached[lowest] = descent.kicked(reached[lowest])
    best, *others = sorted(reached, key=_objective)
    sure = part.sure if best is reached[0] else True
    return Found(*best, tuple(one for one in others if not _one_basin(one[0], best[0], h)), sure)


def _share(h: int, rows: int, n: int, p: int) -> int:
    return h if rows == n else max(round(h * rows / n), p + 1)
