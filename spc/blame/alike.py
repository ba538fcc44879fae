"""Known causes: does a new incident point the same way, in whitened space, as those whose cause somebody found?

Two directions in p dimensions are alike by chance often when p is small and hardly ever when it is large: the cosine C of a random
direction has P(C > c) = ½ I(1 − c²; (p − 1)/2, ½), so how near is near follows from p, and from how many known directions were
compared (Bonferroni). A direction is known as well as its T² is large: with the noncentrality θ² ≈ T² − (p − 1) the cosine of what was
seen with the truth is about √(θ²/T²), and by that a cosine is corrected before it is called a similarity.
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
    """Which way an incident went: the shift (p,) of whitened rows, and its T² (squared length over standard error)."""

    shift: Floats
    t2: float

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
    sign counts: what is too long is not like what is too short. With one variable there is no direction but the sign, and none is near.

    >>> warped, longer = Way(np.array([9.0, 0.5, 0.0, 0.0]), 80.0), Way(np.array([0.0, 0.0, 7.0, 7.0]), 98.0)
    >>> [(near.place, round(near.similarity, 2)) for near in alike(Way(np.array([6.0, 0.0, 0.3, 0.0]), 36.1), [[longer], [warped]])]
    [(1, 1.0)]
    >>> alike(Way(np.array([-6.0, 0.0, 0.3, 0.0]), 36.1), [[longer], [warped]])
    []
    """
    ways = [(place, one) for place, cases in enumerate(known) for one in pooled(cases)]
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
    if len(usable) < 2:
        return usable
    if any(_similarity(one, _common([*usable[:i], *usable[i + 1 :]])) < _TOGETHER for i, one in enumerate(usable)):
        return usable
    return [_common(usable)]


def _common(cases: Sequence[Way]) -> Way:
    counts = np.array([min(one.t2, _SURE) for one in cases])
    total = counts @ np.array([one.unit for one in cases])
    return Way(total, float(total @ total) / float(counts.sum()))


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
    similarity, cosine = _similarity(way, one), float(way.unit @ one.unit)
    chance = min(1.0, compared * by_chance(cosine, len(way.shift)))
    return Near(place, similarity, cosine, chance) if similarity >= ALIKE and chance <= CHANCE else None


def _similarity(one: Way, other: Way) -> float:
    """The cosine of the two true directions, as far as it can be told; 0 when one of them is not known."""
    sure = one.sure * other.sure if np.any(one.shift) and np.any(other.shift) else 0.0
    return min(1.0, float(one.unit @ other.unit) / sure) if sure > 0.0 else 0.0
