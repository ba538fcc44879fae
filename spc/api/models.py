"""Models: asked for, looked at, made active."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, cast

import numpy as np
from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from spc.api import jobs as work
from spc.api.served import Here
from spc.api.shapes import Activation, Fit, RowValues
from spc.api.times import iso
from spc.errors import BadRecipe, ColumnMismatch, NotFound
from spc.export import model_summary
from spc.ledger import jobs, models, references
from spc.line import activate
from spc.nouns import Model, Reference, Role
from spc.phase1 import Recipe
from spc.phase1.again import charted, raw
from spc.phase2.arithmetic import arithmetic_of_limit, arithmetic_of_point
from spc.reference import read
from spc.report.page import report
from spc.runlength.budget import ALL_WORDS, Budget

router = APIRouter(prefix="/api/v1/models", tags=["models"])


@router.post("", status_code=202, summary="Fit a model to a reference")
async def fit(here: Here, body: Fit, response: Response) -> dict[str, Any]:
    """Answers at once with a job; when that is done, its result has the model's id and what `spc fit --json` prints."""
    stored = await here.read(references.get_reference, body.reference_id)
    asked = body.model_dump(exclude=set(ALL_WORDS))
    for word in ALL_WORDS:
        if (value := getattr(body, word)) is not None:
            if body.recipe.get(word) is not None:
                raise BadRecipe(f"{word} is said twice: in the recipe and beside it.", cure="Say it once.")
            asked["recipe"][word] = value
    said = asked["recipe"]
    known = "interval_s" in stored.facts and not said.get("subgroup")  # the time between subgroups is read from the file
    timed = known or said.get("every") is not None or said.get("false_alarms") is None
    promised = read_recipe(said, stored.facts.get("interval_s") if known else None if timed else 1.0)
    id = await here.write(lambda c: jobs.add_job(c, "fit", asked, by=body.by, now=here.plant.clock()))
    here.crew.submit(work.fit, here, id, asked)
    response.headers["Location"] = f"/api/v1/jobs/{id}"
    answer = {"job": id, "state": "waiting", "href": f"/api/v1/jobs/{id}"}
    if not timed or promised is None:  # the fit reads the time between rows from the file, and what a given limit means
        return answer
    return {**answer, "alpha": promised.alpha, "arl0": promised.arl0, "budget": {"words": promised.words, **promised.to_dict()}}


