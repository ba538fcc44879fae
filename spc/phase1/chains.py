"""Charts side by side on simulated processes in control, judged with simulated fits: how often each alarms, and all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from spc.charts import Chart, Lanes, bound
from spc.nouns import Floats, Ints

_TURNS = 3.0  # times the mean run that a process is followed
_NUMBERS = 4e7  # normal numbers drawn, about
_FEWEST, _MOST = 1200, 4000  # processes
_EACH = 4  # processes of a fit at least: the rate of fewer cannot be told from their first alarms
_GRID = 80  # limits at which the rate of a chart is worked out
_SHOWN = 200  # rows between two reports of progress


@dataclass(frozen=True, eq=False)
class Fits:
    """Fits to references of a process that is N(0, I): centres (B, p) and lower factors (B, p, p).

    `truth` (p, p) is the lower factor of the scatter that the process has in the units of its columns, for charts that depend on it;
    `seen_on` how many tables an estimator was tried on, when each of them goes with several means and covariances.
    """

    center: Floats
    factor: Floats
    truth: Floats | None = None
    seen_on: int | None = None

    @classmethod
    def known(cls, p: int) -> Fits:
        """The parameters themselves."""
        return cls(np.zeros((1, p)), np.eye(p)[None])

    @classmethod
    def classical(cls, n: int, p: int, count: int, rng: np.random.Generator) -> Fits:
        """Means and covariances of `count` references of n rows: a normal and a Wishart matrix (Bartlett 1933)."""
        lower = np.tril(rng.standard_normal((count, p, p)), -1)
        lower[:, np.arange(p), np.arange(p)] = np.sqrt(rng.chisquare(n - 1.0 - np.arange(p), (count, p)))
        return cls(rng.standard_normal((count, p)) / np.sqrt(n), lower / np.sqrt(n - 1.0))

    @classmethod
    def drawn(cls, n: int, p: int, count: int = 1000, seed: int = 0) -> Fits:
        """The same from a seed."""
        return cls.classical(n, p, count, np.random.default_rng([seed, n, p, 5]))

    def seen(self, other: Fits) -> Fits:
        """The fits `other`, which are told as seen from the mean and covariance of their tables, with these as those: each of them in turn.

        The mean and covariance are independent of how the table lies about them (Basu 1955), so any may go with any.
        """
        k = np.arange(len(self.center)) % len(other.center)
        center = self.center + np.einsum("kab,kb->ka", self.factor, other.center[k])
        return Fits(center, self.factor @ other.factor[k], seen_on=len(other.center))

    @property
    def tables(self) -> int:
        """How many of the fits are of different tables."""
        return self.seen_on or len(self.center)

    @property
    def factors(self) -> Floats:
        """The lower factors (B, p, p) of the fitted scatters in the units of the columns."""
        return self.factor if self.truth is None else self.truth @ self.factor

    def lanes(self, chart: Chart, count: int) -> Lanes:
        """A chart for `count` processes side by side, as many with each fit, in the order of the fits."""
        return bound(chart, self.factors).lanes(count, self.center.shape[1])


@dataclass(frozen=True, eq=False)
class _Records:
    """When each process reached a new greatest value on one chart: process, row (from 0) and value, in order of rows; and the greatest."""

    process: Ints
    row: Ints
    value: Floats
    top: Floats

    def first(self, limit: float, rows: int) -> Ints:
        """The first row (N,) beyond a limit, `rows` where there is none."""
        found = np.full(len(self.top), rows)
        beyond = self.value > limit
        process, at = np.unique(self.process[beyond], return_index=True)
        found[process] = self.row[beyond][at]
        return found


@dataclass(frozen=True, eq=False)
class Chains:
    """`fits` × `each` processes followed over `rows` rows, with what happened on every chart."""

    fits: int
    each: int
    rows: int
    records: Mapping[str, _Records]

    def rate(self, limits: Mapping[str, float]) -> float:
        """False alarms per row with these limits together, on average over references: the reciprocal of each one's mean run."""
        return float(np.mean(self._rates(limits)))

    def error(self, limits: Mapping[str, float]) -> float:
        """The relative standard error of that rate."""
        rates = self._rates(limits, max(self.fits, 20))
        return float(np.std(rates, ddof=1) / np.sqrt(len(rates)) / np.mean(rates))

    def _rates(self, limits: Mapping[str, float], groups: int | None = None) -> Floats:
        groups = groups or self.fits
        first = np.min([self.records[name].first(limit, self.rows) for name, limit in limits.items()], axis=0)
        first = first[: len(first) // groups * groups].reshape(groups, -1)
        alarms = (first < self.rows).sum(axis=1)
        exposure = np.minimum(first + 1, self.rows).sum(axis=1)
        each = first.shape[1]
        seen = alarms / each  # where all alarms are seen, the reciprocal of a mean of so many runs is too large by 1 / each
        return np.asarray(alarms * (1.0 - seen / each) / exposure)

    def limit_at(self, name: str) -> Callable[[float], float]:
        """For one chart: from a rate of false alarms to the limit that has it."""
        limits = np.unique(np.quantile(self.records[name].top, np.linspace(0.005, 0.95, _GRID)))
        rates = np.array([self.rate({name: float(limit)}) for limit in limits])
        kept = rates > 0.0
        logs = np.log(np.minimum.accumulate(rates[kept]))
        return lambda rate: float(np.interp(-np.log(rate), -logs, limits[kept]))


def followed(charts: Mapping[str, Chart], fits: Fits, alpha: float, seed: int, progress: Callable[[float], None] | None = None) -> Chains:
    """Processes in control judged by charts with each of the fits, over three mean runs at a rate alpha. The same seed, the same bits.

    When runs are long only the first of the fits are used, so that several processes are followed with each.
    """
    p, rows = fits.center.shape[1], int(np.ceil(_TURNS / alpha))
    total = float(np.clip(_NUMBERS / (p * rows), _FEWEST, _MOST))
    count = min(len(fits.center), int(total // _EACH))
    each, fits = int(np.ceil(total / count)), replace(fits, center=fits.center[:count], factor=fits.factor[:count])
    rng = np.random.default_rng([seed, p, rows, count])
    inverse = np.array([solve_triangular(lower, np.eye(p), lower=True).T for lower in fits.factor])
    total = count * each
    lanes = {name: fits.lanes(chart, total) for name, chart in charts.items()}
    top = {name: np.full(total, -np.inf) for name in charts}
    found: dict[str, list[tuple[Ints, int, Floats]]] = {name: [] for name in charts}
    for row in range(rows):
        z = ((rng.standard_normal((count, each, p)) - fits.center[:, None, :]) @ inverse).reshape(total, p)
        for name, advance in lanes.items():
            value = advance(z)
            higher = np.flatnonzero(value > top[name])
            if len(higher):
                top[name][higher] = value[higher]
                found[name].append((higher, row, value[higher]))
        if progress is not None and row % _SHOWN == 0:
            progress(row / rows)
    return Chains(count, each, rows, {name: _gathered(found[name], top[name]) for name in charts})


def _gathered(found: list[tuple[Ints, int, Floats]], top: Floats) -> _Records:
    process = np.concatenate([who for who, _, _ in found])
    row = np.concatenate([np.full(len(who), at) for who, at, _ in found])
    return _Records(process, row, np.concatenate([value for _, _, value in found]), top)
