"""What sources sent and no row could be made of, and the times in which rows are known to be missing."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from spc.api.served import Here
from spc.api.shapes import Body, Name, Words
from spc.api.times import iso
from spc.ledger import gaps, scraps
from spc.ledger.scraps import Kept
from spc.line import discard, take_again
from spc.line.periods import moment

router = APIRouter(prefix="/api/v1/lines", tags=["lines"])

LONGEST = 1000


class Taken(Body):
    """Take a scrap again; `payload` in its place when it was corrected."""

    by: Name = "api"
    payload: str | None = Field(None, max_length=1 << 20, description="what to read in its place")


class Discarded(Body):
    """Nothing is to be made of it."""

    by: Name = "api"
    reason: Words = Field(description="Why: it is kept.")


@router.get("/{line}/scraps", summary="What no row could be made of")
async def kept(
    here: Here,
    line: str,
    state: Annotated[Literal["waiting", "taken", "discarded"], Query()] = "waiting",
    after: Annotated[int, Query(ge=0, description="only those after this number")] = 0,
    limit: Annotated[int, Query(ge=1, le=LONGEST)] = 100,
) -> dict[str, Any]:
    """The oldest first, each with its reason. `payload` is text, or base64 where it is none (`encoding` says which)."""
    here.plant.line(line)
    found = await here.read(scraps.scraps, line, state=state, after=after, limit=limit)
    return {"scraps": [_told(one) for one in found]}


@router.get("/{line}/scraps/{id}", summary="One scrap")
async def one(here: Here, line: str, id: int) -> dict[str, Any]:
    """What was sent, why no row could be made of it, its state, and what was asked of the process that runs its line."""
    here.plant.line(line)
    return _told(await here.read(scraps.get_scrap, line, id))


@router.post(
    "/{line}/scraps/{id}/take",
    summary="Take a scrap again",
    responses={202: {"description": "Another process runs the line: it was asked to take the scrap, and does so as soon as it can."}},
)
async def take(here: Here, line: str, id: int, body: Taken, answer: Response) -> dict[str, Any]:
    """Read as its source reads now, so after the settings were corrected; or the corrected payload. 422 says why it is still no row.

    Of a line that another process runs the answer is 202: look at the scrap, whose `state` becomes "taken", or whose `asked.refused` says
    why it was not.
    """
    payload = None if body.payload is None else body.payload.encode()
    receipt = await run_in_threadpool(take_again, here.plant, line, id, body.by, payload)
    if receipt is not None:
        return receipt.to_dict()
    answer.status_code = 202
    answer.headers["Location"] = f"/api/v1/lines/{line}/scraps/{id}"
    return {"id": id, "state": "waiting", "waits_for": "the process that runs the line"}


@router.post("/{line}/scraps/{id}/discard", summary="Discard a scrap")
async def drop(here: Here, line: str, id: int, body: Discarded) -> dict[str, Any]:
    """It no longer waits; what was sent is kept with the reason."""
    here.plant.line(line)
    await run_in_threadpool(discard, here.ledger, line, id, body.by, body.reason, here.plant.clock())
    return {"id": id, "state": "discarded"}


@router.get("/{line}/gaps", summary="Times in which rows are missing")
async def missing(
    here: Here,
    line: str,
    since: Annotated[str, Query(alias="from", max_length=60, description="a time or a day; a day ago when not given")] = "",
) -> dict[str, Any]:
    """In order, each with its reason; `until` is null while it goes on."""
    here.plant.line(line)
    begin = moment(since, here.settings.zone) if since else here.plant.clock() - 86_400_000_000
    found = await here.read(gaps.gaps_since, line, begin)
    return {
        "gaps": [
            {"after_seq": one.after_seq, "since": iso(one.since), "until": iso(one.until), "source": one.source, "why": one.why}
            for one in found
        ]
    }


def _told(one: Kept) -> dict[str, Any]:
    try:
        said = {"payload": one.payload.decode(), "encoding": "text"}
    except UnicodeDecodeError:
        said = {"payload": base64.b64encode(one.payload).decode(), "encoding": "base64"}
    handled = {"handled_at": iso(one.handled_at), "handled_by": one.handled_by} if one.handled_at is not None else {}
    asked = {"asked": {"at": iso(one.asked.at), "by": one.asked.by, "refused": one.asked.refused or None}} if one.asked is not None else {}
    return {"id": one.id, "source": one.source, "at": iso(one.at), "reason": one.reason, **said, "state": one.state, **handled, **asked}
