"""What a line knows between blocks: a copy of the ledger, which belongs to the ledger's writing thread."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection

from spc.charts import charts_of
from spc.ledger import lines, models
from spc.ledger import rows as store
from spc.line.order import Order
from spc.line.recent import Recent
from spc.line.stuck import Stuck
from spc.line.words import Judged
from spc.nouns import Bools, Ints, Model, Points, Rows, Track
from spc.phase2 import KEPT, Monitor, cause_of
from spc.watch import Watch

LATE = "late"


@dataclass(eq=False)
class Judge:
    """A model in force on a line, with the memories of its charts and of the watch."""

    activation: lines.Activation
    model: Model
    monitor: Monitor
    watching: dict[str, Any]
    written: str = ""

    @classmethod
    def of(cls, connection: Connection, active: lines.Activation, model: Model, watch: Watch, last_seq: int, alone: bool) -> Judge:
        """As the ledger has it."""
        judge = cls(active, model, Monitor(model), watch.start())
        judge.rows_before(connection, last_seq, alone)
        judge.resume(connection)
        return judge

    def rows_before(self, connection: Connection, last_seq: int, alone: bool) -> None:
        """A model that looks at the rows before a row begins with those that the line has; one whose charts do, with those it judged."""
        own = min(KEPT, last_seq - self.activation.after_seq) if self.monitor.remembers else 0
        back = max(own, self.model.dynamics.depth if self.model.dynamics is not None else 0)
        if back <= 0:
            return
        rows = store.rows_between(connection, self.activation.line, last_seq - back + 1, last_seq).rows
        mine = [i for i in range(len(rows)) if alone or (rows.product[i] if rows.product else "") == self.activation.product]
        if set(self.model.inputs) <= set(rows.names):
            self.monitor.follow(rows.some(mine))

    def resume(self, connection: Connection) -> None:
        """Takes up the memory that the ledger has: a person may have had the charts begin anew."""
        text = lines.memory_text(connection, self.activation.line, self.activation.id)
        if text is not None and text != self.written:
            kept = json.loads(text)
            self.monitor.restore(kept["monitor"])
            self.watching, self.written = kept["watch"], text

    def remember(self, connection: Connection, last_seq: int) -> None:
        """Writes the memories down, when they changed."""
        text = _text({"monitor": self.monitor.memory(), "watch": self.watching})
        if text != self.written:
            lines.put_memory(connection, self.activation.line, self.activation.id, last_seq, text)
            self.written = text

    def judge(self, rows: Rows, first: int, late: Bools) -> tuple[Points, Judged | None]:
        """The points of rows that follow each other, and the judgement of those that came in time; None when none did."""
        believed = rows if rows.codes is None and rows.believed is rows.x else replace(rows, x=rows.believed, codes=None)
        if not late.any():
            judged = self._in_time(believed, first, np.arange(first, first + len(rows)))
            return judged.points, judged
        on, off = np.flatnonzero(~late), np.flatnonzero(late)
        apart = self._apart(believed.some(off.tolist()), first)
        if not on.size:
            return _merged(first, rows, ((off, apart),)), None
        judged = self._in_time(believed.some(on.tolist()), first, first + on)
        return _merged(first, rows, ((on, judged.points), (off, apart))), judged

    def _in_time(self, rows: Rows, first: int, numbers: Any) -> Judged:
        monitor = self.monitor
        points = monitor.judge(rows, first)
        points = replace(points, rows=numbers, notes=_with_qualities(points.notes, rows))
        x, closed = monitor.charted, monitor.closed
        if closed:
            x = x.copy()
            for at, one in closed:
                x[at] = one.mean
        sizes = {at: one.k for at, one in closed if one.k}
        return Judged(self.model, points, x, sizes, lambda i, chart: cause_of(monitor, rows, points, i, chart))

    def _apart(self, rows: Rows, first: int) -> Points:
        """Rows that came late: on charts without a memory as ever, on the others not at all, so that these never go back in time."""
        charts = charts_of(self.model.recipe.get("charts", {}), self.model.new_limits)
        plain = {name: chart for name, chart in charts.items() if not chart.start(self.model.p)}
        n = len(rows)
        if plain and self.model.dynamics is None and self.model.subgroup is None:
            points = Monitor(self.model, plain).judge(rows, first)
            tracks, notes = dict(points.tracks), _with_qualities(points.notes, rows)
        else:
            tracks, notes = {}, ("",) * n
        missing = Track(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.bool_))
        names = (*self.model.new_limits, *(("guard",) if self.model.guards else ()))
        notes = tuple(f"{LATE}; {note}" if note else LATE for note in notes)
        return Points(np.arange(n), rows.at, rows.ids, {name: tracks.get(name, missing) for name in names}, notes)


def _text(memory: dict[str, Any]) -> str:
    """A memory as JSON, every number to its last bit; raises ValueError when one is not finite."""
    try:
        text = msgspec.json.encode(memory).decode()
    except TypeError:  # a number of another kind than Python's own
        text = "null"
    return text if "null" not in text else json.dumps(memory, allow_nan=False)  # which is what it makes of NaN


def _with_qualities(notes: tuple[str, ...], rows: Rows) -> tuple[str, ...]:
    """The notes, where a row was not judged because of its quality."""
    unfit = set(rows.unfit)
    return tuple(f"not judged: quality {rows.quality[i]}" if i in unfit else note for i, note in enumerate(notes)) if unfit else notes


def _merged(first: int, rows: Rows, parts: Sequence[tuple[Ints, Points]]) -> Points:
    """The points of all rows, of parts that are given with their positions."""
    n = len(rows)
    names = tuple(dict.fromkeys(name for _, points in parts for name in points.tracks))
    notes = [""] * n
    tracks = {name: Track(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.bool_)) for name in names}
    for at, points in parts:
        for name, track in points.tracks.items():
            tracks[name].value[at], tracks[name].ucl[at], tracks[name].out[at] = track.value, track.ucl, track.out
        for i, note in zip(at.tolist(), points.notes, strict=True):
            notes[i] = note
    return Points(np.arange(first, first + n, dtype=np.int64), rows.at, rows.ids, tracks, tuple(notes))


@dataclass(eq=False)
class Seat:
    """The line's last row, who judges which product ("" is for all that have no model of their own), and what runs along its rows."""

    epoch: int
    last_seq: int
    judges: Mapping[str, Judge | None]  # none: switched off
    force: tuple[int, ...]  # the activations in force
    order: Order
    stuck: Stuck
    news: int = -1  # of the ledger, when this was last compared with it
    looked: int = 0  # when the lease was last looked at
    archived: int | None = None  # the newest time of a row that is in the archive
    silent: bool = False
    schemas: dict[tuple[str, ...], int] = field(default_factory=dict)
    recent: Recent = field(default_factory=Recent)

    @classmethod
    def of(cls, connection: Connection, name: str, epoch: int, watch: Watch, late_us: int, stuck_after: int) -> Seat:
        """As the ledger has it."""
        last, force = lines.last_seq(connection, name), lines.in_force(connection, name)
        ids = tuple(sorted(one.id for one in force.values()))
        lines.forget(connection, name, but=ids)
        judges: dict[str, Judge | None] = dict.fromkeys(force)
        for product, active in force.items():
            if active.model_id is not None:
                model = models.get_model(connection, active.model_id)
                judges[product] = Judge.of(connection, active, model, watch, last, len(force) == 1)
        columns = tuple(dict.fromkeys(name for judge in judges.values() if judge is not None for name in judge.model.inputs))
        stuck = Stuck(columns, stuck_after)
        if stuck_after and columns:
            stuck.step(store.rows_between(connection, name, last - stuck_after + 1, last).rows.picked(columns))
        return cls(epoch, last, judges, ids, Order(store.newest(connection, name), late_us), stuck)

    def judge_of(self, product: str) -> Judge | None:
        """Who judges a row of this product; None when nobody does."""
        return self.judges[product] if product in self.judges else self.judges.get("")
