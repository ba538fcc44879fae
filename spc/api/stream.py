"""Points as they are made, as server-sent events: each row once, in order, and from where the reader was cut off."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from spc.api.dots import dots_after
from spc.api.served import Here, Served
from spc.errors import Complaint
from spc.ledger.lines import last_seq

router = APIRouter(prefix="/api/v1/lines", tags=["lines"])

LOOK_S = 0.1  # between two looks into the ledger
BEAT_S = 15.0  # a line that says nothing is said to be alive this often
_BATCH = 500


@router.get(
    "/{line}/stream",
    summary="The points of a line as they are made",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events `point`, whose id is the row's number."}},
)
async def stream(
    request: Request,
    here: Here,
    line: str,
    after: Annotated[int | None, Query(ge=0, description="begin after this row; from now on when not given")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Each event's data is an object as in `points`. A reader that comes back with `Last-Event-ID` misses nothing, gets nothing twice."""
    here.plant.line(line)
    if last_event_id is not None:
        if not (last_event_id.isdecimal() and len(last_event_id) < 19):
            raise Complaint(f"Last-Event-ID {last_event_id[:40]!r} is not the number of a row.", cure="Send the id of the last event.")
        after = int(last_event_id)
    begin = await here.read(last_seq, line) if after is None else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(here, line, begin), media_type="text/event-stream", headers=headers)


async def events(here: Served, line: str, seq: int) -> AsyncIterator[str]:
    """The text of the stream, until the server stops. A reader that is slow is waited for: nothing piles up."""
    yield f"retry: 1000\n: after {seq}\n\n"
    heard = time.monotonic()
    while not here.stopping.is_set():
        found = await here.read(dots_after, line, seq, _BATCH)
        for dot in found:
            seq = dot["seq"]
            yield f"id: {seq}\nevent: point\ndata: {json.dumps(dot, allow_nan=False)}\n\n"
        if found:
            heard = time.monotonic()
        elif time.monotonic() - heard > BEAT_S:
            heard = time.monotonic()
            yield ": alive\n\n"
        if len(found) < _BATCH:
            await _pause(here.stopping)


async def _pause(stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), LOOK_S)
    except TimeoutError:
        return
