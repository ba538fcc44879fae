"""Robust against classical distance: the rows that a classical estimate does not see."""

from __future__ import annotations

import math
from collections.abc import Sequence

from spc.figures.frame import Figure, dashed, frame, modebar, note
from spc.figures.rows import LOOKS, ORDINARY, Axis, Track, dots, ring, thinned
from spc.figures.t2 import edge
from spc.figures.theme import Theme
from spc.figures.words import number


def distances(
    theme: Theme, axis: Axis, robust: Track, classical: Track, *, scale: str = "t2", picked: Sequence[int] = (), stamp: str = ""
) -> Figure:
    """Robust against classical distance (√T²) of each row, both limits drawn.

    Rows above the robust limit and left of the classical one are those that the classical estimate was pulled towards and does not see.
    In the "near" view rows beyond twice a limit stand at the edge.
    """
    log, limits = scale == "log", (classical.limit, robust.limit)
    d = [(_root(c, limits[0], scale), _root(r, limits[1], scale)) for c, r in zip(classical.t2, robust.t2, strict=True)]
    flat = [v[1] if v[1] is not None else math.nan for v in d]
    chosen_rows = set(picked)
    shown = thinned(flat, [kind != "in" or row in chosen_rows for kind, row in zip(robust.kinds, axis.rows, strict=True)])
    xs, ys = ([v for i in shown if (v := d[i][side]) is not None and v > 0] for side in (0, 1))
    at_x, at_y = math.sqrt(classical.limit), math.sqrt(robust.limit)
    layout = frame(
        theme,
        margin={"l": 52, "r": 14, "t": 24, "b": 40},
        modebar=modebar(theme),
        hovermode="closest",
        dragmode="lasso",
        uirevision=stamp,
        selectionrevision=stamp,
        newselection={"line": {"color": theme.selection, "width": 2, "dash": "solid"}},
        xaxis={"title": {"text": "classical distance", "standoff": 4}, "fixedrange": False, **_distance_range(xs, at_x, log)},
        yaxis={"title": {"text": "robust distance", "standoff": 4}, "fixedrange": False, **_distance_range(ys, at_y, log)},
        meta={"review": "distances"},
    )
    layout["shapes"] = _distance_lines(theme, at_x, at_y, max([at_x, at_y, *xs, *ys]), log)
    layout["annotations"] = [*_distance_labels(theme, at_x, at_y, log), *_masked(theme, robust, classical)]
    data = []
    for kind in ("in", *LOOKS):
        look = LOOKS.get(kind, ORDINARY)
        places = [i for i in shown if robust.kinds[i] == kind and None not in d[i]]
        data.append(dots(theme, axis, d, places, look))
    data.append(ring(theme, axis, d, picked))
    return {"data": data, "layout": layout}


def _distance_range(values: Sequence[float], limit: float, log: bool) -> Figure:
    top = 1.08 * max([1.25 * limit, *values])
    if not log:
        return {"type": "linear", "range": [0, top], "nticks": 6}
    low = max(min(values, default=limit / 10), limit / 20)
    return {"type": "log", "range": [math.log10(0.8 * low), math.log10(1.1 * top)], "dtick": 1}


def _distance_lines(theme: Theme, x: float, y: float, top: float, log: bool) -> list[Figure]:
    start = 1e-6 if log else 0
    return [
        {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": dashed(theme)},
        {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": dashed(theme)},
        {
            "type": "line",
            "xref": "x",
            "yref": "y",
            "x0": start,
            "y0": start,
            "x1": 2 * top,
            "y1": 2 * top,
            "line": {"color": theme.edge, "width": 1, "dash": "dot"},
        },
    ]


def _distance_labels(theme: Theme, x: float, y: float, log: bool) -> list[Figure]:
    place_x, place_y = (math.log10(x), math.log10(y)) if log else (x, y)
    look: Figure = {"yanchor": "bottom"}
    return [
        note(theme, f"limit {number(x)}", **look, xref="x", yref="paper", x=place_x, y=1, xanchor="center"),
        note(theme, f"limit {number(y)}", **look, xref="paper", yref="y", x=1, y=place_y, xanchor="right"),
    ]


def _masked(theme: Theme, robust: Track, classical: Track) -> list[Figure]:
    """What the upper left quadrant means, when there are rows in it."""
    seen = zip(robust.kinds, robust.t2, classical.t2, strict=True)
    hidden = sum(r is not None and c is not None and r > robust.limit and c <= classical.limit for kind, r, c in seen if kind != "excluded")
    if not hidden:
        return []
    words = f"↑ {hidden} {'row' if hidden == 1 else 'rows'} that the<br>classical chart hides"
    return [note(theme, words, xref="paper", yref="paper", x=0.02, y=0.97, xanchor="left", yanchor="top", align="left")]


def _root(value: float | None, limit: float, scale: str) -> float | None:
    if value is None:
        return None
    return math.sqrt(min(value, edge(limit)) if scale == "near" else value)
