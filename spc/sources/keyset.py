"""Reading a table forward by a key that grows: how far it was read, what was given of the last stretch, as a position of bounded size."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from spc.errors import BadSettings

SEEN = 2000  # rows of the stretch that is read again which a position remembers; repeats beyond it are dropped by the ledger
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(.*)")


@dataclass(slots=True)
class Place:
    """How far a table is read: the last key, and the digests of the rows whose keys lie within `overlap` of it."""

    overlap: float
    key: Any = None
    seen: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, position: Any, overlap: float) -> Place:
        """What a position says."""
        if position is None:
            return cls(overlap)
        key = value_of(position["key"])
        return cls(overlap, key, dict.fromkeys(position["seen"], key), tuple(position["columns"]))

    @property
    def low(self) -> Any:
        """The key behind which is read next: rows that were committed late lie before the last one."""
        return earlier(self.key, self.overlap)

    def fresh(self, rows: Sequence[Sequence[Any]], keys: Sequence[Any]) -> list[int]:
        """The positions of the rows that were not given before; they are remembered."""
        new = []
        for i, (row, key) in enumerate(zip(rows, keys, strict=True)):
            digest = hashlib.blake2b(repr(tuple(row)).encode(), digest_size=6).hexdigest()
            if digest not in self.seen:
                self.seen[digest] = key
                new.append(i)
        return new

    def go_on(self, key: Any) -> dict[str, Any]:
        """The position behind this key. Rows that will not be read again are forgotten."""
        self.key, low = key, earlier(key, self.overlap)
        self.seen = {digest: at for digest, at in self.seen.items() if at > low}
        return {"key": json_of(key), "seen": list(self.seen)[-SEEN:], "columns": list(self.columns)}


def earlier(key: Any, overlap: float) -> Any:
    """A key so many numbers or seconds before; text that is no time as it is.

    >>> earlier(100, 10.0), earlier("2025-03-04 06:00:05.25", 10.0), earlier("B7", 10.0)
    (90, '2025-03-04 05:59:55.25', 'B7')
    """
    if isinstance(key, dt.datetime):
        return key - dt.timedelta(seconds=overlap)
    if isinstance(key, dt.date):
        return key - dt.timedelta(days=-(-overlap // 86_400))
    if isinstance(key, (int, Decimal)):
        return key - int(overlap)
    if isinstance(key, float):
        return key - overlap
    found = _STAMP.fullmatch(key) if isinstance(key, str) else None
    if found is None:
        return key
    day, between, clock, rest = found.groups()
    moved = dt.datetime.fromisoformat(f"{day}T{clock}") - dt.timedelta(seconds=-(-overlap // 1))
    return f"{moved:%Y-%m-%d}{between}{moved:%H:%M:%S}{rest}"


def json_of(key: Any) -> Any:
    """A key as JSON keeps it; raises BadSettings for one that has no order.

    >>> json_of(dt.datetime(2025, 3, 4, 6)), value_of(json_of(dt.datetime(2025, 3, 4, 6)))
    ({'time': '2025-03-04T06:00:00'}, datetime.datetime(2025, 3, 4, 6, 0))
    """
    if isinstance(key, (int, float, str)):
        return key
    for kind, word in ((dt.datetime, "time"), (dt.date, "day")):
        if isinstance(key, kind):
            return {word: key.isoformat()}
    if isinstance(key, Decimal):
        return {"number": str(key)}
    raise BadSettings(f"sql: a key of type {type(key).__name__} has no order.", cure="Use a number that grows, or a time.")


def value_of(kept: Any) -> Any:
    """The key that JSON kept."""
    if not isinstance(kept, dict):
        return kept
    word, text = next(iter(kept.items()))
    if word == "number":
        return Decimal(text)
    return dt.datetime.fromisoformat(text) if word == "time" else dt.date.fromisoformat(text)
