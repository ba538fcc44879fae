"""The rows before a signal, as far back as one looks for the beginning of its change."""

from __future__ import annotations

import numpy as np

from spc.blame.since import MOST
from spc.nouns import Rows


class Past:
    """Keeps the last rows that were played, and where charts came back in; `most` rows at least."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._blocks: list[tuple[int, Rows]] = []
        self._back: list[int] = []

    def take(self, rows: Rows, first_row: int) -> None:
        """The next block."""
        self._blocks.append((first_row, rows))
        kept = sum(len(one) for _, one in self._blocks)
        while kept - len(self._blocks[0][1]) >= self._most:
            kept -= len(self._blocks.pop(0)[1])

    def back_in(self, row: int) -> None:
        """A chart came back in at this row."""
        self._back = [*self._back, row][-self._most :]

    def last_back(self, before: int) -> int:
        """The newest row before row `before` at which a chart came back in; 0 when none ever did."""
        return max((row for row in self._back if row < before), default=0)

    def window(self, first: int, last: int) -> tuple[Rows, int]:
        """The rows `first` to `last`, as many of them as are kept, and the number of the first one."""
        first = max(first, self._blocks[0][0])
        parts = [rows.part(slice(max(first - at, 0), last - at + 1)) for at, rows in self._blocks if at <= last and at + len(rows) > first]
        quality = tuple(label for one in parts for label in one.quality or ("good",) * len(one))
        subgroup = tuple(label for one in parts for label in one.subgroup)
        x, at = np.concatenate([one.x for one in parts]), np.concatenate([one.at for one in parts])
        return Rows(parts[0].names, x, at, tuple(id for one in parts for id in one.ids), quality, subgroup), first
