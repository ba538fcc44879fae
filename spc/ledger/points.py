"""Points and signals: what was found of each row, and where a line went out or came back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, bindparam, func, insert, select

from spc.ledger import archived
from spc.ledger.blocks import make_room, month_of, overlapping
from spc.ledger.clock import NONE
from spc.ledger.facts import text_of
from spc.ledger.lines import last_seq
from spc.ledger.quick import Quick
from spc.ledger.rows import rows_between, runs
from spc.ledger.schema import activation, block, judged, signal
from spc.ledger.windows import Judged
from spc.nouns import Ints, Point, Points, Signal, Track


class Blocks(NamedTuple):
    """Judged blocks side by side: each field has one thing for each block."""

    first_seq: tuple[int, ...]
    last_seq: tuple[int, ...]
    charts_json: tuple[str, ...]
    numbers: tuple[bytes, ...]
    out: tuple[bytes, ...]
    notes_json: tuple[str, ...]
    activation_id: tuple[int, ...]


_NAMES = ("first_seq", "last_seq", "charts_json", "values", "out", "notes_json", "activation_id")
_READ = select(*(judged.c[name] for name in _NAMES))
_BETWEEN = Quick(overlapping(judged, _READ, bindparam("of_line"), bindparam("first"), bindparam("last")))  # asked all the time: built once
_PUT = Quick(insert(judged))
_TOGETHER = 65_536  # rows of blocks that are put together at most
_AT_ONCE = 100  # stretches that are asked for together
_SIGNAL = Quick(insert(signal))
_BACK = Quick(
    select(func.max(signal.c.seq)).where(signal.c.line == bindparam("of_line"), signal.c.kind == "in", signal.c.seq < bindparam("before"))
)


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


@lru_cache(maxsize=256)
def _charts_json(charts: tuple[str, ...]) -> str:
    return json.dumps(charts)


def append_points(connection: Connection, line: str, points: Points, activation_id: int, now: int) -> None:
    """Stores the judgement of a block."""
    tracks = points.tracks.values()
    values = np.stack([array for track in tracks for array in (track.value, track.ucl)], axis=1)
    out = np.stack([track.out for track in tracks], axis=1)
    month = month_of(now)
    make_room(connection, month)
    _PUT.change(
        connection,
        {
            "line": line,
            "first_seq": int(points.rows[0]),
            "last_seq": int(points.rows[-1]),
            "month": month,
            "activation_id": activation_id,
            "charts_json": _charts_json(tuple(points.tracks)),
            "values": values.astype("<f8").tobytes(),
            "out": out.astype(np.uint8).tobytes(),
            "rows_out": int(np.count_nonzero(out.any(axis=1))),
            "notes_json": json.dumps({i: note for i, note in enumerate(points.notes) if note}) if any(points.notes) else "{}",
        },
    )


def judged_between(connection: Connection, line: str, first: int, last: int) -> Iterator[Judged]:
    """What was found of the rows with first <= seq <= last, as long as one model judged; what is in the archive comes first."""
    found = _BETWEEN.all(connection, {"of_line": line, "first": first, "last": last})
    if (begin := found[0][0] if found else last + 1) > max(first, 1):
        yield from archived.judged_between(connection, line, first, begin - 1)
    yield from _grouped(found, first, last)


def _grouped(found: Sequence[Any], first: int, last: int) -> Iterator[Judged]:
    """Stored blocks, those of one activation that follow each other put together: on a slow line each has one row."""
    if not found:
        return
    blocks = Blocks._make(zip(*found, strict=True))
    known: dict[tuple[Any, ...], int] = {}
    kinds = [known.setdefault(one, len(known)) for one in zip(blocks.charts_json, blocks.activation_id, strict=True)]
    for here in runs(np.array(kinds), np.array(blocks.first_seq), np.array(blocks.last_seq), _TOGETHER):
        yield _judged(Blocks._make(one[here] for one in blocks), first, last)


def _judged(some: Blocks, first: int, last: int) -> Judged:
    begin = some.first_seq[0]
    charts, n = tuple(json.loads(some.charts_json[0])), some.last_seq[-1] - begin + 1
    here = slice(max(first - begin, 0), min(last - begin, n - 1) + 1)
    values = np.frombuffer(b"".join(some.numbers), dtype="<f8").reshape(n, len(charts), 2)[here]
    out = np.frombuffer(b"".join(some.out), dtype=np.uint8).reshape(n, len(charts))[here] != 0
    noted = ((start, json.loads(text)) for start, text in zip(some.first_seq, some.notes_json, strict=True) if text != "{}")
    notes = {start + int(i): note for start, kept in noted for i, note in kept.items()}
    seq = np.arange(begin + here.start, begin + here.stop, dtype=np.int64)
    return Judged(seq, charts, values[:, :, 0], values[:, :, 1], out, notes, some.activation_id[0])


def append_signals(connection: Connection, line: str, signals: Sequence[tuple[Signal, str | None, Mapping[str, Any]]], now: int) -> None:
    """Stores changes of state, each with the alarm that it belongs to and its facts; reason and point are the signal's."""
    values = [
        {
            "line": line,
            "seq": one.point.row,
            "chart": one.chart,
            "kind": one.kind,
            "reason": one.reason,
            "since": one.since,
            "at": now,
            "value": _number(one.point.value),
            "ucl": _number(one.point.ucl),
            "alarm_id": alarm_id,
            "facts_json": text_of(facts),
        }
        for one, alarm_id, facts in signals
    ]
    _SIGNAL.each(connection, values)


