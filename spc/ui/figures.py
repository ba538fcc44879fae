"""The charts as plain dictionaries: pure functions of values and a colour scheme. Lists, never arrays: the live channel extends them.

A live chart is made empty, with everything fixed that does not change (axes, colours, shapes); `layout.meta` says to assets/live.js what
it is, and the rows come over the live channel. Rows stand at their times; where a window has rows without a time of their own, or where
most share one, they stand at their numbers instead: assets/live.js looks at what it draws, and changes the axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from spc.figures.frame import FONT, Figure, frame
from spc.figures.theme import SYMBOLS, Theme

SCALES: Final = {"t2": "T²", "ratio": "T² / UCL", "log": "T², log"}
MOST_TRENDS: Final = 12


def line_trace(theme: Theme, name: str, **more: Any) -> Figure:
    """The series: a thin mid-grey line; a missing point is a gap."""
    look = {"color": theme.series, "width": 1.5}
    return {"type": "scatter", "mode": "lines", "name": name, "x": [], "y": [], "line": look, "connectgaps": False, **more}


def limit_trace(theme: Theme, name: str = "UCL", **more: Any) -> Figure:
    """A limit: dashed, dark, in steps."""
    look = {"color": theme.limit, "width": 1.5, "dash": "6px,4px", "shape": "hv"}
    return {"type": "scatter", "mode": "lines", "name": name, "x": [], "y": [], "line": look, "hoverinfo": "skip", **more}


def out_trace(theme: Theme, name: str, priority: str = "high", **more: Any) -> Figure:
    """Points beyond the limit: filled, another shape, the priority's colour."""
    look = {"color": theme.priority(priority), "symbol": SYMBOLS.get(priority, "triangle-up"), "size": 10}
    return {"type": "scatter", "mode": "markers", "name": name, "x": [], "y": [], "marker": look, **more}


def t2_live(theme: Theme, line: str, scale: str = "t2", priority: str = "high") -> Figure:
    """The T² chart of a line, empty. Traces: series, limit, points out, guards out, the selected point, rows that came late, times
    without rows.
    """
    hover = {"hoverinfo": "text", "hovertext": [], "customdata": []}
    ring = {"color": "rgba(0,0,0,0)", "symbol": "circle", "size": 18, "line": {"color": theme.selection, "width": 3}}
    data = [
        line_trace(theme, "T²", **hover),
        limit_trace(theme),
        out_trace(theme, "beyond the limit", priority, **hover),
        out_trace(theme, "guard moved", priority, **hover) | {"marker": {"color": theme.priority(priority), "symbol": "x", "size": 10}},
        {"type": "scatter", "mode": "markers", "name": "selected", "x": [], "y": [], "marker": ring, "hoverinfo": "skip"},
        {"type": "scatter", "mode": "markers", "name": "late", "x": [], "y": [], "marker": late_mark(theme), **hover},
        gap_trace(theme),
    ]
    layout = frame(
        theme,
        margin={"l": 110},  # room for the names of the map that stands under it, column under row
        xaxis={"type": "date", "hoverformat": "%H:%M:%S", "nticks": 8},
        yaxis={"title": {"text": SCALES[scale], "standoff": 6}, "rangemode": "tozero", "nticks": 6},
        hovermode="x",
        hoverdistance=40,
        meta={"live": "t2", "line": line, "scale": scale, "since": since_band(theme)},
        annotations=[],
        shapes=[],
    )
    return {"data": data, "layout": layout}


def late_mark(theme: Theme) -> Figure:
    """A row that came when newer ones were here: hollow, beside the line that it is no part of."""
    return {"color": theme.series, "symbol": "diamond-open", "size": 9, "line": {"width": 1.5}}


def gap_trace(theme: Theme) -> Figure:
    """Times in which rows are known to be missing: hatched, over the height of the chart, with the reason where it is hovered."""
    hatch = {"shape": "/", "size": 9, "solidity": 0.12, "fgcolor": theme.series, "bgcolor": "rgba(0,0,0,0)"}
    look = {"fill": "toself", "fillcolor": "rgba(0,0,0,0)", "fillpattern": hatch, "line": {"width": 0}}
    words = {"hoveron": "points", "hoverinfo": "text", "hovertext": []}
    return {"type": "scatter", "mode": "lines", "name": "no rows", "x": [], "y": [], "connectgaps": False, **look, **words}


def since_band(theme: Theme) -> Figure:
    """How the rows among which an open alarm's change began are marked: a band over the height of the chart, its edge at the likeliest
    row, and words at its foot. assets/live.js puts it where the rows are.
    """
    across: Figure = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return {
        "band": {**across, "type": "rect", "fillcolor": theme.selection, "opacity": 0.18, "line": {"width": 0}},
        "edge": {**across, "type": "line", "line": {"color": theme.selection, "width": 1.5, "dash": "dot"}},
        "words": {
            "xref": "x",
            "yref": "paper",
            "y": 0,
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"family": FONT, "size": 12, "color": theme.text},
        },
    }


