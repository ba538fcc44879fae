"""The search for the h rows whose covariance has the smallest determinant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spc.nouns import Bools, Floats
from spc.scatter.csteps import distinct
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
_GO_ON = 12  # of the starts that are not deterministic, those that go on after two steps
_POLISH = 10  # candidates that single exchanges are tried on
_KICKS, _KICKS_SAMPLED, _KICKS_LARGE = 40, 12, 4
_EASY = 30_000  # values in a table (n p) up to which all of them are worth their time
_HEADS = 3  # polished subsets that are kicked
_SHARE = 0.25  # of the kicks, for each of them, and for a second basin


@dataclass(frozen=True)
class Found:
    """The best subset `member` (n,), and the best one reached from the deterministic starts alone."""

    member: Bools
    objective: float
    deterministic: Bools
    deterministic_objective: float


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
    value = subset_objective(z[member])
    return Found(member, value, member, value)


_Reached = tuple[Bools, float]


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
                improved = self.steps.polish(member, self.h)
                self._done[key] = improved, self._value(improved)
            reached.append(self._done[key])
        return min(reached, key=_objective, default=(np.zeros(0, dtype=bool), np.inf))

    def kicked(self, reached: _Reached, share: float = 1.0, again: int = 0) -> _Reached:
        if not np.isfinite(reached[1]):
            return reached
        kicks = Kicks.drawn(max(round(share * self.kicks), 1), self.seed + again, *self.steps.x.shape)
        member = self.steps.kick(reached[0], self.h, kicks)
        return member, self._value(member)

    def kicked_best(self, heads: int) -> _Reached:
        """The lowest that is reached by a share of the kicks from each of the best few polished subsets, and the rest from the winner."""
        polished = sorted({one[0].tobytes(): one for one in self._done.values()}.values(), key=_objective)[:heads]
        if len(polished) == 1:
            return self.kicked(polished[0])
        best = min((self.kicked(one, _SHARE) for one in polished), key=_objective)
        return self.kicked(best, 0.5, again=1)

    def _value(self, member: Bools) -> float:
        return self.steps.objective(member)


def _objective(reached: _Reached) -> float:
    return reached[1]


def _whole(z: Floats, h: int, seed: int, kicks: int) -> Found:
    n, p = z.shape
    steps = steps_on(z)
    guesses, others = guessed(z, steps, h, seed)
    sure, sure_value = steps.converge(guesses, h)
    if p <= _FEW:
        others = np.concatenate([others, drawn(z, steps, h, seed)])
    more, more_values = steps.converge(distinct(*steps.converge(others, h, 2), _GO_ON), h)
    candidates, values = np.concatenate([sure, more]), np.concatenate([sure_value, more_values])
    effort = min(1.0, _EASY / (n * p))
    descent = _Descent(steps, h, max(round(kicks * effort), _KICKS_LARGE), seed)
    base = descent.best(distinct(sure, sure_value, 1))
    best = descent.best(distinct(candidates, values, max(round(_POLISH * effort), 2)))
    taken_in = engulfing(z, best[0], h, seed)
    if len(taken_in):
        near = distinct(*steps.converge(steps.grow(taken_in, h), h, 2), _GO_ON)
        descent.best(distinct(*steps.converge(near, h), _POLISH))
    return _both(descent, descent.kicked_best(_HEADS), base, h)


def _both(descent: _Descent, best: _Reached, base: _Reached, h: int) -> Found:
    """The best, kicked, and the deterministic one; they are one when they share nearly all of their rows."""
    if int(np.count_nonzero(best[0] & base[0])) >= 0.95 * h:
        return Found(*best, *best)
    base = descent.kicked(base, _SHARE)
    return Found(*min(best, base, key=_objective), *base)


def _nested(x: Floats, shift: Floats, rate: Floats, h: int, seed: int) -> Found:
    """A large table: search a random sample, and carry the subsets found there to larger ones and at last to all rows."""
    n, p = x.shape
    rows, *larger = ladder(n, max(_SAMPLE, 20 * p), _STAIR, seed)
    part = _whole((x[rows] - shift) * rate, _share(h, len(rows), n, p), seed, _KICKS_SAMPLED)
    subsets = [part.member] if np.array_equal(part.member, part.deterministic) else [part.member, part.deterministic]
    for next_rows in larger:
        steps = steps_on(x[next_rows], shift, rate)
        subsets = [settle(steps, carried(one[None], rows, n)[0][next_rows], _share(h, len(next_rows), n, p))[0] for one in subsets]
        rows = next_rows
    steps = steps_on(x, shift, rate)
    reached = [settle(steps, one, h) for one in carried(np.array(subsets), rows, n)]
    best, base = reached[0], reached[-1]
    if n <= _POLISHED:
        descent = _Descent(steps, h, _KICKS_LARGE, seed)
        best, base = descent.best([best[0]]), descent.best([base[0]])
        return _both(descent, descent.kicked(best), base, h)
    return Found(*min(best, base, key=_objective), *base)


def _share(h: int, rows: int, n: int, p: int) -> int:
    return h if rows == n else max(round(h * rows / n), p + 1)