def points_after(connection: Connection, line: str, seq: int, limit: int = 1000) -> list[Point]:
    """The points of the next `limit` judged rows after row `seq`: by row, then by chart. All charts of a row come together.

    A row that came without a time has the time at which it was received.
    """
    last, have = seq, 0
    for begin, end in _stretches_after(connection, line, seq, limit):
        begin = max(begin, seq + 1)
        if begin > end:
            continue
        last = min(end, begin + limit - have - 1)
        have += last - begin + 1
        if have >= limit:
            break
    return points_between(connection, line, seq + 1, last)


def _stretches_after(connection: Connection, line: str, seq: int, limit: int) -> Iterator[tuple[int, int]]:
    """The first and the last row of judged blocks that end after row `seq`, in order; those in the archive first."""
    if (last := archived.last_archived(connection, line)) > seq:
        yield from archived.stretches(connection, line, seq + 1, last)
    blocks = select(judged.c.first_seq, judged.c.last_seq).where(judged.c.line == line, judged.c.last_seq > seq)
    with connection.execute(blocks.order_by(judged.c.first_seq).limit(limit)) as found:
        yield from ((begin, end) for begin, end in found)


def _stretches_back(connection: Connection, line: str, limit: int) -> Iterator[tuple[int, int]]:
    """The first and the last row of judged blocks, the newest first."""
    blocks = select(judged.c.first_seq, judged.c.last_seq).where(judged.c.line == line).order_by(judged.c.first_seq.desc()).limit(limit)
    with connection.execute(blocks) as found:
        for some in found.partitions(_AT_ONCE):
            yield from ((begin, end) for begin, end in some)
    if last := archived.last_archived(connection, line):
        yield from archived.stretches(connection, line, 1, last, newest=True)


def points_between(connection: Connection, line: str, first: int, last: int) -> list[Point]:
    """The points of the rows with first <= seq <= last."""
    found = list(judged_between(connection, line, first, last)) if first <= last else []
    if not found:
        return []
    window = rows_between(connection, line, int(found[0].seq[0]), int(found[-1].seq[-1]))
    at = window.rows.at.astype("datetime64[us]").view(np.int64)
    at = np.where(at == NONE, window.received, at).view("datetime64[us]")
    start = int(window.seq[0])  # a line's rows follow each other without a gap
    made: list[Point] = []
    for one in found:
        here = slice(int(one.seq[0]) - start, int(one.seq[-1]) - start + 1)
        seq = one.seq.tolist()
        rows = seq, list(at[here]), window.rows.ids[here]
        notes = [one.notes.get(i, "") for i in seq] if one.notes else repeat("")
        order = sorted(range(len(one.charts)), key=lambda k: one.charts[k])
        charts = [
            map(Point, *rows, repeat(one.charts[k]), *(array[:, k].tolist() for array in (one.value, one.ucl, one.out)), notes)
            for k in order
        ]
        made += chain.from_iterable(zip(*charts, strict=True))
    return made


def activations_between(connection: Connection, line: str, seq: Ints) -> Ints:
    """The number of the activation under which each of some rows (n,), which are in order, was judged; 0 where none was."""
    found = np.zeros(len(seq), dtype=np.int64)
    if len(seq):
        for one in judged_between(connection, line, int(seq[0]), int(seq[-1])):
            found[np.searchsorted(seq, one.seq[0]) : np.searchsorted(seq, one.seq[-1], side="right")] = one.activation
    return found


def track_between(connection: Connection, line: str, first: int, last: int, chart: str = "t2") -> tuple[Ints, Track]:
    """One chart over the judged rows with first <= seq <= last: their numbers (n,) and its track, NaN where a row could not be judged."""
    found = [(one, one.charts.index(chart)) for one in judged_between(connection, line, first, last) if chart in one.charts]
    if not found:
        return np.empty(0, np.int64), Track(np.empty(0), np.empty(0), np.empty(0, np.bool_))
    value, ucl, out = (np.concatenate([getattr(one, name)[:, k] for one, k in found]) for name in ("value", "ucl", "out"))
    return np.concatenate([one.seq for one, _ in found]), Track(value, ucl, out)


def last_points(connection: Connection, line: str, n: int) -> list[Point]:
    """The points of the newest n judged rows, oldest first."""
    first, last, have = 1, 0, 0
    for begin, end in _stretches_back(connection, line, n):
        last = max(last, end)
        first = max(begin, end - (n - have) + 1)
        have += end - first + 1
        if have >= n:
            break
    return points_between(connection, line, first, last)


def points_since(connection: Connection, line: str, since: int, limit: int = 20_000) -> list[Point]:
    """The points of the rows received at or after a time, at most the newest `limit` rows: the wall's eight hours."""
    last = last_seq(connection, line)
    return points_between(connection, line, max(_first_since(connection, line, since, last), last - limit + 1), last)


def _first_since(connection: Connection, line: str, since: int, last: int) -> int:
    """The first row received at or after `since`, by halving: rows are numbered as they are received, so no index is needed."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        query = select(block.c.first_seq, block.c.last_seq, block.c.received_at).where(block.c.line == line, block.c.first_seq <= middle)
        found = connection.execute(query.order_by(block.c.first_seq.desc()).limit(1)).first()
        if found is None:
            low, high = (middle + 1, high) if (archived.received(connection, line, middle) or 0) < since else (low, middle)
        elif found.received_at < since:
            low = max(middle, found.last_seq) + 1
        else:
            high = found.first_seq
    return low


def rows_out(connection: Connection, line: str, first: int, last: int) -> int:
    """How many rows with first <= seq <= last have a point beyond its limit."""
    kept = archived.last_archived(connection, line)
    if kept >= first:
        rest = rows_out(connection, line, kept + 1, last) if kept < last else 0
        return archived.rows_out(connection, line, first, min(kept, last)) + rest
    within = select(func.sum(judged.c.rows_out), func.min(judged.c.first_seq), func.max(judged.c.last_seq))
    count, begin, end = connection.execute(
        within.where(judged.c.line == line, judged.c.first_seq >= first, judged.c.last_seq <= last)
    ).one()
    edges = ((first, last),) if begin is None else ((first, begin - 1), (end + 1, last))
    at_edges = sum(
        int(np.count_nonzero(one.out.any(axis=1)))
        for low, high in edges
        if low <= high
        for one in judged_between(connection, line, low, high)
    )
    return int(count or 0) + at_edges


def model_of(connection: Connection, line: str, seq: int) -> str | None:
    """The id of the model that judged a row."""
    query = overlapping(judged, select(activation.c.model_id), line, seq, seq)
    found = connection.execute(query.join(activation, activation.c.id == judged.c.activation_id).limit(1)).first()
    if found is not None:
        return None if found[0] is None else str(found[0])
    kept = archived.activation_of(connection, line, seq)
    return None if kept is None else connection.execute(select(activation.c.model_id).where(activation.c.id == kept)).scalar()


def last_back(connection: Connection, line: str, before: int) -> int:
    """The newest row before row `before` at which a chart of the line came back in; 0 when none ever did."""
    return int(_BACK.scalar(connection, {"of_line": line, "before": before}) or 0)


def signals_after(connection: Connection, line: str, seq: int = 0, limit: int = 1000) -> list[StoredSignal]:
    """The signals of a line after row `seq`, in order."""
    names = ("line", "seq", "chart", "kind", "reason", "since", "at", "value", "ucl", "alarm_id", "facts_json")
    columns = [signal.c[name] for name in names]
    query = select(*columns).where(signal.c.line == line, signal.c.seq > seq).order_by(signal.c.seq, signal.c.chart).limit(limit)
    found = connection.execute(query).mappings()
    return [StoredSignal(**{name: one[name] for name in names[:10]}, facts=json.loads(one["facts_json"])) for one in found]
