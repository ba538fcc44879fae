"""The proof of a line's points: its stored rows go through its stored models once more, as the line did, and every number is compared."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from spc.charts.believed import LARGEST
from spc.errors import BadModel
from spc.ledger import Ledger, events, lines, models, points
from spc.ledger import rows as store
from spc.ledger.windows import Judged, Window
from spc.line.seat import LATE, Judge
from spc.nouns import Bools, Floats, Ints, Model, Points, Rows
from spc.phase2 import Monitor

CHUNK: Final = 8192  # rows judged at a time; a point does not depend on where a block begins
MOST: Final = 10  # differences that are told; all are counted

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that is not what the model gives: `what` is "value", "limit", "out", "not judged", "judged" or "memory"."""

    row: int
    chart: str
    what: str
    stored: float | str | None
    found: float | str | None


@dataclass(slots=True)
class Reproduced:
    """What came of a line: rows and points that were compared, how many numbers differ, by how much at most (relative), the first ones."""

    line: str
    first: int = 1
    rows: int = 0
    points: int = 0
    differing: int = 0
    worst: float = 0.0
    differences: list[Difference] = field(default_factory=list)

    def note(self, row: int, chart: str, what: str, stored: float | str | None, found: float | str | None) -> None:
        self.differing += 1
        if len(self.differences) < MOST:
            self.differences.append(Difference(row, chart, what, stored, found))


@dataclass(eq=False)
class _Past:
    """What is known of a line at the moment of the proof."""

    name: str
    last: int
    activations: list[lines.Activation]
    anew: list[int]  # the rows after which its charts began anew
    memories: Mapping[int, Any]
    models: dict[str, Model]


def reproduce(ledger: Ledger, line: str, since: int | None = None, tell: Tell = lambda _: None) -> Reproduced:
    """Judges a line's rows again and compares; with `since` (a row's time, µs) those from then on, as far as no memory goes further back.

    Rows that come in meanwhile are left out. Raises NotFound, BadModel (a stored model was altered), LedgerError (a damaged archive).
    """
    with ledger.read() as connection:
        lines.need_line(connection, line)
        past = _past(connection, line)
        begin = 1 if since is None else _begin(past, store.span(connection, line, since, None)[0])
    found = Reproduced(line, begin)
    judges: dict[int, Judge] = {}
    for first, last in _stretches(past, begin):
        with ledger.read() as connection:
            force = _sit(connection, past, judges, first)
            window = store.rows_between(connection, line, first, last)
            there = list(points.judged_between(connection, line, first, last))
        _compare(found, window, there, force, judges)
        found.rows += len(window)
        tell(last - begin + 1)
    _memories(found, past, judges, begin)
    return found


def size(ledger: Ledger, line: str) -> int:
    """How many rows a line has."""
    with ledger.read() as connection:
        return lines.last_seq(connection, line)


def _past(connection: Connection, line: str) -> _Past:
    made = lines.activations(connection, line)
    kept = {one.id: lines.get_memory(connection, line, one.id) for one in lines.in_force(connection, line).values()}
    found = {id: models.get_model(connection, id) for id in {one.model_id for one in made if one.model_id is not None}}
    for id, model in found.items():
        if models.model_record(connection, id).digest != model.digest:
            raise BadModel(f"The model {id} in the ledger is not the one that was stored.", cure="Restore a backup.")
    return _Past(line, lines.last_seq(connection, line), made, events.all_begun_anew(connection, line), kept, found)


def _begin(past: _Past, row: int) -> int:
    """The row from which the line must be judged so that what it remembered at `row` is right."""
    force = _force(past, row)
    back = [one.after_seq + 1 for one in force.values() if one.model_id is not None and _looks_back(past.models[one.model_id])]
    return max(1, min([row, *back]))


def _looks_back(model: Model) -> bool:
    return Monitor(model).remembers or model.subgroup is not None or model.dynamics is not None


def _force(past: _Past, row: int) -> dict[str, lines.Activation]:
    """The activations in force for a row, by product."""
    return {one.product: one for one in past.activations if one.after_seq < row}


def _stretches(past: _Past, begin: int) -> Iterator[tuple[int, int]]:
    """Rows that are judged together: no other model and no new beginning of the charts between them."""
    cuts = sorted({one.after_seq + 1 for one in past.activations} | {after + 1 for after in past.anew} | {past.last + 1})
    first = begin
    for cut in (one for one in cuts if begin < one <= past.last + 1):
        while first < cut:
            last = min(first + CHUNK, cut) - 1
            yield first, last
            first = last + 1


def _sit(connection: Connection, past: _Past, judges: dict[int, Judge], first: int) -> dict[str, Judge | None]:
    """Who judges which product from row `first` on, with what they remember by then."""
    force = _force(past, first)
    for one in force.values():
        if one.model_id is not None and one.id not in judges:
            judge = Judge(one, past.models[one.model_id], Monitor(past.models[one.model_id]), {})
            judge.rows_before(connection, first - 1, len(force) == 1)
            judges[one.id] = judge
    if first - 1 in past.anew:
        _anew(judges[one.id] for one in force.values() if one.id in judges and one.after_seq < first - 1)
    return {product: judges.get(one.id) for product, one in force.items()}


