"""The application: every path, what goes wrong as problem details, and the plant's start and stop with the server's."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Match

from spc import __version__
from spc.api import alarms, causes, docs, health, jobs, known, lines, models, problems, references, replays, rows, scraps, stream
from spc.api.bodies import BodyLimit
from spc.api.counters import Counters
from spc.api.door import Door
from spc.api.served import Served, of
from spc.ledger.calibrations import Calibrations
from spc.line import Plant
from spc.settings import Settings
from spc.workbench import Workbench

_PARTS = (health, references, models, replays, jobs, lines, known, rows, scraps, stream, alarms, causes)
WARM_AFTER_S = 3.0  # the first page comes first; then what a fit needs is loaded, so that nobody waits for it
_WORDS = (
    "Upload a reference, fit a model, activate it on a line, send rows, read points, answer alarms. "
    "A 2xx on rows means that they are on disk. "
    "What goes wrong is answered with a problem detail (RFC 9457) that names row, column and cure."
)


def build(plant: Plant, settings: Settings) -> FastAPI:
    """The HTTP interface of a plant. The plant starts and stops with the application; who opened the ledger closes it."""
    app = FastAPI(
        title="SPC",
        version=__version__,
        description=_WORDS,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan,
        responses=problems.RESPONSES,
        swagger_ui_oauth2_redirect_url=None,
    )
    bench = Workbench(cache=Calibrations(plant.ledger, plant.clock))
    app.state.served = Served(plant, settings, Counters(plant), bench)
    problems.install(app)
    app.add_middleware(Door, handlers=app.exception_handlers)
    app.add_middleware(BodyLimit)  # around the door
    docs.install(app)
    for part in _PARTS:
        app.include_router(part.router)
    _refuse_unknown(app)
    return app


def _refuse_unknown(app: FastAPI) -> None:
    """A path under /api that does not exist is 404, not a page; one that exists takes its own methods only."""
    known = [route for part in _PARTS for route in part.router.routes]

    @app.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], include_in_schema=False)
    async def unknown(request: Request, path: str) -> None:
        allowed: set[str] = set()
        for route in known:
            if route.matches(request.scope)[0] is Match.PARTIAL:
                allowed |= getattr(route, "methods", None) or set()
        if allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        raise HTTPException(404)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    served = of(app)
    app.state.stop_streams = partial(asyncio.get_running_loop().call_soon_threadsafe, served.stopping.set)
    _when_asked_to_stop(app.state.stop_streams)
    await run_in_threadpool(served.plant.start)
    warming = threading.Timer(WARM_AFTER_S, served.bench.warm)
    warming.daemon = True
    warming.start()
    try:
        yield
    finally:
        served.stopping.set()
        warming.cancel()
        await run_in_threadpool(served.close)


def _when_asked_to_stop(tell: Callable[[], Any]) -> None:
    """Calls `tell` before the server's own handler of SIGINT and SIGTERM: it waits for open streams, and they must hear of it first."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            tell()
            before(number, frame)

        signal.signal(number, handle)
