"""Replays: rows of a line, or of an uploaded table, played through models side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from spc.api import jobs as work
from spc.api.served import Here, Served
from spc.api.shapes import Replay
from spc.api.times import us_of
from spc.errors import BadRecipe
from spc.ledger import jobs, lines, models, references
from spc.ledger import rows as store
from spc.nouns import Floats, Rows
from spc.reference import read_rows
from spc.replay import BLOCK, Candidate, Telling, replay
from spc.settings import LineSettings
from spc.watch import Watch
from spc.workbench import Bounds, Ticket

router = APIRouter(prefix="/api/v1/replays", tags=["replays"])


@router.post("", status_code=202, summary="Play the past through models side by side")
async def played(here: Here, body: Replay, response: Response) -> dict[str, Any]:
    """Answers at once with a job. Its result: each candidate's alarms with sentences, its rate with an interval, and the disagreements."""
    await run_in_threadpool(_check, here, body)
    asked = body.model_dump()
    id = await here.write(lambda c: jobs.add_job(c, "replay", asked, by=body.by, now=here.plant.clock()))
    here.crew.submit(work.do, here, id, asked, _played)
    response.headers["Location"] = f"/api/v1/jobs/{id}"
    return {"job": id, "state": "waiting", "href": f"/api/v1/jobs/{id}"}


def _check(here: Served, body: Replay) -> None:
    """Refuses here, not in the job, what cannot be found or makes no sense."""
    if (body.line is None) == (body.reference_id is None):
        raise BadRecipe("Say exactly one of line and reference_id.", cure="line plays what came there, reference_id an uploaded table.")
    if body.truth and body.reference_id is None:
        raise BadRecipe("Only an uploaded table has a column of labels.", cure="Upload the rows with their labels as a table.")
    Watch(body.watch.k, body.watch.n, body.watch.back)
    for said in (body.since, body.until):
        if said is not None:
            us_of(said, here.settings.zone)
    with here.ledger.read() as connection:
        if body.line is not None:
            here.plant.line(body.line)
        else:
            references.get_reference(connection, str(body.reference_id))
        for one in body.candidates:
            models.model_record(connection, one.model_id)


def _played(here: Served, id: str, asked: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
    with here.ledger.read() as connection:
        names = [one["name"] or one["model_id"][:8] for one in asked["candidates"]]
        found = [models.get_model(connection, one["model_id"]) for one in asked["candidates"]]
    candidates = [Candidate(name, model) for name, model in zip(names, found, strict=True)]
    watch = Watch(**asked["watch"])
    settings, first, truth = LineSettings("x"), 1, None
    rows: Rows | Iterator[Rows]
    if asked["line"] is not None:
        settings = here.plant.line(asked["line"]).settings
        first, last = _stretch(here, asked)
        rows = _stored(here, id, asked["line"], first, last, ticket)
    else:
        columns = tuple(dict.fromkeys(name for one in found for name in one.columns))
        subgroup = next((one.subgroup.column for one in found if one.subgroup is not None), None)
        rows, truth = _table(here, asked, columns, subgroup)
    telling = Telling(settings.title if asked["line"] else "", settings.part, here.settings.zone, settings.advice)
    done = replay(rows, candidates, watch, truth=truth, telling=telling, first_row=first)
    return {"line": asked["line"], "reference_id": asked["reference_id"], **done.to_dict()}


def _stretch(here: Served, asked: dict[str, Any]) -> tuple[int, int]:
    """The first and the last row number: as asked, or those between two times, or the newest so many."""
    with here.ledger.read() as connection:
        end = lines.last_seq(connection, asked["line"])
        first, last = asked["first"] or 1, min(asked["last"] or end, end)
        if asked["since"] or asked["until"]:
            since, until = (us_of(asked[key], here.settings.zone) if asked[key] else None for key in ("since", "until"))
            low, high = store.span(connection, asked["line"], since, until)
            first, last = max(first, low), min(last, high)
        if asked["newest"] is not None:
            first = max(first, last - int(asked["newest"]) + 1)
    return first, last


def _stored(here: Served, id: str, line: str, first: int, last: int, ticket: Ticket) -> Iterator[Rows]:
    """Block after block from the ledger; a cancelled job ends between two."""
    tell = work.teller(here, id)
    for start in range(first, last + 1, BLOCK):
        ticket.check(Bounds())
        with here.ledger.read() as connection:
            yield store.rows_between(connection, line, start, min(start + BLOCK - 1, last)).rows
        tell((start - first) / (last - first + 1), "playing")


def _table(here: Served, asked: dict[str, Any], columns: tuple[str, ...], subgroup: str | None) -> tuple[Rows, Floats | None]:
    """An uploaded table's rows in the models' columns, and its labels when a column of them was named."""
    with here.ledger.read() as connection:
        stored = references.get_reference(connection, asked["reference_id"])
        content = references.reference_bytes(connection, asked["reference_id"])
    zone = str(stored.facts.get("timezone") or here.settings.timezone)
    time, id = (next((name for name, role in stored.roles.items() if role == kind), None) for kind in ("time", "id"))
    more = (asked["truth"],) if asked["truth"] else ()
    if set(more) & set(columns):
        raise BadRecipe(f"{asked['truth']} is a variable of a model, not a label.", cure="Name the column that says which rows are bad.")
    rows = read_rows(content, columns=(*columns, *more), time=time, id=id, subgroup=subgroup, timezone=zone)
    if not more:
        return rows, None
    return rows, np.ascontiguousarray(rows.x[:, -1])
