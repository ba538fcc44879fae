"""A run length as a chain of probabilities: how long the process stays among states that do not alarm."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.runlength.asked import NotComputed

_LONGEST = 1e10  # beyond it the equations are too near to singular
_WORST = 0.05  # with half the nodes; the error falls with the square of that, so that the answer itself is good to 0.3 %
PROBABILITIES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True)
class RunLength:
    """How many rows pass until a chart alarms, the alarming row included.

    arl: the mean; sd: the standard deviation; quantiles: {probability: the first row by which an alarm has come with that probability};
    error: how far the mean is off for numerical reasons, from a second computation with half the nodes; steady: the mean when the process
    has long been in control, without an alarm, before the shift comes.
    """

    arl: float
    sd: float
    quantiles: dict[float, int]
    error: float
    steady: float


@dataclass(frozen=True)
class Chain:
    """States that do not alarm: move (N, N) from one to another in a row, begin (N,) where it stands at first, head: earlier survival.

    head[t] is the probability that no alarm has come by row t, for the rows before the chain stands at `begin`. The survival after row
    len(head) + n is begin · moveⁿ · 1 (Brook & Evans 1972).

    >>> fair = Chain(np.array([[0.5]]), np.array([1.0]))
    >>> fair.mean(), round(fair.sd(), 4), fair.quantile(0.9)
    (2.0, 1.4142, 4)
    """

    move: Floats
    begin: Floats
    head: Floats = field(default_factory=lambda: np.empty(0))

    def means(self) -> Floats:
        """The mean number of rows until the alarm from each state, and the sum of (n + 1) · survival, for the variance: (2, N)."""
        rest = np.eye(len(self.move)) - self.move
        try:
            one = np.linalg.solve(rest, np.ones(len(self.move)))
            return np.array([one, np.linalg.solve(rest, one)])
        except np.linalg.LinAlgError:  # so far out that nothing ever leaves, to working precision
            return np.full((2, len(self.move)), 1e300)

    def mean(self) -> float:
        """The mean run length."""
        return self._moments()[0]

    def sd(self) -> float:
        """The standard deviation of the run length."""
        return self._moments()[1]

    def _moments(self) -> tuple[float, float]:
        one, two = (float(self.begin @ each) for each in self.means())
        t = np.arange(len(self.head))
        mean = float(self.head.sum()) + one
        square = float(((2 * t + 1) * self.head).sum()) + 2 * len(self.head) * one + 2 * two - one  # E N² = sum of (2n + 1) · survival
        return mean, math.sqrt(max(square - mean * mean, 0.0))

    def quantile(self, probability: float) -> int:
        """The first row by which an alarm has come with this probability."""
        return self.quantiles((probability,))[probability]

    def quantiles(self, probabilities: tuple[float, ...] = PROBABILITIES) -> dict[float, int]:
        """The first row by which an alarm has come with each of these probabilities, which are in rising order.

        When the law of the state has settled, the survival falls by the same factor in each row, and the rest is written down at once.
        """
        survival, mass, n = 1.0, self.begin, 0
        found: dict[float, int] = {}
        for probability in probabilities:
            target = 1.0 - probability
            while survival > target:
                n += 1
                if n < len(self.head):
                    survival = float(self.head[n])
                    continue
                before, mass = mass, mass @ self.move if n > len(self.head) else mass
                last, survival = survival, float(mass.sum())
                if survival > target and n > len(self.head) and np.abs(mass / survival - before / last).sum() < 1e-12:
                    ratio = survival / last
                    rows = math.ceil(math.log(target / survival) / math.log(ratio))
                    n, survival, mass = n + rows, survival * ratio**rows, mass * ratio**rows
            found[probability] = n
        return found

    def run_length(self, coarse: float, steady: Floats) -> RunLength:
        """The answer, given the mean that half the nodes gave and the law (N,) of the state long after the start.

        Raises BadRecipe when the run is too long, or the nodes are too few, for a number that can be trusted.
        """
        mean, sd = self._moments()
        if not 0.0 < mean < _LONGEST:
            raise BadRecipe(f"At this limit the chart waits longer than {_LONGEST:g} rows.", cure="Give a lower limit.")
        error = abs(mean - coarse)
        if not error < _WORST * mean:
            text = f"This run length is only computed to about {error / mean:.0%}."
            raise NotComputed(text, cure="Give a lower limit, or a MEWMA a larger λ.")
        return RunLength(mean, sd, self.quantiles(), error, float(steady @ self.means()[0]))
