"""Rows of a file that is still growing: the header once, then line after line by the same rules as a whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from spc.errors import BadTable, ColumnMismatch, Complaint
from spc.nouns import Finding, Floats, Rows, Times
from spc.reference.cells import clean, numbers
from spc.reference.dialect import find_mark
from spc.reference.header import below_header, is_header_again
from spc.reference.layout import Layout, find_layout, offset_of
from spc.reference.names import normal_name
from spc.reference.source import ORDINARY, ReadLimits, Walk
from spc.reference.split import Record, split
from spc.reference.stamps import is_clock, is_date, looks_like_time
from spc.reference.storage import storages
from spc.reference.times import from_numbers, parse
from spc.reference.words import ID_NAME, TIME_NAME

_NAT = np.datetime64("NaT", "us")


class RowParser:
    """Turns complete lines of a growing CSV file into rows.

    `head` is the beginning of the file: its header, and as many of its first lines as there are. `offset` is the number of bytes before the
    first data line: feed every line from there on, those of the head too. `columns` are the names that the rows need, in that order; None
    takes every column of numbers. A line that cannot be read becomes a complaint with its line and row number, and counts as a row; a cell
    that is no number is missing, and `on_finding` is told. Raises the complaints of `read` for a head that is no table, ColumnMismatch when
    a needed column is absent.

    >>> parser = RowParser(b"time;a;b\\n", columns=("b", "a"))
    >>> rows, complaints = parser.feed([b"2025-03-03 06:00;1,5;2,5\\n", b"2025-03-03 06:01;1,6\\n"])
    >>> rows.x.tolist(), str(complaints[0])
    ([[2.5, 1.5]], 'row 2: Line 3 has 2 cells, the table has 3 columns. Write complete lines.')
    """

    def __init__(
        self,
        head: bytes,
        *,
        columns: Sequence[str] | None = None,
        time: str | None = None,
        id: str | None = None,
        timezone: str = "UTC",
        limits: ReadLimits = ORDINARY,
        on_finding: Callable[[Finding], None] | None = None,
    ) -> None:
        self._layout = find_layout(_walk(head), limits, whole_head=True, rows_needed=False)
        if self._layout.encoding.startswith("utf-16") or self._layout.encoding.startswith("utf-32"):
            raise BadTable("A growing file in UTF-16 cannot be followed.", cure="Let the program write it as UTF-8.")
        self._mark, self._timezone, self._tell = self._layout.mark, timezone, on_finding or (lambda finding: None)
        self._needed = tuple(normal_name(c) for c in columns) if columns is not None else None
        self._time_name, self._id_name = time, id
        self._day_first: bool | None = None
        self.rows = 0  # data rows so far, those that could not be read included
        self.line = self._layout.first_line  # number of the next line
        self.offset = offset_of(head, self._layout.first_line)
        self._names: tuple[str, ...] = ()
        self._refuse_absent()
        self._settled = False
        if self._layout.sample:
            self._settle(list(self._layout.sample))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the rows: the needed ones, or those of numbers once the first rows have shown which they are."""
        return self._needed if self._needed is not None else self._names

    def feed(self, lines: Sequence[bytes]) -> tuple[Rows, list[Complaint]]:
        """The rows of complete lines, with or without their ends, and a complaint for each line that is not among them."""
        records: list[tuple[int, list[str]]] = []
        complaints: list[Complaint] = []
        for raw in lines:
            record = self._record(raw, complaints)
            if record is not None:
                records.append(record)
        if records and not self._settled:
            self._settle([Record(0, cells) for _, cells in records])
        if self._mark.sure < 2 and records:
            found = find_mark([Record(0, cells) for _, cells in records], self._layout.delimiter)
            self._mark = found if found.sure > self._mark.sure else self._mark
        return self._rows(records, complaints), complaints

    def _record(self, raw: bytes, complaints: list[Complaint]) -> tuple[int, list[str]] | None:
        line, h = self.line, self._layout.header
        self.line += 1
        text = _decode(raw.rstrip(b"\r\n"))
        try:
            found, _ = split(text, self._layout.delimiter, line)
            if not found or is_header_again(found[0].cells, h):
                return None
            cells = found[0].cells
            if self.rows == 0 and not h.units_row and below_header([Record(line, cells)], 0, h.width) == "units":
                return None
            self.rows += 1
            if "\0" in text:
                raise BadTable(
                    f"There is a NUL byte in line {line}.", cure="The writer was interrupted; write the row again.", row=self.rows
                )
            surplus = any(c.strip() for c in cells[h.width :])
            if surplus or len(cells) <= h.kept[-1]:
                counted = f"Line {line} has {len(cells)} cells, the table has {len(h.names)} columns."
                raise BadTable(counted, cure="Write complete lines.", row=self.rows)
        except BadTable as unreadable:
            if unreadable.row is None:
                self.rows += 1
                unreadable.row = self.rows
            complaints.append(unreadable)
            return None
        return self.rows, cells

    def _rows(self, records: list[tuple[int, list[str]]], complaints: list[Complaint]) -> Rows:
        x = np.full((len(records), len(self.names)), np.nan)
        mixed: dict[int, Complaint] = {}
        for k, name in enumerate(self.names):
            x[:, k] = self._numbers(name, records, mixed)
        keep = [i for i, (row, _) in enumerate(records) if row not in mixed]
        complaints.extend(mixed.values())
        complaints.sort(key=lambda c: c.row or 0)
        at = self._times(records)
        ids = self._cells(self._id, records) if self._id is not None else [""] * len(records)
        return Rows(self.names, x[keep], at[keep], tuple(clean(ids[i]) or None for i in keep))

    def _numbers(self, name: str, records: list[tuple[int, list[str]]], mixed: dict[int, Complaint]) -> Floats:
        cells = self._cells(name, records)
        values, odd = numbers(cells, self._mark.sign, 0, self._suffixes.get(name, ""))
        for one in odd:
            row = records[one.row][0]
            if one.kind == "other_mark":
                wrong = BadTable(f"{one.text!r} has another decimal mark than the rows before.", cure="Use one mark.", row=row, column=name)
                mixed.setdefault(row, wrong)
            elif one.kind in ("text", "infinite"):
                self._tell(Finding("text_cells", "amber", f"{name}: {one.text[:30]!r} (row {row}) is not a number.", "", (name,), (row,)))
        return values

    def _cells(self, name: str, records: list[tuple[int, list[str]]]) -> list[str]:
        j = self._layout.header.kept[self._layout.header.names.index(name)]
        return [cells[j] for _, cells in records]

    def _times(self, records: list[tuple[int, list[str]]]) -> Times:
        if self._time is None or not records:
            return np.full(len(records), _NAT)
        texts = self._cells(self._time, records)
        if self._beside is not None:
            texts = [f"{a} {b}" for a, b in zip(texts, self._cells(self._beside, records), strict=True)]
        values, odd = numbers(texts, self._mark.sign, 1)
        if not odd and (clock := from_numbers(values, self._timezone)) is not None:
            return clock.at
        clock = parse(texts, self._timezone, self._day_first)
        if self._day_first is None and not np.isnat(clock.at).all():
            self._day_first = clock.day_first
        return clock.at

    def _settle(self, records: list[Record]) -> None:
        """What each column is for, once there are rows to judge by."""
        self._settled = True
        layout: Layout = replace(self._layout, sample=tuple(records))
        names, kept = layout.header.names, dict(zip(layout.header.names, layout.header.kept, strict=True))
        first = {name: next((r.cells[j] for r in records if j < len(r.cells) and r.cells[j].strip()), "") for name, j in kept.items()}
        self._time = self._named(self._time_name) or next((n for n in names if TIME_NAME.fullmatch(n) and self._is_time(n, first[n])), None)
        self._id = self._named(self._id_name) or next((n for n in names if ID_NAME.fullmatch(n) and n != self._time), None)
        self._beside = None
        if self._time is not None and is_date(first[self._time]):
            j = names.index(self._time)
            self._beside = next((names[k] for k in (j + 1, j - 1) if 0 <= k < len(names) and is_clock(first[names[k]])), None)
        kinds, units = storages(layout, {}, self._needed or ())
        self._suffixes = {n: u for n, u in zip(names, units, strict=True) if u}
        taken = {self._time, self._beside, self._id}
        self._names = tuple(n for n, kind in zip(names, kinds, strict=True) if kind == "number" and n not in taken)
        if self._time is not None and len(layout.sample) > 1:
            clock = parse([r.cells[kept[self._time]] for r in records if kept[self._time] < len(r.cells)], self._timezone)
            self._day_first = clock.day_first if clock.format else None

    def _named(self, name: str | None) -> str | None:
        wanted = normal_name(name) if name is not None else None
        return wanted if wanted in self._layout.header.names else None

    def _is_time(self, name: str, cell: str) -> bool:
        return name not in (self._needed or ()) and (
            looks_like_time(cell) or from_numbers(numbers([cell], self._mark.sign, 1)[0]) is not None
        )

    def _refuse_absent(self) -> None:
        absent = [n for n in self._needed or () if n not in self._layout.header.names]
        if absent:
            there = ", ".join(self._layout.header.names[:12])
            raise ColumnMismatch(f"The file does not have the column {', '.join(absent[:10])}.", cure=f"It has {there}.", column=absent[0])

    _time: str | None = None
    _beside: str | None = None
    _id: str | None = None
    _suffixes: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed


def _walk(head: bytes) -> Walk:
    try:
        head.decode("utf-8")
        utf8 = True
    except UnicodeDecodeError as wrong:
        utf8 = wrong.reason == "unexpected end of data"
    at = head.find(b"\0")
    return Walk(len(head), "", head, utf8, None if at < 0 else head.count(b"\n", 0, at) + 1)


def _decode(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
