"""Where the bytes of a table come from, and the first walk over them: size, SHA-256, NUL bytes, and whether they are valid UTF-8."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spc.errors import BadTable, NotFound, Refused

BLOCK = 4 << 20  # bytes read at a time: memory stays flat whatever the size of the file
HEAD = 1 << 20  # bytes looked at to find out how the file is written


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much is read before a file is refused: bytes of the file, data rows, measurement columns, and columns in all."""

    max_bytes: int = 1 << 30
    max_rows: int = 20_000_000
    max_columns: int = 2_000
    max_width: int = 20_000


ORDINARY = ReadLimits()


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that can be walked over more than once."""

    open: Callable[[], BinaryIO]
    name: str


@dataclass(frozen=True, slots=True)
class Walk:
    """What the first walk found: size in bytes, SHA-256, the first bytes, the end of line, the line of the first NUL, UTF-8 or not."""

    size: int
    digest: str
    head: bytes
    utf8: bool
    nul_line: int | None


def source_of(source: bytes | str | os.PathLike[str] | BinaryIO, name: str, limits: ReadLimits) -> Source:
    """The source of what a caller gave: bytes, the path of a file, or an open binary file."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return Source(lambda: io.BytesIO(data), name)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        try:
            if path.is_dir():
                raise BadTable(f"{path.name} is a folder, not a file.", cure="Give the path of a CSV file.")
            with path.open("rb"):
                return Source(lambda: path.open("rb"), name or path.name)
        except (OSError, ValueError) as gone:
            reason = gone.strerror if isinstance(gone, OSError) and gone.strerror else str(gone)
            raise NotFound(f"The file {str(source)[:200]!r} cannot be opened: {reason}.", cure="Check its path and your rights.") from gone
    data = source.read(limits.max_bytes + 1)
    if not isinstance(data, bytes):
        raise BadTable("The file was opened as text.", cure='Open it in binary mode: open(path, "rb").')
    return Source(lambda: io.BytesIO(data), name)


def walk(source: Source, limits: ReadLimits) -> Walk:
    """One pass over the bytes in bounded memory."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")("strict")
    size, lines, nul_line, utf8, head = 0, 0, None, True, b""
    with source.open() as file:
        while block := file.read(BLOCK):
            size += len(block)
            if size > limits.max_bytes:
                raise Refused(
                    f"The file is larger than {_size(limits.max_bytes)}.",
                    cure="Split it, or keep fewer rows: a reference seldom needs more than some ten thousand.",
                )
            digest.update(block)
            head = head or block[:HEAD]
            if nul_line is None:
                at = block.find(b"\0")
                nul_line = None if at < 0 else lines + block.count(b"\n", 0, at) + 1
                lines += block.count(b"\n")
            if utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    utf8 = False
        if utf8:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                utf8 = False
    return Walk(size, digest.hexdigest(), head, utf8, nul_line)


def utf8_blocks(source: Source, encoding: str, skip: int, size: int = BLOCK) -> Iterator[bytes]:
    """The file's bytes as UTF-8, `size` bytes at a time, without its byte-order mark (`skip` bytes)."""
    with source.open() as file:
        file.read(skip)
        if encoding == "utf-8":
            while block := file.read(size):
                yield block
            return
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        while block := file.read(size):
            yield decoder.decode(block).encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _size(n: int) -> str:
    return f"{n / (1 << 30):g} GB" if n >= 1 << 30 else f"{n / (1 << 20):.3g} MB"
