"""The few parts that pages are built of: graph, panel, button, field, choice, table. Plain elements, styled by assets/page.css.

`graph` is the only place where a `dcc.Graph` is made: it turns off the button that uploads a chart to a cloud, and all else that leaves
the plant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from spc.ui.theme import MARKS

Id = str | dict[str, Any]
Children = Any  # what dash takes as children: a component, a text, a number, None, or a list of these

GRAPH_CONFIG: Final[Mapping[str, Any]] = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "displayModeBar": False,
    "responsive": True,
    "doubleClick": "reset",
    "scrollZoom": False,
    "showTips": False,
}
CLEAR: Final = "rgba(0,0,0,0)"
EMPTY_FIGURE: Final[Mapping[str, Any]] = {
    "data": [],
    "layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR},
}


def attr(**names: Any) -> dict[str, Any]:
    """Attributes with hyphens: attr(aria_label="x") is {"aria-label": "x"}."""
    return {name.replace("_", "-"): value for name, value in names.items()}


def graph(
    id: Id,
    figure: Mapping[str, Any] | None = None,
    *,
    label: str,
    class_name: str = "",
    tools: bool = False,
    keys: bool = False,
) -> Component:
    """A chart. `label` says to a screen reader what it shows; `tools` offers zoom, lasso and a local picture (for review pages).

    `keys` lets it be reached with the keyboard, for a chart whose points can be chosen with the arrow keys.
    """
    config: Any = {
        **GRAPH_CONFIG,
        "displayModeBar": "hover" if tools else False,
        "modeBarButtonsToRemove": ["sendDataToCloud", "sendChartToCloud", "autoScale2d"],
    }
    chart = dcc.Graph(id=id, figure=figure or dict(EMPTY_FIGURE), config=config, className="graph-inner")
    more = attr(aria_label=label) | ({"tabIndex": 0} if keys else {})
    return html.Div(chart, className=f"graph {class_name}".strip(), role="group", **more)


def panel(title: str, *children: Children, id: str = "", class_name: str = "", actions: Children = None) -> Component:
    """A titled part of a page; `actions` stand at the right of the title."""
    head = html.Div([html.H2(title), html.Div(actions, className="panel-actions")] if actions else html.H2(title), className="panel-head")
    return html.Section([head, *children], className=f"panel {class_name}".strip(), **_named(id))


def _named(id: Id) -> dict[str, Any]:
    return {"id": id} if id else {}


def button(text: Children, id: Id = "", *, kind: str = "", **more: Any) -> Component:
    """A push button; kind "main" for the one that the page is about, "quiet" for the rest."""
    return html.Button(text, type="button", className=f"button {kind}".strip(), **_named(id), **more)


def link_button(text: Children, href: str, *, kind: str = "") -> Component:
    """A link to another page that looks like a button."""
    return dcc.Link(text, href=href, className=f"button {kind}".strip())


def field(label: str, control: Component, *, hint: str = "") -> Component:
    """A control with its label above and a hint below."""
    parts: list[Children] = [html.Label(label, htmlFor=str(getattr(control, "id", ""))), control]
    if hint:
        parts.append(html.Div(hint, className="hint"))
    return html.Div(parts, className="field")


def text_input(id: str, *, placeholder: str = "", remember: bool = False, value: str = "", **more: Any) -> Component:
    """One line of text; `remember` keeps it in this browser (a name that is typed every day)."""
    kept: dict[str, Any] = {"persistence": True, "persistence_type": "local"} if remember else {}
    return dcc.Input(id=id, type="text", value=value, placeholder=placeholder, debounce=False, className="input", **kept, **more)


def choice(id: Id, options: Mapping[str, str], value: str | Sequence[str], *, label: str, many: bool = False) -> Component:
    """A few words of which one (or `many`) is chosen, as a row of buttons; {value: words}.

    What is chosen is the `data` of the store `id`: use Input(id, "data"). assets/live.js carries it there.
    """
    chosen = {value} if isinstance(value, str) else set(value)
    into = _into(id)
    buttons = [
        html.Button(
            words,
            type="button",
            className="segment",
            **attr(data_into=into, data_value=key, data_many="yes" if many else "", aria_pressed="true" if key in chosen else "false"),
        )
        for key, words in options.items()
    ]
    store = dcc.Store(id=id, data=value if isinstance(value, str) else list(value))
    return html.Div([store, html.Div(buttons, className="segments", role="group", **attr(aria_label=label))])


def select(id: Id, options: Mapping[str, str], value: str = "", *, label: str, shown: bool = False) -> Component:
    """One of many words, as the browser's own list; {value: words}. What is chosen is the `data` of the store `id`.

    `label` is read to those who cannot see; `shown` puts it above the list as well.
    """
    items = [html.Option(words, value=key, selected=key == value) for key, words in options.items()]
    control = html.Select(items, className="input select", **attr(data_into=_into(id), aria_label=label))
    parts: list[Children] = [dcc.Store(id=id, data=value), control]
    if shown:
        parts.insert(0, html.Span(label, className="label", **attr(aria_hidden="true")))
    return html.Div(parts, className="field")


def _into(id: Id) -> str:
    return id if isinstance(id, str) else json.dumps(id, sort_keys=True, separators=(",", ":"))


def table(columns: Sequence[str], rows: Sequence[Sequence[Children]], *, caption: str = "", numbers: Sequence[int] = ()) -> Component:
    """A small table; `numbers` are the places of the columns that are set flush right."""

    def cell(place: int, content: Children, head: bool = False) -> Component:
        kind = "number" if place in numbers else ""
        return html.Th(content, scope="col", className=kind) if head else html.Td(content, className=kind)

    top = html.Thead(html.Tr([cell(j, c, head=True) for j, c in enumerate(columns)]))
    body = html.Tbody([html.Tr([cell(j, c) for j, c in enumerate(row)]) for row in rows])
    parts = [html.Caption(caption)] if caption else []
    inner = html.Table([*parts, top, body], className="table")
    return html.Div(inner, className="table-scroll", tabIndex=0, role="region", **attr(aria_label=caption or "Table"))


def priority_mark(priority: str) -> Component:
    """The shape of a priority, in its colour; the word stands beside it."""
    return html.Span(MARKS.get(priority, "▲"), className=f"mark {priority}", **attr(aria_hidden="true"))


def empty(text: str, *more: Children) -> Component:
    """What a page says when there is nothing to show, and what to do about it."""
    return html.Div([html.P(text), *more], className="empty")


def complaint(text: str, cure: str = "") -> Component:
    """What is wrong, and the cure, in words."""
    parts: list[Children] = [html.Strong(text)]
    if cure:
        parts.append(html.Span(f" {cure}"))
    return html.Div(parts, className="complaint", role="alert")
