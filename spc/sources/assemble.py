"""Rows out of single values that come by themselves, each with its own time: those of one moment belong together."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spc.nouns import QUALITIES, Rows

GOOD, BAD, MISSING = (QUALITIES.index(one) for one in ("good", "bad", "missing"))


@dataclass(frozen=True, slots=True)
class Change:
    """A value that came: whose (its place among the names), its code (place in QUALITIES), the source's word for it, its time (µs UTC).

    `known` says that it is the state at the beginning, not a change: no row is made of it unless all values agree in time.
    """

    which: int
    value: Any
    code: int
    raw: str
    at: int
    known: bool = False


@dataclass(slots=True)
class _Row:
    at: int
    due: int  # when it is given as it is, µs of the reader's own clock
    cells: dict[int, Change] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return all(one.known for one in self.cells.values())


class Assembler:
    """Puts changes together to rows, oldest first.

    A row is complete when all `n` values have come whose times differ by no more than `tolerance` (µs); after `wait` (µs) it is given
    with what is there, the others missing. With a `trigger` there is a row for each change of that value, with the others as they were
    at its time. Times are those of the source, `now` is any clock that runs.

    >>> made = Assembler(2, tolerance=10, wait=1000)
    >>> made.add(Change(0, 1.5, 0, "", 100), now=0); made.add(Change(0, 1.6, 0, "", 200), now=1)
    >>> made.add(Change(1, 7.0, 0, "", 105), now=2)
    >>> [(row.at, [row.cells[j].value for j in sorted(row.cells)]) for row in made.ready(now=3)]
    [(100, [1.5, 7.0])]
    >>> [(row.at, sorted(row.cells)) for row in made.ready(now=1001)]
    [(200, [0])]
    """

    def __init__(self, n: int, *, tolerance: int, wait: int, trigger: int | None = None) -> None:
        self._n, self._tolerance, self._wait, self._trigger = n, tolerance, wait, trigger
        self._open: list[_Row] = []
        self._past: list[deque[Change]] = [deque() for _ in range(n)]

    def add(self, change: Change, now: int) -> None:
        """A value has come."""
        if self._trigger is None:
            self._put(change, now)
            return
        if change.which == self._trigger:
            if not change.known:
                self._insert(_Row(change.at, now + self._wait, {change.which: change}))
        else:
            self._past[change.which].append(change)

    def ready(self, now: int) -> list[_Row]:
        """The rows that are complete, or have waited long enough, up to the first one that must wait."""
        done = []
        while self._open and (len(self._open[0].cells) == self._n or self._open[0].due <= now):
            row = self._open.pop(0)
            if self._trigger is not None:
                self._fill(row)
            if not row.known or len(row.cells) == self._n:
                done.append(row)
        return done

    def _put(self, change: Change, now: int) -> None:
        near = [row for row in self._open if change.which not in row.cells and abs(row.at - change.at) <= self._tolerance]
        if near:
            min(near, key=lambda row: abs(row.at - change.at)).cells[change.which] = change
        else:
            self._insert(_Row(change.at, now + self._wait, {change.which: change}))

    def _insert(self, row: _Row) -> None:
        self._open.insert(bisect_right(self._open, row.at, key=lambda one: one.at), row)

    def _fill(self, row: _Row) -> None:
        """The other values as they were at the row's time; what is older will not be asked for again."""
        for j, past in enumerate(self._past):
            before = [one for one in past if one.at <= row.at + self._tolerance]
            if j != self._trigger and before:
                row.cells[j] = max(before, key=lambda one: one.at)
                self._past[j] = deque([row.cells[j], *(one for one in past if one.at > row.at + self._tolerance)])


def rows_of(made: Sequence[_Row], names: tuple[str, ...], id: int | None) -> Rows:
    """The rows as a block; the value in place `id` is the part number."""
    places = [j for j in range(len(names)) if j != id]
    x, codes = np.full((len(made), len(places)), np.nan), np.full((len(made), len(places)), MISSING, dtype=np.uint8)
    raw, ids = [], []
    for i, row in enumerate(made):
        words = []
        for k, j in enumerate(places):
            cell = row.cells.get(j)
            if cell is not None:
                x[i, k], codes[i, k] = _number(cell)
                words += [f"{names[j]}: {cell.raw}"] if cell.raw else []
        raw.append("; ".join(words))
        part = row.cells.get(id) if id is not None else None
        ids.append(str(part.value) if part is not None and part.code != BAD and part.value not in (None, "") else None)
    at = np.array([row.at for row in made], dtype=np.int64).view("datetime64[us]")
    plain = not codes.any()
    given = tuple(names[j] for j in places)
    return Rows(given, x, at, tuple(ids), codes=None if plain else codes, raw=tuple(raw) if any(raw) else ())


def _number(cell: Change) -> tuple[float, int]:
    value = cell.value
    if isinstance(value, (bool, int, float)) and np.isfinite(value):
        return float(value), cell.code
    return float("nan"), BAD if cell.code in (GOOD, BAD) else cell.code
