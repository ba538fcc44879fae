"""Where the table begins in a file: titles before it, its names, a line of units below them, or no names at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from spc.errors import BadTable
from spc.nouns import Finding
from spc.reference.cells import is_missing, number
from spc.reference.dialect import common_width
from spc.reference.names import normal_name, some, unique
from spc.reference.split import Record
from spc.reference.stamps import looks_like_time
from spc.reference.units import bare, is_unit, unit_of_name

_RULE = re.compile(r":?[-=]{3,}:?")


@dataclass(frozen=True, slots=True)
class Header:
    """The table's names and units, which cells of a line belong to them, and where the data begin in the sample."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    kept: tuple[int, ...]  # positions in the line of the columns that have a name or values
    width: int  # cells of a line
    data: int  # index of the first data record in the sample
    units_row: bool
    findings: tuple[Finding, ...]


def find_header(records: list[Record], delimiter: str) -> Header:
    """The header of a sample of records; BadTable when the names do not fit the rows."""
    width = common_width(records)
    used = _used_width(records, width)
    at = next((i for i, r in enumerate(records) if _could_begin(r, used, width)), None)
    if at is None:
        at = next(i for i, r in enumerate(records) if len(r.cells) == width)
    at = _after_a_blank_line(records, at, width)
    _refuse_rows_among_titles(records[:at], records[at])
    findings = [_preamble(records[:at])] if at else []
    names_at = at if _is_header(records, at) else None
    if names_at is None and at and not _is_title(records[at - 1], records[at]):
        return _misfit(records, at, used, width, delimiter)
    if names_at is None:
        return _nameless(records, at, used, width, findings)
    return _named(records, at, used, width, findings)


def _after_a_blank_line(records: list[Record], at: int, width: int) -> int:
    """Titles as wide as the table: a blank line sets them apart from the names."""
    data = next((i for i in range(at, len(records)) if any(map(_is_number, records[i].cells))), at)
    for i in range(data - 1, at, -1):
        below_names = i == at + 1 and below_header(records, i, width) == "units"
        if records[i].line - records[i - 1].line > 1 and not below_names:
            return i
    return at


def _refuse_rows_among_titles(titles: list[Record], first: Record) -> None:
    """A line of numbers above the table is a row of another width, not a title: leaving it out would lose data."""
    for record in titles:
        if len(record.cells) > 1 and 2 * sum(map(_is_number, record.cells)) > len(record.cells):
            raise BadTable(
                f"Line {record.line} has {len(record.cells)} cells, line {first.line} has {len(first.cells)}.",
                cure="Give every row as many cells as there are names; is there a decimal comma in a number?",
            )


def _used_width(records: list[Record], width: int) -> int:
    """The width without the empty columns at the right end."""
    full = [r for r in records if len(r.cells) == width]
    while width > 1 and all(not r.cells[width - 1].strip() for r in full):
        width -= 1
    return width


def _could_begin(record: Record, used: int, width: int) -> bool:
    """A header or a data row: as wide as the table, and not only a title followed by empty cells."""
    filled = sum(bool(c.strip()) for c in record.cells)
    return used <= len(record.cells) <= width and (filled > 1 or used == 1 or (used == 2 and filled == 1)) and 3 * filled >= used


def _is_number(cell: str) -> bool:
    return number(cell)[0] in ("number", "grouped", "other_mark")


def _is_header(records: list[Record], at: int) -> bool:
    cells = [c for c in records[at].cells if c.strip()]
    figures = [c for c in cells if _is_number(c)]
    if not figures:
        return any(not is_missing(c) and not looks_like_time(c) for c in cells)
    if any(is_missing(c) for c in cells) or any(looks_like_time(c) for c in cells):
        return False
    below = records[at + 1 : at + 6]
    words_over_numbers = sum(
        not _is_number(c) and all(j < len(r.cells) and _is_number(r.cells[j]) for r in below)
        for j, c in enumerate(records[at].cells)
        if c.strip()
    )
    if below and words_over_numbers:
        return True
    return len(figures) >= len(cells) - 1 and _climbs(records[at]) and not any(map(_climbs, below)) and _stands_out(records, at)


def _climbs(record: Record) -> bool:
    """Names that are numbers (wavelengths, positions) go up in order; measurements do not."""
    values = [number(c)[1] for c in record.cells if number(c)[0] == "number"]
    return len(values) >= 3 and all(a < b for a, b in pairwise(values))


def _stands_out(records: list[Record], at: int) -> bool:
    """Whether the numbers of a record are unlike those below them: names such as 1100, 1102 over absorbances."""
    strange = compared = 0
    for j, cell in enumerate(records[at].cells):
        below = [v for r in records[at + 1 : at + 51] if j < len(r.cells) and (v := number(r.cells[j])[1]) == v]
        kind, value = number(cell)
        if kind == "number" and below:
            room = max(below) - min(below)
            compared += 1
            strange += not min(below) - room <= value <= max(below) + room
    return compared > 0 and strange >= 0.8 * compared


def _is_title(before: Record, first: Record) -> bool:
    """Whether the line before the first row is a title, and not names that do not fit."""
    names = [c for c in before.cells if c.strip()]
    texts = all(not _is_number(c) and not looks_like_time(c) for c in names)
    return not (len(names) > 1 and texts and before.line == first.line - 1 and len(names) * 3 >= len(first.cells))


