"""Replays: rows of a line, or of an uploaded table, played through models side by side."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from spc.api import jobs as work
from spc.api import played
from spc.api.models import read_recipe
from spc.api.served import Here, Served
from spc.api.shapes import Keep, PlayedModel, Replay
from spc.api.times import us_of
from spc.errors import BadRecipe, Complaint, Conflict, NotFound
from spc.ledger import jobs, models, references
from spc.ledger.jobs import Job
from spc.watch import Watch

router = APIRouter(prefix="/api/v1/replays", tags=["replays"])


@router.post("", status_code=202, summary="Play the past through models side by side")
async def asked(here: Here, body: Replay, response: Response) -> dict[str, Any]:
    """Answers at once with a job. Its result: each candidate's alarms with sentences, its rate with an interval, and the disagreements."""
    await run_in_threadpool(_check, here, body)
    return await _begun(here, "replay", body.model_dump(), body.by, played.played, response)


@router.get("/{id}", summary="How far a replay is")
async def one(here: Here, id: str) -> dict[str, Any]:
    """The job: see GET /api/v1/jobs/{id}."""
    return work.told(await here.read(_replay, id))


@router.delete("/{id}", summary="Cancel a replay")
async def cancelled(here: Here, id: str, by: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
    """Its work ends at once and nothing of it is kept, no model either. A replay that is over already is 409."""
    await here.read(_replay, id)
    return await work.cancelled(here, id, by)


@router.post("/{id}/keep", status_code=202, summary="Store a model that a replay fitted")
async def kept(here: Here, id: str, body: Keep, response: Response) -> dict[str, Any]:
    """Answers at once with a job; its result has the model's `id`. The fit is made again, and must give the model that was played."""
    job = await here.read(_replay, id)
    if job.state != "done" or job.result is None:
        raise Conflict(f"This replay is {job.state}.", cure="Keep a model when it is done.")
    found = next((one for one in job.result.get("candidates", ()) if one["name"] == body.candidate), None)
    if found is None:
        raise NotFound(f"This replay has no candidate {body.candidate[:60]!r}.", cure="Use the name that it has in the replay.")
    if found["model_id"] is not None:
        raise Conflict(f"{body.candidate} is stored already, as {found['model_id']}.", cure="Nothing needs to be done.")
    _refuse_products(found["recipe"])
    more = {"reference_id": found["reference_id"], "recipe": found["recipe"], "digest": found["digest"], "replay": id}
    return await _begun(here, "fit", {**body.model_dump(), **more}, body.by, played.kept, response)


async def _begun(here: Served, kind: str, said: dict[str, Any], by: str, do: work.Work, response: Response) -> dict[str, Any]:
    id = await here.write(lambda c: jobs.add_job(c, kind, said, by=by, now=here.plant.clock()))
    here.crew.submit(work.do, here, id, said, do)
    response.headers["Location"] = f"/api/v1/jobs/{id}"
    return {"job": id, "state": "waiting", "href": f"/api/v1/jobs/{id}"}


def _replay(connection: Connection, id: str) -> Job:
    job = jobs.get_job(connection, id)
    if job.kind != "replay":
        raise NotFound(f"There is no replay {id!r}.", cure="Ask for one with POST /api/v1/replays.")
    return job


def _check(here: Served, body: Replay) -> None:
    """Refuses here, not in the job, what cannot be found or makes no sense."""
    if (body.line is None) == (body.reference_id is None):
        raise BadRecipe("Say exactly one of line and reference_id.", cure="line plays what came there, reference_id an uploaded table.")
    if body.truth and body.reference_id is None:
        raise BadRecipe("Only an uploaded table has a column of labels.", cure="Upload the rows with their labels as a table.")
    Watch(body.watch.k, body.watch.n, body.watch.back)
    _check_stretch(here, body)
    names = [played.called(one.model_dump()) for one in body.candidates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadRecipe(f"Two candidates are called {twice!r}.", cure="Give each its own name.")
    with here.ledger.read() as connection:
        if body.line is not None:
            here.plant.line(body.line)
        else:
            references.get_reference(connection, str(body.reference_id))
        for one in body.candidates:
            _check_candidate(connection, one)


def _check_stretch(here: Served, body: Replay) -> None:
    said = [_time(here, what, text) for what, text in (("beginning", body.since), ("end", body.until))]
    if said[0] is not None and said[1] is not None and said[0] > said[1]:
        raise BadRecipe(f"The stretch ends ({body.until}) before it begins ({body.since}).", cure="Exchange the two times.")
    if body.first is not None and body.last is not None and body.first > body.last:
        raise BadRecipe(f"The stretch ends (row {body.last}) before it begins (row {body.first}).", cure="Exchange the two numbers.")
    if body.line is None and any(one is not None for one in (body.since, body.until, body.first, body.last, body.newest)):
        raise BadRecipe("A file is played as a whole.", cure="Leave the stretch out, or cut the file.")


def _time(here: Served, what: str, text: str | None) -> int | None:
    try:
        return None if text is None else us_of(text, here.settings.zone)
    except Complaint as wrong:
        cure = f"Write 2025-03-04 06:00, a time of {here.settings.timezone}."
        raise Complaint(f"The {what} of the stretch, {text!r:.80}, is not a time.", cure=cure) from wrong


def _check_candidate(connection: Connection, one: PlayedModel) -> None:
    if (one.model_id is None) == (one.reference_id is None):
        cure = "model_id plays a stored model, reference_id with a recipe fits one for the replay."
        raise BadRecipe("Say exactly one of model_id and reference_id for each candidate.", cure=cure)
    if one.model_id is not None:
        if one.recipe or one.keep:
            raise BadRecipe("A stored model has its recipe and is kept.", cure="Leave recipe and keep out, or name its reference.")
        models.model_record(connection, one.model_id)
        return
    stored = references.get_reference(connection, str(one.reference_id))
    interval = stored.facts.get("interval_s")
    known = interval is not None and not one.recipe.get("subgroup")
    read_recipe(one.recipe, interval if known else None if one.recipe.get("every") is not None else 1.0)
    if one.keep:
        _refuse_products(one.recipe)


def _refuse_products(recipe: dict[str, Any]) -> None:
    if recipe.get("product"):
        cure = "Fit each product's rows as a reference of their own, or use spc fit --product in a terminal."
        raise BadRecipe("Models by product are played, but not stored here: a line judges by one model.", cure=cure)
