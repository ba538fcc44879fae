"""The door for rows: what comes all day, many times a second, does not look for its path among a hundred others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from spc.api.rows import answered

_ROWS = re.compile(r"/api/v1/lines/([^/]+)/rows")


class Door:
    """ASGI middleware: rows that are sent go to who takes them at once, every other request goes on. What goes wrong is told the same."""

    def __init__(self, app: ASGIApp, handlers: Mapping[Any, Any]) -> None:
        self.app = app
        known = {kind: handler for kind, handler in handlers.items() if kind not in (500, Exception)}  # mistakes are told further out
        self._rows = ExceptionMiddleware(_take, known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rows = scope["type"] == "http" and scope["method"] == "POST" and _ROWS.fullmatch(scope["path"])
        if rows:
            scope["path_params"] = {"line": rows[1]}
            await self._rows(scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _take(scope: Scope, receive: Receive, send: Send) -> None:
    answer = await answered(Request(scope, receive, send), scope["path_params"]["line"])
    await answer(scope, receive, send)
