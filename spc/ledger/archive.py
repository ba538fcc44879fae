"""Closed days leave the database for files: written, read back and compared to the last bit, and only then deleted, in one transaction.

At every moment a row is in the database or in the archive and never in both: what a crash leaves behind is a file that nobody knows, and
which the next run writes anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, text

from spc.errors import LedgerError
from spc.ledger import archived as kept
from spc.ledger import lines, parquet, points, rows
from spc.ledger.blocks import month_of
from spc.ledger.keys import keys_of
from spc.ledger.months import drop_months
from spc.ledger.rollups import put_summary, summary_of
from spc.ledger.schema import archived, block, judged, row_schema
from spc.ledger.store import Ledger
from spc.ledger.windows import Judged, Window

if sys.platform != "win32":
    import fcntl

KEPT: Final = 1000  # the newest rows of a line that stay in the database: who runs the line looks back at them
MOST_ROWS: Final = 50_000  # rows in a file: what one transaction deletes without holding up the lines …
MOST_BYTES: Final = 32_000_000  # … and at most so much in memory when it is read
DAY_US: Final = 86_400_000_000
_PART: Final = ".part"
_PAGES: Final = 2000  # given back at a time: lines are waiting behind this
_DROP_ALL: Final = text(
    "delete from row_key r using unnest(cast(:hashes as bigint[]), cast(:seqs as bigint[])) as given (hash, seq)"
    " where r.hash = given.hash and r.seq = given.seq and r.month = :month"
)


@dataclass(frozen=True, slots=True)
class Archived:
    """A file that was written: the rows first … last of a line, all received on that day (20250304, UTC)."""

    line: str
    first: int
    last: int
    day: int
    path: str
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What goes into one file."""

    line: str
    first: int
    last: int
    received: int
    windows: list[Window]
    found: list[Judged]


def _nowhere(_: str) -> None:
    return None


