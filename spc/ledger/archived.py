"""Rows and points that are in the archive, read from its files as if they were in the database. A line's archived rows are its first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select

from spc.ledger.clock import NONE
from spc.ledger.keys import keys_of
from spc.ledger.parquet import File
from spc.ledger.schema import archived, out_point
from spc.ledger.windows import Judged, Window
from spc.nouns import Ints

FILES: Final = 6  # kept in memory as they were read; each has a few megabytes
_WHERE: Final = "archive"  # the folder, among what is known of a connection

_COLUMNS = tuple(archived.c[name] for name in ("first_seq", "last_seq", "path", "sha256"))
_OVER = (
    select(*_COLUMNS)
    .where(archived.c.line == bindparam("of_line"), archived.c.first_seq <= bindparam("last"), archived.c.last_seq >= bindparam("first"))
    .order_by(archived.c.first_seq)
)
_LAST = select(func.max(archived.c.last_seq)).where(archived.c.line == bindparam("of_line"))
_NEWEST = select(func.max(archived.c.at_max)).where(archived.c.line == bindparam("of_line"))

_files: OrderedDict[tuple[str, str], File] = OrderedDict()
_lock = threading.Lock()


def place(address: sa.URL, said: Path | str | None) -> Path:
    """Where the archive of a ledger is: as said, else beside the file of SQLite, else in var.

    >>> place(sa.make_url("sqlite:////srv/spc.db"), None).as_posix(), place(sa.make_url("postgresql://plant/spc"), "/mnt/old").as_posix()
    ('/srv/archive', '/mnt/old')
    """
    if said:
        return Path(said)
    return Path(address.database).parent / "archive" if address.get_backend_name() == "sqlite" and address.database else Path("var/archive")


def remember(engine: sa.Engine, folder: Path) -> None:
    """Every connection of this engine will know where the archive is."""

    @sa.event.listens_for(engine, "connect")
    def connect(_raw: Any, record: Any) -> None:
        record.info[_WHERE] = folder


def folder_of(connection: Connection) -> Path:
    """The archive's folder."""
    return Path(connection.info.get(_WHERE, "var/archive"))


def last_archived(connection: Connection, line: str) -> int:
    """The last row of a line that is in the archive; 0 when none is."""
    return int(connection.execute(_LAST, {"of_line": line}).scalar() or 0)


def newest_time(connection: Connection, line: str) -> int | None:
    """The newest time of an archived row, µs."""
    found = connection.execute(_NEWEST, {"of_line": line}).scalar()
    return None if found is None else int(found)


def files(connection: Connection, line: str, first: int, last: int) -> Iterator[File]:
    """The files with any of the rows first … last, in order."""
    for one in connection.execute(_OVER, {"of_line": line, "first": first, "last": last}).all():
        yield _file(folder_of(connection) / one.path, one.sha256)


def places(connection: Connection, line: str, first: int, last: int) -> list[tuple[int, int]]:
    """The first and the last row of each file with any of the rows first … last, in order, without opening any."""
    return [(one.first_seq, one.last_seq) for one in connection.execute(_OVER, {"of_line": line, "first": first, "last": last})]


def _file(path: Path, sha256: str) -> File:
    key = (str(path), sha256)
    with _lock:
        if key in _files:
            _files.move_to_end(key)
            return _files[key]
    made = File(path)
    with _lock:
        _files[key] = made
        while len(_files) > FILES:
            _files.popitem(last=False)
    return made


def windows(connection: Connection, line: str, first: int, last: int) -> Iterator[Window]:
    """The archived rows with first <= seq <= last."""
    for file in files(connection, line, first, last):
        for one in file.windows:
            here = _within(one.seq, first, last)
            if here is not None:
                yield one.part(here)


def judged_between(connection: Connection, line: str, first: int, last: int) -> Iterator[Judged]:
    """What was found of the archived rows with first <= seq <= last."""
    for file in files(connection, line, first, last):
        for one in file.judged:
            here = _within(one.seq, first, last)
            if here is not None:
                yield one.part(here)


