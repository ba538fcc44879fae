"""What every path needs: the plant, the workbench, the jobs, the counters, and the word that the server is stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from spc.api.counters import Counters
from spc.ledger import Ledger
from spc.line import Plant
from spc.line.seen import KnownModels
from spc.settings import Settings
from spc.workbench import Ticket, Workbench

T = TypeVar("T")

JOBS = 2  # fits at a time; the others wait


@dataclass(eq=False)
class Served:
    """One per application. `stopping` is set when the server was asked to stop: open streams end then."""

    plant: Plant
    settings: Settings
    counters: Counters
    bench: Workbench = field(default_factory=Workbench)
    crew: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(JOBS, "job"))
    tickets: dict[str, Ticket] = field(default_factory=dict)  # of the jobs that are being done
    model: KnownModels = field(default_factory=KnownModels)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ledger(self) -> Ledger:
        return self.plant.ledger

    def close(self) -> None:
        """Ends the jobs and the plant's threads; blocks until they are over."""
        self.bench.close()
        self.crew.shutdown(cancel_futures=True)
        self.plant.stop()

    async def read(self, query: Callable[..., T], *arguments: Any, **words: Any) -> T:
        """A query of the ledger, off the event loop: `query(connection, …)`."""

        def ask() -> T:
            with self.ledger.read() as connection:
                return query(connection, *arguments, **words)

        return await run_in_threadpool(ask)

    async def write(self, job: Callable[[Connection], T]) -> T:
        """A job of the ledger's writing thread; back when it is on disk."""
        return await asyncio.wrap_future(self.ledger.submit(job, wait=False))


def of(app: FastAPI) -> Served:
    """What `build` gave an application."""
    served: Served = app.state.served
    return served


def _served(request: Request) -> Served:
    return of(request.app)


Here = Annotated[Served, Depends(_served)]
