"""What the beginning of a file leaves no doubt about: its signs, its columns and what they are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spc.nouns import Column, Role
from spc.reference.cells import clean, is_missing, number
from spc.reference.dialect import WEAK
from spc.reference.fields import Field, Table
from spc.reference.guess import time_columns
from spc.reference.header import is_header_again
from spc.reference.layout import Layout
from spc.reference.names import normal_name
from spc.reference.places import Place, chosen_place, spare_place
from spc.reference.rows import refuse_absent, roles_of
from spc.reference.source import ORDINARY, source_of
from spc.reference.split import split
from spc.reference.tables import read_table, understand

_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is settled: the signs, how many cells a line has, the places of the needed `names`, and what the others are.

    `time` are the places of the time, or of the date and the time of day; `clocked` when it is written as text, not as numbers. `sure`
    says how sure the decimal mark is; where it was only seen as in 1,234, one of the columns `whole` must go on without whole numbers.
    `rows` are the cells of the beginning.
    """

    delimiter: str
    mark: str
    sure: int
    width: int
    names: tuple[str, ...]
    needed: tuple[int, ...]
    others: tuple[Place, ...]
    time: tuple[int, ...]
    clocked: bool
    whole: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]

    def place(self, role: Role) -> Place | None:
        """Where the part number or a label stands."""
        return next((one for one in self.others if one.role == role), None)

    def keeps_its_mark(self, columns: Sequence[Sequence[str]]) -> bool:
        """Whether these cells leave the decimal mark as it is. Numbers are known to have no other one."""
        if self.sure == 2 or self.delimiter == ",":
            return True
        if self.sure == 0:
            figures = (*self.needed, *(() if self.clocked else self.time), *(one.at for one in self.others if one.shape == "number"))
            return not any("." in cell or "," in cell for j in figures for cell in columns[j])
        return any(not any(clean(cell).isdecimal() for cell in columns[j]) for j in self.whole)


def plan_of(head: bytes, columns: Sequence[str], named: tuple[str | None, ...], timezone: str) -> Plan | None:
    """The plan of a file that begins so, or None when something is left open. Raises the complaints of reading.

    `named` are the columns of the time, the part number, the subgroup and the product, None for one that may be found.
    """
    needed = tuple(normal_name(one) for one in columns)
    table, layout, _ = read_table(source_of(head, "", ORDINARY), {}, needed, ORDINARY)
    if not _regular(head, layout, table):
        return None
    refuse_absent(table, needed)
    roles = roles_of(table, named, needed)
    before = Table([Field(one.name, one.unit, one.storage, one.values, one.texts, one.odd, one.suffix) for one in table.fields], table.n)
    reading, _ = understand(table, roles, layout.mark.sign, timezone, needed)
    there = [one is not None and table.named(normal_name(one)) is not None for one in named]
    if there[2] and "subgroup" not in roles.values():
        return None  # it is measured, too
    found: set[Role] = {"product"} if named[3] is not None and not there[3] else set()
    time = _time(before, list(reading.columns), roles, there=there[0])
    if time is None or reading.rows.names != needed:
        return None
    rows = tuple(tuple(one.cells) for one in layout.sample)
    places = _places(before, rows, layout.mark.sign, needed, roles, found, time)
    whole = _never_whole(rows, layout)
    if places is None or whole is None or all(number(one)[0] != "text" for one in needed):
        return None
    names = [one.name for one in before.fields]
    clocked = bool(time) and before.fields[time[0]].storage == "text"
    at, mark = tuple(names.index(one) for one in needed), layout.mark
    return Plan(layout.delimiter, mark.sign, mark.sure, layout.header.width, needed, at, places, time, clocked, whole, rows)


def _regular(head: bytes, layout: Layout, table: Table) -> bool:
    """Whether the header and the width of the lines stay what they are when more lines follow."""
    h, sample = layout.header, layout.sample
    if layout.encoding != "utf-8" or layout.delimiter not in _DELIMITERS or h.kept != tuple(range(h.width)):
        return False
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{", b"[") or any(one.kind == "header" for one in layout.findings):
        return False
    if table.short or table.footers or table.empty_end or table.n != len(sample) or any(len(one.cells) != h.width for one in sample):
        return False
    lines, _ = split(head.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"), layout.delimiter)
    return (
        any(map(_is_number, sample[0].cells))
        and not any(map(_is_number, h.names))
        and any(is_header_again(one.cells, h) for one in lines[: len(lines) - len(sample)])
    )


def _is_number(cell: str) -> bool:
    return number(cell)[0] in ("number", "grouped", "other_mark")


def _time(table: Table, columns: list[Column], roles: dict[str, Role], *, there: bool) -> tuple[int, ...] | None:
    """The places of the time, or of the date and the time of day; none when the rows have none; None when it was only guessed."""
    name = next((name for name, role in roles.items() if role == "time"), None)
    if name is None:
        return None if there or any(one.role == "time" for one in columns) else ()
    first, beside = time_columns(table, columns, roles)
    if first is None or first.name != name:
        return None
    return tuple(table.fields.index(one) for one in (first, beside) if one is not None)


def _places(
    table: Table,
    rows: Sequence[Sequence[str]],
    mark: str,
    needed: Sequence[str],
    roles: dict[str, Role],
    found: set[Role],
    time: tuple[int, ...],
) -> tuple[Place, ...] | None:
    """What the columns are that are neither needed nor the time; None when one of them, or a needed one, may turn out otherwise."""
    places: list[Place] = []
    for j, one in enumerate(table.fields):
        known = tuple(cells[j] for cells in rows)
        if one.name in needed:
            first = next((cell for cell in known if not is_missing(cell)), None)
            if one.suffix or one.count("grouped") or one.count("other_mark") or (first and number(first, mark)[0] != "number"):
                return None
        elif j not in time:
            role = roles.get(one.name)
            settled = found | set(roles.values())
            place = spare_place(one, j, settled, known, mark) if role is None else chosen_place(one, j, role, known, mark)
            if place is None or (place.guessed and any(other.guessed for other in places)):
                return None
            places.append(place)
    return tuple(places)


def _never_whole(rows: Sequence[Sequence[str]], layout: Layout) -> tuple[int, ...] | None:
    """Where the decimal mark was only seen as in 1,234: the columns that had it and no whole number; None when there is no such."""
    if layout.mark.sure != 1 or layout.delimiter == ",":
        return ()
    columns = [[clean(cell) for cell in column] for column in zip(*rows, strict=True)]
    sign = layout.mark.sign
    weak = [any(sign in cell and WEAK.fullmatch(cell) for cell in column) for column in columns]
    never = [j for j, column in enumerate(columns) if weak[j] and not any(map(str.isdecimal, column))]
    return tuple(never) or None
