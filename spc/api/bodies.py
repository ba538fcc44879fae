"""How large a request may be: counted while it comes in, so that nobody fills the memory or the disk."""

from __future__ import annotations

import zlib

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spc.api.problems import problem
from spc.errors import BadTable, Refused

MIB = 1024 * 1024
REFERENCE_BYTES = 1024 * MIB  # a gigabyte is five million rows of twenty columns
OTHER_BYTES = 16 * MIB


def limit_for(path: str) -> int:
    """The largest body that a path takes, in bytes.

    >>> limit_for("/api/v1/references") // MIB, limit_for("/api/v1/lines/press/rows") // MIB
    (1024, 16)
    """
    return REFERENCE_BYTES if path.rstrip("/") == "/api/v1/references" else OTHER_BYTES


async def unpacked(request: Request) -> bytes:
    """The body, inflated when the client says that it is gzip. Raises Refused (413, 415) and BadTable."""
    body = await request.body()
    packing = request.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        return body
    if packing not in ("gzip", "x-gzip"):
        raise Refused(f"A body cannot be packed as {packing[:40]!r}.", cure="Send it as gzip, or as it is.", status=415)
    return inflated(body) if len(body) < OTHER_BYTES // 256 else await run_in_threadpool(inflated, body)


def inflated(body: bytes, most: int = OTHER_BYTES) -> bytes:
    """What was packed with gzip, of at most so many bytes: a small body may hold a very large one.

    >>> import gzip
    >>> inflated(gzip.compress(b'{"rows": []}'))
    b'{"rows": []}'
    """
    reader, cure = zlib.decompressobj(wbits=31), "Send it again, or without Content-Encoding."
    try:
        whole = reader.decompress(body, most + 1)
    except zlib.error:
        raise BadTable("The body is not gzip, as its Content-Encoding says.", cure=cure) from None
    if len(whole) > most:
        raise Refused(f"The body holds more than {most / MIB:g} MiB.", cure="Send it in smaller parts.")
    if not reader.eof or reader.unused_data:
        raise BadTable("The body is not one whole gzip, as its Content-Encoding says.", cure=cure)
    return whole


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
