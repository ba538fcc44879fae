"""The dashboard: `mount` puts its pages and the live channel on the server, `guarded` closes the server's doors around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import Dash, html
from fastapi import FastAPI, Request, Response

from spc.ui import answer, live, pages, shell
from spc.ui.guards import MEBIBYTE, Asgi, BodyLimit, Headers, PagePaths, SameOrigin, policy
from spc.ui.page import Page, find
from spc.ui.view import View

__all__ = ["guarded", "mount"]

UPLOADS = {"/api/": 2048 * MEBIBYTE, "/upload": 2048 * MEBIBYTE}  # these paths have their own, tighter limits and say them better
NOT_PAGES = ("/api", "/assets", "/_", "/healthz", "/readyz", "/metrics", "/live", "/upload", "/docs", "/openapi")


def mount(app: FastAPI, plant: Any) -> Dash:
    """The dashboard on the server `app`, showing `plant` (its ledger, settings and clock); the live channel is at /live."""
    view = View(plant)
    app.state.live = live.mount(app, view)
    made: list[Page] = []

    @app.get("/{path:path}", include_in_schema=False)
    async def nowhere(request: Request) -> Response:
        return Response("There is nothing here. The dashboard is at /.\n", 404, media_type="text/plain")

    missing = app.router.routes.pop()  # put back last of all: dash must come before it
    dash = Dash(
        "spc",
        server=app,  # type: ignore[arg-type]  # dash's own types know only flask
        assets_folder=str(shell.ASSETS),
        assets_ignore=r"theme\.js",  # loaded first of all, by the index
        index_string=shell.INDEX,
        title="SPC",
        update_title=None,  # type: ignore[arg-type]  # none: the title shows the alarms, and dash must not write there
        use_pages=False,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    _no_second_socket(app, dash)
    made += pages.register(dash, view)
    answer.register(dash, view)
    shell.register(dash, made)
    dash.layout = shell.layout(made)
    dash.validation_layout = html.Div(  # type: ignore[assignment]
        [dash.layout, *(page.skeleton() for page in made)]
    )
    app.router.routes.append(missing)
    app.state.pages = tuple(made)
    app.state.policy = policy(dash.csp_hashes())
    return dash


def _no_second_socket(app: FastAPI, dash: Dash) -> None:
    """Take away dash's own socket for callbacks: none of ours uses it, and every page would open it beside /live."""
    dash.backend.websocket_capability = False
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/_dash-ws-callback"]


def guarded(app: FastAPI, *, hosts: Iterable[str] = ()) -> Asgi:
    """The server behind its guards; `hosts` are the names it answers to, all when none is given."""
    headers = {
        "Content-Security-Policy": app.state.policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }

    def is_page(path: str) -> bool:
        return not path.startswith(NOT_PAGES) and find(app.state.pages, path) is not None

    inner = BodyLimit(PagePaths(app, is_page), prefixes=UPLOADS)
    return Headers(SameOrigin(inner, frozenset(hosts)), headers)
