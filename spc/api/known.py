"""Known causes of a line: which there are, by which incidents; another name, and away with one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from spc.api.served import Here
from spc.api.shapes import Renamed, Withdrawn
from spc.api.times import iso
from spc.ledger import causes
from spc.ledger.causes import KnownCause
from spc.line import rename_cause, withdraw_cause

router = APIRouter(prefix="/api/v1/lines/{line}/causes", tags=["alarms"])


@router.get("", summary="The known causes of a line")
async def listed(
    here: Here, line: str, withdrawn: Annotated[bool, Query(description="those that were withdrawn as well")] = False
) -> dict[str, Any]:
    """In the order in which they were found, each with its incidents: who said so, what was done, and which way the incident went."""
    here.plant.line(line)
    found = await here.read(causes.known_causes, line, withdrawn=withdrawn)
    return {"causes": [told(one) for one in found]}


@router.post("/{id}/rename", summary="Another name for a known cause")
async def renamed(here: Here, line: str, id: int, body: Renamed) -> dict[str, Any]:
    """Who, when and why is kept, with the name before. 409 when the name is taken."""
    here.plant.line(line)
    return told(await run_in_threadpool(rename_cause, here.ledger, line, id, body.name, body.by, body.reason, here.plant.clock()))


@router.post("/{id}/withdraw", summary="Nothing looks like this cause any more")
async def withdrawn(here: Here, line: str, id: int, body: Withdrawn) -> dict[str, Any]:
    """Its incidents stay; who, when and why is kept. 409 the second time."""
    here.plant.line(line)
    return told(await run_in_threadpool(withdraw_cause, here.ledger, line, id, body.by, body.reason, here.plant.clock()))


def told(one: KnownCause) -> dict[str, Any]:
    """A cause as it is answered: its times as ISO 8601."""
    return {
        "id": one.id,
        "line": one.line,
        "name": one.name,
        "times": len(one.cases),
        "last_at": iso(one.last_at),
        "created_at": iso(one.created_at),
        "created_by": one.created_by,
        "withdrawn_at": iso(one.withdrawn_at),
        "withdrawn_by": one.withdrawn_by,
        "incidents": [{**asdict(case), "at": iso(case.at), "opened_at": iso(case.opened_at)} for case in one.cases],
    }
