"""Exact intervals for a share of rows and for a number of alarms, and how wide they become when rows follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scipy.special import betaincinv, gammaincinv

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate with the interval that holds the true one with the `confidence` asked for."""

    value: float | None
    low: float
    high: float

    def __contains__(self, rate: float) -> bool:
        return self.low <= rate <= self.high

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high}


def share(hits: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """The share hits / n with its exact interval (Clopper & Pearson 1934), for rows that know nothing of each other.

    `hits` and `n` may be fractions of rows; without rows the interval is 0 to 1 and the value None.

    >>> found = share(3, 1000)
    >>> round(found.low, 6), round(found.high, 6)
    (0.000619, 0.008742)
    """
    if n <= 0:
        return Interval(None, 0.0, 1.0)
    half = (1.0 - confidence) / 2.0
    low = float(betaincinv(hits, n - hits + 1.0, half)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1.0, n - hits, 1.0 - half)) if hits < n else 1.0
    return Interval(hits / n, low, high)


def clustered_share(hits: int, n: int, effect: float, confidence: float = CONFIDENCE) -> Interval:
    """The same for rows that come in runs: n rows are worth n / `effect` independent ones (Korn & Graubard 1998).

    >>> found = clustered_share(30, 1000, 5.0)
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (0.03, 0.0111, 0.0642)
    """
    found = share(hits / effect, n / effect, confidence)
    return Interval(hits / n if n else None, found.low, found.high)


def count_per(count: int, exposure: float, confidence: float = CONFIDENCE) -> Interval:
    """`count` alarms in an `exposure` of rows or days, per row or day, with the exact interval of a Poisson count (Garwood 1936).

    >>> found = count_per(4, 2.0)
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (2.0, 0.5449, 5.1208)
    """
    if exposure <= 0:
        return Interval(None, 0.0, float("inf"))
    half = (1.0 - confidence) / 2.0
    low = float(gammaincinv(count, half)) if count else 0.0
    return Interval(count / exposure, low / exposure, float(gammaincinv(count + 1.0, 1.0 - half)) / exposure)
