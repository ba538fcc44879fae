"""What is drawn of reference rows: where they stand, what each of them is, and the mark that says so.

What a row is (within, beyond, alike, excluded, kept, incomplete) shows in its shape first, then in its colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from spc.figures.frame import Figure
from spc.figures.theme import Theme

Kind = Literal["in", "out", "kin", "excluded", "kept", "incomplete"]
Values = Sequence[float | None]
MOST: Final = 2000  # rows drawn: more is slow on a shop-floor PC, so ordinary rows are thinned, and never one that stands out
FAR: Final = 15.0  # T²/UCL from which a linear axis hides the ordinary rows, and the chart opens near the UCL


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of row is drawn and named: plotly's symbol, the same mark in the text, the theme's colour, size, words."""

    symbol: str
    mark: str
    colour: str
    size: int
    words: str


ORDINARY: Final = Look("circle", "●", "series", 5, "within the UCL")
LOOKS: Final[dict[Kind, Look]] = {
    "out": Look("triangle-up", "▲", "high", 10, "beyond the UCL"),
    "kin": Look("square", "■", "medium", 8, "within, but alike to rows beyond"),
    "kept": Look("triangle-up-open", "△", "high", 10, "kept as common cause"),
    "incomplete": Look("circle-open", "○", "series", 7, "a value is missing: judged, not fitted"),
    "excluded": Look("x-open", "✕", "text", 9, "excluded"),
}


@dataclass(frozen=True, slots=True)
class Track:
    """One T² chart: its title, value and limit of each row, what each row is, and the limit that is drawn, with its law."""

    title: str
    t2: Values
    ucl: Values
    kinds: Sequence[Kind]
    limit: float
    law: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the rows stand: their numbers, their places along x (row numbers, or local times as text), and what to say of each."""

    rows: Sequence[int]
    places: Sequence[int | str]
    words: Sequence[str]
    timed: bool


def far(tracks: Sequence[Track]) -> bool:
    """Whether some row is so far beyond its limit that the ordinary ones would lie flat on a linear axis."""
    return any(v is not None and u and v / u > FAR for one in tracks for v, u in zip(one.t2, one.ucl, strict=True))


def thinned(values: Sequence[float], keep: Sequence[bool], most: int = MOST) -> list[int]:
    """Which rows to draw: every one to keep, and of the others the lowest and highest of each of `most`/2 stretches.

    >>> thinned([1.0, 5.0, 2.0, 3.0, 0.0, 4.0], [False, False, True, False, False, False], most=4)
    [0, 1, 2, 4, 5]
    """
    n = len(values)
    if n <= most:
        return list(range(n))
    y = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0)
    edges = np.linspace(0, n, most // 2 + 1).astype(int)
    chosen = set(np.flatnonzero(np.asarray(keep)).tolist())
    for low, high in pairwise(edges.tolist()):
        chosen |= {int(low + np.argmin(y[low:high])), int(low + np.argmax(y[low:high]))}
    return sorted(chosen)


def mark(theme: Theme, look: Look) -> Figure:
    """A kind of row as a marker."""
    colour = getattr(theme, look.colour)
    return {
        "symbol": look.symbol,
        "size": look.size,
        "color": colour,
        "line": {"width": 1.5 if "open" in look.symbol else 0, "color": colour},
    }


def ring(theme: Theme, axis: Axis, d: Sequence[tuple[float | None, float | None]], picked: Sequence[int]) -> Figure:
    """Rings around the chosen rows (numbers from 1); the page moves them without asking for another picture."""
    wanted = set(picked)
    places = [i for i, row in enumerate(axis.rows) if row in wanted and i < len(d) and None not in d[i]]
    drawn = {**dots(theme, axis, d, places, Look("circle-open", "", "selection", 16, "chosen")), "hoverinfo": "skip"}
    drawn["marker"]["line"]["width"] = 3
    return drawn


def dots(theme: Theme, axis: Axis, d: Sequence[tuple[float | None, float | None]], places: Sequence[int], look: Look) -> Figure:
    """The rows at `places` of one kind as marks at (x, y); each carries its row number."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": look.words,
        "x": [d[i][0] for i in places],
        "y": [d[i][1] for i in places],
        "customdata": [axis.rows[i] for i in places],
        "hovertext": [axis.words[i] for i in places],
        "hoverinfo": "text",
        "marker": mark(theme, look),
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }
