"""Records of a database as rows: numbers, times, part numbers and labels by the names of their columns."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from spc.errors import ColumnMismatch
from spc.nouns import Floats, Rows, Times
from spc.reference.times import from_numbers, parse, to_utc
from spc.sources.batch import Scrap

_NAT = np.datetime64("NaT", "us")
_NUMBERS = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Fields:
    """What the columns of a query are for."""

    columns: tuple[str, ...]
    time: str | None
    id: str | None
    subgroup: str
    product: str
    timezone: str

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(one for one in (self.time, self.id, self.subgroup, self.product) if one)

    def rows(self, names: Sequence[str], records: Sequence[Sequence[Any]]) -> tuple[Rows, tuple[Scrap, ...]]:
        """The rows, and a scrap for each record with a value that is no number. Raises ColumnMismatch for a column that is not there."""
        place = {name: j for j, name in enumerate(names)}
        absent = [one for one in (*self.columns, *self.roles) if one not in place]
        if absent:
            raise ColumnMismatch(f"The query gives no column {absent[0]}.", cure=f"It gives {', '.join(names)}.", column=absent[0])
        cells = [place[name] for name in self.columns]
        good, x, scraps = [], [], []
        for one in records:
            wrong = next((j for j in cells if not _is_value(one[j])), None)
            if wrong is None:
                good.append(one)
                x.append([math.nan if one[j] is None else float(one[j]) for j in cells])
            else:
                payload = json.dumps({name: _written(cell) for name, cell in zip(names, one, strict=True)}, default=str).encode()
                scraps.append(Scrap(payload, f"Column {names[wrong]}: {str(one[wrong])[:40]!r} is not a finite number."))
        times = [one[place[self.time]] for one in good] if self.time else [None] * len(good)
        ids = tuple(_text(one[place[self.id]]) or None for one in good) if self.id else (None,) * len(good)
        subgroup, product = (tuple(_text(one[place[name]]) for one in good) if name else () for name in (self.subgroup, self.product))
        values: Floats = np.array(x, dtype=np.float64).reshape(len(good), len(cells))
        return Rows(self.columns, values, times_of(times, self.timezone), ids, (), subgroup, product), tuple(scraps)


def numeric(names: Sequence[str], records: Sequence[Sequence[Any]], others: frozenset[str]) -> tuple[str, ...]:
    """The columns all of whose values are numbers, of those that have one; `others` are for something else.

    >>> numeric(("id", "a", "b", "c"), [(1, 1.5, "x", None), (2, None, "y", None)], frozenset({"id"}))
    ('a',)
    """
    found = []
    for j, name in enumerate(names):
        values = [one[j] for one in records if one[j] is not None]
        if name not in others and values and all(isinstance(one, _NUMBERS) and not isinstance(one, bool) for one in values):
            found.append(name)
    return tuple(found)


def times_of(values: Sequence[Any], timezone: str) -> Times:
    """Times of a database in UTC: with or without a zone, as text, or as seconds (or milliseconds …) since 1970; NaT for what is none."""
    at: Times = np.full(len(values), _NAT)
    texts = [i for i, one in enumerate(values) if isinstance(one, str)]
    numbers = [i for i, one in enumerate(values) if isinstance(one, _NUMBERS) and not isinstance(one, bool)]
    naive: list[int] = []
    for i, one in enumerate(values):
        if isinstance(one, dt.datetime) and one.tzinfo is not None:
            at[i] = np.datetime64(one.astimezone(dt.UTC).replace(tzinfo=None), "us")
        elif isinstance(one, dt.date):
            at[i] = np.datetime64(one if isinstance(one, dt.datetime) else dt.datetime.combine(one, dt.time()), "us")
            naive.append(i)
    if naive:
        at[naive] = to_utc(at[naive], timezone)[0]
    if texts:
        at[texts] = parse([values[i] for i in texts], timezone).at
    clock = from_numbers(np.array([float(values[i]) for i in numbers]), timezone) if numbers else None
    if clock is not None:
        at[numbers] = clock.at
    return at


def _is_value(value: Any) -> bool:
    return value is None or (isinstance(value, _NUMBERS) and not math.isinf(value))


def _written(value: Any) -> Any:
    """A cell as JSON has it: a number stays one; NaN and infinity, which are none there, are text."""
    if isinstance(value, Decimal):
        value = float(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
