"""Signals that need k of the last n points beyond the limit: how many points pass until one comes, by the exact Markov chain.

The points are taken to be independent, each beyond the limit with the same probability (Page 1955, Champ & Woodall 1987).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats

MOST_STATES = 150
_SMALLEST = 1e-300


@dataclass(frozen=True)
class Persistence:
    """k of the last n points beyond the limit make a signal; 1 of 1 is the plain chart.

    >>> Persistence(2, 3).arl(0.01).__round__(1), Persistence(2, 3).alpha(370.0).__round__(5)
    (5125.1, 0.0385)
    """

    k: int = 1
    n: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            raise BadRecipe(
                f"A rule of {self.k} of {self.n} points makes no sense.", cure="Write for instance 2 of 3: k points of the last n."
            )
        if self.k > 1 and sum(math.comb(self.n - 1, j) for j in range(self.k)) > MOST_STATES:
            raise BadRecipe(
                f"The run length of {self.k} of {self.n} points is not computed.", cure="Use a shorter window, such as 2 of 3 or 3 of 5."
            )

    def __str__(self) -> str:
        return f"{self.k} of {self.n}"

    def arl(self, alpha: float) -> float:
        """The mean number of points until the first signal, the last one included, when each is beyond with probability alpha.

        From the empty window it takes 1/alpha points to the first one beyond. From there the window empties again or a signal comes:
        with s the probability of the signal and d the mean number of points until either, ARL = (1/alpha + d)/s. So no small number is
        the difference of two large ones, however long the run.
        """
        if self.k == 1:
            return 1.0 / alpha
        stay, go, signal = _moves(self.k, self.n)
        inner = np.eye(len(signal)) - (1.0 - alpha) * stay - alpha * go
        found = np.linalg.solve(inner, np.column_stack([alpha * signal, np.ones(len(signal))]))
        came, took = float(found[0, 0]), float(found[0, 1])
        return (1.0 / alpha + took) / came if came > 0.0 else math.inf

    def alpha(self, arl0: float) -> float:
        """The probability per point with which the first signal comes after arl0 points on average: between 0 and 1.

        Raises BadRecipe for an arl0 of k points or fewer: a signal takes as many.
        """
        if not self.k < arl0 < 1.0 / _SMALLEST:
            raise BadRecipe(
                f"{self} points cannot signal once in {arl0:g} points on average.",
                cure=f"Ask for more than {self.k} points.",
            )
        if self.k == 1:
            return 1.0 / arl0
        low, high = math.log(_SMALLEST) / self.k, 0.0  # of log alpha; log ARL falls, nearly along a straight line of slope −k
        here, slope = max(low, min(-math.log(arl0) / self.k, -1e-3)), -float(self.k)
        off = math.log(self.arl(math.exp(here)) / arl0)
        for _ in range(100):
            low, high = (here, high) if off > 0.0 else (low, here)
            after = here - off / slope
            after = after if low < after < high else 0.5 * (low + high)
            before, here, was = here, after, off
            off = math.log(self.arl(math.exp(here)) / arl0)
            if abs(here - before) <= 4e-16 * max(1.0, abs(here)) or off == 0.0:
                break
            slope = (off - was) / (here - before) if off != was else slope
        return math.exp(here)


@lru_cache(maxsize=32)
def _moves(k: int, n: int) -> tuple[Floats, Floats, Floats]:
    """Among the windows in which at least one point was beyond: where an inside point leads, where one beyond does, whether it signals.

    A window is the set of ages of the points beyond, 1 … n − 1, fewer than k of them; the first one holds the newest point alone.
    """
    windows = [ages for many in range(1, k) for ages in combinations(range(1, n), many)]
    place = {ages: i for i, ages in enumerate(windows)}
    stay, go, signal = np.zeros((len(windows), len(windows))), np.zeros((len(windows), len(windows))), np.zeros(len(windows))
    for ages, i in place.items():
        older = tuple(age + 1 for age in ages if age + 1 < n)
        if older:
            stay[i, place[older]] = 1.0
        if len(ages) + 1 >= k:
            signal[i] = 1.0
        else:
            go[i, place[(1, *older)]] = 1.0
    return stay, go, signal