@router.get("", summary="The newest models")
async def listed(here: Here, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
    """Newest first, without their numbers."""
    return {"models": [_record(one) for one in await here.read(models.models, limit)]}


@router.get("/{id}", summary="A model")
async def one(here: Here, id: str) -> dict[str, Any]:
    """What `spc fit --json` prints, with who made it, when, and from which reference."""
    record = await here.read(models.model_record, id)
    model = await here.read(models.get_model, id)
    return {**_record(record), **model_summary(model)}


@router.get("/{id}/file", summary="A model as a file", response_class=Response, responses={200: {"content": {"application/json": {}}}})
async def file(here: Here, id: str) -> Response:
    """The model as `spc fit -o` writes it, for `spc judge`."""
    text = await here.read(models.model_json, id)
    headers = {"Content-Disposition": f'attachment; filename="model-{id[:16]}.json"'}
    return Response(text + "\n", media_type="application/json", headers=headers)


@router.get("/{id}/arithmetic", summary="The arithmetic of a limit, and of a row of the reference")
async def arithmetic(
    here: Here,
    id: str,
    chart: Annotated[str, Query(max_length=100)] = "t2",
    observed: Annotated[int | None, Query(ge=1)] = None,
    row: Annotated[int | None, Query(ge=1, description="a row of the model's reference, counted from 1")] = None,
) -> dict[str, Any]:
    """Formula, inputs, law, source, and lines of Python that give the number: of the limits for new and reference rows, and of a row."""
    model = await here.read(models.get_model, id)
    own = chart in model.reference_limits
    said: dict[str, Any] = {"limit": arithmetic_of_limit(model, chart, observed).to_dict()}
    said |= {"reference_limit": arithmetic_of_limit(model, chart, reference=True).to_dict()} if own else {}
    if row is None:
        return said
    record = await here.read(models.model_record, id)
    if record.reference_id is None:
        raise NotFound("This model came without its reference: it has no rows.", cure="POST the values of a row instead.")
    stored = await here.read(references.get_reference, record.reference_id)
    content = await here.read(references.reference_bytes, record.reference_id)
    zone = str(stored.facts.get("timezone") or here.settings.timezone)

    def opened() -> Reference:
        return read(content, name=stored.name, roles=cast("dict[str, Role]", dict(stored.roles)), timezone=zone)

    table = await run_in_threadpool(opened)
    if row > len(table):
        raise NotFound(f"The reference has rows 1 to {len(table)}.", cure="Number the data rows from 1.")
    x = charted(table, model)[row - 1]
    return {**said, "point": arithmetic_of_point(model, x, chart, raw(table, model, row - 1)).to_dict()}


@router.post("/{id}/arithmetic", summary="The arithmetic of a row's value and of its limit")
async def arithmetic_of_values(here: Here, id: str, body: RowValues) -> dict[str, Any]:
    """The row's values by name, null where one is missing; for a model with dynamics also those of the rows `before` it, oldest first."""
    model = await here.read(models.get_model, id)
    rows = np.array([_values(model, one) for one in (*body.before, body.values)])
    x = rows[-1]
    if model.dynamics is not None:
        x = model.dynamics.step({}, rows, np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[us]"))[1].x[-1]
    point = arithmetic_of_point(model, x, body.chart, rows)
    limit = arithmetic_of_limit(model, body.chart, int(np.sum(~np.isnan(x))) if body.chart == "t2" else None)
    return {"point": point.to_dict(), "limit": limit.to_dict()}


def _values(model: Model, said: dict[str, float | None]) -> list[float]:
    for name in said:
        if name not in model.inputs:
            raise ColumnMismatch("The model does not chart this.", cure=f"Its variables are: {', '.join(model.inputs)}.", column=name)
    given = [said.get(name) for name in model.inputs]
    return [np.nan if one is None else one for one in given]


@router.get("/{id}/report", summary="The report of a fit", response_class=Response, responses={200: {"content": {"text/html": {}}}})
async def told(here: Here, id: str) -> Response:
    """What `spc fit --report` writes: one HTML file with every table and picture, which asks nothing of elsewhere."""
    record = await here.read(models.model_record, id)
    if record.reference_id is None:
        raise NotFound("This model came without its reference: there are no rows to report on.", cure="Fit it again from its reference.")
    model = await here.read(models.get_model, id)
    stored = await here.read(references.get_reference, record.reference_id)
    content = await here.read(references.reference_bytes, record.reference_id)
    zone = str(stored.facts.get("timezone") or here.settings.timezone)
    made = f"Model {id[:16]}, made {iso(record.created_at)}{f' by {record.created_by}' if record.created_by else ''}. {record.note}".strip()

    def write() -> str:
        table = read(content, name=stored.name, roles=cast("dict[str, Role]", dict(stored.roles)), timezone=zone)
        return report(table, model, timezone=zone, made=made)

    headers = {"Content-Disposition": f'attachment; filename="report-{id[:16]}.html"'}
    return Response(await run_in_threadpool(write), media_type="text/html; charset=utf-8", headers=headers)


@router.post("/{id}/activate", summary="Judge a line by this model")
async def active(here: Here, id: str, body: Activation) -> dict[str, Any]:
    """From its next row on. The reason is kept. `warning` says when the line's rule or pace is not the one of the model's budget."""
    rule = here.plant.line(body.line).settings
    made = await run_in_threadpool(
        partial(activate, product=body.product), here.ledger, body.line, id, body.reason, body.by, here.plant.clock()
    )
    kept = Budget.kept(await here.read(models.get_model, id))
    warning = kept.against(rule.watch.k, rule.watch.n, rule.interval_s if kept.point == "row" else None) or None
    said = {"line": made.line, "model_id": made.model_id, "activation": made.id, "at": iso(made.at), "after_seq": made.after_seq}
    said |= {"product": made.product} if made.product else {}
    return {**said, "warning": warning}


def read_recipe(said: dict[str, Any], interval: float | None) -> Budget | None:
    """The budget of a recipe, None when a limit stands in its place.

    Refuses a recipe that cannot be read here, not in the job; and one that would load code of the sender's choice.
    """
    charts = said.get("charts", {})
    asked = [said.get("estimator", ""), *(charts if isinstance(charts, list) else [])]
    if isinstance(charts, dict):
        asked += [*charts, *charts.values()]
    for one in asked:
        name = one.get("name", "") if isinstance(one, dict) else one
        if ":" in str(name):
            cure = "Use a registered one; a module:Class is for settings and the terminal."
            raise BadRecipe(f"{str(name)[:60]!r} cannot be loaded over HTTP.", cure=cure)
    recipe = Recipe.from_dict(said, interval)
    point = "subgroup" if recipe.subgroup else "row"
    return None if recipe.ucl is not None else Budget.of(recipe.budget or {"alpha": recipe.alpha}, interval, point=point)


def _record(one: models.StoredModel) -> dict[str, Any]:
    return {
        "id": one.id,
        "reference_id": one.reference_id,
        "created_at": iso(one.created_at),
        "created_by": one.created_by,
        "note": one.note,
    }
