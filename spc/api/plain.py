"""A CSV without anything to be found out about it, as programs write: read at once. Any other goes to the reader of files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np

from spc.nouns import Rows, Times
from spc.reference.cells import number
from spc.reference.fields import Field
from spc.reference.guess import facts_of, role_of_texts
from spc.reference.words import ID_NAME, PRODUCT_NAME

_HEAD = re.compile(r"[A-Za-z]\w*(?:,[A-Za-z]\w*){3,}", re.ASCII)  # names of four columns or more
_FORBIDDEN = frozenset("\"';|\t\0\r")
_NUMBERS = re.compile(r"(?:-?\d{1,15}(?:\.\d{1,17})?(?:e[+-]?\d{1,2})?,)+", re.ASCII)
_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,}),", re.ASCII)  # a decimal point that does not stand before three digits
_IDS = re.compile(r"(?:[A-Za-z][A-Za-z_-]*\d+,)+", re.ASCII)  # no number, and no word for a missing one
_TIMES = re.compile(r"(?:(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z,)+", re.ASCII)
_COUNTED = re.compile(r"(?:(?:0|[1-9]\d{0,14}),)+", re.ASCII)
_WORD = re.compile(r"[A-Za-z][\w-]*", re.ASCII)


def plain(body: bytes, columns: Sequence[str], time: str | None, id: str | None, subgroup: str = "") -> Rows | None:
    """The rows of a CSV that has these columns and those of the time, the part and the labels, no other, and every number; else None.

    `subgroup` is the column of the subgroups; that of the product is known by its name. What is None here may well be good:
    `spc.reference.read_rows` finds out, and gives the same rows for what is not.

    >>> plain(b"id,a,b,c\\nB1,1.5,2,3\\n", ("c", "a", "b"), None, "id").x.tolist()
    [[3.0, 1.5, 2.0]]
    >>> plain(b"id;a;b;c\\nB1;1,5;2;3\\n", ("c", "a", "b"), None, "id") is None
    True
    """
    if not body.isascii():
        return None
    head, _, rest = body.decode("ascii").replace("\r\n", "\n").partition("\n")
    names = head.split(",")
    time, id, group = (one if one in names and one not in columns else None for one in (time, id, subgroup))
    roles = [one for one in (time, id, group) if one is not None]
    others = [one for one in names if one not in columns and one not in roles]
    product = others[0] if len(others) == 1 and PRODUCT_NAME.fullmatch(others[0]) and not ID_NAME.fullmatch(others[0]) else None
    if not _HEAD.fullmatch(head) or len(set(names)) < len(names) or not set(columns) <= set(names) or _FORBIDDEN & set(rest):
        return None
    if len(set(roles)) < len(roles) or (others and product is None):
        return None
    lines = rest.removesuffix("\n").split("\n")
    cells = [line.split(",") for line in lines]
    if {len(one) for one in cells} != {len(names)}:
        return None
    by_name = dict(zip(names, zip(*cells, strict=True), strict=True))
    groups = _labels(by_name[group]) if group is not None else ()
    products = _products(product, by_name[product]) if product is not None else ()
    return None if groups is None or products is None else _rows(by_name, columns, time, id, (groups, products))


def _rows(
    cells: dict[str, tuple[str, ...]],
    columns: Sequence[str],
    time: str | None,
    id: str | None,
    labels: tuple[tuple[str, ...], tuple[str, ...]],
) -> Rows | None:
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
    return Rows(tuple(columns), np.ascontiguousarray(x.T), at, cells[id] if id is not None else (None,) * n, (), labels[0], labels[1])


def _labels(cells: tuple[str, ...]) -> tuple[str, ...] | None:
    """Labels that are all words, or all whole numbers, which are written alike however they are kept."""
    words = all(_WORD.fullmatch(one) and number(one)[0] == "text" for one in set(cells))
    return cells if words or _COUNTED.fullmatch(",".join(cells) + ",") else None


def _products(name: str, cells: tuple[str, ...]) -> tuple[str, ...] | None:
    """Words that the reader of files takes for products, too: nobody has said that they are."""
    if not all(_WORD.fullmatch(one) and number(one)[0] == "text" for one in set(cells)):
        return None
    one = Field(name, "", "text", texts=cells)
    return cells if role_of_texts(one, facts_of(one, len(cells)), len(cells))[0] == "product" else None


def _times(cells: Sequence[str]) -> Times | None:
    if not _TIMES.fullmatch(",".join(cells) + ","):
        return None
    try:
        return np.array([one[:-1] for one in cells], dtype="datetime64[us]")
    except ValueError:  # the thirtieth of February
        return None