def _misfit(records: list[Record], at: int, used: int, width: int, delimiter: str) -> Header:
    names, row = records[at - 1], records[at]
    body = records[at:]
    if len(names.cells) == used - 1 and len({r.cells[0] for r in body if r.cells}) == len(body):
        # R and its kin write row names without a name of their own
        shifted = [*records[: at - 1], Record(names.line, ["row", *names.cells]), *body]
        finding = Finding("header", "note", "The first column has no name; it was named row.", columns=("row",))
        return _named(shifted, at - 1, used, width, [finding, *([_preamble(records[: at - 1])] if at > 1 else [])])
    comma = delimiter == "," and len(row.cells) >= 2 * len(names.cells) - 2
    raise BadTable(
        f"The header in line {names.line} has {len(names.cells)} names, but the rows below have {len(row.cells)} cells.",
        cure="The numbers probably have a decimal comma and the cells are separated by commas, too: export with semicolons."
        if comma
        else "Give every column a name, and every row as many cells as there are names.",
    )


def _nameless(records: list[Record], at: int, used: int, width: int, findings: list[Finding]) -> Header:
    kept = tuple(range(used))
    names = tuple(f"x{j + 1}" for j in kept)
    text = f"The file has no header line; its {used} columns were named {names[0]}" + (f" to {names[-1]}." if used > 1 else ".")
    findings.append(Finding("header", "amber", text, "Add a first line with the names of the columns.", names if used <= 20 else ()))
    return Header(names, ("",) * used, kept, width, at, False, tuple(findings))


def _named(records: list[Record], at: int, used: int, width: int, findings: list[Finding]) -> Header:
    body = records[at + 1 :]
    raw = [normal_name(c) for c in records[at].cells]
    raw[0] = raw[0].lstrip("# ") or raw[0]  # a logger's comment sign before the names
    raw += [""] * (width - len(records[at].cells))
    filled = [bool(raw[j]) or any(j < len(r.cells) and r.cells[j].strip() for r in body) for j in range(width)]
    kept = tuple(j for j in range(width) if filled[j])
    if len(kept) < width:
        dropped = [j + 1 for j in range(width) if not filled[j]]
        findings.append(
            Finding("empty_columns", "note", f"Empty columns were left out: {some(dropped)} of the file, without name or value.")
        )
    names, renamed = unique([raw[j] for j in kept], kept)
    findings += renamed
    below, units, units_row = at + 1, [""] * len(kept), False
    while below < len(records) and below - at <= 3 and (kind := below_header(records, below, width)):
        if kind == "units" and not units_row:
            cells = records[below].cells + [""] * width
            units, units_row = [bare(cells[j]) for j in kept], True
        elif kind == "words" or units_row:
            line = records[below].line
            findings.append(
                Finding(
                    "header", "amber", f"Line {line} holds words, not data ({_words(records[below])}); it was read as part of the header."
                )
            )
        below += 1
    units = [unit if unit not in ("-", "") else unit_of_name(name) for unit, name in zip(units, names, strict=True)]
    return Header(tuple(names), tuple(units), kept, width, below, units_row, tuple(findings))


def below_header(records: list[Record], i: int, width: int) -> str:
    """What a record right below the names is: "units", "words", a "rule" of dashes, or "" for data."""
    cells = [(j, c.strip()) for j, c in enumerate(records[i].cells) if c.strip()]
    words = [c for _, c in cells if not is_missing(c) or c == "-"]
    if cells and all(_RULE.fullmatch(c) for _, c in cells):
        return "rule"
    if not words or all(c == "-" for c in words) or any(_is_number(c) or looks_like_time(c) for _, c in cells):
        return ""
    if 2 * sum(is_unit(c) for c in words) >= len(words):
        return "units"
    body = records[i + 1 : i + 21]
    over_numbers = [j for j, _ in cells if _mostly_numbers(body, j)]
    return "words" if 2 * len(over_numbers) > len(cells) and len(words) >= max(1, len(cells) - 1) and len(cells) * 2 > width else ""


def _mostly_numbers(body: list[Record], j: int) -> bool:
    cells = [r.cells[j] for r in body if j < len(r.cells)]
    return bool(cells) and 2 * sum(_is_number(c) for c in cells) > len(cells)


def is_header_again(cells: list[str], header: Header) -> bool:
    """Whether a line repeats the header, as loggers do that start anew and people who join two files."""
    if len(cells) <= header.kept[-1] or len(header.names) < 2 or cells[header.kept[0]].strip()[:1].isdigit():
        return False
    return all(normal_name(cells[j]).lstrip("# ") == name.lstrip("# ") for j, name in zip(header.kept, header.names, strict=True))


def _preamble(titles: list[Record]) -> Finding:
    lines = "1 line before the header was" if len(titles) == 1 else f"{len(titles)} lines before the header were"
    return Finding("preamble", "note", f"{lines} left out: {'; '.join(_words(r) for r in titles[:5])}.")


def _words(record: Record) -> str:
    text = " ".join(c.strip() for c in record.cells if c.strip())
    return repr(text if len(text) <= 60 else text[:57] + "...")
