"""Reading a reference: the bytes of a CSV file, or a DataFrame, become a Reference or a complaint that names row and column."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

import pandas as pd

from spc.errors import BadTable
from spc.inspect import inspect
from spc.nouns import Finding, Reference, Role
from spc.reference.frame import table_of_frame
from spc.reference.source import ORDINARY, ReadLimits, source_of
from spc.reference.tables import read_table, understand


def read(
    source: bytes | str | os.PathLike[str] | BinaryIO | pd.DataFrame,
    *,
    name: str = "",
    roles: Mapping[str, Role] | None = None,
    limits: ReadLimits = ORDINARY,
    timezone: str = "UTC",
) -> Reference:
    """A Phase I table from the bytes of a CSV file, its path, an open binary file, or a DataFrame.

    Delimiter, decimal mark, encoding, header, units, times and the role of each column are found; `roles` overrules the guess. Rows are
    counted 1 to n as data rows. A time without a zone is one of `timezone`; the Reference's times are UTC. Everything that was converted,
    left out or taken as missing is a finding, and so is what `spc.inspect` sees in the numbers. Raises BadTable, TooFewRows, ColumnMismatch
    (a role for a column that is not there) or Refused (too large), each with row, column and cure.

    >>> reference = read(b"part;length [mm];warp_mm\\nB1;160,02;0,404\\nB2;159,97;0,344\\nB3;159,96;0,355\\n")
    >>> reference.names, reference.x[0].tolist(), reference.rows.ids[0]
    (('length [mm]', 'warp_mm'), [160.02, 0.404], 'B1')
    """
    given = dict(roles or {})
    first_findings: tuple[Finding, ...] = ()
    if isinstance(source, pd.DataFrame):
        table, digest = table_of_frame(source, given, limits)
        reading, time_format = understand(table, given, ".", timezone)
        dialect = replace(reading.dialect, encoding="table in memory", time_format=time_format)
    else:
        opened = source_of(source, name, limits)
        name = opened.name
        table, layout, digest = read_table(opened, given, (), limits)
        reading, time_format = understand(table, given, layout.mark.sign, timezone)
        dialect = layout.described(_thousands(table, layout.mark.sign), time_format)
        first_findings = layout.findings
    refuse_without_numbers(reading.rows.names, table.n)
    seen = inspect(reading.rows, reading.columns)
    return Reference(reading.rows, reading.columns, dialect, (*first_findings, *reading.findings, *seen), digest, name)


def refuse_without_numbers(names: tuple[str, ...], n: int) -> None:
    """Raise BadTable when no column of numbers is left."""
    if not names:
        raise BadTable(
            f"None of the columns holds measurements ({n} row{'' if n == 1 else 's'} were read).",
            cure="Check the delimiter and the decimal mark, or give a column the role measurement.",
        )


def _thousands(table: object, mark: str) -> str:
    for one in getattr(table, "fields", ()):
        for odd in one.first("grouped"):
            return next((sign for sign in ("," if mark == "." else ".", "'", "’", " ") if sign in odd.text), " ")
    return ""
