"""The charts of a Phase I review as plain dictionaries: T² robust above classical, distance against distance, raw values around a row.

Pure functions of values and a colour scheme. Every point carries its row number in `customdata`, so that the charts can point at each
other. What a row is (within, beyond, alike, excluded, kept, incomplete) shows in its shape first, then in its colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from typing import Any, Final, Literal

import numpy as np

from spc.ui.figures import FONT, Figure, frame
from spc.ui.theme import Theme
from spc.ui.words import number

Kind = Literal["in", "out", "kin", "excluded", "kept", "incomplete"]
Values = Sequence[float | None]

SCALES: Final = {"near": "Near the UCL", "t2": "T²", "ratio": "T² / UCL", "log": "Log"}
TITLES: Final = {"near": "T²", "t2": "T²", "ratio": "T² / UCL", "log": "T² (log)"}
NEAR: Final = 4.0  # times the UCL: where "near" ends; rows beyond stand at the upper edge, with their value beside them
MOST: Final = 2000  # rows drawn: more is slow on a shop-floor PC, so ordinary rows are thinned, and never one that stands out
FAR: Final = 15.0  # T²/UCL from which a linear axis hides the ordinary rows, and the chart opens near the UCL
TOLD: Final = 4  # rows at the upper edge whose values are written beside them; more of them are told together


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of row is drawn and named: plotly's symbol, the same mark in the text, the theme's colour, size, words."""

    symbol: str
    mark: str
    colour: str
    size: int
    words: str


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


def t2_review(
    theme: Theme, axis: Axis, tracks: Sequence[Track], *, scale: str = "t2", picked: Sequence[int] = (), stamp: str = ""
) -> Figure:
    """The T² charts of the reference rows, one above the other on one x axis: hovering over one points at the same row in all.

    The limits are shapes. Traces of each chart: series, own limits of rows that were not fitted, one per kind of row, the chosen rows.
    `stamp` names the model: while it stays the same a redrawn chart keeps its zoom.
    """
    figure = _review_frame(theme, axis, len(tracks), stamp)
    for k, track in enumerate(tracks):
        key = str(k + 1) if k else ""
        y = _scaled(track.t2, track.ucl, scale)
        figure["data"] += _review_traces(theme, axis, track, y, scale, key, set(picked))
        figure["layout"][f"yaxis{key}"].update(_range(y, 1.0 if scale == "ratio" else track.limit, scale))
        figure["layout"][f"yaxis{key}"]["title"] = {"text": TITLES[scale], "standoff": 6}
        figure["layout"]["annotations"] += _review_labels(theme, track, scale, key)
        figure["layout"]["shapes"].append(_limit_line(theme, 1.0 if scale == "ratio" else track.limit, key))
        if scale == "near":
            figure["layout"]["annotations"] += _edge_labels(theme, axis, track, key)
    return figure


def _review_frame(theme: Theme, axis: Axis, count: int, stamp: str) -> Figure:
    layout = frame(
        theme,
        margin={"l": 58, "r": 116, "t": 24, "b": 40},
        modebar=_modebar(theme),
        hovermode="x",
        hoversubplots="axis",
        hoverdistance=30,
        dragmode="select",
        uirevision=stamp,
        selectionrevision=stamp,
        newselection={"line": {"color": theme.selection, "width": 2, "dash": "solid"}},
        annotations=[],
        shapes=[],
        meta={"review": "t2"},
    )
    x, y = layout.pop("xaxis"), layout.pop("yaxis")
    places = [[0.0, 1.0]] if count == 1 else [[0.5, 1.0], [0.0, 0.41]]
    for k in range(count):
        layout[f"yaxis{k + 1 if k else ''}"] = {**y, "domain": places[k], "nticks": 6, "anchor": "x"}
    words = {} if axis.timed else {"title": {"text": "row", "standoff": 2}}
    kind = {"type": "date", "hoverformat": "%Y-%m-%d %H:%M:%S"} if axis.timed else {"type": "linear"}
    spike = {
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": theme.edge,
        "spikesnap": "data",
    }
    last = f"y{count}" if count > 1 else "y"
    layout["xaxis"] = {**x, **kind, **words, **spike, "anchor": last, "nticks": 9, "fixedrange": False}
    if not axis.timed and axis.rows:
        layout["xaxis"]["range"] = [0, max(axis.rows) + 1]
    return {"data": [], "layout": layout}


