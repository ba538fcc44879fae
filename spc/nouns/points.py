"""Phase II: rows judged, and whose doing it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spc.nouns.arrays import Bools, Floats, Ints, Times


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One chart over a block of rows: value, ucl (n,) and out (n,). A value that could not be judged is NaN, and is not out."""

    value: Floats
    ucl: Floats
    out: Bools


@dataclass(frozen=True, slots=True)
class Point:
    """One dot on one chart."""

    row: int
    at: np.datetime64
    id: str | None
    chart: str
    value: float
    ucl: float
    out: bool
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The judgement of a block of rows: a Track per chart, the row numbers (n,), and a note where a row could not be judged in full."""

    rows: Ints
    at: Times
    ids: Sequence[str | None]
    tracks: Mapping[str, Track]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def point(self, i: int, chart: str = "t2") -> Point:
        """The i-th row's dot on one chart."""
        track = self.tracks[chart]
        return Point(
            int(self.rows[i]),
            self.at[i],
            self.ids[i],
            chart,
            float(track.value[i]),
            float(track.ucl[i]),
            bool(track.out[i]),
            self.notes[i],
        )

    def __iter__(self) -> Iterator[Point]:
        return (self.point(i, chart) for i in range(len(self)) for chart in self.tracks)


@dataclass(frozen=True, slots=True, eq=False)
class Blame:
    """Whose doing a T² is, for a block of rows over the model's p variables; NaN where a value is missing.

    share (n, p): the signed Shapley share of each variable, in units of T², summing to it. sigma (n, p): each variable's own distance
    from the centre, in standard deviations. given (n, p): its distance from what the other observed variables imply, in standard
    deviations of that prediction.
    """

    names: tuple[str, ...]
    share: Floats
    sigma: Floats
    given: Floats


@dataclass(frozen=True, slots=True)
class Signal:
    """A change of state of a line, never a state: it went out of control, or it came back. With its reason and the point that did it.

    kind "out" or "in"; `since` is the row number of the first point of the run that led to it; `index` the position in the block.
    """

    kind: Literal["out", "in"]
    chart: str
    reason: str
    point: Point
    since: int
    index: int
