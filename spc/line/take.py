"""A line: rows come in, and in one transaction they are told apart from repeats, judged, watched, and written with all that follows.

What a line has in memory (the charts' memories, the state of the watch, the last row's number) is a copy of the ledger. It belongs to the
ledger's writing thread, and is thrown away and read again whenever a transaction did not reach the disk.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any

import structlog
from sqlalchemy import Connection

from spc.ledger import Ledger, gaps, lines, models, scraps
from spc.ledger import alarms as book
from spc.ledger import points as dots
from spc.ledger import rows as store
from spc.ledger.clock import now_us
from spc.line.incidents import Desk
from spc.line.receipt import Receipt
from spc.line.unknown import unknown_columns
from spc.line.words import Judged
from spc.nouns import Model, Rows
from spc.phase2 import KEPT, Monitor, cause_of
from spc.settings import LineSettings
from spc.sources import Batch
from spc.watch import Watch

_log = structlog.get_logger("spc.line")


@dataclass(eq=False)
class _Seat:
    """What is known between blocks. `model` is None when nothing was activated: rows are then kept and not judged."""

    last_seq: int
    activation: lines.Activation | None
    model: Model | None = None
    monitor: Monitor | None = None
    watching: dict[str, Any] = field(default_factory=dict)
    written: str = ""
    silent: bool = False
    schemas: dict[tuple[str, ...], int] = field(default_factory=dict)


class Line:
    """One production line on a ledger. `take` may be called from any thread; it returns when the rows are on disk."""

    def __init__(
        self,
        ledger: Ledger,
        settings: LineSettings,
        *,
        clock: Callable[[], int] = now_us,
        zone: tzinfo = UTC,
        url: str = "",
        notifiers: Sequence[str] = (),
    ) -> None:
        self.ledger, self.settings = ledger, settings
        self._clock = clock
        self._desk = Desk(settings, tuple(notifiers), url, zone)
        self._watch = Watch(settings.watch.k, settings.watch.n, settings.watch.back)
        self._seat: _Seat | None = None
        ledger.write(lambda connection: lines.put_line(connection, settings.name, settings.title, clock()))
        with ledger.read() as connection:
            self.heard = lines.last_received(connection, settings.name)  # when the last row came, µs; a hint for whoever asks often
            self._told = ""  # the model of which the log has been told what the settings name and it does not have
            if settings.variables or settings.advice:
                active = lines.current(connection, settings.name)
                if active is not None and active.model_id is not None:
                    self._tell(active.model_id, models.get_model(connection, active.model_id))
        self._watched_from = clock()

    @property
    def name(self) -> str:
        return self.settings.name

    def take(self, rows: Rows, *, source: str = "", position: Any = None) -> Receipt:
        """Takes a block of rows. `position` is how far the source was read, kept in the same transaction.

        Raises ColumnMismatch when the rows lack a column of the active model, and LedgerError when the disk failed; nothing was taken.
        """
        return self.submit(rows, source=source, position=position).result()

    def submit(self, rows: Rows, *, source: str = "", position: Any = None, wait: bool = True) -> Future[Receipt]:
        """The same, as a future. With `wait` false it raises Refused (status 429) when too many blocks wait for the disk."""
        return self.ledger.submit(lambda connection: self._take(connection, rows, source, position), undo=self._forget, wait=wait)

    def take_batch(self, batch: Batch, *, source: str) -> Receipt:
        """Takes what a source gave: its rows, its position, its scraps and its gaps, in one transaction."""
        return self.ledger.submit(lambda connection: self._take_batch(connection, batch, source), undo=self._forget).result()

    async def take_async(self, rows: Rows, *, source: str = "", position: Any = None) -> Receipt:
        """The same for an event loop, which is not held up."""
        return await asyncio.wrap_future(self.submit(rows, source=source, position=position, wait=False))

    def columns(self) -> tuple[str, ...] | None:
        """The columns that a row must bring for the active model; None when none is active."""
        with self.ledger.read() as connection:
            seat = lines.current(connection, self.name)
            return None if seat is None or seat.model_id is None else models.get_model(connection, seat.model_id).columns

    def look(self) -> None:
        """Opens the alarm "no data" when nothing came for too long. Cheap enough to be called every second."""
        limit, heard = self.settings.stale_s, self.heard
        if limit is None or heard is None or (self._seat is not None and self._seat.silent):
            return
        if self._clock() - max(heard, self._watched_from) > limit * 1e6:
            self.ledger.submit(self._silent, undo=self._forget)

    # ----------------------------------------------------------------------------------- below here: the writing thread only

    def _forget(self) -> None:
        self._seat = None

    def _silent(self, connection: Connection) -> None:
        now, heard = self._clock(), self.heard
        limit = self.settings.stale_s
        if limit is None or heard is None or now - max(heard, self._watched_from) <= limit * 1e6:
            return
        seat = self._sit(connection, now)
        self._desk.silent(connection, seat.last_seq, heard, now)
        seat.silent = True

    def _take(self, connection: Connection, rows: Rows, source: str, position: Any) -> Receipt:
        now = self._clock()
        receipt = self._block(connection, self._sit(connection, now), rows, source, now) if len(rows) else Receipt(0)
        if position is not None:
            lines.put_position(connection, self.name, source, position, now)
        return receipt

    def _take_batch(self, connection: Connection, batch: Batch, source: str) -> Receipt:
        now = self._clock()
        last = lines.last_seq(connection, self.name) if batch.gaps else 0
        for gap in batch.gaps:
            gaps.put_gap(connection, self.name, last, gap.since, gap.until, source, gap.why)
        if batch.clear:
            gaps.end_gap(connection, self.name, source, now)
        for scrap in batch.scraps:
            scraps.put_scrap(connection, self.name, source, now, scrap.reason, scrap.payload)
        return self._take(connection, batch.rows, source, batch.position)

    def _block(self, connection: Connection, seat: _Seat, rows: Rows, source: str, now: int) -> Receipt:
        keys = store.keys_of(self.name, rows)
        schema_id = self._schema(connection, seat, rows.names)
        fresh, conflicts = _sift(store.stored(connection, self.name, keys), rows, keys)
        duplicates = len(rows) - len(fresh)
        if not fresh:
            return Receipt(0, duplicates, conflicts=conflicts)
        if duplicates:
            rows, keys = rows.some(fresh), [keys[i] for i in fresh]
        first = seat.last_seq + 1
        judged = self._judged(seat, rows, first)
        store.append_rows(connection, self.name, first, rows, keys=keys, schema_id=schema_id, source=source, now=now)
        if judged is not None:
            self._watched(connection, seat, judged, now)
        seat.last_seq += len(rows)
        self._heard(connection, seat, now)
        self._remember(connection, seat)
        return Receipt(len(rows), duplicates, (), first, seat.last_seq, conflicts)

    def _sit(self, connection: Connection, now: int) -> _Seat:
        """The line's memory, read again when it was thrown away or when another model was activated."""
        active = lines.current(connection, self.name)
        seat = self._seat
        if seat is not None and (seat.activation.id if seat.activation else 0) == (active.id if active else 0):
            if seat.monitor is not None and seat.monitor.remembers and active is not None:
                self._resume(connection, seat, active)  # a person may have had the charts begin anew
            return seat
        silence = book.open_alarm(connection, self.name, "no data")
        seat = _Seat(lines.last_seq(connection, self.name), active, silent=silence is not None and silence.active)
        self._other_model(connection, active, now)
        if active is not None and active.model_id is not None:
            seat.model = models.get_model(connection, active.model_id)
            seat.monitor = Monitor(seat.model)
            self._tell(active.model_id, seat.model)
            self._rows_before(connection, seat)
            seat.watching = self._watch.start()
            self._resume(connection, seat, active)
        self._seat = seat
        return seat

    def _tell(self, id: str, model: Model) -> None:
        """The log is told once per model which words of the settings are not used."""
        if id != self._told:
            for one in unknown_columns(self.settings, model):
                _log.warning("settings name an unknown column", line=self.name, text=one.text, cure=one.cure)
        self._told = id

    def _rows_before(self, connection: Connection, seat: _Seat) -> None:
        """A model that looks at the rows before a row begins with those that the line has; one whose charts do, with those it judged."""
        if seat.monitor is None or seat.model is None or seat.activation is None:
            return
        own = min(KEPT, seat.last_seq - seat.activation.after_seq) if seat.monitor.remembers else 0
        back = max(own, seat.model.dynamics.depth if seat.model.dynamics is not None else 0)
        if back <= 0:
            return
        rows = store.rows_between(connection, self.name, seat.last_seq - back + 1, seat.last_seq).rows
        if set(seat.model.inputs) <= set(rows.names):
            seat.monitor.follow(rows)

    def _resume(self, connection: Connection, seat: _Seat, active: lines.Activation) -> None:
        """The memory as the ledger has it."""
        kept = lines.get_memory(connection, self.name, active.id)
        if kept is None or seat.monitor is None:
            return
        text = json.dumps(kept, allow_nan=False)
        if text != seat.written:
            seat.monitor.restore(kept["monitor"])
            seat.watching, seat.written = kept["watch"], text

    def _other_model(self, connection: Connection, active: lines.Activation | None, now: int) -> None:
        """An alarm that an earlier model raised cannot be ended by the new one's points: it ends here, in words."""
        alarm = book.open_alarm(connection, self.name, "process")
        if alarm is not None and alarm.active and active is not None and alarm.facts.get("activation") != active.id:
            self._desk.end(connection, "process", now, "another model", f"another model was activated by {active.by}")

    def _schema(self, connection: Connection, seat: _Seat, names: tuple[str, ...]) -> int:
        if names not in seat.schemas:
            seat.schemas[names] = store.schema_of(connection, names)
        return seat.schemas[names]

    def _judged(self, seat: _Seat, rows: Rows, first: int) -> Judged | None:
        if seat.monitor is None or seat.model is None:
            return None
        unfit = rows.unfit
        rows = replace(rows, x=rows.believed, codes=None)
        points = seat.monitor.judge(rows, first)
        if unfit:
            notes = list(points.notes)
            for i in unfit:
                notes[i] = f"not judged: quality {rows.quality[i]}"
            points = replace(points, notes=tuple(notes))
        x, closed = seat.monitor.charted, seat.monitor.closed
        if closed:
            x = x.copy()
            for at, one in closed:
                x[at] = one.mean
        monitor = seat.monitor
        sizes = {at: one.k for at, one in closed if one.k}
        return Judged(seat.model, points, x, sizes, lambda i, chart: cause_of(monitor, rows, points, i, chart))

    def _watched(self, connection: Connection, seat: _Seat, judged: Judged, now: int) -> None:
        if seat.activation is None:
            return
        dots.append_points(connection, self.name, judged.points, seat.activation.id, now)
        seat.watching, signals = self._watch.step(seat.watching, judged.points)
        self._desk.judge(connection, seat.activation, judged, signals, now)

    def _heard(self, connection: Connection, seat: _Seat, now: int) -> None:
        self.heard = now
        if seat.silent:
            self._desk.end(connection, "no data", now, "data again", "rows come again")
            seat.silent = False

    def _remember(self, connection: Connection, seat: _Seat) -> None:
        if seat.monitor is None or seat.activation is None:
            return
        text = json.dumps({"monitor": seat.monitor.memory(), "watch": seat.watching}, allow_nan=False)
        if text != seat.written:
            lines.put_memory(connection, self.name, seat.activation.id, seat.last_seq, text)
            seat.written = text


def _sift(
    known: dict[str, tuple[int, bytes, tuple[str, ...]]], rows: Rows, keys: Sequence[str | None]
) -> tuple[list[int], tuple[int, ...]]:
    """The rows that are new, and (from 1) those that are here already with other values."""
    if not known and len(set(keys)) == len(keys) and None not in keys:
        return list(range(len(rows))), ()
    fresh: list[int] = []
    conflicts: list[int] = []
    values = store.blobs(rows)
    for i, key in enumerate(keys):
        if key is None or key not in known:
            fresh.append(i)
            if key is not None:
                known[key] = (0, values[i], rows.names)
        elif known[key][1:] != (values[i], rows.names):
            conflicts.append(i + 1)
    return fresh, tuple(conflicts)
