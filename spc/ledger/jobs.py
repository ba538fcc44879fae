"""Long work, such as a fit: what was asked, how far it is, what came out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, null, select, update

from spc.errors import Conflict, NotFound
from spc.ledger.schema import job


@dataclass(frozen=True, slots=True)
class Job:
    """state: waiting, running, done, failed or cancelled; progress 0 to 1; `error` is a problem detail when it failed."""

    id: str
    kind: str
    state: str
    progress: float
    stage: str
    request: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: int
    updated_at: int
    created_by: str


_NAMES = (
    "id",
    "kind",
    "state",
    "progress",
    "stage",
    "request_json",
    "result_json",
    "error_json",
    "created_at",
    "updated_at",
    "created_by",
)
_COLUMNS = tuple(job.c[name] for name in _NAMES)


def _job(one: Any) -> Job:
    id, kind, state, progress, stage, request, result, error, created, updated, by = one
    read = [None if text is None else json.loads(text) for text in (result, error)]
    return Job(id, kind, state, progress, stage, json.loads(request), read[0], read[1], created, updated, by)


def add_job(connection: Connection, kind: str, request: Mapping[str, Any], *, by: str, now: int) -> str:
    """Writes down what was asked; returns the job's id."""
    id = uuid.uuid4().hex
    values = {"id": id, "kind": kind, "state": "waiting", "progress": 0.0, "stage": "", "request_json": json.dumps(dict(request))}
    connection.execute(insert(job).values(**values, created_at=now, updated_at=now, created_by=by))
    return id


def start_job(connection: Connection, id: str, now: int) -> bool:
    """Takes a waiting job; False when another worker has it."""
    query = update(job).where(job.c.id == id, job.c.state == "waiting").values(state="running", updated_at=now)
    return connection.execute(query).rowcount == 1


def progress_job(connection: Connection, id: str, progress: float, stage: str, now: int) -> None:
    """How far a running job is."""
    query = update(job).where(job.c.id == id, job.c.state == "running")
    connection.execute(query.values(progress=progress, stage=stage, updated_at=now))


def finish_job(connection: Connection, id: str, result: Mapping[str, Any], now: int) -> None:
    """The job is done, unless it was cancelled at the last moment."""
    values = {"state": "done", "progress": 1.0, "result_json": json.dumps(dict(result)), "updated_at": now}
    connection.execute(update(job).where(job.c.id == id, job.c.state == "running").values(**values))


def amend_job(connection: Connection, id: str, result: Mapping[str, Any]) -> None:
    """The result of a job that is done, with something that became known later."""
    connection.execute(update(job).where(job.c.id == id, job.c.state == "done").values(result_json=json.dumps(dict(result))))


def fail_job(connection: Connection, id: str, error: Mapping[str, Any], now: int) -> None:
    """The job failed, unless it was cancelled; `error` says why, as a problem detail."""
    query = update(job).where(job.c.id == id, job.c.state.in_(("waiting", "running")))
    connection.execute(query.values(state="failed", error_json=json.dumps(dict(error)), updated_at=now))


def cancel_job(connection: Connection, id: str, now: int) -> Job:
    """Nobody wants it any more. Raises NotFound, and Conflict when it is over already."""
    before = get_job(connection, id)
    if before.state not in ("waiting", "running"):
        raise Conflict(f"This job is over: {before.state}.", cure="Nothing needs to be done.")
    connection.execute(update(job).where(job.c.id == id).values(state="cancelled", updated_at=now))
    return get_job(connection, id)


def lost_jobs(connection: Connection, now: int) -> int:
    """After a restart: jobs that were waiting or running have nobody to do them. They fail, in words; returns how many."""
    error = {"title": "Interrupted", "status": 503, "detail": "The program stopped while this was being done.", "cure": "Start it again."}
    query = update(job).where(job.c.state.in_(("waiting", "running")))
    return connection.execute(query.values(state="failed", error_json=json.dumps(error), updated_at=now)).rowcount


def get_job(connection: Connection, id: str) -> Job:
    """Raises NotFound."""
    found = connection.execute(select(*_COLUMNS).where(job.c.id == id)).first()
    if found is None:
        raise NotFound(f"There is no job {id!r}.")
    return _job(found)


def jobs(connection: Connection, limit: int = 50) -> list[Job]:
    """The newest jobs first."""
    return [_job(one) for one in connection.execute(select(*_COLUMNS).order_by(job.c.created_at.desc(), job.c.id).limit(limit))]


def headlines(connection: Connection, kind: str, limit: int = 20) -> list[Job]:
    """The newest jobs of a kind without their results, which may be long."""
    columns = [null() if name == "result_json" else job.c[name] for name in _NAMES]
    query = select(*columns).where(job.c.kind == kind).order_by(job.c.created_at.desc(), job.c.id).limit(limit)
    return [_job(one) for one in connection.execute(query)]
