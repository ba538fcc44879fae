"""Raw values before and after chosen rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spc.figures.frame import FONT, Figure, frame
from spc.figures.rows import Values
from spc.figures.theme import Theme


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
