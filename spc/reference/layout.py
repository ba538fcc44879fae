"""How one file is laid out: encoding, delimiter, decimal mark, header. Found on its first megabyte, kept for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from spc.errors import BadTable, Refused, TooFewRows
from spc.nouns import Dialect, Finding
from spc.reference import dialect
from spc.reference.cells import number
from spc.reference.encoding import find_encoding
from spc.reference.header import Header, find_header
from spc.reference.nontable import refuse_binary, refuse_what_is_no_table
from spc.reference.source import HEAD, ReadLimits, Walk
from spc.reference.split import Record, split

_LINES = 400  # lines of the sample: enough to settle marks and roles
_CELLS = 60_000


@dataclass(frozen=True, slots=True)
class Layout:
    """All that must be known to read the body of a file."""

    encoding: str
    title: str  # the encoding for a person
    skip: int  # bytes of the byte-order mark
    delimiter: str
    mark: dialect.Mark
    header: Header
    first_line: int  # number of the first line that holds data
    sample: tuple[Record, ...]  # data records
    findings: tuple[Finding, ...]

    def described(self, thousands: str, time_format: str) -> Dialect:
        """The layout as the noun that a person sees."""
        return Dialect(self.title, self.delimiter, self.mark.sign, thousands, self.header.units_row, time_format)


def find_layout(walk: Walk, limits: ReadLimits, *, whole_head: bool | None = None, rows_needed: bool = True) -> Layout:
    """The layout of the file whose first bytes were walked over; a Complaint when it is no table."""
    refuse_what_is_no_table(walk.head, walk.size)
    encoding, skip, title, findings = find_encoding(walk)
    whole = walk.size <= len(walk.head) if whole_head is None else whole_head
    text = _text(walk.head[skip:], encoding, whole)
    if encoding != "utf-8":
        refuse_what_is_no_table(text[:8192].encode(), walk.size)
    refuse_binary(text.encode("utf-8", "replace"))
    if not text.strip():
        raise BadTable("The file holds only blank lines.", cure="Export it again; the export may have been interrupted.")
    sign, rest = dialect.declared(text)
    skipped_lines = text[: len(text) - len(rest)].count("\n")
    sample = _cut(rest, _LINES)
    last = len(sample) == len(rest) and whole
    delimiter = sign or dialect.find_delimiter(sample, last)
    records, _ = split(sample, delimiter, 1 + skipped_lines, last)
    if not records:
        raise BadTable("No row could be found in the file.", cure="Export it again as CSV.")
    _refuse_width(max(len(r.cells) for r in records), limits)
    header = find_header(records, delimiter)
    body = records[header.data :]
    if not body and rows_needed:
        raise TooFewRows(
            "The file has a header but no rows.", cure="Export it again with its data; a reference needs some ten rows per variable."
        )
    first_line = records[header.data - 1].line + 1 if header.data else 1 + skipped_lines
    if header.data and body:
        first_line = body[0].line
    mark = dialect.find_mark(body, delimiter)
    if mark.sure == 1 and (mark.sign == "," or delimiter in (";", "\t")):
        findings += _ambiguous(body, mark.sign)
    return Layout(encoding, title, skip, delimiter, mark, header, first_line, tuple(body), (*findings, *header.findings))


def _ambiguous(body: list[Record], sign: str) -> list[Finding]:
    """Three digits behind every comma (or point): decimals or thousands? Said, because it was guessed."""
    cell = next((c.strip() for r in body for c in r.cells if sign in c and number(c, sign)[0] == "number"), "")
    word = "comma" if sign == "," else "point"
    text = f"All {word}s stand before three digits; they were read as decimal {word}s: {cell!r} is {number(cell, sign)[1]:g}."
    cure = "If they separate thousands, export the numbers without separators."
    return [Finding("decimal_mark", "amber", text, cure)] if cell else []


def _text(head: bytes, encoding: str, whole: bool) -> str:
    """The head as text of complete lines that end in a line feed only."""
    text = head.decode(encoding, "ignore" if not whole else "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if whole:
        return text
    end = text.rfind("\n")
    if end < 0:
        raise BadTable(
            f"The first line is longer than {HEAD >> 20} MB: this is not a table with a row per line.",
            cure="Export it again with one row per line.",
        )
    return text[: end + 1]


def _cut(text: str, lines: int) -> str:
    """The first lines of a text, fewer when they are long."""
    at = 0
    for _ in range(lines):
        end = text.find("\n", at)
        if end < 0 or (at > 10 * _CELLS and at > 0):
            return text if end < 0 else text[:at]
        at = end + 1
    return text[:at]


def _refuse_width(width: int, limits: ReadLimits) -> None:
    if width > limits.max_width:
        raise Refused(
            f"The file has {width} columns; more than {limits.max_width} are not read.", cure="Keep the columns that you want to watch."
        )


def offset_of(head: bytes, first_line: int) -> int:
    """How many bytes stand before a line; all of them when there is none."""
    at = 0
    for _ in range(first_line - 1):
        end = head.find(b"\n", at)
        if end < 0:
            return len(head)
        at = end + 1
    return at
