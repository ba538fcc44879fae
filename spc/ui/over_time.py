"""Blame over time on the page of a line: the map under the chart, and the closer look at one variable and its pair.

Both are made empty here; assets/blame.js asks for the shares of the window and draws them, so that a press is answered without waiting.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from spc.figures.frame import Figure, frame
from spc.figures.theme import Theme
from spc.ui import ids
from spc.ui.components import attr, choice, graph, panel, select
from spc.ui.figures import line_trace, out_trace
from spc.ui.view import About

SPANS = {"chart": "as the chart", "long": "last 10 000 rows"}
SHOWN = {"some": "the 12 most to blame", "all": "all"}
KEY = (
    "▲ row beyond its limit. Colour: rows beyond; grey: rows within; the fuller, the larger the share of the limit. "
    "Striped or −: takes away from T²."
)
BAND = "Band: reference level ± 3 sd. Ellipse: holds 97.5 % of good rows. The last 20 rows are joined, the newest largest."


def heat_map() -> Component:
    """The map of each variable's signed share of T², its columns under the rows of the chart."""
    controls = [
        choice(ids.LINE_HEAT_SPAN, SPANS, "chart", label="Rows of the map"),
        choice(ids.LINE_HEAT_ROWS, SHOWN, "some", label="Variables of the map"),
    ]
    drawn: dict[str, Any] = {"role": "application", "tabIndex": 0, **attr(aria_label="Map of each variable's share of T²")}
    table = html.Details([html.Summary("The map as a table"), html.Div(id=ids.LINE_HEAT_TABLE, className="table-scroll")])
    return html.Div(
        [
            html.Div([html.H3("Blame over time"), html.Div(controls, className="controls")], className="heat-head"),
            html.Div(id=ids.LINE_HEAT, className="heat", **drawn),
            html.P(id=ids.LINE_HEAT_SAID, className="heat-said", **attr(aria_live="polite")),
            html.P(KEY, className="footer"),
            table,
        ],
        className="heat-box",
    )


def closer(theme: Theme, about: About) -> Component:
    """One variable's own trend with its reference band, and its pair with the reference's ellipse."""
    names = {name: name for name in about.names}
    lists = [
        select(ids.LINE_CLOSER_VARIABLE, names, label="Variable", shown=True),
        select(ids.LINE_CLOSER_PARTNER, names, label="With", shown=True),
    ]
    trend = graph(ids.LINE_OWN_TREND, own_trend(theme), label="The variable over time with its reference band", class_name="own-trend")
    pair = graph(ids.LINE_PAIR, pair_figure(theme), label="The variable against its partner, with the ellipse", class_name="pair")
    return panel(
        "A closer look",
        html.P("Choose a point of the chart, or a cell of the map.", id=ids.LINE_CLOSER_WORDS, className="summary", role="status"),
        html.Div([trend, html.Div(pair, id=ids.LINE_PAIR_BOX)], className="closer-two"),
        html.P(BAND, className="footer"),
        id=ids.LINE_CLOSER,
        class_name="closer",
        actions=html.Div(lists, className="closer-lists"),
    )


def own_trend(theme: Theme) -> Figure:
    """A variable over time, empty. Traces: its values, those of rows beyond the limit, the chosen row."""
    hover: Figure = {"hoverinfo": "text", "hovertext": [], "customdata": []}
    line = line_trace(theme, "value", **hover) | {"mode": "lines+markers", "marker": {"color": theme.series, "size": 4}}
    at: Figure = {"xref": "x domain", "yref": "y", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "layer": "below"}
    shapes = [
        {**at, "type": "rect", "fillcolor": theme.rule, "opacity": 0.55, "line": {"width": 0}},
        {**at, "type": "line", "line": {"color": theme.edge, "width": 1, "dash": "dot"}},
    ]
    layout = frame(
        theme,
        size=12,
        margin={"l": 62, "r": 12, "t": 8, "b": 30},
        xaxis={"type": "date", "hoverformat": "%H:%M:%S", "nticks": 5},
        yaxis={"title": {"text": "", "standoff": 4}, "nticks": 5},
        hovermode="closest",
        meta={"live": "own trend"},
        shapes=shapes,
    )
    return {"data": [line, out_trace(theme, "row beyond its limit", **hover), _ring(theme)], "layout": layout}


def pair_figure(theme: Theme) -> Figure:
    """Two variables, empty. Traces: the reference's ellipse, the rows, the last rows joined, the chosen row."""
    hover: Figure = {"hoverinfo": "text", "hovertext": [], "customdata": []}
    line = {"type": "scatter", "mode": "lines", "name": "ellipse", "x": [], "y": [], "hoverinfo": "skip"}
    dots = {
        "type": "scatter",
        "mode": "markers",
        "name": "rows",
        "x": [],
        "y": [],
        "marker": {"color": theme.edge, "size": 5, "opacity": 0.6},
    }
    trail = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "last rows",
        "x": [],
        "y": [],
        "line": {"color": theme.series, "width": 1},
        "marker": {"color": theme.series, "size": []},
    }
    layout = frame(
        theme,
        size=12,
        margin={"l": 66, "r": 12, "t": 8, "b": 42},
        xaxis={"title": {"text": "", "standoff": 4}, "nticks": 5},
        yaxis={"title": {"text": "", "standoff": 4}, "nticks": 5},
        hovermode="closest",
        meta={"live": "pair"},
    )
    data = [{**line, "line": {"color": theme.limit, "width": 1.8}}, {**dots, **hover}, {**trail, **hover}, _ring(theme)]
    return {"data": data, "layout": layout}


def _ring(theme: Theme) -> Figure:
    look = {"color": "rgba(0,0,0,0)", "symbol": "circle", "size": 18, "line": {"color": theme.selection, "width": 3}}
    return {"type": "scatter", "mode": "markers", "name": "chosen", "x": [], "y": [], "marker": look, "hoverinfo": "skip"}