def _within(seq: Ints, first: int, last: int) -> slice | None:
    begin, end = max(first - int(seq[0]), 0), min(last - int(seq[0]), len(seq) - 1) + 1
    return slice(begin, end) if begin < end else None


def stretches(connection: Connection, line: str, first: int, last: int, *, newest: bool = False) -> Iterator[tuple[int, int]]:
    """The first and the last row of each archived stretch that was judged; with `newest` the last one first."""
    query = _OVER if not newest else _OVER.order_by(None).order_by(archived.c.first_seq.desc())
    for one in connection.execute(query, {"of_line": line, "first": first, "last": last}).all():
        found = _file(folder_of(connection) / one.path, one.sha256).stretches
        yield from reversed(found) if newest else found


def activation_of(connection: Connection, line: str, seq: int) -> int | None:
    """The number of the activation under which an archived row was judged."""
    return next((file.activation_of(seq) for file in files(connection, line, seq, seq)), None)


def rows_out(connection: Connection, line: str, first: int, last: int) -> int:
    """How many archived rows with first <= seq <= last have a point beyond its limit; those points are all in the database."""
    query = select(func.count(sa.distinct(out_point.c.seq))).where(out_point.c.line == line, out_point.c.seq.between(first, last))
    return int(connection.execute(query).scalar() or 0)


def received(connection: Connection, line: str, seq: int) -> int | None:
    """When an archived row was received, µs."""
    return next((int(one.received[0]) for one in windows(connection, line, seq, seq)), None)


def within(connection: Connection, line: str, since: int | None, until: int | None, which: int) -> int | None:
    """The first (0) or the last (-1) archived row made between two times; a row without one has that of its receipt."""
    query = select(*_COLUMNS).where(archived.c.line == line)
    for bound in ([] if since is None else [archived.c.at_max >= since]) + ([] if until is None else [archived.c.at_min <= until]):
        query = query.where(bound)
    order = archived.c.first_seq if which == 0 else archived.c.first_seq.desc()
    for one in connection.execute(query.order_by(order)).all():
        file = _file(folder_of(connection) / one.path, one.sha256)
        at = np.concatenate([_known(window) for window in file.windows])
        there = np.flatnonzero((at >= (since if since is not None else at)) & (at <= (until if until is not None else at)))
        if there.size:
            return file.first + int(there[which])
    return None


def _known(window: Window) -> Ints:
    at = window.rows.at.view(np.int64)
    return np.where(at == NONE, window.received, at)


def repeats(connection: Connection, line: str, asked: Mapping[str, int]) -> dict[str, tuple[int, bytes, tuple[str, ...]]]:
    """Which rows are in the archive: their keys and times (µs) → key → (seq, values, columns). A row without a time is not looked for."""
    newest = newest_time(connection, line)
    times = np.unique([at for at in asked.values() if newest is not None and at != NONE and at <= newest])
    found: dict[str, tuple[int, bytes, tuple[str, ...]]] = {}
    if not times.size:
        return found
    query = select(*_COLUMNS, archived.c.at_min, archived.c.at_max).where(
        archived.c.line == line, archived.c.at_max >= int(times[0]), archived.c.at_min <= int(times[-1])
    )
    for one in connection.execute(query.order_by(archived.c.first_seq)).all():
        if np.searchsorted(times, one.at_min) == np.searchsorted(times, one.at_max, side="right"):
            continue
        for window in _file(folder_of(connection) / one.path, one.sha256).windows:
            there = np.flatnonzero(np.isin(window.rows.at.view(np.int64), times)).tolist()
            some = window.rows.some(there)
            for i, key in enumerate(keys_of(line, some)):
                if key in asked and key is not None:
                    found[key] = (int(window.seq[there[i]]), some.x[i].tobytes(), some.names)
    return found
