"""T² of the reference rows, the robust chart above the classical one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Final

from spc.figures.frame import FONT, Figure, dashed, frame, modebar
from spc.figures.rows import LOOKS, MOST, Axis, Track, Values, mark, thinned
from spc.figures.theme import Theme
from spc.figures.words import number

SCALES: Final = {"near": "Near the UCL", "t2": "T²", "ratio": "T² / UCL", "log": "Log"}
TITLES: Final = {"near": "T²", "t2": "T²", "ratio": "T² / UCL", "log": "T² (log)"}
NEAR: Final = 4.0  # times the UCL: where "near" ends; rows beyond stand at the upper edge, with their value beside them
TOLD: Final = 4  # rows at the upper edge whose values are written beside them; more of them are told together


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
        modebar=modebar(theme),
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


def _scaled(t2: Values, ucl: Values, scale: str) -> list[float | None]:
    if scale == "near":
        return [None if v is None else v if not u else min(v, edge(u)) for v, u in zip(t2, ucl, strict=True)]
    if scale != "ratio":
        return list(t2)
    return [None if v is None or not u else v / u for v, u in zip(t2, ucl, strict=True)]


def _limit_line(theme: Theme, level: float, key: str) -> Figure:
    line = dashed(theme)
    return {"type": "line", "name": "UCL", "xref": "paper", "yref": f"y{key}", "x0": 0, "x1": 1, "y0": level, "y1": level, "line": line}


def edge(limit: float) -> float:
    """Where rows stand that are beyond the upper edge of the near view."""
    return NEAR * limit


def _edge_labels(theme: Theme, axis: Axis, track: Track, key: str) -> list[Figure]:
    """The values of the farthest rows, beside the marks that stand at the upper edge for them."""
    over = [(v / u, i) for i, (v, u) in enumerate(zip(track.t2, track.ucl, strict=True)) if v is not None and u and v > edge(u)]
    look: Figure = {"showarrow": False, "yref": f"y{key}", "font": {"family": FONT, "size": 12, "color": theme.text}}
    if len(over) > TOLD:
        words = f"{len(over)} rows are higher, up to T² {number(max(track.t2[i] or 0.0 for _, i in over))} ↑"
        return [
            {**look, "xref": "paper", "x": 1, "y": edge(track.limit), "xanchor": "right", "yanchor": "bottom", "yshift": 4, "text": words}
        ]
    middle = len(axis.rows) / 2
    return [
        {
            **look,
            "xref": "x",
            "x": axis.places[i],
            "y": edge(track.ucl[i] or track.limit),
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
        shape = mark(theme, look)
        hover = "text" if kind == "excluded" else "skip"  # the series has the others' words: one label per row
        traces.append(of(places, name=look.words, mode="markers", marker=shape, hoverinfo=hover, **unfaded))
    ring = {"symbol": "circle-open", "size": 17, "color": theme.selection, "line": {"width": 3}}
    chosen = [i for i in shown if axis.rows[i] in picked]
    traces.append(of(chosen, name="chosen", mode="markers", marker=ring, hoverinfo="skip"))
    return traces


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
