"""The frame around every page: menu, clock, connection light, sound, alarm banner, the form that answers an alarm, and the router."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import dash
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from spc.errors import Complaint, LedgerError
from spc.ui import answer, ids
from spc.ui.components import attr, button, complaint, empty
from spc.ui.page import Page, Visit, find
from spc.ui.theme import COOKIE, LIGHT, THEMES, Theme

ASSETS = Path(__file__).resolve().parents[2] / "assets"

INDEX = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
{%metas%}
<title>{%title%}</title>
<script src="/assets/theme.js"></script>
{%favicon%}
{%css%}
</head>
<body>
{%app_entry%}
<noscript>This dashboard draws live charts and needs JavaScript. The same numbers are at /api/v1.</noscript>
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


def header(pages: Sequence[Page]) -> Component:
    """Menu at the left; connection, sound, colour scheme and clock at the right."""
    links = [dcc.Link(page.nav, href=page.path, className="nav-link") for page in pages if page.nav]
    light = html.Span(
        [html.Span("○", className="light-mark", **attr(aria_hidden="true")), html.Span("Connecting", className="light-words")],
        id=ids.LINK_LIGHT,
        className="light",
        role="status",
    )
    right = [
        light,
        button("Sound: off", ids.SOUND, kind="quiet", **attr(aria_pressed="false")),
        button("Dark", ids.THEME, kind="quiet", title="Change between the light and the dark colour scheme"),
        html.Div([html.Span(className="clock-time"), html.Span(className="clock-zone")], id=ids.CLOCK, className="clock"),
    ]
    return html.Header(
        [
            html.A("Skip to the content", href=f"#{ids.MAIN}", className="skip"),
            html.Nav(links, id=ids.NAV, className="nav", **attr(aria_label="Pages")),
            html.Div(right, className="header-right"),
        ],
        className="header",
    )


def layout(pages: Sequence[Page]) -> Component:
    """The frame, without a page in it. What the live channel fills is left empty here: dash never writes there again."""
    return html.Div(
        [
            dcc.Location(id=ids.URL, refresh="callback-nav"),
            dcc.Store(id=ids.ALARMS_CHANGED, data=0),
            dcc.Store(id=ids.ANSWER_ASK),
            header(pages),
            html.Div(id=ids.FROZEN, className="frozen", role="alert", hidden=True),
            html.Div(id=ids.SKEW, className="skew", role="status", hidden=True),
            html.Section(id=ids.BANNER, className="banner", hidden=True, **attr(aria_label="Open alarms")),
            answer.layout(),
            html.Main(id=ids.MAIN, className="content", tabIndex=-1, disable_n_clicks=True),  # or dash would work at each press
            html.Div(id=ids.SAY_POLITE, className="unseen", **attr(aria_live="polite")),
            html.Div(id=ids.SAY_NOW, className="unseen", **attr(aria_live="assertive")),
        ],
        className="shell",
    )


def theme_now() -> Theme:
    """The colour scheme that the asking browser shows, from the cookie that the page sets; light when it says nothing."""
    cookies = dash.callback_context.cookies or {}
    return THEMES.get(cookies.get(COOKIE, ""), LIGHT)


async def off_loop(work: Any, *args: Any) -> Any:
    """Run blocking work in a thread: one slow read must not stop every viewer's page."""
    return await asyncio.to_thread(work, *args)


def content(pages: Sequence[Page], path: str, query: str, theme: Theme) -> Any:
    """What stands in the frame at an address: the page, or a sentence that says why not."""
    found = find(pages, path)
    if found is None:
        return not_here(path)
    page, parts = found
    try:
        inner = page.layout(Visit(parts, dict(parse_qsl(query.removeprefix("?"))), theme))
    except Complaint as wrong:
        inner = complaint(wrong.text, wrong.cure)
    except LedgerError as wrong:
        inner = complaint(f"The ledger cannot be read: {wrong}", "Look at the disk of the server; the page heals when it answers.")
    return html.Div(inner, className="page", **attr(data_title=page.title.format(**parts), data_path=path))


def not_here(path: str) -> Component:
    """The page for an address that nobody knows."""
    words = html.H1("There is no such page")
    return html.Div([words, empty(f"Nothing is at {path}."), dcc.Link("To the wall", href="/", className="button main")], className="page")


def register(app: Dash, pages: Sequence[Page]) -> None:
    """The router: one callback that puts the page of the address into the frame."""

    @app.callback(Output(ids.MAIN, "children"), Input(ids.URL, "pathname"), Input(ids.URL, "search"))
    async def show(path: str | None, query: str | None) -> Any:
        return await off_loop(content, pages, path or "/", query or "", theme_now())
