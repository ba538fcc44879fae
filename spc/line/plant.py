"""The plant: all lines on one ledger, a thread for each source, a bell for each notifier, and one that looks around every second."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection

from spc import alarms
from spc.errors import ColumnMismatch, NotFound, Refused
from spc.ledger import Ledger, jobs, leases, lines, outbox
from spc.ledger import alarms as book
from spc.ledger.clock import now_us
from spc.line import demo, keeping
from spc.line.again import take_asked
from spc.line.bell import ring
from spc.line.clocks import Steady
from spc.line.disk import MB, Disk, Room
from spc.line.incidents import Desk
from spc.line.receipt import Receipt
from spc.line.sources import SourceState, States, Tally
from spc.line.take import Line
from spc.line.verbs import add_line
from spc.notify import Notifier
from spc.settings import LineSettings, Settings
from spc.sources import Batch, Source
from spc.sources import build as build_source
from spc.sources.batch import NO_ROWS

LOOK_S = 1.0
DISK_S = 5.0
RING_S = 0.5
PATIENCE_S = 5.0  # for a thread that was asked to stop
SWITCH_S = 0.0005  # a thread that computes lets others go on after so long; Python's own 5 ms would hold up each of the ledger's statements
FIRST_S, LONGEST_S = 0.5, 30.0  # a lost source is asked again after 0.5 s, then twice as long, up to half a minute

_log = structlog.get_logger("spc.plant")


class Plant:
    """Everything that runs besides the web server. `start` returns at once; `stop` ends every thread and waits for it.

    Its lines are those of the settings, then those that only the ledger knows: made by `add_line` some day, with the usual settings. A
    line that has a process of its own (`own_process`) is fed there only: by a plant that is `apart`.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        notifiers: Mapping[str, Notifier] | None = None,
        clock: Callable[[], int] = now_us,
        *,
        apart: bool = False,
    ) -> None:
        self.ledger, self.settings, self.clock = ledger, settings, clock
        self.notifiers = dict(notifiers or {})
        with ledger.read() as connection:
            known = lines.lines(connection)
        named = {one.name: one for one in settings.lines}
        found = {name: LineSettings(name, title) for name, title in known.items() if name not in named}
        self.lines: Mapping[str, Line] = {name: self._opened(one) for name, one in (named | found).items()}
        self._adding = threading.Lock()
        here = [one for one in settings.lines if one.source is not None and (apart or not one.own_process)]
        self._sources = {one.name: build_source(one.source, settings.timezone) for one in here if one.source is not None}
        self._states = {name: SourceState("waiting", clock(), one.name, tally=Tally()) for name, one in self._sources.items()}
        self._steady = Steady()
        self._began = clock()
        file = settings.ledger.removeprefix("sqlite:///")
        self._disk = Disk(Path(file), settings.reserve_mb * MB) if Path(file).exists() and settings.reserve_mb else None
        self._disk_after = 0.0
        self._keeping = keeping.Keeping(ledger, settings, clock) if settings.keep_days and not apart else None
        self.room: Room | None = None  # on the ledger's disk, once it was looked at
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._threads: list[threading.Thread] = []

    def line(self, name: str) -> Line:
        """Raises NotFound."""
        if name not in self.lines:
            raise NotFound(f"There is no line {name!r}.", cure=f"Lines: {', '.join(self.lines) or 'none'}.")
        return self.lines[name]

    def source_of(self, line: str, name: str) -> Source | None:
        """The source of a line, if it is the one of this name and is run here."""
        found = self._sources.get(line)
        return found if found is not None and found.name == name else None

    def elsewhere(self, line: str) -> bool:
        """Whether another process reads the source of a line, or judges the line: only there a scrap is read as it should be."""
        if self.source(line).state == "elsewhere":
            return True
        with self.ledger.read() as connection:
            owner, _ = leases.holder(connection, line, self.clock())
        return owner not in ("", self.ledger.owner) and not leases.gone(owner)

    def source(self, name: str) -> SourceState:
        """How the source of a line is; raises NotFound."""
        self.line(name)
        apart = any(one.name == name and one.source is not None for one in self.settings.lines)  # and so it is not fed here
        return self._states.get(name) or SourceState("elsewhere" if apart else "none", self._began)

    def add_line(self, name: str, title: str = "", *, by: str = "") -> Line:
        """Makes a line that takes rows at once, and again after every start. May be called from any thread.

        Raises BadSettings (the name will not do) and Conflict (there is one already).
        """
        with self._adding:
            line = self._opened(add_line(self.ledger, name, title, by, self.clock()))
            self.lines = {**self.lines, name: line}  # a new table: another thread may be going through the old one
        return line

    def _opened(self, one: LineSettings) -> Line:
        site, names = self.settings, tuple(self.notifiers)
        return Line(self.ledger, one, clock=self.clock, zone=site.zone, url=site.url, notifiers=names)

    def start(self) -> None:
        """Starts the threads. The demo is fitted in one of them, so that the first page need not wait for it."""
        sys.setswitchinterval(SWITCH_S)
        if self.ledger.alone:
            self.ledger.write(self._take_over)
        self._run("demo", self._prepare)
        for name, source in self._sources.items():
            self._run(f"source {name}", partial(self._feed, self.lines[name], source))
        for name, notifier in self.notifiers.items():
            self._run(f"bell {name}", partial(self._ring, name, notifier))
        self._run("look", self._look)
        if self._keeping is not None:
            self._run("archive", partial(self._often, keeping.LOOK_S, "archive", self._keeping.look))

    def _take_over(self, connection: Connection) -> None:
        """What a process that died had in hand: its jobs failed, its messages are due again."""
        jobs.lost_jobs(connection, self.clock())
        outbox.release(connection)

    def stop(self) -> None:
        """Ends the threads and waits for them: a block in hand is finished. The ledger stays open: who opened it closes it.

        A source or a notifier that does not come back is waited for `PATIENCE_S` and then left alone: nothing of it is on disk.
        """
        self._stop.set()
        self._ready.set()
        until = time.monotonic() + PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                _log.warning("did not stop, is left alone", thread=thread.name)
        self._threads.clear()

    def _run(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _prepare(self) -> None:
        try:
            demo.prepare(self.ledger, self.settings, self.clock)
        except Exception:  # noqa: BLE001 - the plant must run without its demo
            _log.exception("the demo could not be prepared")
        finally:
            self._ready.set()

    # ------------------------------------------------------------------------------------------------------------- sources

    def _feed(self, line: Line, source: Source) -> None:
        """Reads one source for as long as the plant runs. Whatever goes wrong is said once, and it is tried again."""
        self._ready.wait()
        wait = FIRST_S
        while not self._stop.is_set():
            try:
                line.hold()
                for given in source.read(self._position(line, source), self._stop, self.clock):
                    batch, receipt = self._taken(line, source, Batch.of(given))
                    self._states[line.name].tally.take(batch, receipt, self.clock())
                    wait = FIRST_S
                    self._found(line, source)
            except Refused as elsewhere:
                self._elsewhere(line, source, elsewhere.text)
                self._stop.wait(LOOK_S)
            except Exception as broken:  # noqa: BLE001 - a plugin may raise anything, and a line must survive it
                self._lost(line, source, str(broken) or type(broken).__name__)
                self._stop.wait(max(wait, getattr(broken, "wait_s", 0.0)))  # a source may know that asking soon does harm
                wait = min(2 * wait, LONGEST_S)
            else:
                if not self._stop.is_set():
                    self._becomes(line, "ended")
                    _log.info("source ended", line=line.name, source=source.name)
                return

    def _taken(self, line: Line, source: Source, batch: Batch) -> tuple[Batch, Receipt]:
        """A batch, on disk. Rows that lack a column of the model become scraps when they would else stand before all others for ever."""
        try:
            return batch, line.take_batch(batch, source=source.name)
        except ColumnMismatch as wrong:
            refused = getattr(source, "refused", None)
            if refused is None:
                raise
            batch = replace(batch, rows=NO_ROWS, scraps=batch.scraps + tuple(refused(batch.rows, str(wrong))))
            return batch, line.take_batch(batch, source=source.name)

    def _position(self, line: Line, source: Source) -> object:
        with self.ledger.read() as connection:
            return lines.get_position(connection, line.name, source.name)

    def _found(self, line: Line, source: Source) -> None:
        before = self._states[line.name]
        if before.state == "running":
            return
        if before.state == "lost":
            _log.info("source found again", line=line.name, source=source.name)
            before.tally.reconnects += 1
        self._becomes(line, "running")

    def _elsewhere(self, line: Line, source: Source, who: str) -> None:
        if self._states[line.name].state != "elsewhere":
            _log.info("line is run by another process", line=line.name, source=source.name, told=who)
            self._becomes(line, "elsewhere", who)

    def _lost(self, line: Line, source: Source, error: str) -> None:
        before = self._states[line.name]
        if before.state != "lost":
            _log.error("source lost", line=line.name, source=source.name, error=error)
            before.tally.lost += 1
            self._becomes(line, "lost", error)
        else:
            self._states[line.name] = replace(before, error=error)

    def _becomes(self, line: Line, state: States, error: str = "") -> None:
        before = self._states[line.name]
        self._states[line.name] = SourceState(state, self.clock(), before.name, error, before.tally)

    # --------------------------------------------------------------------------------------------------------------- clocks

    def _ring(self, name: str, notifier: Notifier) -> None:
        self._often(RING_S, f"bell {name}", lambda: ring(self.ledger, {name: notifier}, self.clock) == 0)

    def _look(self) -> None:
        self._often(LOOK_S, "look", self._look_once)

    def _look_once(self) -> bool:
        now = self.clock()
        if back := self._steady.went_back():
            _log.warning("the clock of this machine was set back", seconds=back)
        self._look_at_disk()
        for line in self.lines.values():
            line.look()
            if line.name in self._sources and self._states[line.name].state in ("running", "lost"):
                line.renew(now)
        take_asked(self, [name for name, line in self.lines.items() if line.held and self.source(name).state != "elsewhere"])
        return unshelve_due(self.ledger, self.settings, tuple(self.notifiers), self.clock()) == 0

    def _look_at_disk(self) -> None:
        """A disk that fills up is told once, on one line for all; so is room that was made."""
        if self._disk is None or time.monotonic() < self._disk_after:
            return
        self._disk_after = time.monotonic() + DISK_S
        before, self.room = self.room, self._disk.look()
        first = next(iter(self.lines.values()), None)
        if before is not None and before.state == self.room.state:
            return
        if self.room.state != "enough":
            _log.error("the disk of the ledger is nearly full", free=self.room.free, state=self.room.state)
        if first is not None and (before is not None or self.room.state != "enough"):
            first.room(self.room.free, enough=self.room.state == "enough")

    def _often(self, every_s: float, name: str, work: Callable[[], bool]) -> None:
        """Repeats `work`: at once while it has more to do, else after a pause. A failure is said once, until it works again."""
        failed = False
        while not self._stop.is_set():
            try:
                done = work()
                failed = False
            except Exception as broken:  # noqa: BLE001 - the disk may be full for an hour; this thread must outlive it
                if not failed:
                    _log.error("failed, will try again", thread=name, error=str(broken))
                failed = done = True
            if done:
                self._stop.wait(every_s)


def unshelve_due(ledger: Ledger, settings: Settings, notifiers: tuple[str, ...], now: int) -> int:
    """Takes alarms off the shelf whose time is up; people are told of those that nobody has seen. Returns how many."""
    with ledger.read() as connection:
        if not book.shelves_over(connection, now):
            return 0

    def job(connection: Connection) -> int:
        due = book.shelves_over(connection, now)
        titles = lines.lines(connection)
        known = {one.name: one for one in settings.lines}
        for alarm in due:
            own = known.get(alarm.line) or LineSettings(alarm.line, titles.get(alarm.line, ""))
            desk = Desk(own, notifiers, settings.url, settings.zone)
            back = alarms.unshelve(alarm, now)
            tell = "shelf over" if back.active else ""
            desk.record(connection, back, "unshelved", now, tell=tell, note="its time was up")
        return len(due)

    return ledger.write(job)
