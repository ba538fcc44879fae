"""The steps of the search on one table: by numpy, complete, or by the compiled kernel when it is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.nouns import Bools, Floats, Ints
from spc.scatter.csteps import Features, converge, grow
from spc.scatter.exchange import polish
from spc.scatter.kernel import Compiled, library
from spc.scatter.kicks import Kicks, hopeless, moved
from spc.scatter.objective import subset_objective

_CHUNK = 8192  # rows at a time in the sums and distances of a large table


class Interpreted:
    """The steps on one table x (n, p) used as (x − shift)·rate, taken by numpy: many subsets at once, as matrix products."""

    def __init__(self, x: Floats, shift: Floats | None = None, rate: Floats | None = None) -> None:
        self.x = x
        self.shift = 0.0 if shift is None else shift
        self.rate = 1.0 if rate is None else rate
        self._features: Features | None = None

    @property
    def features(self) -> Features:
        if self._features is None:
            self._features = Features.of((self.x - self.shift) * self.rate)
        return self._features

    def grow(self, member: Bools, h: int) -> Bools:
        return grow(self.features, member, h)

    def converge(self, member: Bools, h: int, steps: int = 0) -> tuple[Bools, Floats]:
        return converge(self.features, member, h, steps)

    def polish(self, member: Bools, h: int) -> tuple[Bools, float]:
        member = polish(self.features, member, h)
        return member, self.objective(member)

    def kick(self, member: Bools, h: int, kicks: Kicks) -> tuple[Bools, float]:
        best = self.objective(member)
        for size, width, leave, enter in kicks:
            d2 = self.features.distances(*self.features.moments(member[None]))[0][0]
            (trial,), (value,) = converge(self.features, moved(member, d2, size, width, leave, enter)[None], h)
            if not value < best + hopeless(h):
                continue
            trial = polish(self.features, trial, h)
            reached = self.objective(trial)
            if reached < best - 1e-10:
                member, best = trial, reached
        return member, best

    def objective(self, member: Bools) -> float:
        return subset_objective((self.x[member] - self.shift) * self.rate)

    def sums(self, rows: Ints | None, origin: Floats) -> tuple[Floats, Floats]:
        p = self.x.shape[1]
        total, cross = np.zeros(p), np.zeros((p, p))
        for part in self._chunks(rows):
            centred = part - origin
            total += centred.sum(axis=0)
            cross += centred.T @ centred
        return total, cross

    def distances(self, rows: Ints | None, mean: Floats, inverse: Floats) -> Floats:
        out = [np.empty(0)]
        for part in self._chunks(rows):
            white = (part - mean) @ inverse.T
            out.append(np.einsum("ij,ij->i", white, white))
        return np.concatenate(out)

    def _chunks(self, rows: Ints | None) -> Iterator[Floats]:
        for start in range(0, len(self.x) if rows is None else len(rows), _CHUNK):
            where = slice(start, start + _CHUNK) if rows is None else rows[start : start + _CHUNK]
            yield (self.x[where] - self.shift) * self.rate


Steps = Compiled | Interpreted


def steps_on(x: Floats, shift: Floats | None = None, rate: Floats | None = None) -> Steps:
    """The steps on a table: compiled when the kernel was built."""
    return Compiled(x, shift, rate) if library() is not None else Interpreted(x, shift, rate)
