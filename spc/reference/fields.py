"""The columns of a file while they are being read: numbers with everything that was odd about them, or texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spc.nouns import Floats
from spc.reference.cells import Kind, Odd

Storage = Literal["number", "text"]
KEPT = 2000  # odd cells of one kind that are remembered one by one; beyond it they are counted


@dataclass(slots=True)
class Oddities:
    """The odd cells of one kind: how many there were, and the first of them."""

    count: int = 0
    first: list[Odd] = field(default_factory=list)

    def add(self, odd: Odd) -> None:
        self.count += 1
        if len(self.first) < KEPT:
            self.first.append(odd)


@dataclass(slots=True)
class Field:
    """One column of a file: its name, unit, and either `values` or `texts`, one per data row."""

    name: str
    unit: str
    storage: Storage
    values: Floats = field(default_factory=lambda: np.empty(0))
    texts: list[str] = field(default_factory=list)
    odd: dict[Kind, Oddities] = field(default_factory=dict)
    suffix: str = ""  # the unit that every cell carries behind its number
    _parts: list[Floats] = field(default_factory=list)

    def add_values(self, values: Floats, odd: Sequence[Odd] = ()) -> None:
        self._parts.append(values)
        for one in odd:
            self.odd.setdefault(one.kind, Oddities()).add(one)

    def close(self, n: int) -> None:
        """Puts the parts together; n is the number of data rows."""
        if self.storage == "number":
            whole = np.concatenate(self._parts) if len(self._parts) != 1 else self._parts[0]
            self.values = whole
            self._parts.clear()
        self.close_at(n)

    def close_at(self, n: int) -> None:
        """Leaves out what comes after data row n."""
        self.values = self.values[:n]
        del self.texts[n:]
        for kept in self.odd.values():
            beyond = sum(one.row > n for one in kept.first)
            kept.count -= beyond
            kept.first = [one for one in kept.first if one.row <= n] if beyond else kept.first

    def count(self, kind: Kind) -> int:
        return self.odd[kind].count if kind in self.odd else 0

    def first(self, kind: Kind) -> list[Odd]:
        return self.odd[kind].first if kind in self.odd else []


@dataclass(slots=True)
class Table:
    """A file as columns, before anybody said what each column is for."""

    fields: list[Field]
    n: int
    short: list[tuple[int, int]] = field(default_factory=list)  # (data row, line) of rows with too few cells
    footers: list[str] = field(default_factory=list)
    empty_end: int = 0  # rows of nothing but delimiters at the end, left out
    blank_lines: int = 0
    headers: list[int] = field(default_factory=list)  # lines that repeat the header

    def named(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)
