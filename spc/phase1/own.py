"""Limits from the reference itself: cross-fit, bootstrap or kernel, with their error, and what they need."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spc.inspect.memory import Memory
from spc.inspect.normality import real_rate
from spc.limits import TAIL_GRID, KnownParameters, NewRow, ReferenceRow
from spc.limits.bootstrap import bootstrap
from spc.limits.crossfit import BLOCKS, Scored, crossfit
from spc.limits.paretotail import ParetoTail, rows_needed
from spc.limits.smooth import Smooth
from spc.nouns import Bools, Floats, Ints, Limit, Times
from spc.scatter import Estimator

OWN = ("crossfit", "bootstrap", "kde")
WELL = 10  # independent rows per variable from which the reference stands for later runs, too
ALIKE = 1.5  # rows that are worth one, from which on rows are taken to depend on each other
LEAP = 20.0  # times the usual time between rows: another run begins
_FAR = 0.5  # good rows that are called far out, on average, in a table of any size
_TWICE = 2.0  # times as many rows far out as the tail of the others lets expect: they are another kind of row

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Own:
    """The law of T² of new rows as the n reference rows of p variables show it; `aside` (n,) are rows far out that were not counted.

    `quantile` and `error` give, for an alpha, the limit for complete rows and its standard error; `words` says in words where from;
    `scored` are the rows as fits saw them that never had them, when there were such fits.
    """

    n: int
    p: int
    quantile: Callable[[float], float]
    error: Callable[[float], float]
    words: Callable[[float], str]
    aside: Bools
    scored: Scored | None = None
    known: dict[float, Limit] = field(default_factory=dict)

    def new_row(self, alpha: float, q: int) -> Limit:
        """All variables observed: the quantile; fewer: that times the ratio of the normal limits for q and for p variables."""
        if alpha not in self.known:
            words = f"{self.words(alpha)}; standard error {self.error(alpha):.2g}"
            self.known[alpha] = Limit(self.quantile(alpha), alpha, words)
        whole = self.known[alpha]
        if q == self.p:
            return whole
        ratio = _normal(self.n, self.p, alpha, q) / _normal(self.n, self.p, alpha, self.p)
        return Limit(whole.value * ratio, alpha, f"{whole.law}; {q} of {self.p} variables observed: in the ratio of the normal limits")

    def reference_row(self, alpha: float) -> Limit:
        """The limit for a row of the fit: that for a new row in the ratio of the beta and the F law."""
        new = self.new_row(alpha, self.p)
        if self.n <= self.p + 1:
            return new
        ratio = ReferenceRow(self.n, self.p).limit(alpha).value / NewRow(self.n, self.p).limit(alpha).value
        return Limit(new.value * ratio, alpha, f"{new.law}; reference rows: in the ratio of the beta and the F law")

    def tails(self) -> tuple[tuple[float, float], ...]:
        return tuple((alpha, self.quantile(alpha)) for alpha in TAIL_GRID)


def own(
    kind: str,
    estimator: Estimator,
    x: Floats,
    at: Ints,
    times: Times,
    memory: Memory,
    alpha: float,
    seed: int = 0,
    progress: Progress | None = None,
) -> Own:
    """The limits of a `kind` in OWN from the rows x (n, p) of a fit, which stood `at` (n,) in their table, with their times (n,).

    Raises TooFewRows where blocks cannot be left out, and what the estimator raises.
    """
    report = None if progress is None else (lambda share: progress(share, f"fitting {len(x)} rows without one block after the other"))
    if kind == "bootstrap":
        return _bootstrapped(estimator, x, memory, alpha, seed, report)
    scored = crossfit(x, estimator, gap=gap(memory, len(x)), at=at, breaks=breaks(times), progress=report)
    near = near_rows(scored.t2, len(x), x.shape[1], alpha)
    aside = np.zeros(len(x), dtype=bool)
    aside[scored.where[~near]] = True
    kept = scored.some(near)
    return _smoothed(kept, x, aside) if kind == "kde" else _crossfitted(kept, x, aside)


def needed(alpha: float, p: int, estimator: Estimator, memory: Memory) -> int:
    """Rows that would do for a cross-fit limit: its real alpha then has a relative standard error of a half, or better."""
    return max(rows_needed(alpha, worth=memory.time_scatter), fits_needed(p, estimator, memory))


def fits_needed(p: int, estimator: Estimator, memory: Memory) -> int:
    """Rows without which the fits of a cross-fit say nothing: five independent ones per variable in all blocks but one."""
    return math.ceil(max(5 * p * memory.time_scatter, float(estimator.rows_needed(p))) / (1.0 - 1.0 / BLOCKS))


def relative_error(alpha: float, n: int, memory: Memory) -> float:
    """The relative standard error of the real alpha at a cross-fit limit from n rows."""
    return math.sqrt(rows_needed(alpha, 1.0, memory.time_scatter) / n)


def gap(memory: Memory, n: int) -> int:
    """Rows left out beside a block: five times the memory beyond one row, and no more than half a block."""
    return min(math.ceil(5.0 * (memory.time_mean - 1.0)), n // (2 * BLOCKS)) if memory.time_mean > ALIKE else 0


def breaks(times: Times) -> tuple[int, ...]:
    """Places before which the time goes back or leaps by more than twenty usual steps: another run begins there."""
    if len(times) < 3 or np.isnat(times).any():
        return ()
    steps = np.diff(times).astype("timedelta64[us]").astype(np.int64)
    usual = float(np.median(steps))
    return tuple(int(i) + 1 for i in np.flatnonzero((steps < 0) | (steps > LEAP * usual))) if usual > 0 else ()


def near_rows(t2: Floats, n: int, p: int, alpha: float) -> Bools:
    """Which of the out-of-sample distances t2 (m,) belong to the process: all of them, unless those far out are another kind of row.

    Far out is what half a good row would be, on average, on the scale of the median. Are there more such rows than alpha/2, and more
    than twice as many as the tail of the others lets expect (a multivariate t, fitted to them below the cut), they are bad rows in the
    reference, and a limit that counted them would rest on them.
    """
    scale = float(np.median(t2)) / _normal(n, p, 0.5, p)
    cut = scale * _normal(n, p, _FAR / len(t2), p)
    near = np.asarray(t2 <= cut)
    share = float(np.mean(~near))
    if share <= alpha / 2 or share >= 0.5:
        return np.ones(len(t2), dtype=bool)
    expected = real_rate(t2[near], cut, cut, p)
    if share <= _TWICE * expected + 3.0 * math.sqrt(expected / len(t2)):
        return np.ones(len(t2), dtype=bool)
    return near


def _crossfitted(scored: Scored, x: Floats, aside: Bools) -> Own:
    tail = scored.tail()

    def words(alpha: float) -> str:
        return f"{_blocks(scored)}, {_which(tail, alpha)}"

    def error(alpha: float) -> float:
        return scored.error(lambda t2: ParetoTail.of(t2).quantile(alpha))

    return Own(len(x), x.shape[1], tail.quantile, error, words, aside, scored)


def _smoothed(scored: Scored, x: Floats, aside: Bools) -> Own:
    smooth = Smooth.of(scored.t2)

    def error(alpha: float) -> float:
        return scored.error(lambda t2: Smooth.of(t2).quantile(alpha))

    words = f"kernel estimate of log T² (bandwidth {smooth.width:.2g}), {_blocks(scored)}"
    return Own(len(x), x.shape[1], smooth.quantile, error, lambda _: words, aside, scored)


def _bootstrapped(estimator: Estimator, x: Floats, memory: Memory, alpha: float, seed: int, report: Callable[[float], None] | None) -> Own:
    complete = ~np.isnan(x).any(axis=1)
    aside = np.zeros(len(x), dtype=bool)
    x = x[complete]
    near = near_rows(estimator(x).d2(x), len(x), x.shape[1], alpha)
    aside[np.flatnonzero(complete)[~near]] = True
    length = max(1, min(round(2.0 * memory.time_mean), len(x) // 4)) if memory.time_mean > ALIKE else 1
    found = bootstrap(x, estimator, length=length, kept=near, seed=seed, progress=report)
    how = f"moving blocks of {length} rows" if length > 1 else "row by row"
    kind = f"bootstrap, {how}, {len(found.inside)} resampled references"
    return Own(len(x), x.shape[1], found.quantile, found.error, lambda alpha: f"{kind}, {_which(found.own, alpha)}", aside)


def _blocks(scored: Scored) -> str:
    apart = f" {scored.gap} rows apart" if scored.gap else ""
    return (
        f"blocked cross-fit, {scored.blocks} blocks{apart}: {len(scored.t2)} rows, each scored by a fit of {scored.fewest} others or more"
    )


def _which(tail: ParetoTail, alpha: float) -> str:
    if alpha >= tail.share:
        return "quantile as counted"
    return f"generalised Pareto tail above {tail.threshold:.4g} (the upper {100 * tail.share:.2g} %, shape {tail.shape:.2g})"


def _normal(n: int, p: int, alpha: float, q: int) -> float:
    """The normal limit for q of p variables: F, or χ² where n rows are too few for it."""
    return (NewRow(n, q) if n > p else KnownParameters(q)).limit(alpha).value
