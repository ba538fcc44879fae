"""What is kept of rows that have gone by: how they clump, and a picture of them. Memory does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spc.nouns import Bools, Floats, Ints

STRETCHES = 64  # equal stretches whose numbers of rows out are compared
FEWEST = 16
DRAWN = 2000  # stretches of a picture: up to so many rows each has a dot of its own


@dataclass(slots=True)
class Clumps:
    """How rows out clump together. Those with fewer than `back` judged rows within between them are one run (Smith & Weissman 1994)."""

    back: int
    runs: int = 0
    hits: int = 0
    n: int = 0
    _squares: int = 0
    _size: int = 0
    _last: int = -1
    _length: int = 1  # rows of a stretch
    _counts: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def take(self, out: Bools) -> None:
        """The judged rows of a block: which of them are out (n,)."""
        for at in self.n + np.flatnonzero(out):
            if self._last < 0 or at - self._last > self.back:
                self._squares += self._size**2
                self.runs, self._size = self.runs + 1, 0
            self._size, self._last = self._size + 1, int(at)
        self._stretch(out)
        self.n += len(out)
        self.hits += int(out.sum())

    def _stretch(self, out: Bools) -> None:
        where = (self.n + np.arange(len(out))) // self._length
        counts = np.bincount(where, weights=out, minlength=len(self._counts)).astype(np.int64)
        counts[: len(self._counts)] += self._counts
        while len(counts) > STRETCHES:
            counts = np.append(counts, np.zeros(len(counts) % 2, dtype=np.int64)).reshape(-1, 2).sum(axis=1)
            self._length *= 2
        self._counts = counts

    @property
    def effect(self) -> float:
        """How many rows are worth one independent row: from the sizes of the runs, Σm²/Σm, or from how unequal equal stretches are."""
        if not self.hits:
            return 1.0
        runs = (self._squares + self._size**2) / self.hits
        return float(max(1.0, runs, self._dispersion()))

    def _dispersion(self) -> float:
        whole = self._counts[: self.n // self._length]
        mean = float(whole.mean()) if len(whole) >= FEWEST else 0.0
        share = mean / self._length
        return float(whole.var(ddof=1)) / (mean * (1.0 - share)) if 0.0 < share < 1.0 else 1.0


@dataclass(slots=True)
class Picture:
    """The lowest and the highest of each stretch of rows: row number, time (µs), value. A stretch without a judged row is a gap."""

    _length: int = 1
    _n: int = 0
    _low: dict[str, Any] = field(default_factory=dict)
    _high: dict[str, Any] = field(default_factory=dict)

    def take(self, rows: Ints, at: Ints, value: Floats) -> None:
        """A block: row numbers, times and values (n,), NaN where a row was not judged."""
        if not len(rows):
            return
        where = (self._n + np.arange(len(rows))) // self._length
        self._low = _joined(self._low, _extremes(where, rows, at, np.where(np.isnan(value), np.inf, value), lowest=True), lowest=True)
        high = np.where(np.isnan(value), -np.inf, value)
        self._high = _joined(self._high, _extremes(where, rows, at, high, lowest=False), lowest=False)
        self._n += len(rows)
        while len(self._low["where"]) > DRAWN:
            self._length *= 2
            self._low, self._high = (_halved(one, lowest=one is self._low) for one in (self._low, self._high))

    def dots(self) -> tuple[list[int], list[int], list[float | None]]:
        """Row numbers, times (µs) and values, in order; a value is None where nothing was judged."""
        rows: list[int] = []
        at: list[int] = []
        value: list[float | None] = []
        for k in range(len(self._low.get("where", ()))):
            ends = [{name: column[k] for name, column in side.items()} for side in (self._low, self._high)]
            ends.sort(key=lambda one: int(one["rows"]))
            for one in ends[:1] if ends[0]["rows"] == ends[1]["rows"] else ends:
                rows.append(int(one["rows"]))
                at.append(int(one["at"]))
                value.append(float(one["value"]) if np.isfinite(one["value"]) else None)
        return rows, at, value


def _extremes(where: Ints, rows: Ints, at: Ints, value: Floats, *, lowest: bool) -> dict[str, Any]:
    """The first lowest, or highest, row of each stretch."""
    order = np.lexsort((rows, value if lowest else -value, where))
    first = order[np.unique(where[order], return_index=True)[1]]
    return {"where": where[first], "rows": rows[first], "at": at[first], "value": value[first]}


def _joined(before: dict[str, Any], new: dict[str, Any], *, lowest: bool) -> dict[str, Any]:
    if not before:
        return new
    both = {name: np.concatenate([before[name], new[name]]) for name in new}
    if before["where"][-1] != new["where"][0]:
        return both
    return _extremes(both["where"], both["rows"], both["at"], both["value"], lowest=lowest)


def _halved(one: dict[str, Any], *, lowest: bool) -> dict[str, Any]:
    return _extremes(one["where"] // 2, one["rows"], one["at"], one["value"], lowest=lowest)
