"""Everything that goes wrong, as RFC 9457 problem details: what is wrong, in which row and column, and the cure."""

from __future__ import annotations

import math
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from spc.errors import Complaint, LedgerError, Refused

log = structlog.get_logger("api")

MEDIA_TYPE = "application/problem+json"
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong, in which row and column, and the cure.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
}


class Problem(JSONResponse):
    """An RFC 9457 answer."""

    media_type = MEDIA_TYPE


def problem(complaint: Complaint) -> Problem:
    """The answer to a request that a Complaint has stopped."""
    headers = {}
    if isinstance(complaint, Refused) and complaint.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(complaint.retry_after)))
    return Problem(complaint.problem(), complaint.status, headers)


def plain(kind: str, status: int, detail: str, cure: str = "", row: int | None = None, column: str | None = None) -> Problem:
    """A problem that is not one of ours: an unknown path, a body that does not fit, a failure of the server."""
    content = {"type": f"urn:spc:{kind}", "title": kind, "status": status, "detail": detail, "cure": cure, "row": row, "column": column}
    return Problem(content, status)


def place(where: tuple[Any, ...]) -> tuple[int | None, str | None, str]:
    """Row (from 1), column and path of a complaint of the validator about `where` in a request.

    >>> place(("body", "rows", 2, "values", "warp_mm"))
    (3, 'warp_mm', 'body.rows.2.values.warp_mm')
    >>> place(("query", "limit"))
    (None, None, 'query.limit')
    """
    path = ".".join(str(part) for part in where)
    row = where[2] + 1 if where[:2] == ("body", "rows") and len(where) > 2 and isinstance(where[2], int) else None
    column = str(where[4]) if row is not None and len(where) > 4 and where[3] == "values" else None
    return row, column, path


async def _complaint(request: Request, complaint: Complaint) -> Problem:
    return problem(complaint)


async def _invalid(request: Request, invalid: RequestValidationError) -> Problem:
    first = invalid.errors()[0]
    if first["type"] == "json_invalid":
        return plain("BadRequest", 422, f"The body is not JSON: {first.get('ctx', {}).get('error', first['msg'])}.", "Send valid JSON.")
    row, column, path = place(tuple(first["loc"]))
    others = len(invalid.errors()) - 1
    more = f" ({others} more like this.)" if others else ""
    return plain("BadRequest", 422, f"{path}: {first['msg']}.{more}", "See /api/docs for what this path takes.", row, column)


async def _http(request: Request, failed: HTTPException) -> Problem:
    words = {404: f"There is nothing at {request.url.path}.", 405: f"{request.method} is not possible at {request.url.path}."}
    answer = plain({404: "NotFound", 405: "MethodNotAllowed"}.get(failed.status_code, "BadRequest"), failed.status_code,
                   words.get(failed.status_code, f"{failed.detail}."), "See /api/docs for the paths there are.")  # fmt: skip
    for name, value in (failed.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _ledger(request: Request, failed: Exception) -> Problem:
    log.error("ledger failed", path=request.url.path, error=str(failed))
    answer = plain("LedgerError", 503, "The ledger could not write; nothing of this request was kept.", "Send it again in a moment.")
    answer.headers["Retry-After"] = "5"
    return answer


async def _mistake(request: Request, mistake: Exception) -> Problem:
    text = "This is a mistake of the program; it was written to its log."
    return plain("InternalError", 500, text, "Send it again; if it stays, report it.")


def install(app: FastAPI) -> None:
    """Answer every complaint and every failure of this application with a problem detail."""
    app.exception_handler(Complaint)(_complaint)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(LedgerError)(_ledger)
    app.exception_handler(Exception)(_mistake)
