"""What stands before every request: foreign origins, foreign hosts, bodies that are too big, and the headers that bind the browser.

Pure ASGI, for HTTP and WebSocket alike, so that nothing is buffered and no route can be forgotten.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MEBIBYTE = 1 << 20


def header(scope: Scope, name: bytes) -> str:
    """The first header of this name (in lower case), or ""."""
    return next((value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name), "")


def host_of(text: str) -> str:
    """The host of a Host header, without its port: "[::1]:8050" is "::1"."""
    return urlsplit(f"//{text}").hostname or ""


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    """Answer with a problem detail (HTTP), or close before accepting (WebSocket)."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": text})
        return
    body = json.dumps({"type": "about:blank", "title": "Refused", "status": status, "detail": text}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True, slots=True)
class SameOrigin:
    """Refuse what another web site sends in the user's name: sockets and unsafe methods whose Origin is not this host.

    A program that is not a browser sends no Origin and passes. When `hosts` is given (a server bound to this machine only), a request
    under any other name is refused too: that is how a foreign page would reach it by re-pointing its own name.
    """

    app: Asgi
    hosts: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        host = header(scope, b"host")
        if self.hosts and host_of(host) not in self.hosts:
            return await refuse(scope, receive, send, 421, f"This server does not answer to the name {host_of(host)!r}.")
        origin = header(scope, b"origin")
        unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE
        if unsafe and origin and urlsplit(origin).netloc != host:
            return await refuse(scope, receive, send, 403, "This request comes from another web site.")
        return await self.app(scope, receive, send)


class TooLarge(Exception):
    """More bytes came than are allowed."""


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Refuse a body of more than `most` bytes, counted as it streams; `prefixes` gives uploads their own, larger limit."""

    app: Asgi
    most: int = 4 * MEBIBYTE
    prefixes: Mapping[str, int] = field(default_factory=dict)

    def limit(self, path: str) -> int:
        return next((most for prefix, most in self.prefixes.items() if path.startswith(prefix)), self.most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = self.limit(scope["path"])
        text = f"The body is larger than the {limit // MEBIBYTE} MiB allowed here."
        announced = header(scope, b"content-length")
        if announced.isdigit() and int(announced) > limit:
            return await refuse(scope, receive, send, 413, text)
        seen, started = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLarge
            return message

        async def noticed(message: Message) -> None:
            nonlocal started
            if seen <= limit or started:  # what the house says to a body that broke off is not for this sender
                started = True
                await send(message)

        with contextlib.suppress(TooLarge):
            await self.app(scope, counted, noticed)
        if seen > limit and not started:
            await refuse(scope, receive, send, 413, text)
        return None


def policy(hashes: Sequence[str]) -> str:
    """The Content-Security-Policy: nothing from elsewhere, no inline script but those whose hashes are given, no eval, no frames.

    >>> policy(["'sha256-x'"]).split("; ")[1]
    "script-src 'self' 'sha256-x'"
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *hashes]),
        "style-src": "'self' 'unsafe-inline'",  # plotly and the components set style attributes
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


@dataclass(frozen=True, slots=True)
class Headers:
    """Put the same protective headers on every answer that does not bring its own."""

    app: Asgi
    headers: Mapping[str, str]
    _encoded: tuple[tuple[bytes, bytes], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_encoded", tuple((name.lower().encode(), value.encode()) for name, value in self.headers.items()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {key.lower() for key, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(one for one in self._encoded if one[0] not in present)]
            await send(message)

        return await self.app(scope, receive, dressed)


@dataclass(frozen=True, slots=True)
class PagePaths:
    """Serve the one index at every path that is a page: the rest of the house sees only "/", the page reads its own address."""

    app: Asgi
    is_page: Callable[[str], bool]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and self.is_page(scope["path"]):
            scope = {**scope, "path": "/", "raw_path": b"/"}
        return await self.app(scope, receive, send)
