"""Points and signals: what was found of each row, and where a line went out or came back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, distinct, func, insert, select

from spc.ledger.lines import last_seq
from spc.ledger.schema import activation, point, row, signal
from spc.nouns import Ints, Point, Points, Signal, Track


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal as it was written: the line, its row, the alarm that it belongs to, and its facts."""

    line: str
    seq: int
    chart: str
    kind: str
    reason: str
    since: int
    at: int
    value: float | None
    ucl: float | None
    alarm_id: str | None
    facts: Mapping[str, Any]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def append_points(connection: Connection, line: str, points: Points, activation_id: int) -> None:
    """Stores the judgement of a block."""
    seqs = points.rows.tolist()
    connection.execute(
        insert(point),
        [
            {
                "line": line,
                "seq": seq,
                "chart": chart,
                "value": _number(value),
                "ucl": _number(ucl),
                "out": out,
                "note": note,
                "activation_id": activation_id,
            }
            for chart, track in points.tracks.items()
            for seq, value, ucl, out, note in zip(
                seqs, track.value.tolist(), track.ucl.tolist(), track.out.tolist(), points.notes, strict=True
            )
        ],
    )


def append_signal(connection: Connection, line: str, one: Signal, now: int, alarm_id: str | None, facts: Mapping[str, Any]) -> None:
    """Stores a change of state with its reason and the point that did it."""
    connection.execute(
        insert(signal).values(
            line=line,
            seq=one.point.row,
            chart=one.chart,
            kind=one.kind,
            reason=one.reason,
            since=one.since,
            at=now,
            value=_number(one.point.value),
            ucl=_number(one.point.ucl),
            alarm_id=alarm_id,
            facts_json=json.dumps(facts),
        )
    )


def _points(line: str) -> Select[Any]:
    return (
        select(
            point.c.seq,
            func.coalesce(row.c.at, row.c.received_at),
            row.c.part,
            *(point.c[name] for name in ("chart", "value", "ucl", "out", "note")),
        )
        .join(row, (row.c.line == point.c.line) & (row.c.seq == point.c.seq))
        .where(point.c.line == line)
        .order_by(point.c.seq, point.c.chart)
    )


def _read(connection: Connection, query: Select[Any]) -> list[Point]:
    nan = math.nan
    return [
        Point(seq, np.datetime64(at, "us"), part, chart, nan if value is None else value, nan if ucl is None else ucl, out, note)
        for seq, at, part, chart, value, ucl, out, note in connection.execute(query)
    ]


def points_after(connection: Connection, line: str, seq: int, limit: int = 1000) -> list[Point]:
    """The points of the next `limit` judged rows after row `seq`: by row, then by chart. All charts of a row come together.

    A row that came without a time has the time at which it was received.
    """
    rows = select(point.c.seq).distinct().where(point.c.line == line, point.c.seq > seq).order_by(point.c.seq).limit(limit)
    return _read(connection, _points(line).where(point.c.seq.in_(rows)))


def points_between(connection: Connection, line: str, first: int, last: int) -> list[Point]:
    """The points of the rows with first <= seq <= last."""
    return _read(connection, _points(line).where(point.c.seq >= first, point.c.seq <= last))


def track_between(connection: Connection, line: str, first: int, last: int, chart: str = "t2") -> tuple[Ints, Track]:
    """One chart over the judged rows with first <= seq <= last: their numbers (n,) and its track, NaN where a row could not be judged."""
    query = select(point.c.seq, point.c.value, point.c.ucl, point.c.out).order_by(point.c.seq)
    found = connection.execute(query.where(point.c.line == line, point.c.chart == chart, point.c.seq >= first, point.c.seq <= last)).all()
    numbers = [[math.nan if one[k] is None else one[k] for one in found] for k in (1, 2)]
    value, ucl = (np.array(one, dtype=np.float64) for one in numbers)
    return np.array([one[0] for one in found], dtype=np.int64), Track(value, ucl, np.array([one[3] for one in found], dtype=np.bool_))


def last_points(connection: Connection, line: str, n: int) -> list[Point]:
    """The points of the newest n judged rows, oldest first."""
    rows = select(point.c.seq).distinct().where(point.c.line == line).order_by(point.c.seq.desc()).limit(n)
    return _read(connection, _points(line).where(point.c.seq.in_(rows)))


def points_since(connection: Connection, line: str, since: int, limit: int = 20_000) -> list[Point]:
    """The points of the rows received at or after a time, at most the newest `limit` rows: the wall's eight hours."""
    last = last_seq(connection, line)
    return points_between(connection, line, max(_first_since(connection, line, since, last), last - limit + 1), last)


def _first_since(connection: Connection, line: str, since: int, last: int) -> int:
    """The first row received at or after `since`, by halving: rows are numbered as they are received, so no index is needed."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        query = select(row.c.received_at).where(row.c.line == line, row.c.seq >= middle).order_by(row.c.seq).limit(1)
        at = connection.execute(query).scalar()
        low, high = (low, middle) if at is None or at >= since else (middle + 1, high)
    return low


def rows_out(connection: Connection, line: str, first: int, last: int) -> int:
    """How many rows with first <= seq <= last have a point beyond its limit."""
    query = select(func.count(distinct(point.c.seq))).where(point.c.line == line, point.c.seq >= first, point.c.seq <= last, point.c.out)
    return int(connection.execute(query).scalar() or 0)


def model_of(connection: Connection, line: str, seq: int) -> str | None:
    """The id of the model that judged a row."""
    query = select(activation.c.model_id).join(point, point.c.activation_id == activation.c.id).limit(1)
    return connection.execute(query.where(point.c.line == line, point.c.seq == seq)).scalar()


def last_back(connection: Connection, line: str, before: int) -> int:
    """The newest row before row `before` at which a chart of the line came back in; 0 when none ever did."""
    query = select(func.max(signal.c.seq)).where(signal.c.line == line, signal.c.kind == "in", signal.c.seq < before)
    return int(connection.execute(query).scalar() or 0)


def signals_after(connection: Connection, line: str, seq: int = 0, limit: int = 1000) -> list[StoredSignal]:
    """The signals of a line after row `seq`, in order."""
    names = ("line", "seq", "chart", "kind", "reason", "since", "at", "value", "ucl", "alarm_id", "facts_json")
    columns = [signal.c[name] for name in names]
    query = select(*columns).where(signal.c.line == line, signal.c.seq > seq).order_by(signal.c.seq, signal.c.chart).limit(limit)
    found = connection.execute(query).mappings()
    return [StoredSignal(**{name: one[name] for name in names[:10]}, facts=json.loads(one["facts_json"])) for one in found]
