"""Rows as they are sent: each is looked at by itself, so that one bad row does not keep a hundred good ones from the disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from typing import Any

import numpy as np

from spc.api.shapes import SentRow
from spc.api.times import us_of
from spc.errors import BadTable, Complaint
from spc.nouns import Rows

QUALITIES = ("good", "uncertain", "bad", "stale", "missing", "late")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with the same columns, and where each of them stood in what was sent, from 1."""

    rows: Rows
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Good:
    place: int
    at: int | None
    id: str | None
    names: tuple[str, ...]
    values: tuple[float, ...]
    quality: str


def blocks(sent: Sequence[SentRow], zone: tzinfo) -> tuple[list[Block], list[tuple[int, Complaint]]]:
    """The good rows as blocks in the order in which they were sent, and the others with what is wrong with each."""
    good: list[_Good] = []
    wrong: list[tuple[int, Complaint]] = []
    for place, row in enumerate(sent, start=1):
        try:
            good.append(_looked_at(place, row, zone))
        except Complaint as complaint:
            complaint.row = place
            wrong.append((place, complaint))
    return [_block(names, list(run)) for names, run in groupby(good, key=lambda row: row.names)], wrong


def _looked_at(place: int, row: SentRow, zone: tzinfo) -> _Good:
    if row.quality not in QUALITIES:
        raise BadTable(f"There is no quality {row.quality[:40]!r}.", cure=f"Qualities: {', '.join(QUALITIES)}.")
    if not row.values:
        raise BadTable("The row has no values.", cure='Send {"values": {"warp_mm": 0.35, …}}.')
    values = tuple(_number(name, value) for name, value in row.values.items())
    if row.id is not None and (not row.id.strip() or not row.id.isprintable()):
        raise BadTable("The id is empty or has characters that cannot be printed.", cure="Leave it out if there is none.", column="id")
    if any(not name.strip() or "\0" in name for name in row.values):
        raise BadTable("A column has no name.", cure="Name every value.")
    return _Good(place, None if row.time is None else us_of(row.time, zone), row.id, tuple(row.values), values, row.quality)


def _number(name: str, value: Any) -> float:
    """A value as float64, NaN for null. Text is refused even if it looks like a number: "1,5" does, too."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTable(f"{str(value)[:40]!r} is not a number.", cure="Send a JSON number, or null where it is missing.", column=name)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadTable("It is not a finite number.", cure="Send null where a value is missing.", column=name)
    return number


def _block(names: tuple[str, ...], rows: Sequence[_Good]) -> Block:
    at = np.array(["NaT" if row.at is None else row.at for row in rows], dtype="datetime64[us]")
    x = np.array([row.values for row in rows], dtype=np.float64).reshape(len(rows), len(names))
    made = Rows(names, x, at, tuple(row.id for row in rows), tuple(row.quality for row in rows))
    return Block(made, tuple(row.place for row in rows))
