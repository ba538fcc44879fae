"""Rows that are all written alike, as those of one sender are: read straight into numbers, which takes a quarter of the time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec.structs import astuple

from spc.api.sent import USUAL
from spc.api.shapes import LABEL, MOST_ROWS, PART, TIME
from spc.nouns import Floats, Rows
from spc.nouns.rows import QUALITIES
from spc.sources.payload import LABELS, NAT, can_be_named, labelled, us_since_1970

_VALUES = re.compile(rb'"values"\s*:\s*(\{[^{}]*\})')
_COLUMNS = 500  # of a row: to learn more of them at once takes longer than looking at each value
_WORDS = [
    ("time", Annotated[str, msgspec.Meta(max_length=TIME)] | None, None),
    ("id", Annotated[str, msgspec.Meta(max_length=PART)] | None, None),
    *((word, Annotated[str, msgspec.Meta(max_length=LABEL[word])], USUAL[word]) for word in LABELS),
]
_STRICT: Any = {"forbid_unknown_fields": True, "gc": False}


def alike(body: bytes, zone: tzinfo) -> Rows | None:
    """The rows of a body in which all are good and have the columns of the first one; None when any of this may not be so.

    Then each row is to be looked at by itself, by who can say what is wrong with it: this function never does.

    >>> alike(b'{"rows": [{"id": "B1", "values": {"a": 1}}, {"id": "B2", "values": {"a": null}}]}', UTC).x.tolist()
    [[1.0], [nan]]
    >>> alike(b'{"rows": [{"id": "B1", "values": {"a": 1}}, {"id": "B2", "values": {"b": 1}}]}', UTC) is None
    True
    """
    try:
        names = _names(body)
        return _rows(names, _reader(names).decode(body).rows, zone)
    except (_Other, msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None


class _Other(Exception):
    """Something is not as it usually is."""


def _names(body: bytes) -> tuple[str, ...]:
    """What the columns of the first row seem to be called: whoever reads the rows with them finds out."""
    found = _VALUES.search(body)
    if found is None:
        raise _Other
    return tuple(msgspec.json.decode(found[1]))


@lru_cache(maxsize=64)
def _reader(names: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Reads rows that have these columns, every one and no other: finite numbers or null."""
    if not 0 < len(names) <= _COLUMNS or not can_be_named(names):
        raise _Other
    fields = {f"x{j}": name for j, name in enumerate(names)}
    values = msgspec.defstruct("Values", [(field, float | None) for field in fields], rename=fields, **_STRICT)
    row = msgspec.defstruct("Row", [("values", values), *_WORDS], **_STRICT)
    rows = Annotated[list[row], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]  # type: ignore[valid-type]  # made above
    return msgspec.json.Decoder(msgspec.defstruct("Rows", [("rows", rows)], **_STRICT))


def _rows(names: tuple[str, ...], sent: Sequence[Any], zone: tzinfo) -> Rows:
    values, times, ids, *labels = zip(*map(astuple, sent), strict=True)
    _check_ids([one for one in ids if one is not None])
    at = np.array(_times(times, zone), dtype=np.int64).view("datetime64[us]")
    quality, product, subgroup = (_labels(kept, USUAL[word]) for word, kept in zip(LABELS, labels, strict=True))
    if not set(quality) <= set(QUALITIES):
        raise _Other
    return Rows(names, _numbers(values, len(names)), at, ids, quality, subgroup, product)


def _numbers(values: Sequence[Any], p: int) -> Floats:
    try:
        return np.fromiter(chain.from_iterable(map(astuple, values)), np.float64, len(values) * p).reshape(-1, p)
    except TypeError:  # there is a null
        return np.array([astuple(one) for one in values], dtype=np.float64)


def _check_ids(ids: Sequence[str]) -> None:
    if not "".join(ids).isprintable() or not all(map(str.strip, ids)):
        raise _Other


def _labels(given: Sequence[str], usual: str) -> tuple[str, ...]:
    """Each label without the blanks around it; none when all are the usual one."""
    if set(given) == {usual}:
        return ()
    labels = [one.strip() for one in given]
    if not "".join(labels).isprintable():
        raise _Other
    return labelled(labels, usual)


def _times(given: Sequence[str | None], zone: tzinfo) -> list[int]:
    """Microseconds since 1970, or what stands for none."""
    texts = [one.strip() for one in given if one is not None]
    at = [datetime.fromisoformat(one) for one in texts]
    if {one.tzinfo for one in at} - {UTC}:
        at = [(one if one.tzinfo is not None else one.replace(tzinfo=zone)).astimezone(UTC) for one in at]
    us = us_since_1970(at)
    if len(us) == len(given):
        return us
    rest = iter(us)
    return [NAT if one is None else next(rest) for one in given]
