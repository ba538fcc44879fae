"""Rows come in. A 2xx means that they are on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from spc.api.alike import alike
from spc.api.bodies import unpacked
from spc.api.plain import plain
from spc.api.problems import Problem
from spc.api.sent import Block, blocks
from spc.api.served import Served, of
from spc.api.shapes import SentRow, SentRows
from spc.errors import BadSettings, Complaint, Refused
from spc.ledger import lines
from spc.line import Line, Receipt, Refusal
from spc.nouns import Finding, Rows
from spc.reference import read_rows

router = APIRouter(prefix="/api/v1/lines", tags=["rows"])

_ROWS = {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "array", "items": SentRow.model_json_schema()}}}
_JSON = pydantic.TypeAdapter(SentRows)
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": _ROWS},
        "text/csv": {"schema": {"type": "string"}, "example": "timestamp,board_id,warp_mm\n2025-03-04T06:00:00Z,B00201,0.38\n"},
    },
}
_OK: dict[int | str, dict[str, Any]] = {
    200: {"description": "On disk: accepted and duplicates count rows; refused says which were not taken and why."}
}


Wrong = list[tuple[int, Complaint]]

_QUICK_BYTES = 128 * 1024  # a body of this size is read within a millisecond: handing it to another thread takes as long
_ZONE = 100  # characters of a time zone's name at most


@router.post("/{line}/rows", summary="Send rows", openapi_extra={"requestBody": _BODY}, responses=_OK)
async def send(
    request: Request,
    line: str,
    timezone: Annotated[str, Query(max_length=_ZONE, description="of CSV times without a zone; the plant's when not given")] = "",
) -> Response:
    """JSON: each row is taken or refused by itself. CSV: the file is taken as a whole or not at all.

    A row with an id is known by it, else by its time: what is sent twice is taken once. Rows without either are always new. When no row
    at all could be taken the answer is 422, with all refusals; 429 says to come back after `Retry-After` seconds. A body may be packed:
    `Content-Encoding: gzip`.
    """
    return await answered(request, line)  # only the description comes from here: spc.api.door calls the same at once


async def answered(request: Request, line: str) -> Response:
    """Takes the rows of a request; raises a Complaint when it is none of rows."""
    here = of(request.app)
    target = here.plant.line(line)
    body = await unpacked(request)
    wrong: Wrong = []
    told: list[Finding] = []
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/csv", "application/csv"):
        rows, told = await run_in_threadpool(_rows_of, here, line, body, _zone_of(request, here))
        made = [Block(rows, range(1, len(rows) + 1))]
    elif kind == "application/json" or kind.endswith("+json"):
        made, wrong = await _from_json(body, here.settings.zone)
    else:
        raise Refused(f"Rows cannot be sent as {kind or 'nothing in particular'}.", cure="Send application/json or text/csv.", status=415)
    receipt, first_wrong = await _take(here, target, made, wrong)
    here.counters.refused.labels(line).inc(len(receipt.refused))
    here.counters.duplicates.labels(line).inc(receipt.duplicates)
    if first_wrong is not None and receipt.accepted + receipt.duplicates == 0:
        return Problem({**first_wrong.problem(), "row": receipt.refused[0].row, **receipt.to_dict()}, first_wrong.status)
    return JSONResponse({**receipt.to_dict(), "findings": [finding.to_dict() for finding in told]})


def _zone_of(request: Request, here: Served) -> str:
    name = request.query_params.get("timezone") or here.settings.timezone
    if len(name) > _ZONE:
        raise BadSettings(f"There is no time zone {name[:40]!r}….", cure="Use a name such as UTC, Europe/Berlin or America/New_York.")
    return name


async def _from_json(body: bytes, zone: tzinfo) -> tuple[list[Block], Wrong]:
    rows = alike(body, zone) if len(body) <= _QUICK_BYTES else await run_in_threadpool(alike, body, zone)
    if rows is None:  # what is wrong with ten thousand rows takes a while to say
        return await run_in_threadpool(careful, body, zone)
    return [Block(rows, range(1, len(rows) + 1))], []


def careful(body: bytes, zone: tzinfo) -> tuple[list[Block], Wrong]:
    """The rows of a body of JSON, each looked at by itself, as blocks, and what is wrong with the others.

    Raises RequestValidationError when it is no list of rows.
    """
    try:
        sent = _JSON.validate_json(body)
    except pydantic.ValidationError as invalid:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in invalid.errors(include_url=False, include_input=False)]
        raise RequestValidationError(errors) from invalid
    return blocks(sent.rows, zone)


def _rows_of(here: Served, line: str, body: bytes, timezone: str) -> tuple[Rows, list[Finding]]:
    """The rows of a CSV, and what was converted or missing: the active model's columns, or all numbers while there is none."""
    told: list[Finding] = []
    with here.ledger.read() as connection:
        seat = lines.current(connection, line)
        model = here.model(connection, seat.model_id) if seat is not None and seat.model_id is not None else None
    if model is None:
        return read_rows(body, timezone=timezone, on_finding=told.append), told
    columns, at, id = model.columns, model.time_column, model.id_column
    subgroup = model.subgroup.column if model.subgroup is not None else ""
    if (rows := plain(body, columns, at, id, subgroup)) is not None:
        return rows, told
    rows = read_rows(body, columns=columns, time=at, id=id, subgroup=subgroup, timezone=timezone, on_finding=told.append)
    return rows, told


async def _take(here: Served, line: Line, made: list[Block], wrong: Wrong) -> tuple[Receipt, Complaint | None]:
    """Writes the blocks in order; a block whose columns do not fit the model is refused, the others are not."""
    total = Receipt(0)
    for block in made:
        try:
            started = time.perf_counter()
            if block is made[0]:
                receipt = await line.take_async(block.rows, source="http")
            else:  # "come back later" may be said before anything was taken, not in the middle
                receipt = await run_in_threadpool(line.take, block.rows, source="http")
            here.counters.commit.observe(time.perf_counter() - started)
        except Refused:
            raise
        except Complaint as complaint:
            wrong.extend((place, complaint) for place in block.places)
        else:
            total = _sum(total, receipt, block.places)
    wrong.sort(key=lambda one: one[0])
    refused = tuple(Refusal(place, str(_bare(complaint))) for place, complaint in wrong)
    return replace(total, refused=refused), wrong[0][1] if wrong else None


def _bare(complaint: Complaint) -> Complaint:
    """The complaint without its row, which stands beside it."""
    return Complaint(complaint.text, cure=complaint.cure, column=complaint.column)


def _sum(total: Receipt, one: Receipt, places: Sequence[int]) -> Receipt:
    return Receipt(
        total.accepted + one.accepted,
        total.duplicates + one.duplicates,
        (),
        total.first_seq if total.first_seq is not None else one.first_seq,
        one.last_seq if one.last_seq is not None else total.last_seq,
        total.conflicts + tuple(places[row - 1] for row in one.conflicts),
        total.late + one.late,
    )
