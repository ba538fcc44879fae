"""The wall: one tile per line, legible from five metres, at rest while nothing is wrong."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from dash import Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from spc.ui import ids
from spc.ui.components import attr, empty, link_button
from spc.ui.live import tile_words
from spc.ui.page import Page, Visit
from spc.ui.theme import MARKS
from spc.ui.view import View
from spc.ui.words import LineFacts, state


def tile(one: LineFacts, now: int, timezone: str) -> Component:
    """One line. The live channel writes into the elements with `data-fill`, and draws the trend."""
    words = tile_words(one, state(one, now), timezone)

    def fill(what: str, class_name: str) -> Component:
        return html.Span(words[what], className=class_name, title=words["last_full"] if what == "last" else "", **attr(data_fill=what))

    mark = MARKS.get(words["priority"], "") if words["key"] in ("alarm", "acknowledged", "returned") else ""
    head = html.Div(
        [
            dcc.Link(one.title, href=f"/line/{one.name}", className="tile-name"),
            html.Span(mark, className="tile-mark", **attr(aria_hidden="true", data_fill="mark")),
        ],
        className="tile-head",
    )
    foot = html.Div([fill("last", "tile-last"), fill("alarms", "tile-alarms"), fill("model", "tile-model")], className="tile-foot")
    return html.Article(
        [
            head,
            html.Div([fill("words", "tile-state"), fill("more", "tile-more")], className="tile-words"),
            html.Div(className="tile-trend", role="img", **attr(aria_label=f"T² over UCL of {one.title}", data_trend=one.name)),
            foot,
        ],
        className=f"tile {words['key']} {words['priority']}{' flash' if words['flash'] else ''}",
        **attr(data_line=one.name),
    )


def wall(lines: list[LineFacts], now: int, timezone: str) -> Component:
    """All tiles, or what to do when there is no line yet. assets/live.js asks for it anew when it hears of another line."""
    return html.Div(tiles(lines, now, timezone), id=ids.WALL)


def tiles(lines: list[LineFacts], now: int, timezone: str) -> list[Component]:
    """What stands on the wall."""
    head = [html.H1("Wall", className="unseen"), dcc.Store(id=ids.WALL_LINES)]
    if not lines:
        words = "No line is set up yet. A line is a file in config/lines, or is made on the page Reference when a model becomes active."
        return [*head, empty(words, link_button("How to begin", "/manual"))]
    grid = html.Div([tile(one, now, timezone) for one in lines], className="tiles", style={"--columns": columns(len(lines))})
    return [*head, grid]


def columns(tiles: int) -> int:
    """How many tiles stand beside each other on a wide screen: about as many as below each other, and never more than six.

    >>> [columns(n) for n in (1, 2, 3, 4, 5, 9, 12, 40)]
    [1, 2, 3, 2, 3, 3, 4, 6]
    """
    return tiles if tiles <= 3 else min(6, math.ceil(math.sqrt(tiles)))


def register(app: Dash, view: View) -> Page:
    """The page at /."""

    def layout(_visit: Visit) -> Component:
        return wall(view.facts(), view.now(), view.timezone)

    @app.callback(Output(ids.WALL, "children"), Input(ids.WALL_LINES, "data"), prevent_initial_call=True)
    async def another_line(names: list[str] | None) -> Any:
        return tiles(await asyncio.to_thread(view.facts), view.now(), view.timezone) if names else no_update

    def skeleton() -> Component:
        return wall([LineFacts("x", "x")], 0, "UTC")

    return Page("/", "Wall", layout, skeleton, nav="Wall")
