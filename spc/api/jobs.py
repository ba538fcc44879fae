"""Long work: asked for with 202, looked after here, done on the workbench."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from spc.api.served import Here, Served
from spc.api.times import iso
from spc.errors import Complaint, LedgerError
from spc.export import model_summary
from spc.ledger import jobs, references
from spc.ledger.jobs import Job
from spc.line import cancel_job, save_model
from spc.nouns import Model
from spc.workbench import Cancelled, Ticket

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
log = structlog.get_logger("api")

Work = Callable[[Served, str, dict[str, Any], Ticket], dict[str, Any]]

_TELL_S = 0.5  # progress is written at most twice a second: each time costs a commit


@router.get("/{id}", summary="How far a job is")
async def one(here: Here, id: str) -> dict[str, Any]:
    """state: waiting, running, done (then `result` is there), failed (then `error` is a problem detail) or cancelled."""
    return told(await here.read(jobs.get_job, id))


@router.delete("/{id}", summary="Cancel a job")
async def cancelled(here: Here, id: str, by: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
    """Its work is ended at once and its result is not kept. A job that is over already is 409."""
    job = await run_in_threadpool(cancel_job, here.ledger, id, by, here.plant.clock())
    if ticket := here.tickets.get(id):
        ticket.cancel()
    return told(job)


def told(job: Job) -> dict[str, Any]:
    """A job as it is answered."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress,
        "stage": job.stage,
        "request": dict(job.request),
        "result": job.result,
        "error": job.error,
        "created_at": iso(job.created_at),
        "updated_at": iso(job.updated_at),
    }


def fit(here: Served, id: str, asked: dict[str, Any]) -> None:
    """Does one fit: blocks, and always leaves the job done, failed or cancelled."""
    _done(here, id, asked, _fitted)


def stability(here: Served, id: str, asked: dict[str, Any]) -> None:
    """Asks whether a reference is stable, in the same way."""
    _done(here, id, asked, _stable)


def do(here: Served, id: str, asked: dict[str, Any], work: Work) -> None:
    """Does the work of any job: blocks, and always leaves it done, failed or cancelled."""
    _done(here, id, asked, work)


def teller(here: Served, id: str) -> Callable[[float, str], None]:
    """What work calls now and then to say how far it is."""
    return _teller(here, id)


def _done(here: Served, id: str, asked: dict[str, Any], work: Work) -> None:
    ledger, clock = here.ledger, here.plant.clock
    ticket = here.tickets[id] = Ticket()  # before the job is taken: whoever cancels it later finds one of the two
    try:
        if not ledger.write(lambda c: jobs.start_job(c, id, clock())):
            return
        try:
            result = work(here, id, asked, ticket)
        except Cancelled:
            log.info("a job was cancelled", job=id)
        except Complaint as wrong:
            problem = wrong.problem()
            ledger.write(lambda c: jobs.fail_job(c, id, problem, clock()))
        except LedgerError:
            raise
        except Exception:
            log.exception("a job failed", job=id)
            text = "This is a mistake of the program; it was written to its log."
            mistake = {"type": "urn:spc:InternalError", "title": "InternalError", "status": 500, "detail": text, "cure": "Report it."}
            ledger.write(lambda c: jobs.fail_job(c, id, mistake, clock()))
        else:
            ledger.write(lambda c: jobs.finish_job(c, id, result, clock()))
    except LedgerError as failed:
        log.error("a job could not be written down", job=id, error=str(failed))  # at the next start it is told to be interrupted
    finally:
        here.tickets.pop(id, None)


def _fitted(here: Served, id: str, asked: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
    with file(here, asked["reference_id"]) as (path, words):
        text = here.bench.fit(path, **words, recipe=asked["recipe"], report=_teller(here, id), ticket=ticket)
    model = Model.from_json(text)
    made = save_model(here.ledger, model, reference_id=asked["reference_id"], by=asked["by"], now=here.plant.clock(), note=asked["note"])
    return {"id": made, "reference_id": asked["reference_id"], **model_summary(model)}


def _stable(here: Served, id: str, asked: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
    words = {key: asked[key] for key in ("overall", "exclude", "subgroups")}
    with file(here, asked["reference_id"]) as (path, of_file):
        answer = here.bench.stability(path, **of_file, asked=words, report=_teller(here, id), ticket=ticket)
    return {"reference_id": asked["reference_id"], **answer}


@contextmanager
def file(here: Served, reference_id: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A stored reference as a file for the workbench, and how it is to be read."""
    with tempfile.TemporaryDirectory(prefix="spc-") as folder:
        path = Path(folder) / "reference"
        with here.ledger.read() as connection, path.open("wb") as out:
            reference = references.get_reference(connection, reference_id)
            references.write_reference(connection, reference_id, out)
        zone = str(reference.facts.get("timezone", here.settings.timezone))
        yield path, {"name": reference.name, "roles": reference.roles, "timezone": zone}


def _teller(here: Served, id: str) -> Callable[[float, str], None]:
    """Writes down how far a job is, now and then."""
    said = 0.0

    def report(share: float, stage: str) -> None:
        nonlocal said
        if time.monotonic() - said > _TELL_S:
            said = time.monotonic()
            here.ledger.submit(lambda c: jobs.progress_job(c, id, share, stage, here.plant.clock()))

    return report
