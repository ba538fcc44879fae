"""The search for the h rows whose covariance has the smallest determinant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from spc.nouns import Bools, Floats
from spc.scatter.csteps import Features, converge, distinct, grow, nearest
from spc.scatter.exchange import polish, subset_objective
from spc.scatter.kernel import Compiled, suits
from spc.scatter.starts import deterministic, elemental, invariant, ranked

_ENUMERATE = 1000  # subsets that are simply all tried
_WHOLE = 1500  # rows up to which the search runs on the whole table; above, on a sample first
_ELEMENTAL = 100  # random starts for up to 25 variables; above, the deterministic ones carry the search
_KEEP = 10  # candidates that are taken to their fixed points
_POLISH = 4  # and of these, the ones that single exchanges are tried on


@dataclass(frozen=True)
class Found:
    """The best subset `member` (n,), and the best one reached from the deterministic starts alone."""

    member: Bools
    objective: float
    deterministic: Bools
    deterministic_objective: float


def search(z: Floats, h: int, seed: int) -> Found:
    """The best h-subset of the standardised rows z (n, p), n > h > p: exact for p = 1 and tiny tables, else starts, C-steps and polish."""
    n, p = z.shape
    if h == n:
        return _same(np.ones(n, dtype=bool), z)
    if p == 1:
        return _same(_shortest(z[:, 0], h), z)
    if math.comb(n, h) <= _ENUMERATE:
        return _same(_enumerate(z, h), z)
    if n <= _WHOLE:
        return _whole(z, h, seed)
    return _sampled(z, h, seed)


def _same(member: Bools, z: Floats) -> Found:
    value = subset_objective(z, member)
    return Found(member, value, member, value)


def _shortest(z: Floats, h: int) -> Bools:
    """The exact univariate answer: of all runs of h neighbours in order, the one with the smallest variance (Rousseeuw & Leroy 1987)."""
    order = np.argsort(z, kind="stable")
    y = z[order]
    s1 = np.concatenate([[0.0], np.cumsum(y)])
    s2 = np.concatenate([[0.0], np.cumsum(y * y)])
    starts = np.arange(len(z) - h + 1)
    variance = (s2[starts + h] - s2[starts]) / h - ((s1[starts + h] - s1[starts]) / h) ** 2
    member = np.zeros(len(z), dtype=bool)
    first = int(np.argmin(variance))
    member[order[first : first + h]] = True
    return member


def _enumerate(z: Floats, h: int) -> Bools:
    members = np.zeros((math.comb(len(z), h), len(z)), dtype=bool)
    chosen = np.array(list(combinations(range(len(z)), h)))
    np.put_along_axis(members, chosen, True, axis=1)
    features = Features.of(z)
    _, logdet = features.distances(*features.moments(members))
    return np.asarray(members[int(np.argmin(logdet))])


class Interpreted:
    """The steps on one standardised table z (n, p), taken by numpy: many subsets at once, as matrix products."""

    def __init__(self, z: Floats) -> None:
        self.z = z
        self.features = Features.of(z)

    def grow(self, member: Bools, h: int) -> Bools:
        return grow(self.features, member, h)

    def converge(self, member: Bools, h: int, steps: int = 0) -> tuple[Bools, Floats]:
        return converge(self.features, member, h, steps)

    def polish(self, member: Bools, h: int) -> Bools:
        return polish(self.features, member, h)


def _steps(z: Floats) -> Compiled | Interpreted:
    return Compiled(z) if suits(z.shape[1]) else Interpreted(z)


def _guesses(z: Floats, steps: Compiled | Interpreted, h: int) -> Bools:
    """The subsets that the six deterministic guesses lead to: the half nearest each guess, then the h nearest that half."""
    half = max((len(z) + 1) // 2, z.shape[1] + 1)
    y = invariant(z)
    d2, _ = Features.of(y).distances(*ranked(y, deterministic(y)))
    return steps.grow(nearest(d2, half), h)


def _whole(z: Floats, h: int, seed: int) -> Found:
    n, p = z.shape
    steps = _steps(z)
    sure, sure_value = steps.converge(_guesses(z, steps, h), h)
    candidates, values = sure, sure_value
    if p <= 25:
        drawn = np.zeros((_ELEMENTAL, n), dtype=bool)
        np.put_along_axis(drawn, elemental(n, p, _ELEMENTAL, seed), True, axis=1)
        near, value = steps.converge(steps.grow(drawn, h), h, 2)
        more, more_values = steps.converge(distinct(near, value, _KEEP), h)
        candidates, values = np.concatenate([sure, more]), np.concatenate([sure_value, more_values])
    polished: dict[bytes, tuple[Bools, float]] = {}
    best, best_value = _polished(steps, distinct(candidates, values, _POLISH), h, polished)
    base, base_value = _polished(steps, distinct(sure, sure_value, 1), h, polished)
    if base_value < best_value:
        best, best_value = base, base_value
    return Found(best, best_value, base, base_value)


def _polished(steps: Compiled | Interpreted, members: Bools, h: int, done: dict[bytes, tuple[Bools, float]]) -> tuple[Bools, float]:
    """The best of some subsets after the polish of each; `done` remembers those that were polished before."""
    reached = []
    for member in members:
        key = member.tobytes()
        if key not in done:
            improved = steps.polish(member, h)
            done[key] = improved, subset_objective(steps.z, improved)
        reached.append(done[key])
    return min(reached, key=lambda pair: pair[1])


def _sampled(z: Floats, h: int, seed: int) -> Found:
    """A large table: search a random sample, then carry the centres found to all rows and take C-steps there."""
    n, p = z.shape
    m = min(n, max(_WHOLE, 20 * p))
    rows = np.sort(np.random.default_rng([seed, n, p, 1]).permutation(n)[:m])
    part = _whole(z[rows], max(round(h * m / n), (m + p + 1) // 2), seed)
    steps = _steps(z)
    carried = np.zeros((2, n), dtype=bool)
    carried[:, rows] = np.stack([part.member, part.deterministic])
    members, _ = steps.converge(steps.grow(carried, h), h)
    best, best_value = _polished(steps, members[:1], h, {})
    base, base_value = members[1], subset_objective(z, members[1])
    if base_value < best_value:
        best, best_value = base, base_value
    return Found(best, best_value, base, base_value)
