"""Is it alive, is it ready, and the numbers for Prometheus."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from spc import __version__
from spc.api.served import Here, Served
from spc.errors import LedgerError, Refused
from spc.ledger.lines import put_line

router = APIRouter(tags=["health"])

_PATIENCE_S = 3.0


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process does; says nothing of the disk or the lines."""
    return {"status": "ok", "version": __version__}


@router.get("/readyz", summary="Is it ready for rows?", responses={503: {"description": "Not ready, and why."}})
async def readyz(here: Here) -> JSONResponse:
    """Writes to the ledger and looks at each line's source; 503 when the ledger cannot be written."""
    trouble = await _trouble(here)
    lines = {name: _source(here, name) for name in here.plant.lines}
    body = {"status": "not ready" if trouble else "ready", "ledger": trouble or "ok", "lines": lines}
    return JSONResponse(body, 503 if trouble else 200)


@router.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
async def metrics(here: Here) -> Response:
    """Rows accepted, judged and refused, signals, open alarms, commit times, messages waiting."""
    return Response(await run_in_threadpool(here.counters.text), media_type=CONTENT_TYPE_LATEST)


async def _trouble(here: Served) -> str:
    """What keeps the ledger from being written; empty when a small job reached the disk."""
    if here.stopping.is_set():
        return "the server is stopping"
    first, now = next(iter(here.plant.lines.values()), None), here.plant.clock()

    def job(connection: Connection) -> None:
        if first is not None:
            put_line(connection, first.name, first.settings.title, now)

    try:
        await asyncio.wait_for(here.write(job), _PATIENCE_S)
    except TimeoutError:
        return f"nothing was written within {_PATIENCE_S:g} s"
    except (LedgerError, Refused) as failed:
        return str(failed)
    return ""


def _source(here: Served, name: str) -> dict[str, Any]:
    state = here.plant.source(name)
    return {"source": state.state, **({"error": state.error} if state.error else {})}
