"""Run lengths of the T² chart with known parameters: each row is judged by itself, so that they are geometric."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri, gammaln

from spc.errors import BadRecipe
from spc.runlength.asked import LONGEST, checked
from spc.runlength.chain import PROBABILITIES, RunLength


@dataclass(frozen=True)
class Memoryless:
    """The χ² chart: T² = ‖z‖² of each row against a limit, known parameters (Hotelling 1947; ISO 7870-7).

    >>> chart = Memoryless(2)
    >>> round(chart.limit(200.0), 4)
    10.5966
    >>> round(chart.run_length(10.5966, shift=1.0).arl, 1)
    41.9
    """

    p: int

    def __post_init__(self) -> None:
        checked(self.p)

    def limit(self, arl0: float) -> float:
        """The limit with this mean number of good rows between false alarms."""
        if not 1.0 < arl0 <= LONGEST:
            raise BadRecipe(
                f"An ARL₀ of {arl0:g} has no limit.", cure="Give the mean number of good rows between false alarms, 2 to 10 million."
            )
        return float(chdtri(self.p, 1.0 / arl0))

    def run_length(self, limit: float, shift: float = 0.0) -> RunLength:
        """The run length when the mean has moved by `shift` (Mahalanobis length, 0: in control); at all times alike."""
        checked(self.p, limit, shift)
        alarm = _tail(limit, self.p, shift * shift)
        if alarm <= 0.0:
            raise BadRecipe(f"No row ever reaches the limit {limit:g}.", cure="Give a lower limit.")
        mean = 1.0 / alarm
        stay = math.log1p(-alarm) if alarm < 1.0 else -math.inf
        quantiles = {q: max(1, math.ceil(math.log1p(-q) / stay)) if alarm < 1.0 else 1 for q in PROBABILITIES}
        return RunLength(mean, math.sqrt(max(1.0 - alarm, 0.0)) * mean, quantiles, 1e-13 * mean, mean)


def _tail(limit: float, p: int, noncentrality: float) -> float:
    """P(χ²(p, noncentrality) > limit), a Poisson mixture of central tails: each term is positive, so that no digit is lost."""
    half = 0.5 * noncentrality
    if half == 0.0:
        return float(chdtrc(p, limit))
    j = np.arange(0.0, half + 40.0 * math.sqrt(half) + 60.0)
    weights = np.exp(j * math.log(half) - half - gammaln(j + 1.0))
    return min(float(weights @ chdtrc(p + 2.0 * j, limit)), 1.0)
