"""The upper tail of a sample beyond its own rows: the generalised Pareto law of what lies above a high threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spc.errors import TooFewRows
from spc.limits.exact import checked_alpha
from spc.nouns import Floats

SHARE, MOST = 0.1, 400  # the upper tenth of the values, and no more than 400 of them
FEWEST = 10  # values above a threshold without which no tail is fitted
_FLAT = 1e-9  # a shape so small that the law is the exponential one to rounding


@dataclass(frozen=True, eq=False)
class ParetoTail:
    """The law of a sample `values` (n,), ascending: as counted up to `threshold`, generalised Pareto with `scale` and `shape` above it.

    `share` is the part of the values above the threshold. A shape above 0 is a heavy tail, one below 0 ends at threshold − scale/shape.
    """

    values: Floats
    threshold: float
    scale: float
    shape: float
    share: float

    @classmethod
    def of(cls, values: Floats, share: float | None = None) -> ParetoTail:
        """The tail of some values (n,), its two parameters by probability-weighted moments.

        The threshold leaves the upper tenth of the values above it, no more than 400 of them. When the fitted end of the tail lies below
        the largest value, the shape is the one that ends there. Raises TooFewRows with fewer than ten values above the threshold.
        Sources: Pickands 1975; Hosking & Wallis 1987, equations 9 and 10; Dupuis & Tsao 1998 (the end of the tail).

        >>> tail = ParetoTail.of(-2.0 * np.log((np.arange(1000) + 0.5) / 1000))  # the chi-squared law with 2 degrees of freedom
        >>> round(tail.threshold, 3), round(tail.quantile(1e-4), 1)  # it has 18.42
        (4.605, 18.5)
        """
        values = np.sort(np.asarray(values, dtype=np.float64))
        n = len(values)
        count = int(n * (share or min(SHARE, MOST / max(n, 1))))
        if count < FEWEST:
            raise TooFewRows(f"{n} distances show no tail.", cure=f"At least {math.ceil(FEWEST / SHARE)} rows are needed for it.")
        threshold = 0.5 * float(values[n - count - 1] + values[n - count])
        scale, shape = moments(values[n - count :] - threshold)
        return cls(values, threshold, scale, shape, count / n)

    def quantile(self, alpha: float) -> float:
        """The value that is exceeded with probability alpha.

        Within the values: the order statistics, the k-th of n at k/(n + 1) (Weibull's plotting position); above the threshold the law.
        """
        if checked_alpha(alpha) >= self.share:
            counted = float(np.quantile(self.values, 1.0 - alpha, method="weibull"))
            return min(counted, self.threshold)
        beyond = math.log(self.share / alpha)
        if abs(self.shape) < _FLAT:
            return self.threshold + self.scale * beyond
        return self.threshold + self.scale * math.expm1(self.shape * beyond) / self.shape

    def tail(self, value: float) -> float:
        """P(value is exceeded), for values from the threshold on."""
        y = (value - self.threshold) / self.scale
        if abs(self.shape) < _FLAT:
            return self.share * math.exp(-y)
        inside = 1.0 + self.shape * y
        return self.share * inside ** (-1.0 / self.shape) if inside > 0 else 0.0


def moments(y: Floats) -> tuple[float, float]:
    """Scale and shape of excesses y (k,) ≥ 0, in ascending order, by probability-weighted moments; the shape between −1 and 0.9."""
    k = len(y)
    mean = float(y.mean())
    weighted = float(np.mean((1.0 - (np.arange(1, k + 1) - 0.35) / k) * y))
    if mean <= 0:  # all values equal the threshold: the law ends there
        return np.finfo(float).tiny, 0.0
    shape = min(2.0 - mean / (mean - 2.0 * weighted), 0.9) if mean > 2.0 * weighted else 0.9
    shape = max(shape, -1.0)
    scale = mean * (1.0 - shape)
    if shape < 0 and -scale / shape < y[-1]:
        shape = -scale / float(y[-1])
    return scale, shape


def relative_variance(alpha: float, share: float = SHARE) -> float:
    """The variance of the logarithm of the real alpha at a limit from such a tail, times the number of independent values above it.

    By the delta method at shape 0 from the asymptotic covariance of scale and shape; for an alpha within the values that of a count.
    Source: Hosking & Wallis 1987, section 3 (maximum likelihood, which the moments follow closely at such shapes).

    >>> round(relative_variance(0.0027), 1), round(relative_variance(0.01), 1)
    (22.5, 6.4)
    """
    if alpha >= share:
        return share / alpha
    d = math.log(share / alpha)
    return 1.0 + 2.0 * d**2 - d**3 + d**4 / 4.0


def rows_needed(alpha: float, error: float = 0.5, worth: float = 1.0) -> int:
    """Rows from which the real alpha at a limit from the tail has the relative standard `error`; `worth` rows make one independent row.

    >>> rows_needed(0.01), rows_needed(0.0027)
    (257, 901)
    """
    return math.ceil(worth * relative_variance(checked_alpha(alpha)) / error**2 / SHARE)