def _modebar(theme: Theme) -> Figure:
    return {"bgcolor": "rgba(0,0,0,0)", "color": theme.edge, "activecolor": theme.text}


def _scaled(t2: Values, ucl: Values, scale: str) -> list[float | None]:
    if scale == "near":
        return [None if v is None else v if not u else min(v, _edge(u)) for v, u in zip(t2, ucl, strict=True)]
    if scale != "ratio":
        return list(t2)
    return [None if v is None or not u else v / u for v, u in zip(t2, ucl, strict=True)]


def _limit_line(theme: Theme, level: float, key: str) -> Figure:
    line = {"color": theme.limit, "width": 1.5, "dash": "6px,4px"}
    return {"type": "line", "name": "UCL", "xref": "paper", "yref": f"y{key}", "x0": 0, "x1": 1, "y0": level, "y1": level, "line": line}


def _edge(limit: float) -> float:
    """Where rows stand that are beyond the upper edge of the near view."""
    return NEAR * limit


def _edge_labels(theme: Theme, axis: Axis, track: Track, key: str) -> list[Figure]:
    """The values of the farthest rows, beside the marks that stand at the upper edge for them."""
    over = [(v / u, i) for i, (v, u) in enumerate(zip(track.t2, track.ucl, strict=True)) if v is not None and u and v > _edge(u)]
    look: Figure = {"showarrow": False, "yref": f"y{key}", "font": {"family": FONT, "size": 12, "color": theme.text}}
    if len(over) > TOLD:
        words = f"{len(over)} rows are higher, up to T² {number(max(track.t2[i] or 0.0 for _, i in over))} ↑"
        return [
            {**look, "xref": "paper", "x": 1, "y": _edge(track.limit), "xanchor": "right", "yanchor": "bottom", "yshift": 4, "text": words}
        ]
    middle = len(axis.rows) / 2
    return [
        {
            **look,
            "xref": "x",
            "x": axis.places[i],
            "y": _edge(track.ucl[i] or track.limit),
            "yanchor": "middle",
            "xanchor": "left" if i < middle else "right",
            "xshift": 9 if i < middle else -9,
            "text": f"row {axis.rows[i]}: T² {number(track.t2[i])} ↑",
        }
        for _, i in sorted(over, reverse=True)
    ]


def _review_traces(theme: Theme, axis: Axis, track: Track, y: list[float | None], scale: str, key: str, picked: set[int]) -> list[Figure]:
    on = {"xaxis": "x", "yaxis": f"y{key}"}
    flat = [v if v is not None else math.nan for v in track.t2]
    shown = thinned(flat, [kind != "in" or row in picked for kind, row in zip(track.kinds, axis.rows, strict=True)])

    def of(places: Sequence[int], **look: Any) -> Figure:
        return {
            "type": "scatter",
            "x": [axis.places[i] for i in places],
            "y": [y[i] for i in places],
            "customdata": [axis.rows[i] for i in places],
            "hovertext": [axis.words[i] for i in places],
            **on,
            **look,
        }

    unfaded = {"selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}}}
    series = of(
        shown,
        name=track.title,
        mode="lines+markers",
        connectgaps=False,
        line={"color": theme.series, "width": 1.2},
        marker={"color": theme.series, "size": 4},
        hoverinfo="text",
        **unfaded,
    )
    series["y"] = [None if track.kinds[i] == "excluded" else y[i] for i in shown]
    traces = [series, _own_limits(theme, axis, track, scale, on)]
    for kind, look in LOOKS.items():
        places = [i for i in shown if track.kinds[i] == kind]
        mark = _mark(theme, look)
        hover = "text" if kind == "excluded" else "skip"  # the series has the others' words: one label per row
        traces.append(of(places, name=look.words, mode="markers", marker=mark, hoverinfo=hover, **unfaded))
    ring = {"symbol": "circle-open", "size": 17, "color": theme.selection, "line": {"width": 3}}
    chosen = [i for i in shown if axis.rows[i] in picked]
    traces.append(of(chosen, name="chosen", mode="markers", marker=ring, hoverinfo="skip"))
    return traces


def _mark(theme: Theme, look: Look) -> Figure:
    colour = getattr(theme, look.colour)
    return {
        "symbol": look.symbol,
        "size": look.size,
        "color": colour,
        "line": {"width": 1.5 if "open" in look.symbol else 0, "color": colour},
    }


def _own_limits(theme: Theme, axis: Axis, track: Track, scale: str, on: Figure) -> Figure:
    """A short dash at the limit of each row that has another one than the fitted rows: it was judged as a new row."""
    odd = [i for i, u in enumerate(track.ucl) if u is not None and scale != "ratio" and not math.isclose(u, track.limit)][:MOST]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "own UCL",
        "x": [axis.places[i] for i in odd],
        "y": [track.ucl[i] for i in odd],
        "marker": {"symbol": "line-ew-open", "size": 9, "color": theme.limit, "line": {"width": 1.5}},
        "hoverinfo": "skip",
        **on,
    }