def _anew(judges: Iterator[Judge]) -> None:
    for judge in judges:
        if judge.monitor.remembers:
            judge.monitor.restore(_plain(judge.monitor.anew(judge.monitor.memory())))


def _plain(memory: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(memory, allow_nan=False))


def _compare(
    found: Reproduced, window: Window, there: Sequence[Judged], force: Mapping[str, Judge | None], judges: Mapping[int, Judge]
) -> None:
    """Judges some rows and compares with what is stored of them."""
    if not len(window):
        return
    late = _late(window.rows, there, int(window.seq[0]))
    known = np.zeros(len(window), dtype=np.int64)  # the activation under which each row should have been judged
    made: dict[int, tuple[Points, Ints]] = {}
    for judge, at in _shares(window.rows, force):
        rows = window.rows if len(at) == len(window) else window.rows.some(at.tolist())
        judged, _ = judge.judge(rows, int(window.seq[0]), late[at])
        known[at] = judge.activation.id
        places = np.full(len(window), -1)
        places[at] = np.arange(len(at))
        made[judge.activation.id] = judged, places
    for one in there:
        _points(found, one, made, int(window.seq[0]), known)
        known[one.seq - window.seq[0]] = 0
    for i in np.flatnonzero(known).tolist():
        found.note(int(window.seq[i]), "", "not judged", None, f"by activation {known[i]}")


def _late(rows: Rows, there: Sequence[Judged], first: int) -> Bools:
    """Which rows came late: their quality says so, or, where that says worse, the note at their point."""
    late = np.array([one == LATE for one in rows.quality] or np.zeros(len(rows)), dtype=np.bool_)
    if rows.quality:
        for one in there:
            for row, note in one.notes.items():
                if 0 <= row - first < len(rows) and (note == LATE or note.startswith(f"{LATE};")):
                    late[row - first] = True
    return late


def _shares(rows: Rows, force: Mapping[str, Judge | None]) -> Iterator[tuple[Judge, Ints]]:
    """Each judge and the positions of its rows."""
    everyone = np.arange(len(rows))
    if not rows.product or set(force) <= {""}:
        if (judge := force.get("")) is not None:
            yield judge, everyone
        return
    labels = np.array([one if one in force else "" for one in rows.product])
    for product, judge in force.items():
        at = np.flatnonzero(labels == product)
        if judge is not None and at.size:
            yield judge, at


def _points(found: Reproduced, one: Judged, made: Mapping[int, tuple[Points, Ints]], first: int, known: Ints) -> None:
    """Compares what is stored of some rows that were judged together."""
    here = one.seq - first
    if one.activation not in made or (known[here] != one.activation).any():
        wrong = here[np.flatnonzero(known[here] != one.activation)[0]]
        by = f"by activation {known[wrong]}" if known[wrong] else None
        found.note(first + int(wrong), "", "judged", f"by activation {one.activation}", by)
        return
    judged, places = made[one.activation]
    at = places[here]
    for k, chart in enumerate(one.charts):
        track = judged.tracks.get(chart)
        if track is None:
            found.note(int(one.seq[0]), chart, "judged", "on this chart", None)
            continue
        for what, stored, again in (("value", one.value[:, k], track.value[at]), ("limit", one.ucl[:, k], track.ucl[at])):
            _numbers(found, one.seq, chart, what, stored, again)
        for i in np.flatnonzero(one.out[:, k] != track.out[at]).tolist():
            found.note(int(one.seq[i]), chart, "out", str(bool(one.out[i, k])), str(bool(track.out[at[i]])))
        found.points += len(one)
    for chart in set(judged.tracks) - set(one.charts):
        found.note(int(one.seq[0]), chart, "not judged", None, "on this chart")


def _numbers(found: Reproduced, seq: Ints, chart: str, what: str, stored: Floats, again: Floats) -> None:
    stored = np.minimum(stored, LARGEST)  # an infinite one is of a version that knew no largest statistic
    stored, again = np.ascontiguousarray(stored), np.ascontiguousarray(again)
    differ = (stored.view(np.int64) != again.view(np.int64)) & ~(np.isnan(stored) & np.isnan(again))
    for i in np.flatnonzero(differ).tolist():
        a, b = float(stored[i]), float(again[i])
        found.note(int(seq[i]), chart, what, _shown(a), _shown(b))
        apart = abs(a - b) / max(abs(a), abs(b)) if math.isfinite(a) and math.isfinite(b) and a != b else math.inf
        found.worst = max(found.worst, 0.0 if a == b else apart)


def _shown(value: float) -> float | str:
    """A number as JSON can hold it."""
    return value if math.isfinite(value) else str(value)


def _memories(found: Reproduced, past: _Past, judges: dict[int, Judge], begin: int) -> None:
    """What the charts remember after the last row must be what the ledger kept."""
    force = _force(past, past.last + 1)
    if past.last in past.anew:
        _anew(judges[one.id] for one in force.values() if one.id in judges and one.after_seq < past.last)
    for one in force.values():
        judge = judges.get(one.id)
        if judge is None or (_looks_back(judge.model) and begin > one.after_seq + 1):
            continue
        kept = past.memories.get(one.id)
        memory = _plain(judge.monitor.memory())
        if kept is None or kept["monitor"] != memory:
            stored = None if kept is None else json.dumps(kept["monitor"])[:200]
            found.note(past.last, "", "memory", stored, json.dumps(memory)[:200])
