"""A limit from distances that are smoothed: the kernel estimate of the law of log T²."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from spc.errors import TooFewRows
from spc.limits.exact import checked_alpha
from spc.nouns import Floats


@dataclass(frozen=True, eq=False)
class Smooth:
    """A normal kernel at each of the logarithms `logs` (n,), with the bandwidth `width` (in log T²)."""

    logs: Floats
    width: float

    @classmethod
    def of(cls, t2: Floats) -> Smooth:
        """The estimate from distances t2 (n,) > 0; bandwidth 1.3 · min(sd, IQR/1.349) · n^(−1/3), which suits a distribution function.

        Sources: Chou, Mason & Young 2001 (kernel limits for T²); Azzalini 1981 (the bandwidth).

        >>> smooth = Smooth.of(-2.0 * np.log((np.arange(1000) + 0.5) / 1000))
        >>> round(smooth.quantile(0.01), 2)  # the chi-squared law with 2 degrees of freedom has 9.21
        9.59
        """
        t2 = np.asarray(t2, dtype=np.float64)
        logs = np.log(t2[t2 > 0])
        if len(logs) < 10:
            raise TooFewRows(f"{len(logs)} distances show no law.", cure="At least 10 rows are needed, better hundreds.")
        low, high = np.quantile(logs, (0.25, 0.75))
        sizes = [float(size) for size in (logs.std(ddof=1), (high - low) / 1.349) if size > 0]
        return cls(logs, 1.3 * min(sizes, default=1e-12) * len(logs) ** (-1.0 / 3.0))

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        return float(np.mean(ndtr((self.logs - math.log(value)) / self.width)))

    def quantile(self, alpha: float) -> float:
        """The value of T² that is exceeded with probability alpha: by bisection, to 1e-10 of its logarithm."""
        checked_alpha(alpha)
        low, high = float(self.logs.min()) - 12.0 * self.width, float(self.logs.max()) + 12.0 * self.width
        while high - low > 1e-10:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.tail(math.exp(middle)) > alpha else (low, middle)
        return math.exp(0.5 * (low + high))
