"""A CSV file that grows: each new complete line is a row."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from spc.errors import BadTable
from spc.nouns import Rows
from spc.sources.lines import Layout
from spc.sources.source import Clock

HEAD = 1024  # the file's first bytes, by which it is known again
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Tail:
    """Follows a growing CSV file. Only complete lines are read; a file that was replaced is read to its end first, then the new one.

    `columns`, `time` and `id` name the file's columns; what is not named is found from its first rows. `subgroup` names the column of
    the subgroups' labels: without it a model of subgroups counts the rows. Position: how many bytes were
    read of which file, known by its number in the file system and a hash of its first kilobyte, so that a new file under the old name
    begins at its beginning.
    """

    path: Path | str
    every_s: float = 0.25
    columns: tuple[str, ...] = ()
    time: str | None = None
    id: str | None = None
    timezone: str = "UTC"
    subgroup: str = ""

    @property
    def name(self) -> str:
        return f"tail {Path(self.path).name}"

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[tuple[Rows, Any]]:
        """Waits for the file when it is not there yet. `clock` is not asked: a row without a time has the time of its receipt."""
        path = Path(self.path)
        while not stop.is_set():
            file = self._open(path, after)
            if file is None:
                stop.wait(self.every_s)
                continue
            with file:
                for rows, position in self._file(file, path, after, stop):
                    after = position
                    yield rows, position

    def _open(self, path: Path, after: Any) -> BinaryIO | None:
        """The file that the position belongs to, even if it was renamed since; else the one that has the name now."""
        if after is not None and not _known(path, after):
            for other in path.parent.iterdir():
                if other.is_file() and _known(other, after) and other.stat().st_size > after["offset"]:
                    return other.open("rb")
        try:
            return path.open("rb")
        except FileNotFoundError:
            return None

    def _file(self, file: BinaryIO, path: Path, after: Any, stop: threading.Event) -> Iterator[tuple[Rows, Any]]:
        """The rows of one file, until another one has its place, or it was cut."""
        inode = os.fstat(file.fileno()).st_ino
        offset = after["offset"] if after is not None and _same(file, after) else 0
        refused = after.get("refused", 0) if after is not None else 0
        layout: Layout | None = None
        while not stop.is_set():
            block = _lines(file, offset)
            if layout is None and (block or offset):
                layout = self._layout(file)
            if layout is None or not block:
                if _gone(file, path, offset):
                    return
                stop.wait(self.every_s)
                continue
            begun, offset = offset, offset + len(block)
            rows, bad = layout.rows(block[max(0, layout.header_bytes - begun) :])
            refused += bad
            head = _head(file)
            if len(rows):
                yield rows, {"offset": offset, "inode": inode, "head": _digest(head), "head_bytes": len(head), "refused": refused}

    def _layout(self, file: BinaryIO) -> Layout | None:
        """How the file is to be read, once it has a header and a row."""
        file.seek(0)
        return Layout.of(file.read(BLOCK), self.columns, self.time, self.id, self.timezone, self.subgroup)


def _lines(file: BinaryIO, offset: int) -> bytes:
    """The complete lines behind an offset, at most about a megabyte of them."""
    file.seek(offset)
    block = file.read(BLOCK)
    end = block.rfind(b"\n") + 1
    if not end and len(block) == BLOCK:
        raise BadTable("A line of the file is longer than a megabyte.", cure="Export one row per line.")
    return block[:end]


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()


def _same(file: BinaryIO, position: Any) -> bool:
    """True when this is the file of the position and has not been cut since."""
    about = os.fstat(file.fileno())
    if about.st_ino != position["inode"] or about.st_size < position["offset"]:
        return False
    return _digest(_head(file)[: int(position["head_bytes"])]) == str(position["head"])


def _known(path: Path, position: Any) -> bool:
    try:
        with path.open("rb") as file:
            return _same(file, position)
    except OSError:
        return False


def _gone(file: BinaryIO, path: Path, offset: int) -> bool:
    """True when the name belongs to another file now, or this one was cut and begun again."""
    about = os.fstat(file.fileno())
    if about.st_size < offset:
        return True
    try:
        return path.stat().st_ino != about.st_ino
    except FileNotFoundError:
        return False
