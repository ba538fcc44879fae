"""A CSV file that grows: each new complete line is a row."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from spc.errors import BadTable, Complaint, NotFound
from spc.nouns import Rows
from spc.sources.batch import Batch, Scrap
from spc.sources.lines import ANCHOR, Layout
from spc.sources.reorder import InOrder
from spc.sources.scrapped import headed, read_again
from spc.sources.source import Clock

HEAD = 1024  # the file's first bytes, by which it is known again
BLOCK = 1 << 20
SHORT = 1 << 16  # bytes: after fewer there is time to wait for more
LONG = "The line is longer than a megabyte; its beginning is kept. Export one row per line."

_log = structlog.get_logger("spc.sources")


@dataclass(frozen=True, slots=True)
class Tail:
    """Follows a growing CSV file. Only complete lines are read; a file that was replaced is read to its end first, then the new one.

    A line that is no row becomes a scrap, with the file's header before it, and the next ones are read; so does the beginning of a line
    longer than a megabyte.

    `columns`, `time` and `id` name the file's columns; what is not named is found from its first rows. `subgroup` names the column of
    the subgroups' labels: without it a model of subgroups counts the rows. With `reorder_s`, rows that are late by no more than so many
    seconds are put in order of their times. Position: how many bytes were read of which file, known by its number in the file system and
    a hash of its first kilobyte, so that a new file under the old name begins at its beginning.
    """

    path: Path | str
    every_s: float = 0.05
    columns: tuple[str, ...] = ()
    time: str | None = None
    id: str | None = None
    timezone: str = "UTC"
    subgroup: str = ""
    product: str = ""
    reorder_s: float = 0.0

    @property
    def name(self) -> str:
        return f"tail {Path(self.path).name}"

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch]:
        """Waits for the file when it is not there yet. `clock` is not asked: a row without a time has the time of its receipt."""
        path = Path(self.path)
        while not stop.is_set():
            file = self._open(path, after)
            if file is None:
                stop.wait(self.every_s)
                continue
            with file:
                for batch in self._file(file, path, after, stop):
                    after = batch.position or after
                    yield batch

    def probe(self, clock: Clock) -> str:
        """What the file holds now; raises NotFound when there is none, and what reading raises."""
        path = Path(self.path)
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", cure="It is waited for; check its name if it should be there.")
        with path.open("rb") as file:
            layout = self._layout(file)
            size = os.fstat(file.fileno()).st_size
        if layout is None:
            return f"{path.name} has no complete row yet."
        return f"{path.name} has {size} bytes and these columns: {layout.told()}."

    def again(self, payload: bytes, reason: str = "") -> list[Rows]:
        """The rows of a scrap, corrected or not, read as the file is that has the name now, or by their own header. Raises BadTable."""
        try:
            with Path(self.path).open("rb") as file:
                layout = self._layout(file)
        except (OSError, Complaint):
            layout = None
        return read_again(payload, layout, self._of, self.timezone)

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

    def _file(self, file: BinaryIO, path: Path, after: Any, stop: threading.Event) -> Iterator[Batch]:
        """The rows of one file, until another one has its place, or it was cut."""
        refused = int(after.get("refused", 0)) if after is not None else 0
        known = after is not None and _same(file, after)
        at = _At(int(after["offset"]), bool(after.get("skip")), refused) if known else _At(0, False, refused)
        layout: Layout | None = None
        seen = 0  # bytes of the file that the layout was found in
        order = InOrder(self.reorder_s)
        while not stop.is_set():
            yield from order.due(time.monotonic_ns() // 1000)
            block = _block(file, at.offset)
            text, before = _lines(block, at), at.offset
            if (layout is None and (text or before)) or (layout is not None and text and _young(layout, seen, before + len(text))):
                layout, seen = self._found(file, layout), before + len(text)
            if layout is None or not (text or (at.skip and block) or len(block) == BLOCK):
                if _gone(file, path, before):
                    yield from order.due(None)
                    return
                stop.wait(self.every_s)
                while not self.reorder_s and not stop.is_set() and _still(path, file, before + len(block)):
                    stop.wait(self.every_s)
                continue
            rows, scraps = layout.rows(text[max(0, layout.header_bytes - before) :])
            refused = self._told(scraps)
            scraps = headed(scraps, layout)
            if not text and not at.skip:
                scraps, refused = (Scrap(block, LONG),), self._told((Scrap(block, LONG),))
            at.go_on(block, text)
            if len(rows) or scraps:
                at.refused += refused
                order.put(Batch(rows, at.position(file), scraps), time.monotonic_ns() // 1000)
                yield from order.due(time.monotonic_ns() // 1000)
            if len(block) < SHORT:  # reading costs as much for one row as for many: the next ones are read together
                stop.wait(self.every_s)

    def _told(self, scraps: tuple[Scrap, ...]) -> int:
        """The log hears once of the lines of a block that were refused; how many."""
        n = sum(max(1, len(one.payload.splitlines())) for one in scraps)
        if n:
            _log.error("lines refused", file=str(self.path), lines=n, error=scraps[0].reason)
        return n

    def _found(self, file: BinaryIO, before: Layout | None) -> Layout | None:
        """The layout as the file shows it now; the one of `before` when it shows none."""
        try:
            return self._layout(file) or before
        except Complaint:
            if before is None:
                raise
            return before

    def _layout(self, file: BinaryIO) -> Layout | None:
        """How the file is to be read, once it has a header and a row."""
        head = _block(file, 0)
        if len(head) == BLOCK and b"\n" not in head:
            raise BadTable("The first line of the file is longer than a megabyte.", cure="Export one row per line.")
        return self._of(head)

    def _of(self, head: bytes) -> Layout | None:
        return Layout.of(head, self.columns, self.time, self.id, self.timezone, self.subgroup, self.product)


@dataclass(slots=True)
class _At:
    """How far a file is read. `skip`: the rest of a line whose beginning was refused is passed over."""

    offset: int
    skip: bool
    refused: int

    def go_on(self, block: bytes, text: bytes) -> None:
        if self.skip:
            end = block.find(b"\n") + 1
            self.offset, self.skip = self.offset + (end or len(block)), not end
        elif text:
            self.offset += len(text)
        else:
            self.offset, self.skip = self.offset + len(block), True

    def position(self, file: BinaryIO) -> dict[str, Any]:
        head = _head(file)
        known = {"inode": os.fstat(file.fileno()).st_ino, "head": _digest(head), "head_bytes": len(head)}
        return {"offset": self.offset, **known, "refused": self.refused, **({"skip": True} if self.skip else {})}


def _young(layout: Layout, seen: int, now: int) -> bool:
    """Whether a layout was found in so few rows that it is looked for again, now that there are three times as many: a first row alone may
    lack a value, and says little about what its columns are for."""
    return layout.anchors < ANCHOR and now - layout.header_bytes >= 3 * (seen - layout.header_bytes)


def _block(file: BinaryIO, offset: int) -> bytes:
    if os.fstat(file.fileno()).st_size <= offset:  # it has not grown: a look costs no more than this
        return b""
    file.seek(offset)
    return file.read(BLOCK)


def _lines(block: bytes, at: _At) -> bytes:
    """The complete lines of a block; none while the rest of a long one is passed over."""
    return b"" if at.skip else block[: block.rfind(b"\n") + 1]


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


def _still(path: Path, file: BinaryIO, size: int) -> bool:
    """True when the name still belongs to this file, and it is as long as it was: a look of some microseconds."""
    try:
        about = path.stat()
    except OSError:
        return False
    return about.st_size == size and about.st_ino == os.fstat(file.fileno()).st_ino


def _gone(file: BinaryIO, path: Path, offset: int) -> bool:
    """True when the name belongs to another file now, or this one was cut and begun again."""
    about = os.fstat(file.fileno())
    if about.st_size < offset:
        return True
    try:
        return path.stat().st_ino != about.st_ino
    except FileNotFoundError:
        return False
