"""From bytes to columns: the strict first steps, then the body, then what each column is for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spc.errors import BadTable, Refused
from spc.nouns import Column, Dialect, Finding, Floats, Role, Rows
from spc.reference.body import read_body
from spc.reference.cells import clean
from spc.reference.dialect import Mark
from spc.reference.fields import Field, Table
from spc.reference.guess import as_numbers_after_all, check_roles, guess, time_columns
from spc.reference.labels import labels
from spc.reference.layout import Layout, find_layout
from spc.reference.source import ReadLimits, Source, walk
from spc.reference.storage import storages
from spc.reference.times import Clock, from_numbers, parse
from spc.reference.told import told
from spc.reference.words import STAMP_NAME

_NOT_A_TIME = np.datetime64("NaT", "us")


@dataclass(slots=True)
class Reading:
    """A file as rows and columns, with the findings of its reading."""

    rows: Rows
    columns: tuple[Column, ...]
    dialect: Dialect
    findings: tuple[Finding, ...]
    digest: str


def read_table(source: Source, roles: Mapping[str, Role], needed: Collection[str], limits: ReadLimits) -> tuple[Table, Layout, str]:
    """The columns of a file, how it is laid out, and the SHA-256 of its bytes."""
    walked = walk(source, limits)
    layout = find_layout(walked, limits)
    check_roles(list(layout.header.names), roles)
    kinds, suffixes = storages(layout, roles, needed)
    refuse_many_columns(sum(k == "number" for k in kinds), limits)
    table = read_body(source, walked.size, layout, kinds, suffixes, limits)
    if layout.mark.sure < 2 and not fits(table):
        second = replace(layout, mark=Mark("," if layout.mark.sign == "." else ".", 1))
        again = read_body(source, walked.size, second, kinds, suffixes, limits)
        if fits(again):
            return again, second, walked.digest
    return table, layout, walked.digest


def fits(table: Table) -> bool:
    """Whether no number has another decimal mark than the one that was taken."""
    return not any(f.count("other_mark") for f in table.fields)


def refuse_many_columns(p: int, limits: ReadLimits) -> None:
    """Raise Refused for more measurement columns than can be judged together."""
    if p > limits.max_columns:
        raise Refused(
            f"The file has {p} columns of numbers; at most {limits.max_columns} can be watched together.",
            cure="Keep the columns that matter.",
        )


def understand(table: Table, roles: Mapping[str, Role], mark: str, timezone: str, needed: Collection[str] = ()) -> tuple[Reading, str]:
    """What the columns are for, the rows' times and ids, and everything that was noticed; and the format of the times."""
    given: dict[str, Role] = {**{name: "measurement" for name in needed if table.named(name)}, **roles}
    as_numbers_after_all(table, given, mark)
    columns = guess(table, given)
    columns, clock, findings = _times(table, columns, given, timezone)
    for one, c in zip(table.fields, columns, strict=True):
        if c.role == "time":
            one.texts = ()  # they are times now: memory holds each column once
    findings += list(told(table, columns, mark))
    x, names = _matrix(table, columns, needed)
    at = clock.at if clock is not None else np.full(table.n, _NOT_A_TIME)
    subgroup, product = labels(table, columns, "subgroup"), labels(table, columns, "product")
    rows = Rows(names, x, at, ids_of(table, columns), (), subgroup, product)
    return Reading(rows, tuple(columns), Dialect("", "", mark), tuple(findings), ""), clock.format if clock else ""


def _matrix(table: Table, columns: list[Column], needed: Collection[str]) -> tuple[Floats, tuple[str, ...]]:
    """The columns that are charted, (n, p); each is given up as it is copied, so that memory holds the numbers once."""
    charted = [(f, c) for f, c in zip(table.fields, columns, strict=True) if c.role in ("measurement", "guard")]
    if needed:
        by_name = {f.name: (f, c) for f, c in charted}
        charted = [by_name[name] for name in needed if name in by_name]
    x = np.empty((table.n, len(charted)))
    for k, (one, _) in enumerate(charted):
        x[:, k] = one.values
        one.values = np.empty(0)
    return x, tuple(c.name for _, c in charted)


