"""Quantiles of the distances against those of the law that they should follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spc.figures.frame import Figure, dashed, frame, modebar, note
from spc.figures.rows import LOOKS, ORDINARY, Axis, Kind, dots, ring, thinned
from spc.figures.t2 import edge
from spc.figures.theme import Theme
from spc.figures.words import number


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Sorted T² and what the law expects of each place: its quantile, and the band that holds it; `places` are the rows' own, from 0."""

    theoretical: Sequence[float]
    observed: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    places: Sequence[int]


def qq(
    theme: Theme,
    axis: Axis,
    found: Quantiles,
    kinds: Sequence[Kind],
    *,
    limit: float,
    law: str,
    band: str = "95 % band",
    picked: Sequence[int] = (),
) -> Figure:
    """Observed against expected distance (√T²), with the band around the line on which good rows lie, and the limit.

    A handful of points above the band at the right end are outliers; a whole curve that leaves it says that the rows are not normal.
    Rows beyond twice the limit stand at the upper edge.
    """
    at = math.sqrt(limit)
    top = math.sqrt(edge(limit))
    x = [math.sqrt(v) for v in found.theoretical]
    y = [min(math.sqrt(v), top) for v in found.observed]
    n = len(x)
    shown = thinned(y, [kinds[found.places[k]] != "in" for k in range(n)])
    few = thinned([math.sqrt(v) for v in found.high], [k < 50 or k >= n - 50 for k in range(n)], most=200)
    layout = frame(
        theme,
        margin={"l": 52, "r": 14, "t": 24, "b": 40},
        modebar=modebar(theme),
        hovermode="closest",
        xaxis={"title": {"text": f"distance expected, {law}", "standoff": 4}, "fixedrange": False, "nticks": 7, "rangemode": "tozero"},
        yaxis={
            "title": {"text": "distance observed", "standoff": 4},
            "fixedrange": False,
            "nticks": 6,
            "range": [0, 1.06 * max([1.25 * at, *y])],
        },
        meta={"review": "qq"},
    )
    layout["shapes"] = [
        {"type": "line", "name": "UCL", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": dashed(theme)}
    ]
    layout["annotations"] = [
        note(theme, f"limit {number(at)}", xref="paper", yref="y", x=0.01, y=at, xanchor="left", yanchor="bottom"),
        note(theme, f"line: as expected; grey: {band}", xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom"),
    ]
    over = sum(v > edge(limit) for v in found.observed)
    if over:
        words = f"{over} {'row is' if over == 1 else 'rows are'} higher ↑"
        layout["annotations"].append(note(theme, words, xref="paper", yref="paper", x=1, y=1, xanchor="right", yanchor="bottom"))
    data = _band(theme, found, x, few, top)
    pairs: list[tuple[float | None, float | None]] = [(None, None)] * len(axis.rows)
    for k, place in enumerate(found.places):
        pairs[place] = (x[k], y[k])
    for kind in ("in", *LOOKS):
        here = [found.places[k] for k in shown if kinds[found.places[k]] == kind]
        data.append(dots(theme, axis, pairs, here, LOOKS.get(kind, ORDINARY)))
    data.append(ring(theme, axis, pairs, picked))
    return {"data": data, "layout": layout}


def _band(theme: Theme, found: Quantiles, x: Sequence[float], few: Sequence[int], top: float) -> list[Figure]:
    at = [x[k] for k in few]
    low = [math.sqrt(found.low[k]) for k in few]
    high = [min(math.sqrt(found.high[k]), 1.5 * top) for k in few]
    quiet = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    line = {"color": theme.limit, "width": 1.2}
    return [
        {
            **quiet,
            "name": "band",
            "x": [*at, *at[::-1]],
            "y": [*high, *low[::-1]],
            "fill": "toself",
            "fillcolor": theme.rule,
            "opacity": 0.6,
            "line": {"width": 0},
        },
        {**quiet, "name": "as expected", "x": at, "y": at, "line": line},
    ]
