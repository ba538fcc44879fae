"""Known causes: does a new incident point the same way, in whitened space, as those whose cause somebody found?

Two directions in p dimensions are alike by chance often when p is small and hardly ever when it is large: the cosine C of a random
direction has P(C > c) = ½ I(1 − c²; (p − 1)/2, ½), so how near is near follows from p, and from how many known directions were
compared (Bonferroni). A direction is known as well as its T² is large: with the noncentrality θ² ≈ T² − (p − 1) the cosine of what was
seen with the truth is about √(θ²/T²), and by that a cosine is corrected before it is called a similarity.

A change of the spread has an axis, the leading eigenvector of the rows' covariance, and no sign; it is compared with others of its kind.
One variable has no direction but the sign, and no chance to be unlike: what moved the same way is alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betainc

from spc.nouns import Floats

CHANCE: Final = 0.05  # that one random direction is taken for any of the known ones
ALIKE: Final = 0.8  # the similarity from which on two incidents may have one cause: 37°
_TOGETHER: Final = 0.6  # the similarity with the others of its cause below which an incident keeps them from being pooled
_SURE: Final = 200.0  # no direction counts as better known than with this T²: a cause does not repeat itself exactly


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Which way an incident went: the shift (p,) of whitened rows, and its T² (squared length over standard error); of a change of the
    spread, the axis (p,) along which the rows are wider, either way round, and as large a T² as a shift as well known would have.
    """

    shift: Floats
    t2: float
    spread: bool = False

    @property
    def unit(self) -> Floats:
        """The direction (p,)."""
        return np.asarray(self.shift / np.linalg.norm(self.shift))

    @property
    def sure(self) -> float:
        """The cosine that is to be expected between this direction and the true one; 0 when nothing is known of it."""
        t2 = min(self.t2, _SURE)
        return math.sqrt(max(t2 - (len(self.shift) - 1), 0.0) / t2) if t2 > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class Near:
    """A known cause that an incident looks like: its place in the list that was compared, the similarity of the directions (1: the same),
    their cosine as it was seen, and the probability that a random direction is as near to any that was compared.
    """

    place: int
    similarity: float
    cosine: float
    chance: float


def alike(way: Way, known: Sequence[Sequence[Way]]) -> list[Near]:
    """The known causes, each by its incidents, that an incident looks like, the most similar first; none when nothing is near.

    Near are those whose pooled direction is less than 5 % likely by chance for all directions compared, and at least 0.8 similar. The
    sign counts: what is too long is not like what is too short. With one variable the sign is all there is, and chance is not asked. A
    change of the spread is compared with others only, and its axis has no sign.

    >>> warped, longer = Way(np.array([9.0, 0.5, 0.0, 0.0]), 80.0), Way(np.array([0.0, 0.0, 7.0, 7.0]), 98.0)
    >>> [(near.place, round(near.similarity, 2)) for near in alike(Way(np.array([6.0, 0.0, 0.3, 0.0]), 36.1), [[longer], [warped]])]
    [(1, 1.0)]
    >>> alike(Way(np.array([-6.0, 0.0, 0.3, 0.0]), 36.1), [[longer], [warped]])
    []
    """
    ways = [(place, one) for place, cases in enumerate(known) for one in pooled(cases) if one.spread == way.spread]
    best: dict[int, Near] = {}
    for place, one in ways:
        near = _near(way, one, place, len(ways))
        if near is not None and (place not in best or near.similarity > best[place].similarity):
            best[place] = near
    return sorted(best.values(), key=lambda near: (-near.similarity, near.chance))


def pooled(cases: Sequence[Way]) -> list[Way]:
    """The incidents of one cause as one direction, each counted by how well its own is known; as they are when they do not agree.

    Of v = T·u with unit noise, T times the unit direction, the best guess of the common one is Σ T² u.

    >>> one = pooled([Way(np.array([3.0, 0.3]), 30.0), Way(np.array([5.0, -0.5]), 50.0)])
    >>> len(one), one[0].unit.round(3).tolist(), round(one[0].t2, 1)
    (1, [1.0, -0.025], 79.3)
    """
    usable = [one for one in cases if one.t2 > 0.0 and np.any(one.shift)]
    kinds = {one.spread for one in usable}
    if len(kinds) > 1:
        return [way for kind in sorted(kinds) for way in pooled([one for one in usable if one.spread == kind])]
    if len(usable) < 2:
        return usable
    if any(_similarity(one, _common([*usable[:i], *usable[i + 1 :]])) < _TOGETHER for i, one in enumerate(usable)):
        return usable
    return [_common(usable)]


def _common(cases: Sequence[Way]) -> Way:
    counts = np.array([min(one.t2, _SURE) for one in cases])
    units = np.array([one.unit for one in cases])
    if cases[0].spread:
        units *= np.where(units @ units[int(np.argmax(counts))] < 0.0, -1.0, 1.0)[:, None]
    total = counts @ units
    return Way(total, float(total @ total) / float(counts.sum()), cases[0].spread)


def widest(z: Floats) -> Way:
    """The axis of a change of the spread, from the whitened rows z (n, p) since then: the leading eigenvector of their mean square.

    How well it is known: with γ = (p − 1)/n and an eigenvalue λ over the mean of the others, as it is without its own bias, the squared
    sine over the squared cosine of its angle with the true axis is about γλ/((λ − 1)² − γ) (Paul 2007, theorem 4), which for a shift is
    (p − 1)/θ². All variables wider alike have no axis: T² is 0.

    >>> way = widest(np.array([[4.0, 0.1], [-3.0, 0.9], [5.0, -1.1], [-4.0, 1.2]]))
    >>> np.abs(way.unit).round(2).tolist(), round(way.t2, 1)
    ([0.98, 0.19], 60.6)
    """
    n, p = z.shape
    sizes, axes = np.linalg.eigh(z.T @ z / n)
    gamma = (p - 1) / n
    seen = float(sizes[-1]) / max(float(sizes[:-1].mean()) if p > 1 else 0.0, 1.0)
    inner = seen + 1.0 - gamma
    size = 0.5 * (inner + math.sqrt(max(inner**2 - 4.0 * seen, 0.0)))
    known = n * ((size - 1.0) ** 2 - gamma) / size if seen > (1.0 + math.sqrt(gamma)) ** 2 else 0.0
    return Way(axes[:, -1] * math.sqrt(max(float(sizes[-1]), 0.0)), known + p - 1 if known > 0.0 else 0.0, True)


def by_chance(cosine: float, p: int) -> float:
    """The probability that the cosine of a random direction in p dimensions with a given one is larger.

    >>> round(by_chance(0.5, 3), 3), by_chance(0.5, 1), round(by_chance(-0.5, 3), 3)
    (0.25, 0.5, 0.75)
    """
    if p == 1:
        return 0.5 if cosine > 0.0 else 1.0
    half = 0.5 * float(betainc(0.5 * (p - 1), 0.5, max(1.0 - cosine**2, 0.0)))
    return half if cosine > 0.0 else 1.0 - half


def _near(way: Way, one: Way, place: int, compared: int) -> Near | None:
    similarity, cosine = _similarity(way, one), _cosine(way, one)
    p = len(way.shift)
    chance = min(1.0, compared * by_chance(cosine, p) * (2.0 if way.spread else 1.0))
    return Near(place, similarity, cosine, chance) if similarity >= ALIKE and (chance <= CHANCE or p == 1) else None


def _similarity(one: Way, other: Way) -> float:
    """The cosine of the two true directions, as far as it can be told; 0 when one of them is not known, or of another kind."""
    known = one.spread == other.spread and np.any(one.shift) and np.any(other.shift)
    sure = one.sure * other.sure if known else 0.0
    return min(1.0, _cosine(one, other) / sure) if sure > 0.0 else 0.0


def _cosine(one: Way, other: Way) -> float:
    cosine = float(one.unit @ other.unit)
    return abs(cosine) if one.spread else cosine
