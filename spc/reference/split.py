"""Lines into cells: one rule for the sample, for the body and for a file that is still growing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from spc.errors import BadTable

BLANKS = " "  # the "delimiter" of a file whose columns are set apart by one or more blanks
ALONE = ""  # the "delimiter" of a file of one column
_END = "\x01end\x01"
_OPEN_LINES = 1000  # a quoted cell that goes on longer than this was never closed
_BLANK_CELLS = re.compile(r'"[^"]*"|[^\s"]\S*')


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line in the file, and its cells."""

    line: int
    cells: list[str]


def split(text: str, delimiter: str, first_line: int = 1, last: bool = True) -> tuple[list[Record], int]:
    """The records of a text whose first line has this number, blank lines left out, and how many characters they took.

    A record whose quotation marks are still open at the end of the text is not taken, unless this is the `last` text: then BadTable.
    """
    if '"' not in text or delimiter in (BLANKS, ALONE):
        return _split_plainly(text, delimiter, first_line), len(text)
    return _split_quoted(text, delimiter, first_line, last)


def _split_plainly(text: str, delimiter: str, first_line: int) -> list[Record]:
    records = []
    for number, line in enumerate(text.split("\n"), first_line):
        if not line or line.isspace():
            continue
        if delimiter == ALONE:
            cells = [_unquote(line)]
        elif delimiter == BLANKS:
            cells = [_unquote(cell) for cell in _BLANK_CELLS.findall(line)] if '"' in line else line.split()
        else:
            cells = line.split(delimiter)
        records.append(Record(number, cells))
    return records


def _unquote(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _split_quoted(text: str, delimiter: str, first_line: int, last: bool) -> tuple[list[Record], int]:
    body = text if text.endswith("\n") else text + "\n"
    reader = csv.reader(io.StringIO(body + _END, newline="\n"), delimiter=delimiter, skipinitialspace=True)
    records: list[Record] = []
    start, cells = 0, []
    try:
        for cells in _cells(reader):
            if cells == [_END]:
                return records, len(text)
            if any(cells) or len(cells) > 1:
                records.append(Record(first_line + start, cells))
            start = reader.line_num
    except csv.Error:
        last = True
        start = reader.line_num - 1
    begun = records.pop().line - first_line if records and cells else start
    open_lines = body.count("\n") - begun
    if last or open_lines > _OPEN_LINES:
        raise BadTable(
            f'A quotation mark (") opened in line {first_line + begun} is never closed.',
            cure="Close it, or take it out; inside a quoted cell it is written twice.",
        )
    return records, _offset(body, begun)


def _cells(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from reader


def _offset(text: str, lines: int) -> int:
    """How many characters the first so many lines of a text have."""
    at = 0
    for _ in range(lines):
        at = text.index("\n", at) + 1
    return at
