"""A folder into which files are dropped: each complete CSV file is taken once."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from spc.errors import BadSettings, Complaint, NotFound
from spc.nouns import Rows
from spc.reference import RowParser
from spc.sources.batch import NO_ROWS, Batch, Scrap
from spc.sources.dropped import Memory, Sight, sights
from spc.sources.lines import PAYLOAD, Layout, reason_of
from spc.sources.reorder import InOrder
from spc.sources.scrapped import headed, read_again
from spc.sources.source import Clock
from spc.sources.tail import BLOCK, LONG

_FILE = re.compile(r"File (.+?): ")  # at the beginning of the reason of a scrap

_log = structlog.get_logger("spc.sources")


@dataclass(frozen=True, slots=True)
class Folder:
    """Takes the files that are dropped into a folder, oldest first, or by `order = "name"`.

    A file is complete when its size and times have not changed for `settle_s` seconds; one that is renamed into the folder may be taken
    at once with `settle_s = 0`. Names that begin with a dot or end in .tmp, .part or ~ are passed over, and those that `pattern` does not
    match. The same bytes dropped again are not taken again. A file that is no table is kept as a scrap (its first megabyte), a line that
    is no row likewise, with the file's header. With `done`, a folder (relative to `path`), a file is moved there when all of it is on
    disk. A file that grows after it was taken would be read as a new one: follow such a file with `tail`.
    """

    path: Path | str
    pattern: str = "*"
    order: str = "time"
    every_s: float = 1.0
    settle_s: float = 1.0
    done: str | None = None
    columns: tuple[str, ...] = ()
    time: str | None = None
    id: str | None = None
    timezone: str = "UTC"
    subgroup: str = ""
    product: str = ""
    reorder_s: float = 0.0

    def __post_init__(self) -> None:
        if self.order not in ("time", "name"):
            raise BadSettings(f"folder: order is {self.order!r}.", cure='Write "time" or "name".')
        if not self.every_s > 0 or not self.settle_s >= 0 or not self.reorder_s >= 0:
            raise BadSettings("folder: every_s must be more than 0, settle_s and reorder_s at least 0.", cure="Give seconds.")

    @property
    def name(self) -> str:
        return f"folder {Path(self.path).name}"

    def probe(self, clock: Clock) -> str:
        """What lies in the folder; raises NotFound when there is none."""
        there = sorted(sights(self._folder(), self.pattern), key=self._place)
        if not there:
            return f"{self.path} is a folder with no file to take."
        layout = None
        with (self._folder() / there[0].name).open("rb") as file:
            layout = self._layout(file, there[0].size)
        columns = f" with these columns: {layout.told()}" if layout else " without a row"
        return f"{self.path} has {len(there)} files to take; the first is {there[0].name}{columns}."

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch]:
        """Position: the files taken last with the digests of their bytes, and how far the open one was read. `clock` is not asked."""
        folder, memory, order = self._folder(), Memory.of(after), InOrder(self.reorder_s)
        held: set[Sight] = set()  # files of which rows are held back
        seen: dict[str, tuple[Sight, float]] = {}
        there = sights(folder, self.pattern)
        memory.start(there)
        while not stop.is_set():
            now = time.monotonic()
            seen = {one.name: seen[one.name] if one.name in seen and seen[one.name][0] == one else (one, now) for one in there}
            for one in sorted(there, key=self._place):
                if one in held:
                    continue
                if memory.knows(one):
                    self._put_away(one)
                elif now - seen[one.name][1] >= self.settle_s:
                    for batch in self._take(one, there, memory, stop):
                        order.put(batch, time.monotonic_ns() // 1000)
                        yield from order.due(time.monotonic_ns() // 1000)
                    if memory.knows(one):
                        held.add(one)
                        order.after(partial(self._taken, one, held))
                    order.done()
                if stop.is_set():
                    return
            yield from order.due(time.monotonic_ns() // 1000)
            order.done()
            stop.wait(self.every_s)
            there = sights(self._folder(), self.pattern)

    def again(self, payload: bytes, reason: str = "") -> list[Rows]:
        """The rows of a scrap, corrected or not, read as the file that the reason names, or by their own header. Raises BadTable."""
        named = _FILE.match(reason)
        layout = None
        for folder in (Path(self.path), Path(self.path) / self.done) if self.done else (Path(self.path),):
            try:
                with (folder / Path(named[1]).name if named else folder).open("rb") as file:
                    layout = layout or self._layout(file, file.seek(0, 2))
            except (OSError, Complaint):
                continue
        return read_again(payload, layout, self._of, self.timezone)

    def _folder(self) -> Path:
        if not Path(self.path).is_dir():
            raise NotFound(f"There is no folder {self.path}.", cure="Make it, or correct the path.")
        return Path(self.path)

    def _place(self, sight: Sight) -> tuple[int, str]:
        return (sight.modified if self.order == "time" else 0), sight.name

    def _take(self, sight: Sight, there: list[Sight], memory: Memory, stop: threading.Event) -> Iterator[Batch]:
        """The rows of one file."""
        try:
            file = (Path(self.path) / sight.name).open("rb")
        except OSError as closed:  # asked again at the next look
            _log.error("file cannot be opened", file=sight.name, error=str(closed))
            return
        with file:
            digest = _digest(file, stop)
            if digest is None:
                return
            if memory.has(digest):
                _log.info("file was taken before", file=sight.name)
                memory.add(sight, digest, there)
                yield Batch(NO_ROWS, memory.position())
            else:
                begun = memory.open[1] if memory.open is not None and memory.open[0] == digest else 0
                for batch, offset in self._blocks(file, sight, begun):
                    if offset < sight.size:
                        memory.open = (digest, offset)
                    else:
                        memory.add(sight, digest, there)
                    yield Batch(batch.rows, memory.position(), batch.scraps)
                    if stop.is_set() and offset < sight.size:
                        return

    def _taken(self, sight: Sight, held: set[Sight]) -> None:
        """All rows of a file are on disk: it may go."""
        held.discard(sight)
        self._put_away(sight)

    def _blocks(self, file: BinaryIO, sight: Sight, offset: int) -> Iterator[tuple[Batch, int]]:
        """Each block of the file with what was made of it, and where the next one begins."""
        try:
            layout = self._layout(file, sight.size)
            if layout is None and (head := _at(file, 0, PAYLOAD)).strip():
                RowParser(head)  # a header without a row is no rows; anything else complains here
        except Exception as wrong:  # noqa: BLE001 - whatever the file is, the next one must be read
            reason = reason_of(wrong)
            _log.error("file refused", file=sight.name, error=reason)
            yield Batch(NO_ROWS, None, (Scrap(_at(file, 0, PAYLOAD), f"File {sight.name}: {reason}"),)), sight.size
            return
        if layout is None:
            yield Batch(NO_ROWS), sight.size
            return
        offset = max(offset, layout.header_bytes)
        while True:
            block = _at(file, offset, BLOCK)
            last = offset + len(block) >= sight.size or not block
            text = block if last else block[: block.rfind(b"\n") + 1]
            if text or last:
                rows, scraps = layout.rows(text)
                scraps = headed(scraps, layout)
                offset = sight.size if last else offset + len(text)
            else:
                rows, scraps = NO_ROWS, (Scrap(block, LONG),)
                offset = _next_line(file, offset + len(block))
            if scraps:
                _log.error("lines refused", file=sight.name, scraps=len(scraps), error=scraps[0].reason)
            yield Batch(rows, None, tuple(Scrap(one.payload, f"File {sight.name}: {one.reason}") for one in scraps)), offset
            if offset >= sight.size:
                return

    def _layout(self, file: BinaryIO, size: int) -> Layout | None:
        head = _at(file, 0, BLOCK)
        whole = head if size > len(head) or head.endswith(b"\n") else head + b"\n"
        return self._of(whole)

    def _of(self, head: bytes) -> Layout | None:
        return Layout.of(head, self.columns, self.time, self.id, self.timezone, self.subgroup, self.product)

    def _put_away(self, sight: Sight) -> None:
        """Moves a file that was taken, unless another one has its name by now."""
        if self.done is None:
            return
        path, done = Path(self.path) / sight.name, Path(self.path) / self.done
        try:
            if Sight.of(path) != sight:
                return
            done.mkdir(exist_ok=True)
            to, n = done / sight.name, 1
            while to.exists():
                to, n = done / f"{path.stem}.{n}{path.suffix}", n + 1
            shutil.move(path, to)
        except OSError as kept:
            _log.error("file was taken and cannot be moved", file=sight.name, error=str(kept))


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _next_line(file: BinaryIO, offset: int) -> int:
    """Where the line after this place begins; the end of the file when there is none."""
    while block := _at(file, offset, BLOCK):
        end = block.find(b"\n") + 1
        if end:
            return offset + end
        offset += len(block)
    return offset


def _digest(file: BinaryIO, stop: threading.Event) -> str | None:
    """A digest of the whole file; None when there is no time left for it."""
    found = hashlib.sha256()
    while block := file.read(BLOCK):
        found.update(block)
        if stop.is_set():
            return None
    return found.hexdigest()[:32]
