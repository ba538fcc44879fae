"""What the reader did to a file, told as findings: nothing is converted, left out or taken as missing without a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from spc.errors import BadTable
from spc.nouns import Column, Finding
from spc.reference.cells import Odd, number, other
from spc.reference.fields import Field, Table
from spc.reference.packed import different, hashes
from spc.reference.words import FORMULA

_SIGNS = ("=", "+", "-", "@", " ", "\t")
_ROWS = 1000  # row numbers that a finding carries


def told(table: Table, columns: Sequence[Column], mark: str) -> Iterator[Finding]:
    """The findings of the reading itself; BadTable when two decimal marks stand in one column."""
    used = [f for f, c in zip(table.fields, columns, strict=True) if c.role in ("measurement", "guard")]
    for one in used:
        refuse_mixed_marks(one, mark)
    yield from _lines(table)
    yield from _words(used)
    yield from _texts(used, table.n)
    yield from _infinite(used)
    yield from _grouped(used, mark)
    yield from _suffixes(used)
    yield from _left_out(columns)
    yield from _formulas(table)
    yield from _ids(table, columns)


def refuse_mixed_marks(one: Field, mark: str) -> None:
    """Raise BadTable at the first number that only makes sense under the other decimal mark."""
    if one.count("other_mark"):
        odd = one.first("other_mark")[0]
        name, count = ("point", one.count("other_mark")) if mark == "." else ("comma", one.count("other_mark"))
        raise BadTable(
            f"{odd.text!r} has another decimal mark than the rest of the file, which has a decimal {name} ({_count(count, 'such cell')}).",
            cure="Write all numbers with the same decimal mark.",
            row=odd.row,
            column=one.name,
        )
    if odd_one := _doubtful_group(one, mark):
        raise BadTable(
            f"{odd_one.text!r} can be {number(odd_one.text, mark)[1]:g} or {number(odd_one.text, other(mark))[1]:g}.",
            cure="Write all numbers of the column with the same decimal mark and without thousands separators.",
            row=odd_one.row,
            column=one.name,
        )


def _doubtful_group(one: Field, mark: str) -> Odd | None:
    """A cell such as 1,234 in a column of numbers like 1.201: rather another decimal mark than a thousand."""
    grouped = one.first("grouped")
    if not grouped:
        return None
    plain = one.values.copy()
    plain[[o.row - 1 for o in grouped]] = np.nan
    if one.count("grouped") > len(grouped) or not np.isfinite(plain).any():
        return None
    low, high = float(np.nanmin(plain)), float(np.nanmax(plain))
    room = (high - low) or abs(high) * 0.5
    for odd in grouped:
        kind, value = number(odd.text, other(mark))
        if kind == "number" and low - room <= value <= high + room and not low - room <= number(odd.text, mark)[1] <= high + room:
            return odd
    return None


def _lines(table: Table) -> Iterator[Finding]:
    if table.short:
        rows = tuple(row for row, _ in table.short)
        lines = ", ".join(str(line) for _, line in table.short[:10])
        why = "which cell is absent cannot be known, so all its values are missing"
        text = f"{_count(len(rows), 'row')} with too few cells (line {lines}): {why}."
        yield Finding("short_rows", "amber", text, "Complete these lines in the file, or exclude the rows.", (), rows[:_ROWS])
    if table.footers:
        yield Finding("footer", "note", f"Left out after the last row: {'; '.join(repr(f[:60]) for f in table.footers[:5])}.")
    if table.headers:
        lines = ", ".join(str(line) for line in table.headers[:10])
        yield Finding("header_again", "note", f"The header occurs again in line {lines}; left out, and not counted as a row.")
    if table.empty_end:
        yield Finding("empty_rows", "note", f"{_count(table.empty_end, 'empty row')} at the end left out.")
    if table.blank_lines > 1 or (table.blank_lines and not table.empty_end):
        yield Finding("blank_lines", "note", f"{_count(table.blank_lines, 'blank line')} left out; blank lines are not counted as rows.")


def _words(used: list[Field]) -> Iterator[Finding]:
    cells = [(f.name, odd) for f in used for odd in f.first("missing")]
    if not cells:
        return
    kinds: dict[str, list[tuple[str, Odd]]] = {}
    for name, odd in cells:
        kinds.setdefault(odd.text, []).append((name, odd))
    total = sum(f.count("missing") for f in used)
    parts = [f"{word!r} {_where(found)}" for word, found in list(kinds.items())[:8]]
    text = f"{_count(total, 'cell')} with a word for a missing value: {'; '.join(parts)}{' ...' if len(kinds) > 8 else ''}."
    yield Finding("missing_words", "note", text, "", _names(name for name, _ in cells), _rows(odd for _, odd in cells))


def _where(found: list[tuple[str, Odd]]) -> str:
    if len(found) == 1:
        return f"({found[0][0]}, row {found[0][1].row})"
    names = _names(name for name, _ in found)
    return (
        f"({len(found)} times, {names[0] if len(names) == 1 else f'{len(names)} columns'}, first in row {min(odd.row for _, odd in found)})"
    )


def _texts(used: list[Field], n: int) -> Iterator[Finding]:
    for one in used:
        count = one.count("text")
        if count:
            shown = ", ".join(f"{odd.text[:30]!r} (row {odd.row})" for odd in one.first("text")[:5])
            what = "is not a number" if count == 1 else "are not numbers"
            text = f"{one.name}: {_count(count, 'cell')} of {n} {what} and taken as missing: {shown}{' ...' if count > 5 else ''}."
            yield Finding(
                "text_cells",
                "amber",
                text,
                "Correct them in the file, or accept that they are missing.",
                (one.name,),
                _rows(one.first("text")),
            )


def _infinite(used: list[Field]) -> Iterator[Finding]:
    for one in used:
        count = one.count("infinite")
        if count:
            shown = ", ".join(f"{odd.text[:20]!r} (row {odd.row})" for odd in one.first("infinite")[:5])
            text = f"{one.name}: {_count(count, 'infinite or too large number')} taken as missing: {shown}{' ...' if count > 5 else ''}."
            yield Finding("infinite", "amber", text, "Check the sensor and its range.", (one.name,), _rows(one.first("infinite")))


def _grouped(used: list[Field], mark: str) -> Iterator[Finding]:
    found = [f for f in used if f.count("grouped")]
    if found:
        first = found[0].first("grouped")[0]
        example = f"{first.text!r} in row {first.row} of {found[0].name} is {number(first.text, mark)[1]:g}"
        text = f"Thousands separators were taken out in {_list(_names(f.name for f in found))}: {example}."
        yield Finding(
            "thousands", "amber", text, "If the sign is a decimal mark, write it as the other columns do.", _names(f.name for f in found)
        )


def _suffixes(used: list[Field]) -> Iterator[Finding]:
    found = [f for f in used if f.suffix]
    if found:
        pairs = ", ".join(f"{f.suffix} in {f.name}" for f in found[:8])
        yield Finding("unit_in_cells", "note", f"The unit behind each number was taken off: {pairs}.", "", _names(f.name for f in found))


def _left_out(columns: Sequence[Column]) -> Iterator[Finding]:
    left = [c for c in columns if c.role == "ignore" and c.why != "chosen"]
    if left:
        reasons: dict[str, list[str]] = {}
        for c in left:
            reasons.setdefault(c.why, []).append(c.name)
        parts = [f"{_list(tuple(names))} ({why})" for why, names in list(reasons.items())[:6]]
        text = f"{_count(len(left), 'column')} not charted: {'; '.join(parts)}{' ...' if len(reasons) > 6 else ''}."
        yield Finding("ignored", "note", text, "Change the role of a column if it should be watched.", tuple(c.name for c in left))


def _formulas(table: Table) -> Iterator[Finding]:
    for one in table.fields:
        rows = (
            [i + 1 for i, t in enumerate(one.texts) if t[:1] in _SIGNS and FORMULA.match(t)]
            if one.storage == "text"
            else [odd.row for odd in one.first("text") if FORMULA.match(odd.text)]
        )
        if rows:
            look = "looks like a formula" if len(rows) == 1 else "look like formulas"
            text = f"{one.name}: {_count(len(rows), 'cell')} {look} (row {rows[0]}); kept as text and never evaluated."
            yield Finding("formula", "amber", text, "Ask where the file comes from.", (one.name,), tuple(rows[:_ROWS]))


def _ids(table: Table, columns: Sequence[Column]) -> Iterator[Finding]:
    """Part ids that occur more than once, or are missing."""
    for one, c in zip(table.fields, columns, strict=True):
        if c.role != "id" or one.storage != "text":
            continue
        known = hashes(one.texts)
        again = np.flatnonzero(pd.Series(known).duplicated().to_numpy()) if different(known) < len(known) else np.empty(0, dtype=np.int64)
        rows = [int(i) + 1 for i in again[: 10 * _ROWS] if one.texts[int(i)].strip()]
        if rows:
            occur = "occurs again" if len(rows) == 1 else "occur again"
            text = f"{one.name}: {_count(len(rows), 'part id')} {occur}, first {one.texts[rows[0] - 1]!r} in row {rows[0]}."
            yield Finding(
                "duplicate_ids", "amber", text, "Check whether parts were measured or exported twice.", (one.name,), tuple(rows[:_ROWS])
            )


def _names(names: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))  # type: ignore[call-overload]


def _rows(cells: object) -> tuple[int, ...]:
    return tuple(sorted({odd.row for odd in cells}))[:_ROWS]  # type: ignore[attr-defined]


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
