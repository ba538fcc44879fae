"""The ledger's front: one thread that writes, in groups, and as many readers as one likes.

A commit costs a sync of the disk. Jobs that wait while one is running are therefore done together: each in its own savepoint, so that a
job that fails fails alone, all in one transaction, and nobody is told "written" before that transaction is on disk.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from spc.errors import LedgerError, Refused
from spc.ledger import archived, checking, leases, postgres
from spc.ledger.engine import database, engine_for, in_words, migrate, shown
from spc.ledger.lock import Lock
from spc.ledger.postgres import Presence
from spc.ledger.quick import Savepoint, raw_of, run

T = TypeVar("T")
Job = Callable[[sa.Connection], T]

WAITING = 1024  # jobs that may wait before a sender is told to come back later
GROUP = 64  # jobs in one transaction …
GROUP_S = 0.05  # … and the time after which no further one joins it …
SYNCS = 4  # … or so many times as long as the last sync took, where the disk is slow or busy: those who wait then wait for fewer of them …
LONGEST_S = 0.2  # … at most
LOOK_S = 2.0  # after which a program on PostgreSQL looks again at what it has in memory, whoever wrote last


def _nothing() -> None:
    return None


@dataclass(eq=False, slots=True)
class _Task:
    job: Job[Any]
    undo: Callable[[], None]
    future: Future[Any]
    known: bool = False
    value: Any = None
    error: BaseException | None = None


class Ledger:
    """Everything that happened, on disk. `write` returns after the commit is on disk or raises; `read` never waits for a writer.

    A LedgerError means that the disk or the database failed and that nothing of the job was kept.
    """

    def __init__(self, url: str, archive: Path | str | None = None) -> None:
        address = database(url)
        sqlite = address.get_backend_name() == "sqlite"
        self.owner = leases.owner()  # who holds the leases of lines that are run here
        self._writer = engine_for(address, writes=True)
        self._reader = engine_for(address, writes=False)
        self.archive = archived.place(address, archive)  # the folder of the files to which closed days go
        for engine in (self._writer, self._reader):
            archived.remember(engine, self.archive)
        self._lock = Lock(f"{address.database}.lock") if sqlite else Presence(self._writer)
        self._tasks: queue.Queue[_Task | None] = queue.Queue(WAITING)
        self._closing = threading.Lock()
        self._closed = self._gone = False
        self._listeners: tuple[Callable[[], object], ...] = ()
        self.trouble = ""  # what the last transaction failed of; empty when it succeeded
        self.news = 0  # grows with whatever is written that the lines do not know of; of the writing thread
        self._seen: tuple[object, int] | None = None
        self._look_after = self._synced_s = 0.0
        try:
            with in_words(f"opening the ledger {shown(address)}"):
                migrate(self._writer)
                if not sqlite:
                    postgres.take_turns(self._writer, self.owner)
                if self.alone:
                    self._clear_leases()
        except BaseException:
            self._release()
            raise
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def _clear_leases(self) -> None:
        """Ends what an earlier process held. A disk that is full may forbid it: leases run out, and what is there must be readable."""
        try:
            with self._writer.begin() as connection:
                leases.clear(connection)
        except sa.exc.OperationalError as full:
            self.trouble = f"opening the ledger: {full.orig}"

    @classmethod
    def open(cls, url: str, archive: Path | str | None = None) -> Self:
        """The ledger at a database address such as "sqlite:///var/spc.db", made or brought to this version when needed.

        `archive` is the folder of its archive: when not given, `archive` beside the file of SQLite, else var/archive.
        """
        return cls(url, archive)

    def submit(self, job: Job[T], *, undo: Callable[[], None] = _nothing, wait: bool = True, known: bool = False) -> Future[T]:
        """Queues a job; the future has its value once that is on disk.

        `undo` is called in the writing thread when the job or its transaction failed, before any other job runs: the place to drop
        what the job left in memory. With `wait` false a full queue raises Refused (come back later) rather than waiting. `known` says
        that the job writes nothing of what another line, or this one without its knowing, keeps in memory (see `news`).
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a job of the ledger must use the connection it was given, not submit another job")
        task = _Task(job, undo, Future(), known)
        if self._closed:
            raise LedgerError("The ledger is closed.")
        try:
            self._tasks.put(task, block=wait)
        except queue.Full:
            busy = "Too many blocks of rows wait for the disk."
            raise Refused(busy, cure="Send again in a second.", status=429, retry_after=1.0) from None
        if not self._thread.is_alive():
            self._abandon()  # it was closed between the two lines above
        return task.future

    def write(self, job: Job[T], *, known: bool = False) -> T:
        """Runs a job and returns its value once that is on disk; `known` as for `submit`."""
        return self.submit(job, known=known).result()

    def on_commit(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Calls `wake`, in the writing thread, after every commit; returns what stops that.

        It must return at once. One that raises is called no more: whoever listens must not stop whoever writes.
        """
        self._listeners = (*self._listeners, wake)

        def stop() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not wake)

        return stop

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one consistent state and cannot write."""
        with in_words("reading the ledger"), self._reader.connect() as connection:
            yield connection

    @property
    def alone(self) -> bool:
        """True when no other process had the ledger open when this one opened it: whatever an earlier one had in hand, it has no more."""
        return self._lock.alone

    @property
    def waiting(self) -> int:
        """Jobs that wait for the writing thread."""
        return self._tasks.qsize()

    def check(self) -> list[str]:
        """What is wrong with the database and with the blocks in it: empty when all is well. Reads every page, so not for every day."""
        with self.read() as connection:
            return checking.check(connection)

    def close(self) -> None:
        """Writes what waits, then lets go of the file."""
        with self._closing:
            if self._gone:
                return
            self._gone = self._closed = True
        self._let_go()
        self._tasks.put(None)
        self._thread.join()
        self._abandon()
        self._release()

    def _let_go(self) -> None:
        """The last thing that is written: another process may have the lines at once. If it cannot be, their leases run out."""
        task: _Task = _Task(lambda connection: leases.release(connection, self.owner), _nothing, Future())
        if self._thread.is_alive():
            self._tasks.put(task)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------------- the writing thread

    def _run(self) -> None:
        try:
            while (task := self._tasks.get()) is not None:
                if not self._group(task):
                    return
        finally:
            self._closed = True  # whatever ended this thread, nobody may wait for it for ever
            self._abandon()

    def _group(self, first: _Task) -> bool:
        """Runs one transaction; false when the ledger was closed meanwhile."""
        tasks: list[_Task] = []
        going = True
        try:
            with in_words("writing the ledger"), self._writer.connect() as connection, connection.begin():
                self._look_around(connection)
                until = time.monotonic() + min(max(GROUP_S, SYNCS * self._synced_s), LONGEST_S)
                task: _Task | None = first
                while task is not None:
                    if task.future.set_running_or_notify_cancel():
                        tasks.append(task)
                        self.news += not task.known  # it may take rows of a line itself, before or after …
                        _one(connection, task)
                        self.news += not task.known  # … what it changes
                    if len(tasks) == GROUP or time.monotonic() > until or self._tasks.empty():
                        break
                    task = self._tasks.get()
                going = task is not None
                done = time.monotonic()
        except Exception as broken:  # noqa: BLE001 - whatever it was, nothing is on disk and every sender must be told so
            self._lost(tasks or [first], broken)
            return going
        self.trouble, self._synced_s = "", time.monotonic() - done
        for task in tasks:
            _tell(task.future, task.value, task.error)
        for wake in self._listeners:
            try:
                wake()
            except Exception:  # noqa: BLE001 - a listener whose event loop has closed, say
                self._listeners = tuple(one for one in self._listeners if one is not wake)
        return going

    def _look_around(self, connection: sa.Connection) -> None:
        """Whether another program has written since we looked last: SQLite says so itself, in PostgreSQL our programs do.

        What somebody writes into PostgreSQL by hand is found out a little later.
        """
        raw, now = raw_of(connection), time.monotonic()
        if raw is None:
            if postgres.others_wrote(connection) or now > self._look_after:
                self.news += 1
                self._look_after = now + LOOK_S
            return
        seen = (raw, int(run(connection, raw, "pragma data_version").fetchone()[0]))
        if seen != self._seen:
            self.news += 1
        self._seen = seen

    def _lost(self, tasks: list[_Task], broken: Exception) -> None:
        """The transaction did not reach the disk: memories are dropped first, then every sender is told."""
        self.trouble = str(broken)
        self._writer.dispose()  # after a failed sync the old connection's view of the file is not to be trusted
        for task in tasks:
            task.undo()
        for task in tasks:
            error = LedgerError(str(broken))
            error.__cause__ = broken
            _tell(task.future, None, error)

    def _abandon(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return
            if task is not None and task.future.set_running_or_notify_cancel():
                task.future.set_exception(LedgerError("The ledger was closed before this was written."))

    def _release(self) -> None:
        self._writer.dispose()
        self._reader.dispose()
        self._lock.release()


def _one(connection: sa.Connection, task: _Task) -> None:
    """Runs a job in its savepoint. A failure of the job is the job's; a failure of the database is everybody's, and is raised."""
    savepoint = Savepoint(connection)
    try:
        task.value = task.job(connection)
        savepoint.commit()
    except DBAPIError as wrong:
        if not isinstance(wrong, (IntegrityError, DataError, ProgrammingError)):
            raise  # a full disk, say: the database may have ended the whole transaction already
        _failed(task, savepoint, LedgerError(f"writing the ledger: {wrong.orig}"))
    except Exception as wrong:  # noqa: BLE001 - it belongs to the sender, who gets it from the future
        _failed(task, savepoint, wrong)


def _failed(task: _Task, savepoint: Savepoint, error: Exception) -> None:
    task.undo()
    task.error = error
    savepoint.rollback()


def _tell(future: Future[Any], value: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
