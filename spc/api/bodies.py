"""How large a request may be: counted while it comes in, so that nobody fills the memory or the disk."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spc.api.problems import problem
from spc.errors import Refused

MIB = 1024 * 1024
REFERENCE_BYTES = 1024 * MIB  # a gigabyte is five million rows of twenty columns
OTHER_BYTES = 16 * MIB


def limit_for(path: str) -> int:
    """The largest body that a path takes, in bytes.

    >>> limit_for("/api/v1/references") // MIB, limit_for("/api/v1/lines/press/rows") // MIB
    (1024, 16)
    """
    return REFERENCE_BYTES if path.rstrip("/") == "/api/v1/references" else OTHER_BYTES


class BodyLimit:
    """ASGI middleware: the answer to a body over its path's limit is 413, whether or not the client said how long it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit, seen, refused, started = limit_for(scope["path"]), 0, False, False

        async def refuse() -> None:
            nonlocal refused
            refused = True
            if not started:
                answer = problem(
                    Refused(f"The body is larger than the {limit // MIB} MiB that this path takes.", cure="Send it in smaller parts.")
                )
                answer.headers["Connection"] = "close"
                await answer(scope, receive, send)

        async def counted() -> Message:
            nonlocal seen
            if refused:
                return {"type": "http.disconnect"}
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                await refuse()
                return {"type": "http.disconnect"}
            return message

        async def unless_refused(message: Message) -> None:
            nonlocal started
            if not refused:
                started = True
                await send(message)

        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            await refuse()
            return
        try:
            await self.app(scope, counted, unless_refused)
        except ClientDisconnect:
            if not refused:
                raise