def _range(y: Sequence[float | None], limit: float, scale: str) -> Figure:
    """From 0 to 1.5 UCL or the data's top, whichever is higher; a logarithmic axis from the smallest value that matters."""
    known = [v for v in y if v is not None and math.isfinite(v)]
    top = max(1.5 * limit, 1.08 * max(known, default=0.0))
    if scale != "log":
        return {"type": "linear", "range": [0, top]}
    low = max(min((v for v in known if v > 0), default=limit / 30), limit / 60)
    return {
        "type": "log",
        "range": [math.log10(0.8 * low), math.log10(1.15 * top)],
        "dtick": 1,
        "minor": {"ticks": "outside", "ticklen": 2},
    }


def _review_labels(theme: Theme, track: Track, scale: str, key: str) -> list[Figure]:
    level = 1.0 if scale == "ratio" else track.limit
    y = math.log10(level) if scale == "log" else level
    look: Figure = {"showarrow": False, "xref": "paper", "yref": f"y{key}", "y": y}
    words = "UCL" if scale == "ratio" else f"UCL {number(track.limit)}"
    law = "<br>".join(wrap(track.law.partition(":")[0], 16))
    font: Figure = {"family": FONT, "color": theme.text}
    return [
        {**look, "x": 1, "xanchor": "left", "yanchor": "bottom", "xshift": 5, "yshift": -9, "text": words, "font": {**font, "size": 14}},
        {
            **look,
            "x": 1,
            "xanchor": "left",
            "yanchor": "top",
            "xshift": 5,
            "yshift": -8,
            "align": "left",
            "text": law,
            "font": {**font, "size": 11},
        },
        {
            "showarrow": False,
            "xref": "paper",
            "yref": f"y{key} domain",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "text": f"<b>{track.title}</b>",
            "font": {**font, "size": 13},
        },
    ]


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
        modebar=_modebar(theme),
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
    layout["annotations"] = _distance_labels(theme, at_x, at_y, log)
    data = []
    for kind in ("in", *LOOKS):
        look = LOOKS.get(kind, Look("circle", "", "series", 5, "within the UCL"))
        places = [i for i in shown if robust.kinds[i] == kind and None not in d[i]]
        data.append(_dots(theme, axis, d, places, look))
    ring = Look("circle-open", "", "selection", 16, "chosen")
    data.append(
        {**_dots(theme, axis, d, [i for i in shown if axis.rows[i] in chosen_rows and None not in d[i]], ring), "hoverinfo": "skip"}
    )
    data[-1]["marker"]["line"]["width"] = 3
    return {"data": data, "layout": layout}


def _dots(theme: Theme, axis: Axis, d: Sequence[tuple[float | None, float | None]], places: Sequence[int], look: Look) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": look.words,
        "x": [d[i][0] for i in places],
        "y": [d[i][1] for i in places],
        "customdata": [axis.rows[i] for i in places],
        "hovertext": [axis.words[i] for i in places],
        "hoverinfo": "text",
        "marker": _mark(theme, look),
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }


def _distance_range(values: Sequence[float], limit: float, log: bool) -> Figure:
    top = 1.08 * max([1.25 * limit, *values])
    if not log:
        return {"type": "linear", "range": [0, top], "nticks": 6}
    low = max(min(values, default=limit / 10), limit / 20)
    return {"type": "log", "range": [math.log10(0.8 * low), math.log10(1.1 * top)], "dtick": 1}


