"""Whose doing it is: T² for every row or subgroup that a monitor judged, and a signal of any of its charts."""

from __future__ import annotations

import numpy as np

from spc.blame import blame, cause
from spc.charts import Dispersion, Mewmc, charts_of
from spc.charts.believed import LARGEST
from spc.charts.mewmc import unpacked
from spc.errors import BadRecipe
from spc.nouns import Blame, Cause, Guard, Model, Points, Rows
from spc.phase2.monitor import Monitor


def blamed(monitor: Monitor, rows: Rows) -> Blame:
    """Each variable's share of T² for a block that was judged just now; with subgroups, on the rows on which their T² stands."""
    model = monitor.model
    if model.subgroup is None:
        return blame(model, monitor.charted if model.dynamics is not None else monitor.select(rows))
    shape = (len(rows), model.p)
    share, sigma, given = (np.full(shape, np.nan) for _ in range(3))
    for at, one in monitor.closed:
        if one.k:
            parts = blame(model.sized(one.k), one.mean)
            share[at], sigma[at], given[at] = parts.share[0], parts.sigma[0], parts.given[0]
    return Blame(model.names, share, sigma, given)


def cause_of(monitor: Monitor, rows: Rows, points: Points, i: int, chart: str = "t2") -> Cause | None:
    """Whose doing the point of a chart on the i-th row is, for the block that was judged last; None when there is no such point.

    With subgroups the point stands on the row that closes the subgroup, and a dispersion is taken apart by the covariance of its rows. A
    chart with memory is taken apart by what it remembered at that row, an EWMA of log T² by the rows up to it (at most 64, those of
    earlier blocks included), a MEWMC by both. Raises BadRecipe for a chart that the model does not have.
    """
    if chart not in points.tracks:
        raise BadRecipe(f"The model has no chart called '{chart}'.", cure=f"It has: {', '.join(points.tracks)}.")
    value = float(points.tracks[chart].value[i])
    if np.isnan(value):
        return None
    if chart == "guard":
        return cause(monitor.model, "guard", guards=np.array([_off(guard, rows, i) for guard in monitor.model.guards]))
    if (within := monitor.within(chart)) is not None:
        return _of_dispersion(monitor, within, i, chart, value)
    if monitor.unbelieved(i):
        return _of_t2(monitor, i, chart, value)
    memory = monitor.remembered(chart, i)
    if "C" in memory:
        c, last = unpacked(np.array(memory["C"])), monitor.nominal.scatter.colour(monitor.last_rows(i))
        return cause(monitor.nominal, chart, covariance=c, worth=_worth(monitor.model, chart), rows=last, value=value)
    vector = next((np.array(one) for one in memory.values() if isinstance(one, list) and len(one) == monitor.model.p), None)
    if vector is not None:
        return cause(monitor.nominal, chart, remembered=vector, value=value)
    if memory:
        return cause(monitor.nominal, chart, rows=monitor.nominal.scatter.colour(monitor.last_rows(i)), value=value)
    return _of_t2(monitor, i, chart)


def _of_dispersion(monitor: Monitor, chart: Dispersion, i: int, name: str, value: float) -> Cause | None:
    """Which variance or which correlation of the subgroup is not that of the reference."""
    x = next((closed.complete for at, closed in monitor.closed if at == i), None)
    if x is None or len(x) <= monitor.model.p:
        return None
    c = chart.covariance(monitor.model.scatter.whiten(x))
    return cause(monitor.model, name, covariance=c, worth=len(x) - 1.0, value=value)


def _worth(model: Model, chart: str) -> float:
    """How many independent rows the covariance of a MEWMC is worth once it has gone on for long: (2 − λ)/λ."""
    made = charts_of(model.recipe.get("charts", {}), [chart])[chart]
    lam = made.weight_for(model.p) if isinstance(made, Mewmc) else Mewmc().weight_for(model.p)
    return (2.0 - lam) / lam


def _of_t2(monitor: Monitor, i: int, chart: str, value: float = float("nan")) -> Cause | None:
    """The cause of a point of a chart without memory, or of one that remembers no such row: of the row's own values, or of its subgroup's
    mean, as shares of the `value` when one is given."""
    if monitor.model.subgroup is None:
        return cause(monitor.model, chart, x=monitor.values(i), value=value)
    one = next((closed for at, closed in monitor.closed if at == i and closed.k), None)
    return None if one is None else cause(monitor.model.sized(one.k), chart, x=one.mean, value=value)


def _off(guard: Guard, rows: Rows, i: int) -> float:
    """How far a guard is from what it should be, in tolerances."""
    values = [float(rows.x[i, rows.names.index(name)]) for name in (guard.name, *(name for name, _ in guard.slopes))]
    expected = guard.level + sum(slope * value for (_, slope), value in zip(guard.slopes, values[1:], strict=True))
    off = (values[0] - expected) / guard.tolerance
    if np.isnan(off) and not np.isnan(values).any():  # what it follows is too far away to say what it should be
        return LARGEST
    return float(np.clip(off, -LARGEST, LARGEST))
