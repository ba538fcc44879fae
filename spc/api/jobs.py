"""Long work: asked for with 202, looked after here, done on the workbench."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter

from spc.api.served import Here, Served
from spc.api.times import iso
from spc.errors import Complaint, LedgerError
from spc.export import model_summary
from spc.ledger import jobs, references
from spc.ledger.jobs import Job
from spc.line import save_model
from spc.nouns import Model

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
log = structlog.get_logger("api")

_TELL_S = 0.5  # progress is written at most twice a second: each time costs a commit


@router.get("/{id}", summary="How far a job is")
async def one(here: Here, id: str) -> dict[str, Any]:
    """state: waiting, running, done (then `result` is there) or failed (then `error` is a problem detail)."""
    return told(await here.read(jobs.get_job, id))


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
    """Does one fit: blocks, and always leaves the job done or failed."""
    ledger, clock = here.ledger, here.plant.clock
    try:
        if not ledger.write(lambda c: jobs.start_job(c, id, clock())):
            return
        try:
            result = _fitted(here, id, asked)
        except Complaint as wrong:
            problem = wrong.problem()
            ledger.write(lambda c: jobs.fail_job(c, id, problem, clock()))
        except LedgerError:
            raise
        except Exception:
            log.exception("a fit failed", job=id)
            text = "This is a mistake of the program; it was written to its log."
            mistake = {"type": "urn:spc:InternalError", "title": "InternalError", "status": 500, "detail": text, "cure": "Report it."}
            ledger.write(lambda c: jobs.fail_job(c, id, mistake, clock()))
        else:
            ledger.write(lambda c: jobs.finish_job(c, id, result, clock()))
    except LedgerError as failed:
        log.error("a job could not be written down", job=id, error=str(failed))  # at the next start it is told to be interrupted


def _fitted(here: Served, id: str, asked: dict[str, Any]) -> dict[str, Any]:
    with here.ledger.read() as connection:
        reference = references.get_reference(connection, asked["reference_id"])
        content = references.reference_bytes(connection, asked["reference_id"])
    said = 0.0

    def report(share: float, stage: str) -> None:
        nonlocal said
        if time.monotonic() - said > _TELL_S:
            said = time.monotonic()
            here.ledger.submit(lambda c: jobs.progress_job(c, id, share, stage, here.plant.clock()))

    with tempfile.TemporaryDirectory(prefix="spc-") as folder:
        path = Path(folder) / "reference"
        path.write_bytes(content)
        zone = str(reference.facts.get("timezone", here.settings.timezone))
        text = here.bench.fit(path, name=reference.name, roles=reference.roles, timezone=zone, recipe=asked["recipe"], report=report)
    model = Model.from_json(text)
    made = save_model(here.ledger, model, reference_id=reference.id, by=asked["by"], now=here.plant.clock(), note=asked["note"])
    return {"id": made, "reference_id": reference.id, **model_summary(model)}
