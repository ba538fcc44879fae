"""The body of a file, block by block in bounded memory: plain blocks by pandas' C parser, odd ones cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spc.errors import BadTable, Refused
from spc.reference.blocks import from_line, parse_block, regular, whole_lines
from spc.reference.cells import LARGEST, number, numbers
from spc.reference.fields import Field, Storage, Table
from spc.reference.header import is_header_again
from spc.reference.layout import Layout
from spc.reference.source import ReadLimits, Source, utf8_blocks
from spc.reference.split import Record, split

_MANY = 0.01  # share of rows with too few cells from which on the file is refused


def read_body(source: Source, size: int, layout: Layout, storages: Sequence[Storage], suffixes: Sequence[str], limits: ReadLimits) -> Table:
    """The columns of a file of `size` bytes, each as numbers or as texts; BadTable, with the line, for rows that do not fit."""
    body = Body(layout, empty_fields(layout, storages, suffixes), limits)
    for text, line in from_line(whole_lines(utf8_blocks(source, layout.encoding, layout.skip)), layout.first_line):
        body.take(text, line)
        body.expect(size)
    body.take(b"", body.next_line, last=True)
    return body.close()


def empty_fields(layout: Layout, storages: Sequence[Storage], suffixes: Sequence[str]) -> list[Field]:
    """The columns of a file before its first row."""
    h = layout.header
    fields = [Field(*each) for each in zip(h.names, h.units, storages, strict=True)]
    for one, suffix in zip(fields, suffixes, strict=True):
        one.suffix, one.unit = suffix, one.unit or suffix
    return fields


class Body:
    """Takes block after block and keeps what is left open at the end of each."""

    def __init__(self, layout: Layout, fields: list[Field], limits: ReadLimits) -> None:
        self.layout, self.fields, self.limits = layout, fields, limits
        self.n, self.next_line, self.blank_lines = 0, layout.first_line, 0
        self.taken, self.expected = 0, 0
        self.parted = 0  # rows that were given away as parts
        self.open = ""
        self.short: list[tuple[int, int, list[str]]] = []
        self.headers: list[int] = []

    def expect(self, size: int) -> None:
        """After the first block: room for as many rows as a file of this size should have."""
        if not self.expected and self.n and self.taken:
            self.expected = int(1.02 * self.n * size / self.taken) + 1
            for one in self.fields:
                one.expect(self.expected)

    def take(self, block: bytes, line: int, last: bool = False) -> None:
        if not block and not self.open:
            return
        if b"\0" in block:
            nul = line + block.count(b"\n", 0, block.index(b"\0"))
            raise BadTable(f"There is a NUL character in line {nul}.", cure="Export the table again; the file is damaged.")
        lines = block.count(b"\n")
        self.taken += len(block)
        if self.open or not self._take_plain(block):
            text = self.open + block.decode("utf-8")
            begun = line - self.open.count("\n")
            records, used = split(text, self.layout.delimiter, begun, last)
            self.open = text[used:]
            self.blank_lines += sum(not one.strip() for one in text[:used].split("\n")[:-1])
            self._take_records(records)
        self.next_line = line + lines
        if self.n > self.limits.max_rows:
            raise Refused(f"The file has more than {self.limits.max_rows} rows.", cure="Keep fewer rows, or split the file.")

    def _take_plain(self, block: bytes) -> bool:
        """Reads a block without quotation marks whose lines all have the right number of cells; False when it is not one."""
        h = self.layout.header
        if b'"' in block:
            return False
        blank, fits = regular(block, self.layout.delimiter, h.width)
        if not fits:
            return False
        frame = self._all_numbers(block)
        if frame is None:
            if all(name.encode() in block for name in h.names):
                return False  # perhaps the header again
            frame = parse_block(block, self.layout, ["text"] * len(self.fields))
        for one, j in zip(self.fields, h.kept, strict=True):
            cells = frame[j].to_numpy()
            if one.storage == "text":
                one.add_texts(cells.tolist())
            elif cells.dtype == np.float64:
                one.add_values(cells)
            else:
                self._add_numbers(one, cells, block)
        self.n += len(frame)
        self.blank_lines += blank
        return True

    def _all_numbers(self, block: bytes) -> pd.DataFrame | None:
        """The block when each cell of a number column is empty or a finite number; None when one is something else."""
        try:
            frame = parse_block(block, self.layout, [f.storage for f in self.fields])
        except (ValueError, OverflowError):
            return None
        for one, j in zip(self.fields, self.layout.header.kept, strict=True):
            if one.storage == "number" and np.any(np.abs(frame[j].to_numpy()) > LARGEST):
                return None
        return frame

    def _add_numbers(self, one: Field, cells: NDArray[Any], block: bytes) -> None:
        """Numbers from texts: at once where all are plain, else cell by cell. float() would take 1_0 and other scripts' digits, too."""
        if self.layout.mark.sign == "." and b"_" not in block and block.isascii():
            try:
                values = cells.astype(np.float64)
                if np.all(np.abs(values) <= LARGEST):
                    one.add_values(values)
                    return
            except ValueError:
                pass
        one.add_values(*numbers(cells.tolist(), self.layout.mark.sign, self.n + 1, one.suffix))

    def _take_records(self, records: list[Record]) -> None:
        width, last_kept = self.layout.header.width, self.layout.header.kept[-1]
        rows: list[list[str]] = []
        for record in records:
            cells = record.cells
            if is_header_again(cells, self.layout.header):
                self.headers.append(record.line)
                continue
            row = self.n + len(rows) + 1
            if len(cells) > width:
                if any(c.strip() for c in cells[width:]):
                    raise _too_many(record, row, width, self.layout.delimiter)
                cells = cells[:width]
            elif len(cells) <= last_kept:
                self.short.append((row, record.line, cells))
                cells = [""] * width
            rows.append(cells)
        for one, j in zip(self.fields, self.layout.header.kept, strict=True):
            column = [cells[j] for cells in rows]
            if one.storage == "number":
                one.add_values(*numbers(column, self.layout.mark.sign, self.n + 1, one.suffix))
            else:
                one.add_texts(column)
        self.n += len(rows)

    def part(self) -> Table:
        """What was taken since the last time, as a table of its own; it is forgotten here. Numbers of rows and lines go on."""
        taken = [one.taken_out() for one in self.fields]
        first, self.parted = self.parted, self.n
        return Table(taken, self.n - first, short=[(row, line) for row, line, _ in self.short if row > first])

    def close(self) -> Table:
        table = Table(self.fields, self.n, blank_lines=self.blank_lines, headers=self.headers)
        for one in self.fields:
            one.close(self.n)
        while self.short and self.short[-1][0] == table.n and is_footer(self.short[-1][2]):
            table.footers.insert(0, " ".join(c.strip() for c in self.short.pop()[2] if c.strip()))
            table.n -= 1
        self.refuse_many_short(table.n)
        table.short = [(row, line) for row, line, _ in self.short]
        shorts = {row for row, _ in table.short}
        while table.n and table.n not in shorts and self._is_empty(table.n - 1):
            table.n -= 1
            table.empty_end += 1
        for one in self.fields:
            one.close_at(table.n)
        return table

    def _is_empty(self, i: int) -> bool:
        for one in self.fields:
            if one.storage == "text" and one.texts[i].strip():
                return False
            if one.storage == "number" and (np.isfinite(one.values[i]) or any(o.row == i + 1 for k in one.odd.values() for o in k.first)):
                return False
        return True

    def refuse_many_short(self, n: int) -> None:
        """Raise BadTable when too many of n rows have too few cells."""
        if len(self.short) > max(3, _MANY * n):
            row, line, cells = self.short[0]
            raise BadTable(
                f"{len(self.short)} of {n} rows have too few cells; the first is line {line}: {len(cells)} of {self.layout.header.width}.",
                cure="Export the table again with every cell, empty ones too.",
                row=row,
            )


def is_footer(cells: list[str]) -> bool:
    """A last line such as "End of report": fewer cells than a row, and no number in any of them."""
    return all(number(c)[0] in ("text", "empty", "missing") for c in cells)


def _too_many(record: Record, row: int, width: int, delimiter: str) -> BadTable:
    cure = "Take the surplus cell out, or put the cell that contains the delimiter in quotation marks."
    if delimiter == ",":
        cure = "Is there a decimal comma or a thousands comma in a number? Export with semicolons, or put such cells in quotation marks."
    return BadTable(f"Line {record.line} has {len(record.cells)} cells, the table has {width} columns.", cure=cure, row=row)