def archive_days(
    ledger: Ledger, folder: Path | str, before: int, clock: Callable[[], int], *, reached: Callable[[str], None] = _nowhere
) -> list[Archived]:
    """Moves the rows of every line that were received on UTC days before that of `before` (µs) to files in `folder`.

    Today's rows, a line's newest block and its newest 1000 rows stay. `reached` is called at each step of a file with its name ("begun",
    "compared", "written", "in place", "deleted", "committed"). Raises LedgerError (no pyarrow, a full disk, another process archives);
    then everything of the file at hand is still in the database.
    """
    parquet.arrow()
    end = min(before, clock()) // DAY_US * DAY_US
    folder = Path(folder)
    done: list[Archived] = []
    with _alone(folder):
        ledger.write(lambda connection: drop_months(connection, month_of(clock())))
        with ledger.read() as connection:
            names = list(lines.lines(connection))
        for line in names:
            while (part := _part(ledger, line, end)) is not None:
                done.append(_move(ledger, folder, part, clock(), reached))
    while done and ledger.write(_give_back) > 0:
        pass
    return done


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process archives at a time; what an earlier one left half written is removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as broken:
        raise LedgerError(f"The archive's folder {folder} cannot be used: {broken.strerror}.") from None
    try:
        if sys.platform != "win32":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise LedgerError(f"Another process writes the archive in {folder} at the moment.") from None
        for left in folder.glob(f"line=*/month=*/*{_PART}"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def _part(ledger: Ledger, line: str, end: int) -> _Part | None:
    """The oldest rows in the database that may go, of one day and not too many for a file."""
    with ledger.read() as connection:
        return _next(connection, line, end)


def _next(connection: Connection, line: str, end: int) -> _Part | None:
    newest = connection.execute(select(func.max(block.c.first_seq)).where(block.c.line == line)).scalar()
    if newest is None:
        return None
    last_one = min(lines.last_seq(connection, line) - KEPT, int(newest) - 1)
    query = (
        select(block.c.first_seq, block.c.last_seq, block.c.received_at, func.length(block.c.x), row_schema.c.names_json)
        .join(row_schema, row_schema.c.id == block.c.schema_id)
        .where(block.c.line == line)
        .order_by(block.c.first_seq)
    )
    ends: list[int] = []
    first = received = day = size = 0
    with connection.execute(query) as found:
        for begin, last, at, length, _ in found:
            if not ends:
                first, received, day = begin, at, at // DAY_US
            size += length
            if at >= end or last > last_one or at // DAY_US != day or (ends and (last - first >= MOST_ROWS or size > MOST_BYTES)):
                break
            ends.append(last)
    cut = _uncut(connection, line, ends)
    if cut is None:
        return None
    windows = parquet.joined(list(rows.windows(connection, line, first, cut)))
    return _Part(line, first, cut, received, windows, parquet.together(list(points.judged_between(connection, line, first, cut))))


def _uncut(connection: Connection, line: str, ends: Sequence[int]) -> int | None:
    """The last of these ends of blocks that does not cut through rows that were judged together."""
    for end in reversed(ends):
        across = select(judged.c.first_seq).where(judged.c.line == line, judged.c.first_seq <= end, judged.c.last_seq > end)
        if connection.execute(across.order_by(judged.c.first_seq.desc()).limit(1)).first() is None:
            return end
    return None


def _move(ledger: Ledger, folder: Path, part: _Part, now: int, reached: Callable[[str], None]) -> Archived:
    day = datetime.fromtimestamp(part.received // 1_000_000, UTC)
    place = Path(f"line={part.line}") / f"month={day:%Y-%m}" / f"day={day:%Y-%m-%d}-{part.first}.parquet"
    try:
        size, digest = _written(folder / place, part, reached)
    except OSError as broken:
        raise LedgerError(f"The archive's file {folder / place} cannot be written: {broken.strerror or broken}.") from broken
    made = Archived(part.line, part.first, part.last, int(f"{day:%Y%m%d}"), place.as_posix(), size)
    summary = summary_of(part.windows, part.found)
    pairs = ((key, seq) for one in part.windows for key, seq in zip(keys_of(part.line, one.rows).placed, one.seq.tolist(), strict=True))
    keys = sorted((key, seq) for key, seq in pairs if key is not None)

    def job(connection: Connection) -> None:
        _delete(connection, part, keys)
        put_summary(connection, part.line, summary)
        times = {"at_min": summary.at_min, "at_max": summary.at_max}
        told = {"line": part.line, "first_seq": part.first, "last_seq": part.last, "day": made.day, "path": made.path}
        connection.execute(insert(archived).values(**told, **times, sha256=digest, bytes=size, written_at=now))
        reached("deleted")

    ledger.write(job)
    reached("committed")
    return made


def _written(target: Path, part: _Part, reached: Callable[[str], None]) -> tuple[int, str]:
    """Writes the file so that it is on disk under its name, or not at all; returns its size and SHA-256."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f"{target.name}.{os.getpid()}{_PART}")
    try:
        reached("begun")
        _write(half, part)
        reached("compared")
        _sync(half)
        digest = _digest(half)
        reached("written")
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    for one in (target.parent, target.parent.parent, target.parent.parent.parent):  # the names of new folders, too, must be on disk
        _sync(one)
    reached("in place")
    return target.stat().st_size, digest


def _write(file: Path, part: _Part) -> None:
    """What is read back is what the database has, to the last bit, or LedgerError."""
    for plainly in (False, True):
        parquet.write(file, part.line, part.windows, part.found, plainly=plainly)
        if _reads_back(file, part):
            return
    raise LedgerError(f"The file {file} of the archive does not read back as it was written; the rows stay in the database.")


def _reads_back(file: Path, part: _Part) -> bool:
    back = parquet.File(file)
    rows_same = len(back.windows) == len(part.windows) and all(map(parquet.same, back.windows, part.windows))
    return rows_same and len(back.judged) == len(part.found) and all(map(parquet.alike, back.judged, part.found))


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def digest_of(file: Path) -> str:
    """A file's SHA-256; raises OSError."""
    return _digest(file)


def _sync(path: Path) -> None:
    if path.is_dir() and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _delete(connection: Connection, part: _Part, keys: list[tuple[int, int]]) -> None:
    """Rows, points and keys go; all of them and no others, or nothing happens."""
    here = (block.c.line == part.line) & (block.c.first_seq >= part.first) & (block.c.last_seq <= part.last)
    n = connection.execute(select(func.sum(block.c.last_seq - block.c.first_seq + 1)).where(here)).scalar()
    if int(n or 0) != part.last - part.first + 1 or kept.last_archived(connection, part.line) != part.first - 1:
        raise LedgerError(f"Rows {part.first} to {part.last} of line {part.line} are no longer in the database: nothing was archived.")
    _drop_keys(connection, keys, month_of(part.received))
    found = (judged.c.line == part.line) & (judged.c.first_seq >= part.first) & (judged.c.last_seq <= part.last)
    connection.execute(delete(judged).where(found))
    connection.execute(delete(block).where(here))


def _drop_keys(connection: Connection, keys: list[tuple[int, int]], month: int) -> None:
    """The rows' keys go. From now on a repeat is found by its time."""
    if connection.dialect.name == "postgresql":
        connection.execute(_DROP_ALL, {"hashes": [one for one, _ in keys], "seqs": [seq for _, seq in keys], "month": month})
    elif keys:
        connection.exec_driver_sql("delete from row_key where hash = ? and seq = ?", keys)


def _give_back(connection: Connection) -> int:
    """SQLite gives free pages of a file that was made so back to the disk; those of others are used again. Returns how many there are."""
    if connection.dialect.name != "sqlite" or connection.exec_driver_sql("pragma auto_vacuum").scalar() != 2:
        return 0
    free = int(connection.exec_driver_sql("pragma freelist_count").scalar() or 0)
    for _ in range(min(free, _PAGES)):
        connection.exec_driver_sql("pragma incremental_vacuum")  # the driver takes one step, which is a page, whatever number is said
    return max(0, free - _PAGES)


def check_files(connection: Connection) -> list[str]:
    """What is wrong with the archive: sentences, none when all is well. Reads every file."""
    folder, said = kept.folder_of(connection), []
    columns = [archived.c[name] for name in ("line", "first_seq", "last_seq", "path", "sha256", "bytes")]
    before: dict[str, int] = {}
    for line, first, last, path, sha256, size in connection.execute(select(*columns).order_by(archived.c.line, archived.c.first_seq)):
        if first != before.get(line, 0) + 1:
            said.append(f"line {line}: row {first} of the archive follows row {before.get(line, 0)}")
        before[line] = last
        said += _check_file(folder / path, sha256, size, (line, first, last))
    return said


def _check_file(file: Path, sha256: str, size: int, told: tuple[str, int, int]) -> list[str]:
    try:
        if file.stat().st_size != size or _digest(file) != sha256:
            return [f"line {told[0]}: the archive's file {file} is not the one that was written (rows {told[1]} to {told[2]})"]
        found = parquet.File(file)
    except OSError as broken:
        return [f"line {told[0]}: the archive's file {file} cannot be read: {broken.strerror} (rows {told[1]} to {told[2]})"]
    except LedgerError as broken:
        return [f"line {told[0]}: {broken}"]
    if (found.line, found.first, found.last) != told:
        return [f"line {told[0]}: the archive's file {file} holds rows {found.first} to {found.last} of line {found.line}"]
    return []