def companions_live(theme: Theme, line: str, charts: Sequence[tuple[str, str]], priority: str = "high") -> Figure:
    """The charts beside T², one below the other, as statistic / UCL with the limit at 1.

    Traces: for each a series and its points out; then for each rows that came late and times without rows.
    """
    layout = frame(
        theme,
        size=12,
        hovermode="x",
        margin={"l": 60, "r": 46, "t": 22, "b": 28},
        meta={"live": "companions", "line": line, "names": [name for name, _ in charts]},
        annotations=[],
        shapes=[],
    )
    axis_x, axis_y = layout.pop("xaxis"), layout.pop("yaxis")
    data: list[Figure] = []
    beside: list[Figure] = []
    for i, (_, title) in enumerate(charts):
        key = "" if i == 0 else str(i + 1)
        top, height = 1.0 - i / len(charts), 1.0 / len(charts)
        layout[f"xaxis{key}"] = {**axis_x, "type": "date", "anchor": f"y{key}", "showticklabels": i == len(charts) - 1, "nticks": 8}
        layout[f"yaxis{key}"] = {**axis_y, "domain": [top - 0.76 * height, top], "anchor": f"x{key}", "nticks": 3, "range": [0, 1.5]}
        layout["annotations"].append(_heading(theme, f"{title} / UCL", 0.0, top))
        at: Figure = {"type": "line", "xref": f"x{key} domain", "yref": f"y{key}", "x0": 0, "x1": 1, "y0": 1, "y1": 1}
        layout["shapes"].append({**at, "line": {"color": theme.limit, "width": 1.5, "dash": "6px,4px"}})
        axes = {"xaxis": f"x{key}", "yaxis": f"y{key}", "hovertemplate": "%{y:.2f} × UCL<extra></extra>"}
        data += [line_trace(theme, title, **axes), out_trace(theme, f"{title} beyond", priority, **axes)]
        beside += _beside(theme, key)
    return {"data": data + beside, "layout": layout}


def trends_live(
    theme: Theme, line: str, names: Sequence[str], units: Sequence[str], bands: Sequence[tuple[float, float, float]], shown: Sequence[str]
) -> Figure:
    """Raw values of the chosen variables as small multiples, two in a row, each with its reference band (median ± 3 sd).

    Traces: a series for each; then for each rows that came late and times without rows.
    """
    chosen = [name for name in shown if name in names][:MOST_TRENDS]
    columns = 2 if len(chosen) > 1 else 1
    count = -(-len(chosen) // columns) or 1
    layout = frame(
        theme,
        size=12,
        hovermode="closest",
        margin={"l": 60, "r": 12, "t": 22, "b": 28},
        meta={"live": "trends", "line": line, "names": chosen},
        annotations=[],
        shapes=[],
    )
    axis_x, axis_y = layout.pop("xaxis"), layout.pop("yaxis")
    if not chosen:
        layout |= {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    data: list[Figure] = []
    beside: list[Figure] = []
    for i, name in enumerate(chosen):
        row, column = divmod(i, columns)
        key = "" if i == 0 else str(i + 1)
        height = 1.0 / count
        top = 1.0 - row * height
        bottom_row = i + columns >= len(chosen)
        domain_x = [column * 0.53, column * 0.53 + 0.47] if columns == 2 else [0.0, 1.0]
        domain_y = [max(0.0, top - 0.74 * height), top]
        layout[f"xaxis{key}"] = {
            **axis_x,
            "type": "date",
            "domain": domain_x,
            "anchor": f"y{key}",
            "showticklabels": bottom_row,
            "nticks": 4,
        }
        layout[f"yaxis{key}"] = {**axis_y, "domain": domain_y, "anchor": f"x{key}", "nticks": 3}
        j = list(names).index(name)
        if j < len(bands):
            low, middle, high = bands[j]
            layout["shapes"] += _band(theme, key, low, middle, high)
            margin = 0.35 * (high - low) or 1.0
            layout[f"yaxis{key}"]["range"] = [low - margin, high + margin]
        unit = f" [{units[j]}]" if j < len(units) and units[j] else ""
        layout["annotations"].append(_heading(theme, f"{name}{unit}", domain_x[0], top))
        data.append(line_trace(theme, name, xaxis=f"x{key}", yaxis=f"y{key}", hovertemplate="%{y}<br>%{x|%H:%M:%S}<extra></extra>"))
        beside += _beside(theme, key)
    return {"data": data + beside, "layout": layout}


def _beside(theme: Theme, key: str) -> list[Figure]:
    """What stands beside the series of a small chart: rows that came late, times without rows."""
    on = {"xaxis": f"x{key}", "yaxis": f"y{key}"}
    late = {
        "type": "scatter",
        "mode": "markers",
        "name": "late",
        "x": [],
        "y": [],
        "marker": late_mark(theme) | {"size": 7},
        "cliponaxis": False,
    }
    return [late | {"hoverinfo": "text", "hovertext": []} | on, gap_trace(theme) | on]


def _band(theme: Theme, key: str, low: float, middle: float, high: float) -> list[Figure]:
    at: Figure = {"xref": f"x{key} domain", "yref": f"y{key}", "x0": 0, "x1": 1, "layer": "below"}
    return [
        {**at, "type": "rect", "y0": low, "y1": high, "fillcolor": theme.rule, "opacity": 0.55, "line": {"width": 0}},
        {**at, "type": "line", "y0": middle, "y1": middle, "line": {"color": theme.edge, "width": 1, "dash": "dot"}},
    ]


def _heading(theme: Theme, text: str, x: float, y: float) -> Figure:
    look: Figure = {"family": FONT, "size": 13, "color": theme.text}
    place: Figure = {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": "left", "yanchor": "bottom"}
    return {**place, "text": text, "showarrow": False, "font": look}
