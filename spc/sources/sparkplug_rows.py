"""Rows out of metrics: which metric is which column, what the others were last, and what each value is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import structlog

from spc.errors import BadTable
from spc.nouns import Rows
from spc.nouns.rows import QUALITIES
from spc.sources.batch import NO_ROWS
from spc.sources.sparkplug_payload import Metric, number

_GOOD, _UNCERTAIN, _BAD, _STALE, _MISSING = (QUALITIES.index(word) for word in ("good", "uncertain", "bad", "stale", "missing"))
_QUALITIES = {192: _GOOD, 0: _BAD, 500: _STALE}  # of Sparkplug's property Quality; another number is uncertain
_LATEST_MS = 4_200_000_000_000  # in 2103: a time behind it is none

_log = structlog.get_logger("spc.sources")


@dataclass(frozen=True, slots=True)
class Named:
    """A metric with its full name and the datatype that its birth said."""

    path: str
    metric: Metric
    kind: int


@dataclass(slots=True)
class _Cell:
    value: float
    code: int


@dataclass(slots=True)
class _Row:
    """`at` in ms since 1970, None when no metric and no message says it."""

    at: int | None = None
    cells: dict[str, _Cell] = field(default_factory=dict)
    id: str | None = None
    quality: str = "good"


class Sheet:
    """Takes the metrics of one message after the other and makes rows of them.

    `columns` says for each column the metric's full name, `id` that of the part number ("" when there is none). With `hold` a metric that a
    message does not bring has the value that it had last; else it is missing.
    """

    def __init__(self, columns: Mapping[str, str], *, id: str = "", hold: bool = False) -> None:
        self._column = {path: name for name, path in columns.items()}
        self._names, self._id, self._hold = tuple(columns), id, hold
        self._last: dict[str, _Cell] = {}
        self._rows: list[_Row] = []
        self._told: set[tuple[str, str]] = set()

    def wants(self, path: str) -> bool:
        """Whether anything is made of this metric."""
        return path in self._column or (path == self._id and bool(path))

    def concerns(self, prefix: str) -> bool:
        """Whether a node or a device has any of the columns."""
        return any(path.startswith(prefix) for path in self._column)

    def birth(self, metrics: list[Named]) -> None:
        """The values with which a node or a device begins: they are remembered and make no row."""
        for one in metrics:
            if one.path in self._column:
                self._last[self._column[one.path]] = self._cell(one)

    def take(self, metrics: list[Named], at: int | None, *, quality: str = "good") -> int:
        """The rows that a message brings; returns how many. `at` is the message's own time. A metric that comes twice makes two."""
        made = 0
        for historical in (True, False):
            row = _Row()
            for one in metrics:
                if one.metric.historical is not historical or not self.wants(one.path):
                    continue
                column = self._column.get(one.path)
                if column is not None and column in row.cells:
                    made += self._finish(row, at, historical, quality)
                    row = _Row()
                self._put(row, column, one)
            made += self._finish(row, at, historical, quality)
        return made

    def stale(self, prefix: str) -> None:
        """What the metrics of a node or a device that is gone were last is not to be believed any more."""
        for path, column in self._column.items():
            if path.startswith(prefix) and column in self._last:
                self._last[column].code = _STALE

    def rows(self) -> Rows:
        """The rows since this was last asked, as a block."""
        made, self._rows = self._rows, []
        if not made:
            return NO_ROWS
        none = _Cell(math.nan, _MISSING)
        cells = [[one.cells.get(name, none) for name in self._names] for one in made]
        x = np.array([[cell.value for cell in row] for row in cells], dtype=np.float64).reshape(len(made), len(self._names))
        codes = np.array([[cell.code for cell in row] for row in cells], dtype=np.uint8).reshape(x.shape)
        at = np.array(["NaT" if one.at is None else one.at * 1000 for one in made], dtype="datetime64[us]")
        quality = tuple(one.quality for one in made)
        return Rows(self._names, x, at, tuple(one.id for one in made), quality, codes=codes if codes.any() else None)

    def _put(self, row: _Row, column: str | None, one: Named) -> None:
        if column is not None:
            row.cells[column] = self._cell(one)
        elif one.metric.value is not None:
            text = str(one.metric.value)
            row.id = text if text.strip() and text.isprintable() else None
        if one.metric.at is not None and 0 < one.metric.at < _LATEST_MS:
            row.at = max(row.at or 0, one.metric.at)

    def _finish(self, row: _Row, at: int | None, historical: bool, quality: str) -> int:
        if not row.cells:
            return 0
        if row.at is None and at is not None and 0 < at < _LATEST_MS:
            row.at = at
        row.quality = "late" if historical else quality
        if not historical:
            fresh, row.cells = row.cells, {**self._last, **row.cells} if self._hold else row.cells
            self._last.update({name: _Cell(cell.value, cell.code) for name, cell in fresh.items()})
        row.cells = {name: _Cell(cell.value, cell.code) for name, cell in row.cells.items()}
        self._rows.append(row)
        return 1

    def _cell(self, one: Named) -> _Cell:
        """A value and what it is worth. One that is no number is bad; the log is told once why."""
        try:
            value = number(one.metric, one.kind)
        except BadTable as wrong:
            if (one.path, wrong.text) not in self._told:
                self._told.add((one.path, wrong.text))
                _log.warning("metric is not used", metric=one.path, error=wrong.text)
            return _Cell(math.nan, _BAD)
        if math.isnan(value):
            return _Cell(value, _MISSING)
        return _Cell(value, _GOOD if one.metric.quality is None else _QUALITIES.get(one.metric.quality, _UNCERTAIN))