def ids_of(table: Table, columns: Sequence[Column]) -> tuple[str | None, ...]:
    """The part id of each row, None where it has none."""
    name = next((c.name for c in columns if c.role == "id"), None)
    one = table.named(name) if name is not None else None
    if one is None:
        return (None,) * table.n
    if one.storage == "text":
        return tuple([clean(t) or None for t in one.texts])
    return tuple(f"{v:.15g}" if np.isfinite(v) else None for v in one.values.tolist())


def _times(
    table: Table, columns: list[Column], given: Mapping[str, Role], timezone: str
) -> tuple[list[Column], Clock | None, list[Finding]]:
    """The times of the rows, from a column of texts, from two of them side by side, or from a column of numbers."""
    for i, (one, c) in enumerate(zip(table.fields, columns, strict=True)):
        chosen = given.get(one.name) == "time"
        if one.storage == "number" and (chosen or (one.name not in given and STAMP_NAME.fullmatch(one.name))):
            clock = from_numbers(one.values, timezone)
            if clock is None and chosen:
                raise BadTable(
                    "These numbers are not times.",
                    cure="A time is a date, seconds since 1970, or a spreadsheet's day number.",
                    column=one.name,
                )
            if clock is not None:
                columns[i] = replace(c, role="time", why=clock.format)
                note = Finding(
                    "time_format", "note", f"{one.name} was read as {clock.format}.", "Check the times of the first rows.", (one.name,)
                )
                return _only_time(columns, {one.name}, given), clock, [note]
    first, beside = time_columns(table, columns, given)
    if first is None:
        return columns, None, []
    if first.storage != "text":
        raise BadTable("This column holds no times.", cure="Choose another column as the time.", column=first.name)
    texts = first.texts if beside is None else [f"{a.strip()} {b.strip()}".strip() for a, b in zip(first.texts, beside.texts, strict=True)]
    clock = parse(texts, timezone)
    if np.isnat(clock.at).all():
        return _timeless(columns, first, given)
    return (
        _only_time(columns, {first.name} | ({beside.name} if beside else set()), given),
        clock,
        list(_about(first, beside, clock, timezone)),
    )


def _timeless(columns: list[Column], first: Field, given: Mapping[str, Role]) -> tuple[list[Column], None, list[Finding]]:
    """A column of times of day without a date, or of nothing that can be read: said, not used."""
    if given.get(first.name) == "time":
        raise BadTable(f"{first.texts[0][:40]!r} is not a date.", cure="Write times as 2025-03-03 06:00:00.", row=1, column=first.name)
    why = "times of day without a date"
    changed = [replace(c, role="ignore", why=why) if c.role == "time" else c for c in columns]
    return (
        changed,
        None,
        [Finding("time", "amber", f"{first.name} holds {why}; the rows have no time.", "Add a column with the date.", (first.name,))],
    )


def _only_time(columns: list[Column], names: set[str], given: Mapping[str, Role]) -> list[Column]:
    first = next(c.name for c in columns if c.name in names)
    why = f"{first} is already the time of the row"
    return [
        replace(c, role="ignore", why=why)
        if c.role == "time" and c.name not in names
        else replace(c, role="time")
        if c.name in names
        else c
        for c in columns
    ]


def _about(first: Field, beside: Field | None, clock: Clock, timezone: str) -> list[Finding]:
    names = (first.name,) if beside is None else (first.name, beside.name)
    findings = []
    if beside is not None:
        findings.append(Finding("time", "note", f"{first.name} and {beside.name} were put together as the time of the row.", "", names))
    if clock.unread:
        rows = tuple(i + 1 for i in clock.unread[:1000])
        shown = ", ".join(f"{first.texts[i][:30]!r} (row {i + 1})" for i in clock.unread[:5])
        findings.append(
            Finding("time_unread", "amber", f"{first.name}: {len(rows)} cells are no time: {shown}.", "Correct them.", names, rows)
        )
    if clock.doubt:
        order = "day before month" if "%d" in clock.format.split("%m", maxsplit=1)[0] else "month before day"
        example = f"{first.texts[0][:30]!r} is {str(clock.at[0])[:16]}"
        text = f"{first.name}: day and month cannot be told apart for certain; read as {order}: {example}."
        findings.append(Finding("time_doubt", "amber", text, "Write dates as 2025-03-04 (year-month-day).", names))
    if clock.shifted:
        text = f"{first.name}: {clock.shifted} times fall into the hour that summer time repeats or leaves out in {timezone}."
        findings.append(Finding("time_summer", "amber", text, "Let the logger write UTC.", names))
    return findings
