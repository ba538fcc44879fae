"""A CSV without anything to be found out about it, as programs write: read at once. Any other goes to the reader of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np

from spc.nouns import Rows, Times

_HEAD = re.compile(r"[A-Za-z]\w*(?:,[A-Za-z]\w*){3,}", re.ASCII)  # names of four columns or more
_FORBIDDEN = frozenset("\"';|\t\0\r")
_NUMBERS = re.compile(r"(?:-?\d{1,15}(?:\.\d{1,17})?(?:e[+-]?\d{1,2})?,)+", re.ASCII)
_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,}),", re.ASCII)  # a decimal point that does not stand before three digits
_IDS = re.compile(r"(?:[A-Za-z][A-Za-z_-]*\d+,)+", re.ASCII)  # no number, and no word for a missing one
_TIMES = re.compile(r"(?:(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z,)+", re.ASCII)


def plain(body: bytes, columns: Sequence[str], time: str | None, id: str | None) -> Rows | None:
    """The rows of a CSV that has these columns and those of the time and the part, no other, and every number; None for any other.

    What is None here may well be good: `spc.reference.read_rows` finds out, and gives the same rows for what is not.

    >>> plain(b"id,a,b,c\\nB1,1.5,2,3\\n", ("c", "a", "b"), None, "id").x.tolist()
    [[3.0, 1.5, 2.0]]
    >>> plain(b"id;a;b;c\\nB1;1,5;2;3\\n", ("c", "a", "b"), None, "id") is None
    True
    """
    if not body.isascii():
        return None
    head, _, rest = body.decode("ascii").replace("\r\n", "\n").partition("\n")
    names = head.split(",")
    roles = [one for one in (time, id) if one is not None and one in names and one not in columns]
    if not _HEAD.fullmatch(head) or len(set(names)) < len(names) or set(names) != {*columns, *roles} or _FORBIDDEN & set(rest):
        return None
    lines = rest.removesuffix("\n").split("\n")
    cells = [line.split(",") for line in lines]
    if {len(one) for one in cells} != {len(names)}:
        return None
    return _rows(dict(zip(names, zip(*cells, strict=True), strict=True)), columns, *(one if one in roles else None for one in (time, id)))


def _rows(cells: dict[str, tuple[str, ...]], columns: Sequence[str], time: str | None, id: str | None) -> Rows | None:
    n = len(cells[columns[0]])
    numbers = ",".join(chain.from_iterable(cells[name] for name in columns)) + ","
    if not _NUMBERS.fullmatch(numbers) or not _POINT.search(numbers):
        return None
    if id is not None and (not _IDS.fullmatch(",".join(cells[id]) + ",") or len(set(cells[id])) < n):
        return None
    at = _times(cells[time]) if time is not None else np.full(n, np.datetime64("NaT", "us"))
    if at is None:
        return None
    x = np.fromiter(map(float, numbers[:-1].split(",")), np.float64, n * len(columns)).reshape(len(columns), n)
    return Rows(tuple(columns), np.ascontiguousarray(x.T), at, cells[id] if id is not None else (None,) * n)


def _times(cells: Sequence[str]) -> Times | None:
    if not _TIMES.fullmatch(",".join(cells) + ","):
        return None
    try:
        return np.array([one[:-1] for one in cells], dtype="datetime64[us]")
    except ValueError:  # the thirtieth of February
        return None
