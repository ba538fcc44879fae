"""Pieces of a CSV file, read by the same rules as the whole."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import structlog

from spc.errors import BadTable, Complaint
from spc.nouns import Rows
from spc.reference import read, read_rows

ANCHOR = 25  # the file's first rows that go before every piece: a single row says too little about marks and dates

_log = structlog.get_logger("spc.sources")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read, found once from its beginning: which columns are measured, which are the time and the part number.

    `start` are the header and the first rows, `anchors` how many rows that is; `header_bytes` is where the first row begins.
    """

    columns: tuple[str, ...]
    time: str | None
    id: str | None
    timezone: str
    start: bytes
    anchors: int
    header_bytes: int
    subgroup: str = ""

    @classmethod
    def of(
        cls, head: bytes, columns: tuple[str, ...], time: str | None, id: str | None, timezone: str, subgroup: str = ""
    ) -> Layout | None:
        """The layout of a file that begins with these bytes; None while it has no row yet. Raises the complaints of reading."""
        lines = head[: head.rfind(b"\n") + 1].splitlines(keepends=True)
        if b"\0" in head[:200]:
            raise BadTable("The file is UTF-16, in which complete lines cannot be told while it grows.", cure="Write UTF-8.")
        if len(lines) < 2:
            return None
        table = read(b"".join(lines), timezone=timezone)
        header = len(lines) - _data_lines(lines, len(table))
        start = lines[: header + ANCHOR]
        return cls(
            columns or table.names,
            time or table.column("time"),
            id or table.column("id"),
            timezone,
            b"".join(start),
            len(start) - header,
            sum(len(one) for one in lines[:header]),
            subgroup,
        )

    def rows(self, block: bytes) -> tuple[Rows, int]:
        """The rows of complete lines, and how many lines were refused. One bad line does not stop the others: it is logged and counted."""
        if not block.strip():
            return self._none(), 0
        try:
            return self._read(block), 0
        except Complaint as wrong:
            lines = block.splitlines(keepends=True)
            if len(lines) == 1:
                _log.error("line refused", error=wrong.text, line=block[:200].decode(errors="replace"))
                return self._none(), 1
            half = len(lines) // 2
            (first, a), (second, b) = self.rows(b"".join(lines[:half])), self.rows(b"".join(lines[half:]))
            return _joined(first, second), a + b

    def _read(self, block: bytes) -> Rows:
        whole = self.start + block
        rows = read_rows(whole, columns=self.columns, time=self.time, id=self.id, subgroup=self.subgroup, timezone=self.timezone)
        return rows.part(slice(self.anchors, None))

    def _none(self) -> Rows:
        return Rows(self.columns, np.empty((0, len(self.columns))), np.empty(0, dtype="datetime64[us]"), ())


def _data_lines(lines: list[bytes], n: int) -> int:
    """How many of the lines hold the n rows: those from the end, blank ones not counted."""
    found = 0
    for i, line in enumerate(reversed(lines), 1):
        found += bool(line.strip())
        if found == n:
            return i
    return len(lines)


def _joined(a: Rows, b: Rows) -> Rows:
    x, at = np.concatenate([a.x, b.x]), np.concatenate([a.at, b.at])
    return dataclasses.replace(a, x=x, at=at, ids=a.ids + b.ids, subgroup=a.subgroup + b.subgroup, product=a.product + b.product)
