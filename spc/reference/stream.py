"""New rows of a long file, block by block in bounded memory: the rows that `read_rows` would give, one part after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from spc.nouns import Column, Rows, Times
from spc.reference.blocks import from_line, whole_lines
from spc.reference.body import Body, empty_fields, is_footer
from spc.reference.dialect import Mark
from spc.reference.fields import Storage, Table
from spc.reference.labels import labels
from spc.reference.layout import Layout, find_layout
from spc.reference.names import normal_name
from spc.reference.read import refuse_without_numbers
from spc.reference.rows import refuse_absent, roles_of
from spc.reference.source import BLOCK, ReadLimits, Source, source_of, utf8_blocks, walk
from spc.reference.stamps import is_clock
from spc.reference.storage import storages
from spc.reference.tables import fits, ids_of, understand
from spc.reference.times import from_numbers, parse

ENDLESS = ReadLimits(max_bytes=1 << 50, max_rows=1 << 50)  # what is never held as a whole may be of any length
_NAT = np.datetime64("NaT", "us")

Progress = Callable[[float, str], None]


def row_blocks(  # noqa: PLR0913 - the words of read_rows, and how it goes on
    source: bytes | str | os.PathLike[str] | BinaryIO,
    *,
    columns: Sequence[str],
    time: str | None = None,
    id: str | None = None,
    subgroup: str | None = None,
    product: str | None = None,
    timezone: str = "UTC",
    limits: ReadLimits = ENDLESS,
    report: Progress = lambda share, stage: None,
    size: int = BLOCK,
) -> Iterator[Rows]:
    """The rows that `read_rows` gives for a CSV file, in blocks of `size` bytes of text: memory does not grow with the file.

    What a column is for is decided by the first block, and by the whole file only where a decimal mark or day and month are in doubt;
    `report` hears how far the file is read. Raises as `read_rows` does, at the block in which something is wrong.

    >>> [block.x.tolist() for block in row_blocks(b"b,a\\n2,1\\n4,3\\n", columns=("a", "b"))]
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    needed = tuple(normal_name(c) for c in columns)
    file = _File.of(source_of(source, "", limits), needed, limits, size)
    plan: _Plan | None = None
    waiting = _Waiting()
    for table, done in file.tables():
        last = done is None
        rest = waiting.take(table, file.body, last=last)
        report(1.0 if done is None else done, "reading")
        if plan is None:
            if not rest.n and not last:
                continue
            plan, rows = _first(file, rest, (time, id, subgroup, product), needed, timezone, more=not last)
        else:
            rows = plan.rows(rest)
        yield from (part for part in (plan.nothing(waiting.before), rows, plan.nothing(waiting.after)) if len(part))
    file.body.short = file.body.short[: len(file.body.short) - waiting.footers]
    file.body.refuse_many_short(file.body.n - waiting.footers)


@dataclass(slots=True)
class _File:
    """A file that can be gone through more than once, and how it is laid out."""

    source: Source
    size: int
    layout: Layout
    kinds: list[Storage]
    suffixes: list[str]
    limits: ReadLimits
    block: int
    body: Body

    @classmethod
    def of(cls, source: Source, needed: tuple[str, ...], limits: ReadLimits, block: int) -> _File:
        walked = walk(source, limits)
        layout = find_layout(walked, limits)
        kinds, suffixes = storages(layout, {}, needed)
        body = Body(layout, empty_fields(layout, kinds, suffixes), limits)
        made = cls(source, walked.size, layout, kinds, suffixes, limits, block, body)
        if layout.mark.sure < 2 and not made._fits():
            made.layout = replace(layout, mark=Mark("," if layout.mark.sign == "." else ".", 1))
            if not made._fits():
                made.layout = layout
        return made

    def tables(self) -> Iterator[tuple[Table, float | None]]:
        """Table after table with the share of the file that is read; None with the last."""
        body = self.body = Body(self.layout, empty_fields(self.layout, self.kinds, self.suffixes), self.limits)
        before: tuple[Table, float] | None = None
        parts = utf8_blocks(self.source, self.layout.encoding, self.layout.skip, self.block)
        for text, line in from_line(whole_lines(parts), self.layout.first_line):
            if before is not None:
                yield before
            body.take(text, line)
            before = body.part(), min(body.taken / max(self.size, 1), 1.0)
        if body.open:
            if before is not None:
                yield before
            body.take(b"", body.next_line, last=True)
            before = body.part(), 1.0
        yield (before[0] if before is not None else body.part()), None

    def _fits(self) -> bool:
        return all(fits(table) for table, _ in self.tables())


