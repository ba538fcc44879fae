"""A disk that forgets: what a database writes and syncs is recorded, and after a cut only what was synced is sure to be there.

SQLite runs through `apsw`, whose file systems can be written in Python; SQLAlchemy is given it as if it were Python's own `sqlite3`, so
that the program's own statements and settings are what is recorded. Files that are made are taken to be there after a cut.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import numpy as np

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Op:
    """A write at an offset, a truncation to an offset (no data), or (offset −1) a sync."""

    file: str
    offset: int
    data: bytes | None = None


@dataclass
class Tape:
    """All that was done to the files, in order."""

    ops: list[Op] = field(default_factory=list)


class _File(apsw.VFSFile):
    def __init__(self, base: str, name: Any, flags: Any, tape: Tape) -> None:
        self._tape, self._name = tape, Path(str(name.filename() if hasattr(name, "filename") else name)).name
        super().__init__(base, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - as SQLite calls it
        super().xWrite(data, offset)
        self._tape.ops.append(Op(self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802 - as SQLite calls it
        super().xTruncate(size)
        self._tape.ops.append(Op(self._name, size))

    def xSync(self, flags: int) -> None:  # noqa: N802 - as SQLite calls it
        super().xSync(flags)
        self._tape.ops.append(Op(self._name, -1))


class Disk(apsw.VFS):
    """The system's own files, with every write and sync on the tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape, self.vfs_name = tape, f"recorded-{id(tape)}"
        super().__init__(self.vfs_name, "unix")

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - as SQLite calls it
        return _File("unix", name, flags, self.tape)


class _Cursor:
    """What SQLAlchemy uses of a cursor."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection, self._cursor = connection, connection.raw.cursor()
        self._cursor.exec_trace = self._begun
        self.description: Any = None
        self.rowcount, self.lastrowid = -1, None
        self._rows: list[Any] = []

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> _Cursor:
        raw = self._connection.raw
        before = raw.total_changes()
        statement = statement.replace("synchronous = full", f"synchronous = {self._connection.synchronous}")
        self._rows, self.description = [], None
        try:
            self._rows = list(self._cursor.execute(statement, parameters))
        except apsw.ConstraintError as wrong:
            raise sqlite3.IntegrityError(str(wrong)) from wrong
        except apsw.Error as wrong:
            raise sqlite3.OperationalError(str(wrong)) from wrong
        self.rowcount, self.lastrowid = raw.total_changes() - before, raw.last_insert_rowid()
        return self

    def _begun(self, cursor: Any, _statement: str, _parameters: Any) -> bool:
        """Before the first row: later, a query without rows has no columns to tell."""
        self.description = tuple((*one[:2], None, None, None, None, None) for one in cursor.get_description()) or None
        return True

    def executemany(self, statement: str, many: Sequence[Any]) -> _Cursor:
        for one in many:
            self.execute(statement, one)
        return self

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[Any]:
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        self._cursor.close(True)


class _Connection:
    """What SQLAlchemy uses of a connection."""

    isolation_level = None

    def __init__(self, path: str, disk: Disk, synchronous: str) -> None:
        self.synchronous = synchronous
        self.raw = apsw.Connection(path, vfs=disk.vfs_name)

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> _Cursor:
        return self.cursor().execute(statement, parameters)

    def create_function(self, *_: Any, **__: Any) -> None:
        return

    def commit(self) -> None:
        if not self.raw.get_autocommit():
            self.execute("commit")

    def rollback(self) -> None:
        if not self.raw.get_autocommit():
            self.execute("rollback")

    def close(self) -> None:
        self.raw.close(True)


class Driver:
    """Python's `sqlite3`, as far as SQLAlchemy looks at it, on a recorded disk."""

    def __init__(self, disk: Disk, synchronous: str = "full") -> None:
        self._disk, self._synchronous = disk, synchronous

    def connect(self, path: str, **_: Any) -> _Connection:
        return _Connection(path, self._disk, self._synchronous)

    def __getattr__(self, name: str) -> Any:
        return (3, 40, 0) if name == "sqlite_version_info" else getattr(sqlite3, name)


@contextmanager
def recorded(monkeypatch: Any, synchronous: str = "full") -> Iterator[Tape]:
    """Ledgers that are opened meanwhile are recorded."""
    import sqlalchemy as sa

    tape = Tape()
    disk = Disk(tape)
    driver, create = Driver(disk, synchronous), sa.create_engine
    with monkeypatch.context() as patched:
        patched.setattr(sa, "create_engine", lambda url, **words: create(url, module=driver, **words))
        yield tape
    disk.unregister()


def apply(image: bytearray, op: Op, upto: int | None = None) -> None:
    """Does a write (its first `upto` bytes) or a truncation to a file's bytes."""
    if op.data is None:
        del image[op.offset :]
        return
    data = op.data if upto is None else op.data[:upto]
    if len(image) < op.offset:
        image.extend(bytes(op.offset - len(image)))
    image[op.offset : op.offset + len(data)] = data


class Platter:
    """The files as the disk has them for sure after a number of operations, and what was written and not synced."""

    def __init__(self, tape: Tape, sure: Mapping[str, bytes]) -> None:
        self._tape, self.done = tape, 0
        self._sure = {name: bytearray(image) for name, image in sure.items()}
        self._open: dict[str, list[Op]] = {}

    def go(self, done: int) -> None:
        """After so many operations: never fewer than before."""
        for op in self._tape.ops[self.done : done]:
            if op.offset >= 0:
                self._open.setdefault(op.file, []).append(op)
                continue
            image = self._sure.setdefault(op.file, bytearray())
            for written in self._open.pop(op.file, []):
                apply(image, written)
        self.done = done

    def cut(self, chance: np.random.Generator, how: str) -> dict[str, bytes]:
        """The files after the power went: of what was not synced nothing ("drop"), all ("keep"), or some, in any order ("some"), each
        write whole or up to a sector ("torn").
        """
        found = {name: bytearray(image) for name, image in self._sure.items()}
        for name, ops in self._open.items():
            image = found.setdefault(name, bytearray())
            for op in ops:
                if how == "drop" or (how in ("some", "torn") and chance.random() < 0.5):
                    continue
                torn = how == "torn" and op.data is not None and chance.random() < 0.5
                apply(image, op, SECTOR * int(chance.integers(0, 1 + len(op.data or b"") // SECTOR)) if torn else None)
        return {name: bytes(image) for name, image in found.items()}
