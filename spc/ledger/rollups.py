"""What of archived points stays in the database for ever: every point beyond its limit, and each hour of a chart in a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from spc.ledger.clock import NONE
from spc.ledger.schema import out_point, rollup
from spc.ledger.windows import Judged, Window
from spc.nouns import Bools, Floats, Ints

HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a chart, from µs `hour` on: how many points could be judged and how many were out, the smallest, the mean and the largest
    value, and the largest limit; none when no point could be judged.
    """

    chart: str
    hour: int
    points: int
    out: int
    low: float | None
    middle: float | None
    high: float | None
    ucl: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The hours of some rows, their points that were out, as records of the table, and the times of the rows, µs."""

    hours: tuple[Hour, ...]
    out: tuple[Mapping[str, Any], ...]
    at_min: int
    at_max: int


def summary_of(windows: Sequence[Window], found: Sequence[Judged]) -> Summary:
    """What is to be kept of rows that follow each other. A row without a time has that of its receipt."""
    first = int(windows[0].seq[0])
    times = np.concatenate([one.rows.at.view(np.int64) for one in windows])
    at = np.where(times == NONE, np.concatenate([one.received for one in windows]), times)
    ids = [id for one in windows for id in one.rows.ids]
    hours: dict[tuple[str, int], Hour] = {}
    out: list[Mapping[str, Any]] = []
    for one in found:
        when = at[one.seq - first]
        for k, chart in enumerate(one.charts):
            for hour in _hours(chart, when, one.value[:, k], one.ucl[:, k], one.out[:, k]):
                key = (chart, hour.hour)
                hours[key] = _both(hours[key], hour) if key in hours else hour
        for i, k in zip(*(each.tolist() for each in np.nonzero(one.out)), strict=True):
            seq = int(one.seq[i])
            told = {"seq": seq, "chart": one.charts[k], "at": int(when[i]), "value": float(one.value[i, k]), "ucl": float(one.ucl[i, k])}
            out.append({**told, "part": ids[seq - first], "note": one.notes.get(seq, "")})
    return Summary(tuple(hours.values()), tuple(out), int(at.min()), int(at.max()))


def _hours(chart: str, at: Ints, value: Floats, ucl: Floats, out: Bools) -> list[Hour]:
    begins, which = np.unique(at // HOUR_US * HOUR_US, return_inverse=True)
    made = []
    for k, begin in enumerate(begins.tolist()):
        here = which.reshape(-1) == k
        there = value[here & ~np.isnan(value)]
        n, beyond = len(there), int(np.count_nonzero(out[here]))
        if n == 0:
            made.append(Hour(chart, begin, 0, beyond, None, None, None, None))
            continue
        limits = ucl[here & ~np.isnan(ucl)]
        largest = float(limits.max()) if len(limits) else None
        made.append(Hour(chart, begin, n, beyond, float(there.min()), float(there.mean()), float(there.max()), largest))
    return made


def _both(a: Hour, b: Hour) -> Hour:
    n = a.points + b.points
    middle = None if n == 0 else ((a.middle or 0.0) * a.points + (b.middle or 0.0) * b.points) / n
    low, high, ucl = _pick(min, a.low, b.low), _pick(max, a.high, b.high), _pick(max, a.ucl, b.ucl)
    return Hour(a.chart, a.hour, n, a.out + b.out, low, middle, high, ucl)


def _pick(which: Any, a: float | None, b: float | None) -> float | None:
    return which(a, b) if a is not None and b is not None else a if b is None else b


def put_summary(connection: Connection, line: str, summary: Summary) -> None:
    """Writes it down; an hour that is there already is made one with the new one."""
    for chart in dict.fromkeys(one.chart for one in summary.hours):
        hours = {one.hour: one for one in summary.hours if one.chart == chart}
        here = (rollup.c.line == line) & (rollup.c.chart == chart) & rollup.c.hour.between(min(hours), max(hours))
        before = {one.hour: one for one in rollups(connection, line, chart, min(hours), max(hours))}
        whole = before | {hour: _both(before[hour], one) if hour in before else one for hour, one in hours.items()}
        connection.execute(delete(rollup).where(here))
        connection.execute(insert(rollup), [{"line": line, **{n: getattr(one, n) for n in Hour.__slots__}} for one in whole.values()])
    if summary.out:
        connection.execute(insert(out_point), [{"line": line, **one} for one in summary.out])


def rollups(connection: Connection, line: str, chart: str, since: int, until: int) -> list[Hour]:
    """The hours of an archived chart that begin between two times (µs), in order."""
    columns = [rollup.c[name] for name in Hour.__slots__]
    query = select(*columns).where(rollup.c.line == line, rollup.c.chart == chart, rollup.c.hour.between(since, until))
    return [Hour(*one) for one in connection.execute(query.order_by(rollup.c.hour))]
