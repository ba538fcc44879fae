"""Pieces of a CSV file, read by the same rules as the whole: every line becomes a row, or a scrap that says why not."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spc.errors import BadTable, Complaint
from spc.nouns import Rows
from spc.reference import RowParser, read_rows
from spc.reference.beginning import beginning
from spc.reference.settled import Settled
from spc.sources.batch import Scrap

ANCHOR = 25  # the file's first rows that go before every piece: a single row says too little about marks and dates
LOOK = 200  # lines that are tried for a first good one, when the beginning of a file is damaged
PAYLOAD = 1 << 20  # bytes of a scrap that are kept
TRIES = 200  # times that a block is read by parts, to find what is bad in it
_NO_CELL = b";,|\t\"' \r\n"  # what a line without any cell is made of
_NOTHING = "It has too few cells, or none of them is a value."


class _Unread(Exception):
    """These lines are not read as they stand, and why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read, found once from its beginning: which columns are measured, which are the time and the part number.

    `start` are the header and the first rows, `anchors` how many rows that is; `end` is one of them again, which goes behind every piece:
    a line there is a row, where the end of a file could be a footer. `header_bytes` is where the first row begins. With `settled` lines
    that leave nothing to be found out are read at once; the others, and all when it is None, with the beginning of the file before them.
    """

    columns: tuple[str, ...]
    time: str | None
    id: str | None
    timezone: str
    start: bytes
    end: bytes
    anchors: int
    header_bytes: int
    subgroup: str = ""
    product: str = ""
    settled: Settled | None = None

    @classmethod
    def of(
        cls,
        head: bytes,
        columns: tuple[str, ...],
        time: str | None,
        id: str | None,
        timezone: str,
        subgroup: str = "",
        product: str = "",
    ) -> Layout | None:
        """The layout of a file that begins with these bytes; None while it has no row yet. Raises the complaints of reading."""
        lines = head[: head.rfind(b"\n") + 1].splitlines(keepends=True)
        if head[:200].count(b"\0") > 0.3 * len(head[:200]):
            raise BadTable("The file is UTF-16, in which complete lines cannot be told while it grows.", cure="Write UTF-8.")
        if len(lines) < 2:
            return None
        blank = cls(columns, time, id, timezone, b"", b"", 0, 0, subgroup, product)
        complaint: Complaint | None = None
        try:
            made = blank._of(lines)
        except Complaint as wrong:
            made, complaint = None, wrong
        if made is None:
            good = _good(lines[0], lines[1 : LOOK + 1], timezone)
            made = blank._of([lines[0], *good]) if good else None
        if made is None and complaint is not None:
            raise complaint
        return made

    def _of(self, lines: list[bytes]) -> Layout | None:
        """The layout as these lines show it; None when none of them can go before a piece. Raises the complaints of reading."""
        text = b"".join(lines)
        found = beginning(text, self.timezone)
        header = found.header_bytes
        made = dataclasses.replace(
            self,
            columns=self.columns or found.names,
            time=self.time or found.column("time"),
            id=self.id or found.column("id"),
            start=text[:header],
            header_bytes=header,
        )
        body = [one for one in text[header:].splitlines(keepends=True)[:LOOK] if one.strip(_NO_CELL)]
        return made._anchored(body[:ANCHOR]) or made._anchored(_good(text[:header], body, self.timezone))

    def _anchored(self, rows: list[bytes]) -> Layout | None:
        """This with some rows that go before every piece; None when one of them is no row."""
        if not rows:
            return None
        made = dataclasses.replace(self, start=self.start + b"".join(rows), end=rows[-1], anchors=len(rows))
        settled = made._settled()
        try:
            both = settled.rows([*rows, rows[-1]]) if settled is not None else None
            both = made._whole(b"") if both is None else both
        except Complaint:
            return None
        if len(both) != len(rows) + 1 or _nothing(both).any():
            return None
        return dataclasses.replace(made, settled=settled)

    def _settled(self) -> Settled | None:
        return Settled.of(
            self.start + self.end,
            self.columns,
            time=self.time,
            id=self.id,
            subgroup=self.subgroup,
            product=self.product,
            timezone=self.timezone,
        )

    def told(self) -> str:
        """The columns in words, as a probe says them."""
        others = [f"{role} in {name}" for role, name in (("time", self.time), ("part number", self.id)) if name]
        return "; ".join([", ".join(self.columns), *others])

    def rows(self, block: bytes) -> tuple[Rows, tuple[Scrap, ...]]:
        """The rows of complete lines, and what no row could be made of: a bad line does not stop the others.

        Blank lines, lines of nothing but delimiters and the header again are neither. Neighbours with one reason are one scrap.
        """
        header = {one.strip() for one in self.start[: self.header_bytes].splitlines()}
        lines = [one for one in block.splitlines(keepends=True) if one.strip(_NO_CELL) and one.strip() not in header]
        try:
            rows, refused = self._parted(lines, [TRIES])
        except _Unread:  # a line or more is bad: they are found one by one, the rest is read as ever
            bad = self._bad(lines)
            rows, refused = self._sorted([one for i, one in enumerate(lines) if i not in bad], [TRIES])
            refused = [*bad.values(), *refused]
        return rows, _together(refused)

    def _bad(self, lines: list[bytes]) -> dict[int, Scrap]:
        """The lines that are no row for themselves."""
        parser = RowParser(self.start, columns=self.columns, time=self.time, id=self.id, timezone=self.timezone)
        parser.feed(self.start[parser.offset :].splitlines())
        before = parser.rows
        _, complaints = parser.feed(lines)
        if parser.rows - before != len(lines):  # which line a complaint is about is not known
            return {}
        places = [(wrong.row - before - 1, wrong) for wrong in complaints if wrong.row is not None]
        return {i: Scrap(lines[i][:PAYLOAD], reason_of(wrong)) for i, wrong in places}

    def _parted(self, lines: list[bytes], tries: list[int]) -> tuple[Rows, list[Scrap]]:
        """The rows, and those of them that have nothing in them as scraps; raises _Unread with the reason."""
        if not lines:
            return self._none(), []
        tries[0] -= 1
        try:
            rows = self.settled.rows(lines) if self.settled is not None else None
            rows = self._read(b"".join(lines)) if rows is None else rows
        except Exception as wrong:  # noqa: BLE001 - whatever stands in a line, it must not stop the line
            raise _Unread(reason_of(wrong)) from None
        nothing = _nothing(rows)
        if not nothing.any():
            return rows, []
        if len(rows) != len(lines):  # which line a row is from is not known
            raise _Unread(_NOTHING)
        refused = [Scrap(lines[i][:PAYLOAD], _NOTHING) for i in np.flatnonzero(nothing)]
        return rows.some(np.flatnonzero(~nothing).tolist()), refused

    def _sorted(self, lines: list[bytes], tries: list[int]) -> tuple[Rows, list[Scrap]]:
        """The same by halves, until the bad lines are found; when that takes too long, what is left is refused together."""
        try:
            return self._parted(lines, tries)
        except _Unread as wrong:
            if len(lines) == 1 or tries[0] <= 0:
                return self._none(), [Scrap(one[:PAYLOAD], str(wrong)) for one in lines]
        half = len(lines) // 2
        (first, a), (second, b) = self._sorted(lines[:half], tries), self._sorted(lines[half:], tries)
        return _joined(first, second), a + b

    def _read(self, block: bytes) -> Rows:
        rows = self._whole(block if block.endswith((b"\n", b"\r")) else block + b"\n")
        return rows.part(slice(self.anchors, len(rows) - 1))

    def _whole(self, block: bytes) -> Rows:
        """The anchors, the rows of a block, and the last anchor again, which must be found there: an open quotation mark swallows it."""
        whole = self.start + block + self.end
        rows = read_rows(
            whole,
            columns=self.columns,
            time=self.time,
            id=self.id,
            subgroup=self.subgroup,
            product=self.product or None,
            timezone=self.timezone,
        )
        here, again = self.anchors - 1, len(rows) - 1
        if again <= here or rows.ids[here] != rows.ids[again] or not np.array_equal(rows.x[here], rows.x[again], equal_nan=True):
            raise BadTable("A quotation mark is opened and not closed.", cure="Close it, or double it inside of a cell.")
        return rows

    def _none(self) -> Rows:
        return Rows(self.columns, np.empty((0, len(self.columns))), np.empty(0, dtype="datetime64[us]"), ())


def _good(header: bytes, lines: list[bytes], timezone: str) -> list[bytes]:
    """Those of the lines that are a row with this header, each alone, and have the most columns; as many as go before every piece."""
    found: list[tuple[int, bytes]] = []
    for line in lines:
        try:
            rows = read_rows(header + line, timezone=timezone)
        except Complaint:
            continue
        if len(rows) == 1 and not _nothing(rows).any():
            found.append((len(rows.names), line))
    most = max((n for n, _ in found), default=0)
    return [line for n, line in found if n == most][:ANCHOR]


def reason_of(wrong: Exception) -> str:
    """What was wrong, without numbers of lines, which would count the rows that were put before.

    >>> reason_of(BadTable("Line 27 has 6 cells.", cure="Take one out."))
    'It has 6 cells. Take one out.'
    """
    if not isinstance(wrong, Complaint):
        return f"It cannot be read ({type(wrong).__name__}: {wrong})."
    text = re.sub(r"\bin line \d+\b", "in it", re.sub(r"\bLine \d+\b", "It", wrong.text))
    place = f"Column {wrong.column}: " if wrong.column else ""
    return place + " ".join(part for part in (text, wrong.cure) if part)


def _nothing(rows: Rows) -> NDArray[np.bool]:
    """Which rows have neither a value, nor a time, nor a part number."""
    ids = np.array([one is not None for one in rows.ids], dtype=bool)
    return np.asarray(np.isnan(rows.x).all(axis=1) & np.isnat(rows.at) & ~ids)


def _together(scraps: list[Scrap]) -> tuple[Scrap, ...]:
    """Neighbours with one reason as one scrap, as far as its bytes are kept: a damaged megabyte is not ten thousand of them."""
    kept: list[Scrap] = []
    parts: list[bytes] = []
    size = 0
    for one in [*scraps, None]:
        if parts and (one is None or one.reason != kept[-1].reason or size + len(one.payload) > PAYLOAD):
            kept[-1] = Scrap(b"".join(parts), kept[-1].reason)
            parts, size = [], 0
        if one is not None:
            if not parts:
                kept.append(one)
            parts.append(one.payload)
            size += len(one.payload)
    return tuple(kept)


def _joined(a: Rows, b: Rows) -> Rows:
    if not len(a) or not len(b):
        return b if len(b) else a
    x, at = np.concatenate([a.x, b.x]), np.concatenate([a.at, b.at])
    return dataclasses.replace(a, x=x, at=at, ids=(*a.ids, *b.ids), subgroup=a.subgroup + b.subgroup, product=a.product + b.product)
