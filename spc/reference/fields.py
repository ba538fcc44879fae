"""The columns of a file while they are being read: numbers with everything that was odd about them, or texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spc.nouns import Floats
from spc.reference.cells import Kind, Odd
from spc.reference.packed import Packed

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
    texts: Sequence[str] = ()
    odd: dict[Kind, Oddities] = field(default_factory=dict)
    suffix: str = ""  # the unit that every cell carries behind its number
    _room: Floats = field(default_factory=lambda: np.empty(0))
    _filled: int = 0
    _packed: Packed = field(default_factory=Packed)

    def expect(self, n: int) -> None:
        """Makes room for n rows: one large block that is given back when it is done with, not many small ones that are not."""
        if self.storage == "number" and n > len(self._room):
            room = np.empty(n)
            room[: self._filled] = self._room[: self._filled]
            self._room = room

    def add_values(self, values: Floats, odd: Sequence[Odd] = ()) -> None:
        end = self._filled + len(values)
        if end > len(self._room):
            self.expect(max(end, int(1.3 * len(self._room))))
        self._room[self._filled : end] = values
        self._filled = end
        for one in odd:
            self.odd.setdefault(one.kind, Oddities()).add(one)

    def add_texts(self, texts: list[str]) -> None:
        self._packed.add(texts)

    def close(self, n: int) -> None:
        """Puts the parts together; n is the number of data rows."""
        if self.storage == "number":
            self.values = self._room[: self._filled]
            self._room = np.empty(0)
        else:
            self.texts = self._packed
        self.close_at(n)

    def close_at(self, n: int) -> None:
        """Leaves out what comes after data row n."""
        self.cut(n)
        for kept in self.odd.values():
            beyond = sum(one.row > n for one in kept.first)
            kept.count -= beyond
            kept.first = [one for one in kept.first if one.row <= n] if beyond else kept.first

    def taken_out(self) -> Field:
        """A column of what was added so far, which is forgotten here."""
        gone = Field(self.name, self.unit, self.storage, self._room[: self._filled], self._packed, self.odd, self.suffix)
        self._room, self._filled, self._packed, self.odd = np.empty(0), 0, Packed(), {}
        return gone

    def cut(self, n: int) -> None:
        """The first n rows alone, whatever was odd about others."""
        self.values = self.values[:n]
        if isinstance(self.texts, Packed):
            self.texts.cut(n)

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