def _distance_lines(theme: Theme, x: float, y: float, top: float, log: bool) -> list[Figure]:
    dashed = {"color": theme.limit, "width": 1.5, "dash": "6px,4px"}
    start = 1e-6 if log else 0
    return [
        {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": dashed},
        {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": dashed},
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
    font = {"family": FONT, "size": 12, "color": theme.text}
    place_x, place_y = (math.log10(x), math.log10(y)) if log else (x, y)
    look: Figure = {"showarrow": False, "font": font, "yanchor": "bottom"}
    return [
        {**look, "xref": "x", "yref": "paper", "x": place_x, "y": 1, "xanchor": "center", "text": f"limit {number(x)}"},
        {**look, "xref": "paper", "yref": "y", "x": 1, "y": place_y, "xanchor": "right", "text": f"limit {number(y)}"},
    ]


def _root(value: float | None, limit: float, scale: str) -> float | None:
    if value is None:
        return None
    return math.sqrt(min(value, _edge(limit)) if scale == "near" else value)


@dataclass(frozen=True, slots=True)
class Trend:
    """One variable around the chosen rows: its name with unit, values, and low, middle, high of the reference."""

    title: str
    y: Values
    band: tuple[float, float, float]


def around(theme: Theme, rows: Sequence[int], trends: Sequence[Trend], picked: Sequence[int]) -> Figure:
    """Raw values before and after the chosen rows, one small chart per variable, with the reference band (centre ± 3 sd)."""
    layout = frame(
        theme, size=12, margin={"l": 56, "r": 10, "t": 20, "b": 30}, hovermode="x", annotations=[], shapes=[], meta={"review": "around"}
    )
    x, y = layout.pop("xaxis"), layout.pop("yaxis")
    room = 1.0 / max(len(trends), 1)
    chosen = set(picked)
    data: list[Figure] = []
    for k, one in enumerate(trends):
        key = str(k + 1) if k else ""
        top = 1.0 - k * room
        layout[f"yaxis{key}"] = {**y, "domain": [max(0.0, top - 0.72 * room), top], "anchor": "x", "nticks": 3, "range": _span(one)}
        layout["shapes"] += _reference_band(theme, key, one.band)
        title: Figure = {
            "showarrow": False,
            "xref": "paper",
            "yref": f"y{key} domain",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
        }
        layout["annotations"].append({**title, "text": one.title, "font": {"family": FONT, "size": 12, "color": theme.text}})
        on = {"xaxis": "x", "yaxis": f"y{key}", "type": "scatter"}
        line = {"color": theme.series, "width": 1.3}
        data.append({**on, "mode": "lines", "name": one.title, "x": list(rows), "y": list(one.y), "line": line, "connectgaps": False})
        data[-1]["hovertemplate"] = "row %{x}: %{y}<extra></extra>"
        marked = [i for i, row in enumerate(rows) if row in chosen]
        mark = {"symbol": "circle-open", "size": 11, "color": theme.selection, "line": {"width": 2.5}}
        data.append(
            {
                **on,
                "mode": "markers",
                "name": "chosen",
                "x": [rows[i] for i in marked],
                "y": [one.y[i] for i in marked],
                "marker": mark,
                "hoverinfo": "skip",
            }
        )
    last = f"y{len(trends)}" if len(trends) > 1 else "y"
    layout["xaxis"] = {**x, "anchor": last, "nticks": 6, "title": {"text": "row", "standoff": 2}}
    return {"data": data, "layout": layout}


def _span(one: Trend) -> list[float]:
    low, _, high = one.band
    margin = 0.25 * (high - low) or 1.0
    known = [v for v in one.y if v is not None]
    return [min([low - margin, *known]), max([high + margin, *known])]


def _reference_band(theme: Theme, key: str, band: tuple[float, float, float]) -> list[Figure]:
    low, middle, high = band
    at: Figure = {"xref": "paper", "yref": f"y{key}", "x0": 0, "x1": 1, "layer": "below"}
    return [
        {**at, "type": "rect", "y0": low, "y1": high, "fillcolor": theme.rule, "opacity": 0.55, "line": {"width": 0}},
        {**at, "type": "line", "y0": middle, "y1": middle, "line": {"color": theme.edge, "width": 1, "dash": "dot"}},
    ]