class _Waiting:
    """Rows without a value at the end of what was read: rows when others follow, nothing when the file ends with them."""

    def __init__(self) -> None:
        self.before = self.after = 0  # rows without any value to give before and after the rows of the table taken last
        self.footers = 0  # at the end of the file
        self._held = bytearray()  # one byte a row: whether it may be a footer

    def take(self, table: Table, body: Body, *, last: bool) -> Table:
        """The table without such an end."""
        shorts = {row: is_footer(cells) for row, _, cells in body.short[-len(table.short) :]} if table.short else {}
        odd = {one.row for field in table.fields for kind in field.odd.values() for one in kind.first}
        first, n = body.n - table.n, table.n
        while n and shorts.get(first + n, first + n not in odd and _is_empty(table, n - 1)):
            n -= 1
        held = bytearray(row in shorts for row in range(first + n + 1, first + table.n + 1))
        self.before = len(self._held) if n else 0
        self._held = held if n else self._held + held
        if last:
            self._end()
        for one in table.fields:
            one.cut(n)
        table.n = n
        return table

    def _end(self) -> None:
        """Footers at the very end are none, and rows of nothing but delimiters before them; what stands before those is."""
        n = len(self._held)
        while n and self._held[n - 1]:
            n, self.footers = n - 1, self.footers + 1
        while n and not self._held[n - 1]:
            n -= 1
        self.after = n


def _is_empty(table: Table, i: int) -> bool:
    return not any(bool(one.texts[i].strip()) if one.storage == "text" else bool(np.isfinite(one.values[i])) for one in table.fields)


@dataclass(slots=True)
class _Plan:
    """What each column is for, decided once."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    time: tuple[str, ...]
    day_first: bool | None
    timezone: str
    labelled: tuple[bool, bool]

    def rows(self, table: Table) -> Rows:
        x = np.empty((table.n, len(self.names)))
        for k, name in enumerate(self.names):
            one = table.named(name)
            x[:, k] = one.values if one is not None else np.nan
        at = self._at(table)
        subgroup = labels(table, self.columns, "subgroup") if self.labelled[0] else ()
        product = labels(table, self.columns, "product") if self.labelled[1] else ()
        return Rows(self.names, x, at, ids_of(table, self.columns), (), subgroup, product)

    def nothing(self, n: int) -> Rows:
        """n rows without any value."""
        subgroup, product = (("",) * n if wanted else () for wanted in self.labelled)
        return Rows(self.names, np.full((n, len(self.names)), np.nan), np.full(n, _NAT), (None,) * n, (), subgroup, product)

    def _at(self, table: Table) -> Times:
        texts = texts_of(table, self.time)
        if texts is not None:
            return parse(texts, self.timezone, self.day_first).at
        one = table.named(self.time[0]) if self.time else None
        clock = from_numbers(one.values, self.timezone) if one is not None else None
        return np.full(table.n, _NAT) if clock is None else clock.at


def texts_of(table: Table, names: tuple[str, ...]) -> Sequence[str] | None:
    """The cells of a time written as text, date and time of day put together; None when there is none."""
    found = [one for name in names if (one := table.named(name)) is not None and one.storage == "text"]
    if len(found) < 2:
        return found[0].texts if found else None
    return [f"{a.strip()} {b.strip()}".strip() for a, b in zip(found[0].texts, found[1].texts, strict=True)]


def _first(
    file: _File, table: Table, named: tuple[str | None, ...], needed: tuple[str, ...], timezone: str, *, more: bool
) -> tuple[_Plan, Rows]:
    """The plan and the rows of the first table."""
    refuse_absent(table, needed)
    kept = replace(table, fields=[replace(one) for one in table.fields])
    reading, _ = understand(table, roles_of(table, named, needed), file.layout.mark.sign, timezone, needed)
    rows, columns = reading.rows, reading.columns
    refuse_without_numbers(rows.names, table.n)
    timed = [c.name for c in columns if c.role == "time"]
    dates = tuple(sorted(timed, key=lambda name: _is_clock(kept, name)))
    absent = [name is not None and kept.named(normal_name(name)) is None for name in named[2:]]
    labelled = tuple(bool(has) and not gone for has, gone in zip((rows.subgroup, rows.product), absent, strict=True))
    rows = replace(rows, subgroup=rows.subgroup if labelled[0] else (), product=rows.product if labelled[1] else ())
    texts = texts_of(kept, dates)
    plan = _Plan(rows.names, columns, dates, None, timezone, (labelled[0], labelled[1]))
    if texts is not None:
        clock = parse(texts, timezone)
        plan.day_first = clock.day_first
        if clock.doubt and more:
            plan.day_first = _decided(file, dates, timezone, clock.day_first)
            rows = replace(rows, at=parse(texts, timezone, plan.day_first).at)
    return plan, rows


def _is_clock(table: Table, name: str) -> bool:
    one = table.named(name)
    return one is not None and one.storage == "text" and any(is_clock(text) for text in one.texts[:1])


def _decided(file: _File, dates: tuple[str, ...], timezone: str, otherwise: bool) -> bool:
    """Whether the day comes first, from the first part of the file that leaves no doubt."""
    body = file.body
    try:
        for table, _ in file.tables():
            clock = parse(texts_of(table, dates) or (), timezone)
            if not clock.doubt and not np.isnat(clock.at).all():
                return clock.day_first
        return otherwise
    finally:
        file.body = body
