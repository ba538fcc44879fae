"""What a Phase I table is made of, and what was noticed in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spc.nouns.arrays import Floats
from spc.nouns.rows import Rows

Role = Literal["measurement", "guard", "time", "id", "product", "subgroup", "ignore"]
Severity = Literal["red", "amber", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know about a reference before limits are drawn from it.

    `severity` red: must be answered before a model is fitted in the page; amber: look at it; note: for the record.
    `rows` are data rows from 1. `text` says what was seen and what follows from it, `cure` what to do.
    """

    kind: str
    severity: Severity
    text: str
    cure: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity,
            "columns": list(self.columns),
            "rows": list(self.rows),
            "text": self.text,
            "cure": self.cure,
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Finding:
        return cls(d["kind"], d["severity"], d["text"], d.get("cure", ""), tuple(d["columns"]), tuple(d["rows"]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file as it was found: its role (guessed, and changeable), unit and a few facts for the column table."""

    name: str
    role: Role
    unit: str = ""
    missing: int = 0
    distinct: int = 0
    minimum: float | None = None
    median: float | None = None
    maximum: float | None = None
    why: str = ""  # why this role was guessed: "text in 200 of 200 rows"

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file was written: found by the reader, shown to the person, kept for the record."""

    encoding: str
    delimiter: str
    decimal: str
    thousands: str = ""
    units_row: bool = False
    time_format: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A reference row that a person took out of the fit (`row` counts data rows from 1), and why."""

    row: int
    reason: str
    note: str = ""
    by: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"row": self.row, "reason": self.reason, "note": self.note, "by": self.by}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Exclusion:
        return cls(int(d["row"]), str(d["reason"]), str(d.get("note", "")), str(d.get("by", "")))


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A Phase I table that could be read: the rows of its measurement and guard columns, and all that was noticed on the way.

    `rows.x` (n, p) holds the columns whose role is measurement or guard, in file order. `digest` is the SHA-256 of the bytes.
    """

    rows: Rows
    columns: tuple[Column, ...]
    dialect: Dialect
    findings: tuple[Finding, ...]
    digest: str
    name: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return self.rows.names

    @property
    def x(self) -> Floats:
        return self.rows.x

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, role: Role) -> str | None:
        """The name of the first column with this role, if any."""
        return next((c.name for c in self.columns if c.role == role), None)
