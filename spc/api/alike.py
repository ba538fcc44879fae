"""Rows that are all written alike, as those of one sender are: looked at together, which takes a third of the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from itertools import chain
from types import NoneType
from typing import Any

import numpy as np
from pydantic_core import from_json

from spc.api.shapes import LABEL, MOST_ROWS, PART, TIME
from spc.nouns import Floats, Rows
from spc.nouns.rows import QUALITIES
from spc.sources.payload import LABELS, can_be_named, labelled, us_since_1970

_WORDS = frozenset(("values", "time", "id", *LABELS))
_NUMBERS = frozenset((float, int, NoneType))
_NONE = np.iinfo(np.int64).min  # NaT as a number


def alike(body: bytes, zone: tzinfo) -> Rows | None:
    """The rows of a body, all good and with the same words and columns in the same order; None when any of this may not be so.

    Then each row is to be looked at by itself, by who can say what is wrong with it: this function never does.

    >>> alike(b'{"rows": [{"id": "B1", "values": {"a": 1}}, {"id": "B2", "values": {"a": null}}]}', UTC).x.tolist()
    [[1.0], [nan]]
    >>> alike(b'{"rows": [{"id": "B1", "values": {"a": 1}}, {"id": "B2", "values": {"b": 1}}]}', UTC) is None
    True
    """
    try:
        given = from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return None
    rows = given["rows"] if type(given) is dict and list(given) == ["rows"] else None
    if type(rows) is not list or not 0 < len(rows) <= MOST_ROWS or set(map(type, rows)) != {dict}:
        return None
    words = tuple(rows[0])
    if "values" not in words or not _WORDS.issuperset(words) or set(map(tuple, rows)) != {words}:
        return None
    return _rows({word: [row[word] for row in rows] for word in words}, len(rows), zone)


def _rows(given: dict[str, list[Any]], n: int, zone: tzinfo) -> Rows | None:
    try:
        names, x = _numbers(given["values"])
        ids = tuple(_texts(given["id"], PART, empty=False)) if "id" in given else (None,) * n
        at = _times(given["time"], zone) if "time" in given else [_NONE] * n
        quality, product, subgroup = (_texts(given[word], LABEL[word]) if word in given else () for word in LABELS)
    except (_Other, ValueError, OverflowError):
        return None
    if not set(quality) <= set(QUALITIES):
        return None
    times = np.array(at, dtype=np.int64).view("datetime64[us]")
    return Rows(names, x, times, ids, labelled(quality, "good"), labelled(subgroup), labelled(product))


class _Other(Exception):
    """Something is not as it usually is."""


def _numbers(values: list[Any]) -> tuple[tuple[str, ...], Floats]:
    """The columns and the values (n, p); NaN for null."""
    if set(map(type, values)) != {dict}:
        raise _Other
    names = tuple(values[0])
    if not names or set(map(tuple, values)) != {names} or not can_be_named(names):
        raise _Other
    flat = list(chain.from_iterable(map(dict.values, values)))
    if not _NUMBERS.issuperset(map(type, flat)):
        raise _Other
    x = np.array(flat, dtype=np.float64).reshape(len(values), len(names))
    if np.isinf(x).any():
        raise _Other
    return names, x


def _texts(given: list[Any], longest: int, *, empty: bool = True) -> Sequence[Any]:
    """Part numbers, which may be null but not empty, or labels, which may be empty but not null."""
    kinds = set(map(type, given))
    if kinds == {NoneType} and not empty:
        return given
    if kinds != {str} or len(max(given, key=len)) > longest or not "".join(given).isprintable():
        raise _Other
    if empty:
        return [one.strip() for one in given]
    if not all(map(str.strip, given)):
        raise _Other
    return given


def _times(given: list[Any], zone: tzinfo) -> list[int]:
    """Microseconds since 1970, or none at all."""
    kinds = set(map(type, given))
    if kinds == {NoneType}:
        return [_NONE] * len(given)
    if kinds != {str} or len(max(given, key=len)) > TIME:
        raise _Other
    at = [datetime.fromisoformat(one.strip()) for one in given]
    if {one.tzinfo for one in at} != {UTC}:
        at = [(one if one.tzinfo is not None else one.replace(tzinfo=zone)).astimezone(UTC) for one in at]
    return us_since_1970(at)
