"""Reading new rows (Phase II) by the same strict rules: the columns that a model needs, by name, in any order."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import pandas as pd

from spc.errors import BadTable, ColumnMismatch
from spc.nouns import Finding, Role, Rows
from spc.reference.fields import Table
from spc.reference.frame import table_of_frame
from spc.reference.names import normal_name
from spc.reference.read import refuse_without_numbers
from spc.reference.source import ORDINARY, ReadLimits, source_of
from spc.reference.tables import read_table, understand


def read_rows(
    source: bytes | str | os.PathLike[str] | BinaryIO | pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    time: str | None = None,
    id: str | None = None,
    subgroup: str | None = None,
    product: str | None = None,
    timezone: str = "UTC",
    limits: ReadLimits = ORDINARY,
    on_finding: Callable[[Finding], None] | None = None,
) -> Rows:
    """New rows from a CSV file or a DataFrame: exactly `columns`, in that order, or every column of numbers when None.

    Further columns of the file are not looked at. `time` and `id` name the columns of the row's time and part id; when such a column is not
    there, or when they are None, they are found as in `read`. `subgroup` and `product` name the columns of the labels; when such a column
    is not there, the rows have none. What was converted or taken as missing is handed to `on_finding`. Raises ColumnMismatch when a needed
    column is absent, and the complaints of `read`.

    >>> rows = read_rows(b"b,a,extra\\n2,1,9\\n4,Bad,9\\n", columns=("a", "b"))
    >>> rows.x.tolist()
    [[1.0, 2.0], [nan, 4.0]]
    """
    needed = tuple(normal_name(c) for c in columns) if columns is not None else ()
    tell = on_finding or (lambda finding: None)
    if isinstance(source, pd.DataFrame):
        table, _ = table_of_frame(source, {}, limits, needed)
        mark = "."
    else:
        table, layout, _ = read_table(source_of(source, "", limits), {}, needed, limits)
        mark = layout.mark.sign
        for finding in layout.findings:
            tell(finding)
    refuse_absent(table, needed)
    reading, _ = understand(table, roles_of(table, (time, id, subgroup, product), needed), mark, timezone, needed)
    for finding in reading.findings:
        tell(finding)
    refuse_without_numbers(reading.rows.names, table.n)
    rows = reading.rows
    if subgroup is not None and table.named(normal_name(subgroup)) is None:
        rows = replace(rows, subgroup=())  # not those of another column that looks like one
    if product is not None and table.named(normal_name(product)) is None:
        rows = replace(rows, product=())
    return rows


def roles_of(table: Table, named: tuple[str | None, ...], needed: tuple[str, ...]) -> dict[str, Role]:
    """The roles that a model's own column names give, where the file has such columns."""
    roles: dict[str, Role] = {}
    of_row: tuple[Role, ...] = ("time", "id", "subgroup", "product")
    for name, role in zip(named, of_row, strict=True):
        one = table.named(normal_name(name)) if name is not None else None
        if one is not None and one.name not in needed:
            if role == "time" and one.storage == "number" and not np.isfinite(one.values).any():
                continue
            roles[one.name] = role
    return roles


def refuse_absent(table: Table, needed: tuple[str, ...]) -> None:
    """Raise ColumnMismatch for a needed column that the table lacks, BadTable for one that holds no number."""
    there = [f.name for f in table.fields]
    absent = [name for name in needed if name not in there]
    if absent:
        near = {name: difflib.get_close_matches(name, there, 1, 0.6) for name in absent}
        hints = [f"{name} is perhaps {found[0]}" for name, found in near.items() if found]
        shown = ", ".join(absent[:10]) + (f" and {len(absent) - 10} more" if len(absent) > 10 else "")
        raise ColumnMismatch(
            f"The rows do not have the column{'s' if len(absent) > 1 else ''} {shown}.",
            cure=(
                "; ".join(hints[:5]) + ": rename it."
                if hints
                else f"The file has {', '.join(there[:12])}{' ...' if len(there) > 12 else ''}."
            ),
            column=absent[0],
        )
    for name in needed:
        one = table.named(name)
        if one is not None and one.count("text") and not np.isfinite(one.values).any():
            odd = one.first("text")[0]
            raise BadTable(f"{odd.text[:40]!r} is not a number.", cure="The model needs numbers in this column.", row=odd.row, column=name)
