"""Lines: which there are, what they are judged by, and their points."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from spc.api.dots import dots_after
from spc.api.served import Here, Served
from spc.api.shapes import Deactivation, NewLine
from spc.api.times import iso
from spc.ledger import alarms, lines
from spc.line import Line, deactivate
from spc.line.unknown import unknown_columns
from spc.nouns import Finding, Model, ProductModels

router = APIRouter(prefix="/api/v1/lines", tags=["lines"])

PAGE = 1000
LONGEST = 10_000


@router.get("", summary="The lines")
async def listed(here: Here) -> dict[str, Any]:
    """Every line with its model, its newest row and how its source is."""
    return {"lines": await here.read(lambda connection: [_told(here, connection, name) for name in here.plant.lines])}


@router.post("", status_code=201, summary="Make a line")
async def made(here: Here, body: NewLine, response: Response) -> dict[str, Any]:
    """It takes rows at once, and after every start from now on. A name that is taken is 409."""
    line = await run_in_threadpool(here.plant.add_line, body.name, body.title, by=body.by)
    response.headers["Location"] = f"/api/v1/lines/{line.name}"
    return await here.read(lambda connection: _told(here, connection, line.name))


@router.get("/{line}", summary="A line")
async def one(here: Here, line: str) -> dict[str, Any]:
    """The same of one line, with every activation of a model."""
    here.plant.line(line)

    def ask(connection: Connection) -> dict[str, Any]:
        made = [
            {"model_id": a.model_id, "at": iso(a.at), "after_seq": a.after_seq, "by": a.by, "reason": a.reason, "product": a.product}
            for a in lines.activations(connection, line)
        ]
        return {**_told(here, connection, line), "activations": made}

    return await here.read(ask)


@router.get("/{line}/points", summary="The points of a line")
async def points(
    here: Here,
    line: str,
    after: Annotated[int, Query(ge=0, description="the number of the last row that is known already")] = 0,
    limit: Annotated[int, Query(ge=1, le=LONGEST, description="rows")] = PAGE,
) -> dict[str, Any]:
    """The next judged rows, oldest first. Ask again with `after` = `next` until `more` is false."""
    here.plant.line(line)
    found = await here.read(dots_after, line, after, limit + 1)
    return {"points": found[:limit], "next": found[:limit][-1]["seq"] if found else after, "more": len(found) > limit}


@router.post("/{line}/deactivate", summary="Stop judging a line")
async def inactive(here: Here, line: str, body: Deactivation) -> dict[str, Any]:
    """From its next row on the line's rows are kept and not judged."""
    here.plant.line(line)
    what = partial(deactivate, product=body.product)
    made = await run_in_threadpool(what, here.ledger, line, body.reason, body.by, here.plant.clock())
    return {"line": made.line, "model_id": made.model_id, "activation": made.id, "at": iso(made.at), "after_seq": made.after_seq}


def _findings(line: Line, model: Model | ProductModels | None) -> list[Finding]:
    """Words of the settings that the model does not know, and a clock that is off."""
    skew = line.lag.finding
    return [*(unknown_columns(line.settings, model) if model is not None else ()), *((skew,) if skew is not None else ())]


def _told(here: Served, connection: Connection, name: str) -> dict[str, Any]:
    line, source, seat = here.plant.line(name), here.plant.source(name), lines.current(connection, name)
    model = here.model(connection, seat.model_id) if seat is not None and seat.model_id is not None else None
    return {
        "name": name,
        "title": line.settings.title,
        "model_id": seat.model_id if seat else None,
        "last_seq": lines.last_seq(connection, name),
        "last_received": iso(lines.last_received(connection, name)),
        "open_alarms": len(alarms.alarms(connection, state="open", line=name)),
        "findings": [one.to_dict() for one in _findings(line, model)],
        "source": {"state": source.state, "name": source.name, "error": source.error or None},
        "lag_s": line.lag.last_s,
    }
