"""Stretches of a line as they are read back, wherever they are kept: rows as they came, and what was found of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from spc.nouns import Bools, Floats, Ints, Rows

LABELS: Final[dict[str, Any]] = {
    "part": None,
    "quality": "good",
    "subgroup": "",
    "product": "",
    "raw": "",
}  # what is kept of a row by name, and its usual value


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Stored rows: their numbers (n,), the rows, and when each was received (n,) in µs. Columns are all that any of them had."""

    seq: Ints
    rows: Rows
    received: Ints
    source: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.seq)

    def part(self, here: slice) -> Window:
        """Some of them."""
        return Window(self.seq[here], self.rows.part(here), self.received[here], self.source[here])


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The points of rows that one model judged together: seq (n,), the charts' names, value, ucl and out (n, charts), notes by row, and
    the number of the activation under which it judged.
    """

    seq: Ints
    charts: tuple[str, ...]
    value: Floats
    ucl: Floats
    out: Bools
    notes: Mapping[int, str]
    activation: int

    def __len__(self) -> int:
        return len(self.seq)

    def part(self, here: slice) -> Judged:
        """Some of them; all notes stay."""
        return Judged(self.seq[here], self.charts, self.value[here], self.ucl[here], self.out[here], self.notes, self.activation)
