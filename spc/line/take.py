"""A line: rows come in, and in one transaction they are told apart from repeats, judged, watched, and written with all that follows.

What a line has in memory (the charts' memories, the state of the watch, the last row's number) is a copy of the ledger. It belongs to the
ledger's writing thread, and is thrown away and read again whenever a transaction did not reach the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, tzinfo
from itertools import groupby
from typing import Any, TypeVar

import numpy as np
import structlog
from sqlalchemy import Connection

from spc.ledger import Ledger, archived, gaps, leases, lines, models, scraps
from spc.ledger import alarms as book
from spc.ledger import points as dots
from spc.ledger import rows as store
from spc.ledger.clock import NONE, now_us
from spc.line import words
from spc.line.clocks import Lag
from spc.line.incidents import Desk
from spc.line.receipt import Receipt
from spc.line.seat import LATE, Judge, Seat
from spc.line.unknown import unknown_columns
from spc.nouns import Bools, Model, Rows
from spc.settings import LineSettings
from spc.sources import Batch
from spc.watch import Watch

T = TypeVar("T")

LOOK_US = 2_000_000  # a lease is looked at so often while nobody else writes: far more often than it must be renewed

_log = structlog.get_logger("spc.line")


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
        self._seat: Seat | None = None
        ledger.write(lambda connection: lines.put_line(connection, settings.name, settings.title, clock()))
        with ledger.read() as connection:
            self.heard = lines.last_received(connection, settings.name)  # when the last row came, µs; a hint for whoever asks often
            self._told = ""  # the model of which the log has been told what the settings name and it does not have
            if settings.variables or settings.advice:
                active = lines.current(connection, settings.name)
                if active is not None and active.model_id is not None:
                    self._tell(active.model_id, models.get_model(connection, active.model_id))
        self._watched_from = self._renewed = clock()
        self.lag = Lag(settings.skew_s)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def held(self) -> bool:
        """Whether this process judges the line, as far as it knows."""
        return self._seat is not None

    def take(self, rows: Rows, *, source: str = "", position: Any = None) -> Receipt:
        """Takes a block of rows. `position` is how far the source was read, kept in the same transaction.

        Raises ColumnMismatch when the rows lack a column of the active model, and LedgerError when the disk failed; nothing was taken.
        """
        return self.submit(rows, source=source, position=position).result()

    def submit(self, rows: Rows, *, source: str = "", position: Any = None, wait: bool = True) -> Future[Receipt]:
        """The same, as a future. With `wait` false it raises Refused (status 429) when too many blocks wait for the disk."""
        return self._submit(lambda connection: self._take(connection, rows, source, position), wait=wait)

    def take_batch(self, batch: Batch, *, source: str) -> Receipt:
        """Takes what a source gave: its rows, its position, its scraps and its gaps, in one transaction."""
        return self._submit(lambda connection: self._take_batch(connection, batch, source)).result()

    def _submit(self, job: Callable[[Connection], T], *, wait: bool = True) -> Future[T]:
        """A job that writes nothing that other lines have in memory, and of this line only what the seat is told."""
        return self.ledger.submit(job, undo=self._forget, wait=wait, known=True)

    def together(self, job: Callable[[Connection], T]) -> T:
        """Runs a job that calls `taken` among other things, all in one transaction, and returns its value once that is on disk."""
        return self.ledger.submit(job, undo=self._forget).result()

    async def take_async(self, rows: Rows, *, source: str = "", position: Any = None) -> Receipt:
        """The same for an event loop, which is not held up."""
        return await asyncio.wrap_future(self.submit(rows, source=source, position=position, wait=False))

    def columns(self) -> tuple[str, ...] | None:
        """The columns that a row must bring for the active model; None when none is active."""
        with self.ledger.read() as connection:
            seat = lines.current(connection, self.name)
            return None if seat is None or seat.model_id is None else models.get_model(connection, seat.model_id).columns

    def _tell(self, id: str, model: Model) -> None:
        """The log is told once per model which words of the settings are not used."""
        if id != self._told:
            for one in unknown_columns(self.settings, model):
                _log.warning("settings name an unknown column", line=self.name, text=one.text, cure=one.cure)
        self._told = id

    def hold(self) -> None:
        """Makes this process the one that judges the line; raises Refused while it is another one."""
        self._submit(lambda connection: self._sit(connection, self._clock())).result()

    def renew(self, now: int) -> None:
        """Keeps the line while nothing comes: whoever looks after it must not think that this process died."""
        seat = self._seat
        if seat is not None and not 0 <= now - self._renewed <= leases.RENEW_US // 2:  # below 0: this machine's clock was set back
            self._renewed = now
            self._submit(lambda connection: leases.keep(connection, self.name, self.ledger.owner, seat.epoch, now))

    def room(self, free: int, *, enough: bool) -> None:
        """Opens or ends the alarm "disk": the one line that is asked to tells people for all."""

        def job(connection: Connection) -> None:
            now = self._clock()
            if enough:
                self._desk.end(connection, "disk", now, "room again", "there is room again")
            else:
                said = words.no_room(self.settings, self._desk.zone, now, free)
                self._desk.stand(connection, "disk", lines.last_seq(connection, self.name), said, {"free": free}, now)

        self.ledger.submit(job)

    def look(self) -> None:
        """Opens the alarm "no data" when nothing came for too long. Cheap enough to be called every second."""
        limit, heard, now = self.settings.stale_s, self.heard, self._clock()
        if limit is None or heard is None or (self._seat is not None and self._seat.silent):
            return
        if max(heard, self._watched_from) > now:  # this machine's clock was set back: silence is counted from now on
            self.heard = self._watched_from = heard = now
        if now - max(heard, self._watched_from) > limit * 1e6:
            self._submit(self._silent)

    # ----------------------------------------------------------------------------------- below here: the writing thread only

    def _forget(self) -> None:
        self._seat = None

    def _silent(self, connection: Connection) -> None:
        now = self._clock()
        seat = self._sit(connection, now)  # which may have learnt of rows that another process took
        limit, heard = self.settings.stale_s, self.heard
        if limit is None or heard is None or seat.silent or now - max(heard, self._watched_from) <= limit * 1e6:
            return
        self._desk.silent(connection, seat.last_seq, heard, now)
        gaps.put_gap(connection, self.name, seat.last_seq, heard, None, "", "no row came")
        seat.silent = True

    def _take(self, connection: Connection, rows: Rows, source: str, position: Any) -> Receipt:
        now = self._clock()
        seat = self._sit(connection, now)
        receipt = self._block(connection, seat, rows, source, now) if len(rows) else Receipt(0)
        if position is not None:
            lines.put_position(connection, self.name, source, position, now)
        return receipt

    def _take_batch(self, connection: Connection, batch: Batch, source: str) -> Receipt:
        now = self._clock()
        last = self._sit(connection, now).last_seq
        for gap in batch.gaps:
            gaps.put_gap(connection, self.name, last, gap.since, gap.until, source, gap.why)
        if batch.clear:
            gaps.end_gap(connection, self.name, source, now)
        for scrap in batch.scraps:
            scraps.put_scrap(connection, self.name, source, now, scrap.reason, scrap.payload)
        return self._take(connection, batch.rows, source, batch.position)

    def _block(self, connection: Connection, seat: Seat, rows: Rows, source: str, now: int) -> Receipt:
        keys = store.keys_of(self.name, rows)
        times = rows.at.astype("datetime64[us]").view(np.int64)
        old = seat.archived is not None and bool(((times != NONE) & (times <= seat.archived)).any())
        fresh, conflicts = _sift(store.stored(connection, self.name, keys, rows.at if old else None), rows, keys)
        duplicates = len(rows) - len(fresh)
        if not fresh:
            return Receipt(0, duplicates, conflicts=conflicts)
        if duplicates:
            rows = rows.some(fresh)
            keys = store.keys_of(self.name, rows)
        first = seat.last_seq + 1
        newest = seat.order.newest
        rows, late = self._ordered(connection, seat, rows, source, now)
        schema_id = self._schema(connection, seat, rows.names)
        store.append_rows(connection, self.name, first, rows, keys=keys, schema_id=schema_id, source=source, now=now)
        seat.recent.add(first, rows, now)
        for judge, here in _stretches(seat, rows):
            points, judged = judge.judge(rows.part(here), first + here.start, late[here])
            dots.append_points(connection, self.name, points, judge.activation.id, now)
            if judged is not None:
                judge.watching, signals = self._watch.step(judge.watching, judged.points)
                self._desk.judge(connection, judge.activation, judged, signals, now, seat.recent)
        seat.last_seq += len(rows)
        self._heard(connection, seat, now)
        if seat.order.newest != newest:
            self._dated(seat.order.newest, source, now)
        self._moved(connection, seat, rows.some(np.flatnonzero(~late).tolist()) if late.any() else rows, now)
        for one in seat.judges.values():
            if one is not None:
                one.remember(connection, seat.last_seq)
        return Receipt(len(rows), duplicates, (), first, seat.last_seq, conflicts, int(np.count_nonzero(late)))

    def _ordered(self, connection: Connection, seat: Seat, rows: Rows, source: str, now: int) -> tuple[Rows, Bools]:
        """The rows with those that come late marked as such, and which these are; a clock that was set back is written down."""
        before = seat.order.newest
        late = seat.order.late(rows.at.astype("datetime64[us]").view(np.int64), now)
        if seat.order.went_back:
            why = f"the clock of the rows went back by {seat.order.went_back / 1e6:g} s"
            gaps.put_gap(connection, self.name, seat.last_seq, before, now, source, why)
            _log.warning("clock went back", line=self.name, source=source, seconds=seat.order.went_back / 1e6)
        quality = rows.quality or ("good",) * len(rows)
        if LATE in quality:
            late = late | np.array([one == LATE for one in quality])
        if not late.any():
            return rows, late
        marked = (LATE if is_late and one in ("good", "uncertain") else one for one, is_late in zip(quality, late.tolist(), strict=True))
        return replace(rows, quality=tuple(marked)), late

    def _dated(self, newest: int, source: str, now: int) -> None:
        """Compares the times of rows with ours; the log is told once when they are far apart, and once when they are not any more."""
        said = self.lag.look(newest, now)
        if said == "off":
            _log.warning("the clock of a source is off", line=self.name, source=source, seconds=self.lag.off_s)
        elif said:
            _log.info("the clock of a source is right again", line=self.name, source=source)

    def _moved(self, connection: Connection, seat: Seat, rows: Rows, now: int) -> None:
        """Looks for columns whose value does not move; an alarm says so once, and once more when all of them move."""
        before = seat.stuck.columns
        seat.stuck.step(rows.picked(seat.stuck.names))
        if (after := seat.stuck.columns) != before:
            place = {name: j for j, name in enumerate(seat.stuck.names)}
            shown = {name: (float(seat.stuck.last[place[name]]), int(seat.stuck.run[place[name]])) for name in after}
            self._desk.stuck(connection, seat.last_seq, shown, now)

    def taken(self, connection: Connection, rows: Rows, source: str) -> Receipt:
        """Rows that are taken as part of a job of the ledger's writing thread."""
        return self._take(connection, rows, source, None)

    def _sit(self, connection: Connection, now: int) -> Seat:
        """The line's memory, read again when it was thrown away, when another model was activated, or when another process had the line.

        As long as nobody but lines has written (`Ledger.news`), and the lease has long to go, there is nothing to look at.
        """
        seat, news = self._seat, self.ledger.news
        if seat is not None and seat.news == news and 0 <= now - seat.looked < LOOK_US:
            return seat
        epoch = leases.hold(connection, self.name, self.ledger.owner, seat.epoch if seat is not None else 0, now)
        if seat is not None and seat.epoch == epoch:
            seat.looked = now
            if seat.news == news or self._same(connection, seat):
                seat.news = news
                return seat
        self._seat = seat = self._new_seat(connection, epoch, now)
        self.ledger.news += 1  # whoever else had the line in this process learns of it
        seat.news, seat.looked = self.ledger.news, now
        return seat

    def _same(self, connection: Connection, seat: Seat) -> bool:
        """Whether the models in force are still the same; what else may have been written is taken up."""
        force = lines.in_force(connection, self.name)
        if seat.force != tuple(sorted(one.id for one in force.values())):
            return False
        for judge in seat.judges.values():
            if judge is not None and judge.monitor.remembers:
                judge.resume(connection)  # a person may have had the charts begin anew
        seat.archived = archived.newest_time(connection, self.name)
        return True

    def _new_seat(self, connection: Connection, epoch: int, now: int) -> Seat:
        force = lines.in_force(connection, self.name)
        seat = Seat.of(connection, self.name, epoch, self._watch, self.settings.late_us, self.settings.stuck_rows)
        seat.archived = archived.newest_time(connection, self.name)
        silence = book.open_alarm(connection, self.name, "no data")
        seat.silent = silence is not None and silence.active
        self.heard = lines.last_received(connection, self.name)
        self._other_model(connection, force, now)
        for judge in seat.judges.values():
            if judge is not None:
                self._tell(judge.activation.model_id or "", judge.model)
        return seat

    def _other_model(self, connection: Connection, force: Mapping[str, lines.Activation], now: int) -> None:
        """An alarm that an earlier model raised cannot be ended by the new one's points: it ends here, in words."""
        alarm = book.open_alarm(connection, self.name, "process")
        if alarm is None or not alarm.active or not force or alarm.facts.get("activation") in {one.id for one in force.values()}:
            return
        by = max(force.values(), key=lambda one: one.id).by
        self._desk.end(connection, "process", now, "another model", f"another model was activated by {by}")

    def _schema(self, connection: Connection, seat: Seat, names: tuple[str, ...]) -> int:
        if names not in seat.schemas:
            seat.schemas[names] = store.schema_of(connection, names)
        return seat.schemas[names]

    def _heard(self, connection: Connection, seat: Seat, now: int) -> None:
        self.heard = now
        if seat.silent:
            self._desk.end(connection, "no data", now, "data again", "rows come again")
            gaps.end_gap(connection, self.name, "", now)
            seat.silent = False


def _stretches(seat: Seat, rows: Rows) -> Iterator[tuple[Judge, slice]]:
    """The rows that follow each other and have the same judge; rows that nobody judges are left out."""
    n = len(rows)
    if not rows.product or set(seat.judges) <= {""}:
        judge = seat.judge_of("")
        if judge is not None:
            yield judge, slice(0, n)
        return
    start = 0
    for judge, same in groupby(map(seat.judge_of, rows.product)):
        end = start + sum(1 for _ in same)
        if judge is not None:
            yield judge, slice(start, end)
        start = end


def _sift(known: dict[str, tuple[int, bytes, tuple[str, ...]]], rows: Rows, keys: store.Keys) -> tuple[list[int], tuple[int, ...]]:
    """The rows that are new, and (from 1) those that are here already with other values."""
    if not known and keys.distinct:
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
