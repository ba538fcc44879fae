"""Which limit a reference deserves: the law of normal independent rows where they are, its own rows where they are not; with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from spc.charts import Chart, Mewmc
from spc.errors import Complaint
from spc.inspect import henze_zirkler, mardia
from spc.inspect.autocorrelation import averaged_rate
from spc.inspect.autocorrelation import real_rate as dependent_rate
from spc.inspect.core import ROWS, Core
from spc.inspect.measured import Measured
from spc.inspect.memory import Memory
from spc.inspect.normality import bulk
from spc.inspect.normality import real_rate as shaped_rate
from spc.inspect.sentence import listed, percent
from spc.limits import NewRow
from spc.nouns import Bools, Finding, Floats, Ints, Rows, Scatter, Times
from spc.phase1.laws import Law, Progress
from spc.phase1.own import ALIKE, OWN, WELL, Own, fits_needed, needed, own, relative_error
from spc.scatter import Estimator, Known, title

_LEVEL = 0.002  # for each of three tests; together less than one normal table in a hundred
_DEPENDENT = 1.25  # times the promised rate, from which on alike neighbours matter
_SHAPED = 1.5  # the same for the shape of the rows
_UNSURE = 0.5  # relative standard error of a limit from few rows, from which on it says nothing
_CUSUM = 0.1  # the weight of a moving average that forgets about as fast as a cumulative sum with the usual allowance
_SQUARES = ("ewma_log_t2", "mewmc")  # charts that average squares of rows, not the rows
_FEWEST = 50  # rows, and three per variable, without which neither can be told


@dataclass(frozen=True, eq=False)
class Table:
    """The rows x (n, p) of a fit, their `names`, places `at` (n,) and `times` (n,), the estimator and the scatter that it found."""

    x: Floats
    names: tuple[str, ...]
    at: Ints
    times: Times
    estimator: Estimator
    scatter: Scatter

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def p(self) -> int:
        return int(self.x.shape[1])

    @property
    def near(self) -> Bools:
        """Complete rows (n,) that the fit does not call outliers: the others say nothing about how the process is."""
        complete = np.asarray(~np.isnan(self.x).any(axis=1))
        rows = self.x[complete]
        used = None if self.scatter.used is None else self.scatter.used[complete]
        if not len(rows):
            return complete
        inside, _ = bulk(
            Core(rows, np.flatnonzero(complete), tuple(range(self.p)), replace(self.scatter, used=used), self.scatter.d2(rows))
        )
        near = complete.copy()
        near[complete] = inside
        return near


@dataclass(frozen=True, eq=False)
class Seen:
    """What a table shows of its rows: their memory, and the `reasons` why a law of normal independent rows would break its promise.

    `rate` is the share of good rows that would really be called out because neighbours are alike.
    """

    memory: Memory
    reasons: tuple[str, ...]
    drifting: tuple[str, ...] = ()
    rate: float = 0.0


def seen(table: Table, alpha: float, charts: Mapping[str, Chart] | None = None) -> Seen:
    """Ask the rows near the fit whether they are normal and independent enough for alpha; outliers and steps of the level do not count.

    `charts` beside T² are asked, too: those with memory add up what neighbouring rows share.
    """
    near = table.near
    measured = Measured.of(Rows.of(np.where(near[:, None], table.x, np.nan), table.names), ())
    where = np.flatnonzero(near)[:: max(1, -(-int(near.sum()) // ROWS))]
    rows = table.x[where]
    measured.__dict__["core"] = Core(rows, where, tuple(range(table.p)), replace(table.scatter, used=None), table.scatter.d2(rows))
    if measured.p < table.p:  # a column that varies in outliers only: nothing can be told of all of them together
        return Seen(measured.memory, ())
    level = measured.level
    memory = level.memory
    if len(rows) < max(_FEWEST, 3 * table.p) or table.n <= table.p + 2:
        return Seen(memory, ())
    reasons: list[tuple[str, float]] = []
    drifting = tuple(name for name, drifts in zip(measured.names, measured.memory.drifts, strict=True) if drifts)
    rate = dependent_rate(table.n, table.p, memory, alpha)
    if memory.time_mean > ALIKE and (drifting or rate >= _DEPENDENT * alpha):
        reasons.append((_dependent(table.n, memory, drifting, rate), rate))
    reasons += _added_up(memory, charts or {}, alpha)
    worst = max([rate for _, rate in reasons], default=0.0)
    shape = _shape(level.x[where], table, memory, alpha)
    return Seen(memory, (*(words for words, _ in reasons), *([] if shape is None else [shape])), drifting, worst)


def _added_up(memory: Memory, charts: Mapping[str, Chart], alpha: float) -> list[tuple[str, float]]:
    """The gravest reason of a chart with memory, if there is one."""
    found = []
    for name, chart in charts.items():
        if not chart.start(len(memory.alike)) or not memory.alike.any():
            continue
        lam = chart.weight_for(len(memory.alike)) if isinstance(chart, Mewmc) else getattr(chart, "lam", _CUSUM)
        rate = averaged_rate(memory, lam, alpha, squares=name in _SQUARES)
        if rate >= _DEPENDENT * alpha:
            found.append((f"{chart.title} adds up what neighbouring rows share, so that it would really give {percent(rate)}", rate))
    return sorted(found, key=lambda one: -one[1])[:1]


def _dependent(n: int, memory: Memory, drifting: tuple[str, ...], rate: float) -> str:
    text = f"neighbouring rows are alike ({n} rows are worth about {max(1, round(n / memory.time_mean))} independent ones"
    if drifting:
        text += f"; {listed(drifting)} only {'drifts' if len(drifting) == 1 else 'drift'}"
    return f"{text}), so that it would really give {percent(rate)} or more"


def _shape(x: Floats, table: Table, memory: Memory, alpha: float) -> str | None:
    """The reason why the shape of the rows matters, if it does: as many are asked as are worth one each."""
    some = x[:: math.ceil(memory.time_mean) if memory.time_mean > ALIKE else 1]
    if len(some) < max(20, 2 * table.p + 2):
        return None
    try:
        found = mardia(some)
        least = min(found.skewness.p_value, found.kurtosis.p_value, henze_zirkler(some).p_value)
    except Complaint:
        return None
    if least >= _LEVEL:
        return None
    law = NewRow(table.n, table.p)
    d2 = table.scatter.d2(table.x[table.near])
    rate = shaped_rate(d2, max(float(d2.max()), law.limit(0.5 / table.n).value), law.limit(alpha).value, table.p)
    if rate < _SHAPED * alpha:
        return None
    return f"the rows are not normal, so that it would really give about {percent(rate)}"


def own_or(
    asked: str,
    table: Table,
    alpha: float,
    law: Callable[[], Law],
    seed: int = 0,
    progress: Progress | None = None,
    only_law: bool = False,
    charts: Mapping[str, Chart] | None = None,
) -> tuple[Law | Own, tuple[Finding, ...]]:
    """The law for what was `asked`, with the findings that give the reason; `law` is the one for normal independent rows.

    "crossfit", "bootstrap" and "kde" are taken from the rows, and a warning says when they are too few. "auto" takes `law()` where the
    rows are normal and independent enough for these `charts`, else a cross-fit where they are many enough, or, with neighbours that are
    alike, where its noise is less than the law is wrong by (tails that are too heavy may be bad rows, which few rows do not bear);
    `only_law` (a guarantee or an overall rate is asked
    for, which rest on simulated references) takes the law all the same, and says so. Any other word is `law()`.
    """
    if asked in OWN:
        memory = seen(table, alpha).memory
        found = own(asked, table.estimator, table.x, table.at, table.times, memory, alpha, seed, progress)
        return found, (*(_short(table, alpha, memory, found) or _thin(table, memory)), *_aside(table, found))
    if asked != "auto" or isinstance(table.estimator, Known):
        return law(), ()
    view = seen(table, alpha, charts)
    if not view.reasons:
        return law(), ()
    why = f"A limit for normal, independent rows would not keep its promise of {percent(alpha)} false alarms: {'; '.join(view.reasons)}."
    if only_law:
        return law(), (_kept(table, view, why, "A guarantee or an overall rate rests on it.", "Ask for limit 'crossfit', without these."),)
    enough = needed(alpha, table.p, table.estimator, view.memory)
    noise = relative_error(alpha, table.n, view.memory)
    if table.n >= enough or (table.n >= fits_needed(table.p, table.estimator, view.memory) and view.rate / alpha - 1.0 > noise):
        try:
            found = own("crossfit", table.estimator, table.x, table.at, table.times, view.memory, alpha, seed, progress)
        except Complaint as wrong:
            return law(), (_kept(table, view, why, f"One from the reference itself failed: {wrong}", "crossfit"),)
        few = "" if table.n >= enough else f" {table.n} rows are few for that; {enough} would do."
        if few and found.error(alpha) > _UNSURE * found.quantile(alpha):
            return law(), (_kept(table, view, why, f"One from the reference itself is not known to a half.{few}", "Bring them."),)
        return found, (_taken(f"{why}{few}", view, found, alpha), *_thin(table, view.memory), *_aside(table, found))
    short = f"The {table.n} rows are too few for a limit of their own; {enough} would do."
    return law(), (_kept(table, view, why, short, "Bring them, or ask for limit 'crossfit' all the same."),)


def _taken(why: str, view: Seen, found: Own, alpha: float) -> Finding:
    limit = found.new_row(alpha, found.p)
    text = f"{why} So it is taken from the reference itself: {limit.value:.4g}, with a standard error of {found.error(alpha):.2g}."
    cure = f"Ask for limit 'calibrated' (or 'f', with classical estimates) to have the other one.{_without(view)}"
    return Finding("limit", "note", text, cure, view.drifting)


def _without(view: Seen) -> str:
    if not view.drifting:
        return ""
    which = "which only drifts and blurs" if len(view.drifting) == 1 else "which only drift and blur"
    return f" Or leave out {listed(view.drifting)}, {which} T²."


def _kept(table: Table, view: Seen, why: str, but: str, cure: str) -> Finding:
    name = "F" if table.estimator.name == "classical" else f"calibrated ({title(table.estimator)})"
    before = " Or judge what the row before does not imply: dynamics 'residual'." if view.rate > 0 and not view.drifting else ""
    return Finding("limit", "amber", f"{why} {but} The limit is the {name} one.", f"{cure}{before}{_without(view)}", view.drifting)


def _thin(table: Table, memory: Memory) -> tuple[Finding, ...]:
    """Scatters that rest on few rows per variable differ from one another more than blocks of one reference can show."""
    well = math.ceil(WELL * table.p * memory.time_scatter)
    if table.n >= well:
        return ()
    text = (
        f"{table.n} rows of {table.p} variables are few for a limit of their own: a later run of the process may lie farther off than the "
        "blocks of one reference show, and alarm two or three times as often as promised."
    )
    return (Finding("limit_thin", "amber", text, f"{well} rows would do, better from several runs.", ()),)


def _short(table: Table, alpha: float, memory: Memory, found: Own) -> tuple[Finding, ...]:
    enough = needed(alpha, table.p, table.estimator, memory)
    if table.n >= enough:
        return ()
    limit = found.new_row(alpha, table.p)
    text = (
        f"{table.n} rows are few for a limit of their own at {percent(alpha)} false alarms: {limit.value:.4g} has a standard error of "
        f"{found.error(alpha):.2g}, and new rows may alarm several times as often."
    )
    return (Finding("limit", "amber", text, f"{enough} rows would do; or take limit 'auto'."),)


def _aside(table: Table, found: Own) -> tuple[Finding, ...]:
    if not found.aside.any():
        return ()
    rows = tuple(int(i) + 1 for i in table.at[found.aside][:1000])
    text = (
        f"{int(found.aside.sum())} rows lie farther out than the tail of the others lets expect: the limit was drawn from the other "
        f"{int((~found.aside).sum())}."
    )
    return (Finding("limit_aside", "amber", text, "Exclude them when their cause is known.", (), rows),)
