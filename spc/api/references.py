"""References: an upload goes to disk as it comes, is read in a process of its own, and is kept with what was found."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast, get_args

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from spc.api import jobs as work
from spc.api.served import Here, Served
from spc.api.shapes import DistributionFree, Roles
from spc.api.times import iso
from spc.errors import BadTable, Complaint
from spc.ledger import jobs, references
from spc.ledger.references import StoredReference
from spc.line import save_reference
from spc.nouns import Role
from spc.phase1 import Recipe, Recommendation, recommend
from spc.reference import read

router = APIRouter(prefix="/api/v1/references", tags=["references"])

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "roles": {"type": "string", "description": 'JSON: {"board_id": "id"}'},
                    "timezone": {"type": "string"},
                    "by": {"type": "string"},
                },
            }
        },
        "text/csv": {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.post("", status_code=201, summary="Upload a reference CSV", openapi_extra={"requestBody": _BODY})
async def upload(
    request: Request,
    here: Here,
    response: Response,
    name: Annotated[str, Query(max_length=300, description="The file's name, when the body is the file itself.")] = "",
    roles: Annotated[str, Query(description='JSON: {"board_id": "id"}')] = "{}",
    timezone: Annotated[str, Query(max_length=100)] = "",
    by: Annotated[str, Query(max_length=200)] = "",
) -> dict[str, Any]:
    """A form with the field `file`, or the file itself as the body. Answers with what was found: n, names, columns, dialect, findings."""
    asked = {"name": name, "roles": roles, "timezone": timezone, "by": by}
    async with _on_disk(request, asked) as path:
        answer = await _keep(
            here, path, name=asked["name"], roles=_roles(_json(asked["roles"])), timezone=asked["timezone"], by=asked["by"]
        )
    response.headers["Location"] = f"/api/v1/references/{answer['id']}"
    return answer


@router.get("", summary="The newest references")
async def listed(here: Here, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
    """Newest first, without their findings."""
    found = await here.read(references.references, limit)
    return {"references": [{k: v for k, v in told(one).items() if k not in ("findings", "columns")} for one in found]}


@router.get("/{id}", summary="A reference")
async def one(here: Here, id: str) -> dict[str, Any]:
    """What was found when it was read."""
    return told(await here.read(references.get_reference, id))


@router.patch("/{id}/roles", status_code=201, summary="Answer the roles of columns", operation_id="patch_roles")
@router.post("/{id}/roles", status_code=201, summary="Answer the roles of columns", operation_id="post_roles")
async def answered(here: Here, response: Response, id: str, body: Roles) -> dict[str, Any]:
    """Reads the same bytes again with these roles. A reference is never changed: the answer is another one, with its own id."""
    before = await here.read(references.get_reference, id)
    content = await here.read(references.reference_bytes, id)
    with tempfile.TemporaryDirectory(prefix="spc-") as folder:
        path = Path(folder) / "reference"
        await run_in_threadpool(path.write_bytes, content)
        roles = {**before.roles, **_roles(body.roles)}
        answer = await _keep(here, path, name=before.name, roles=roles, timezone=str(before.facts.get("timezone", "")), by=body.by)
    response.headers["Location"] = f"/api/v1/references/{answer['id']}"
    return answer


@router.post("/{id}/distribution-free", status_code=202, summary="Is it stable, whatever its distribution?")
async def distribution_free(here: Here, response: Response, id: str, body: DistributionFree) -> dict[str, Any]:
    """Answers at once with a job. Its result: p_value, stable, the shifts with the rows they begin in and what moved, and a sentence."""
    await here.read(references.get_reference, id)
    asked = {**body.model_dump(), "reference_id": id}
    job = await here.write(lambda c: jobs.add_job(c, "distribution-free", asked, by=body.by, now=here.plant.clock()))
    here.crew.submit(work.stability, here, job, asked)
    response.headers["Location"] = f"/api/v1/jobs/{job}"
    return {"job": job, "state": "waiting", "href": f"/api/v1/jobs/{job}"}


@router.get("/{id}/recommendation", summary="What a fit of it should do other than usual")
async def recommendation(here: Here, id: str, alpha: Annotated[float, Query(gt=0.0, lt=1.0)] = 0.0027) -> dict[str, Any]:
    """A recipe to send to POST /models, and the reason of each thing in it that is not usual. The person decides."""
    stored = await here.read(references.get_reference, id)
    content = await here.read(references.reference_bytes, id)
    zone = str(stored.facts.get("timezone") or here.settings.timezone)

    def asked() -> Recommendation:
        return recommend(
            read(content, name=stored.name, roles=cast("dict[str, Role]", dict(stored.roles)), timezone=zone), Recipe(alpha=alpha)
        )

    found = await run_in_threadpool(asked)
    return {"recipe": found.recipe.to_dict(), "reasons": [one.to_dict() for one in found.reasons]}


def told(one: StoredReference) -> dict[str, Any]:
    """A stored reference as it is answered."""
    return {
        "id": one.id,
        "name": one.name,
        "digest": one.digest,
        "roles": dict(one.roles),
        **one.facts,
        "created_at": iso(one.created_at),
        "created_by": one.created_by,
    }


async def _keep(here: Served, path: Path, *, name: str, roles: Mapping[str, str], timezone: str, by: str) -> dict[str, Any]:
    zone = timezone or here.settings.timezone
    facts = await run_in_threadpool(here.bench.read, path, name=name, roles=roles, timezone=zone)
    facts["timezone"] = zone

    def save() -> StoredReference:
        id = save_reference(here.ledger, path.read_bytes(), name=name, by=by, now=here.plant.clock(), roles=roles, facts=facts)
        with here.ledger.read() as connection:
            return references.get_reference(connection, id)

    return told(await run_in_threadpool(save))


@asynccontextmanager
async def _on_disk(request: Request, asked: dict[str, str]) -> AsyncIterator[Path]:
    """The uploaded file, on disk for as long as it is needed; `asked` is filled from the form's fields."""
    with tempfile.TemporaryDirectory(prefix="spc-") as folder:
        path = Path(folder) / "reference"
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            await _from_form(request, asked, path)
        else:
            await _from_body(request, path)
        if path.stat().st_size == 0:
            raise BadTable("The file is empty.", cure="Export it again.")
        yield path


async def _from_form(request: Request, asked: dict[str, str], path: Path) -> None:
    try:
        form = await request.form(max_files=1, max_fields=10)
    except HTTPException as broken:
        raise BadTable(f"The form cannot be read: {broken.detail}", cure="Send one file in the field `file`.") from broken
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadTable("The form has no file in its field `file`.", cure="curl -F file=@reference.csv …")
        for word in ("name", "roles", "timezone", "by"):
            if isinstance(said := form.get(word), str):
                asked[word] = said
        asked["name"] = asked["name"] or (file.filename or "")
        await run_in_threadpool(_copy, file.file, path)
    finally:
        await form.close()


def _copy(source: BinaryIO, path: Path) -> None:
    with path.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


async def _from_body(request: Request, path: Path) -> None:
    with path.open("wb") as out:
        async for chunk in request.stream():
            await run_in_threadpool(out.write, chunk)


def _json(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError as broken:
        raise Complaint(f"roles is not JSON: {broken}.", cure='Write for instance {"board_id": "id"}.') from broken


def _roles(said: Any) -> dict[str, str]:
    known = get_args(Role)
    if not isinstance(said, dict):
        raise Complaint("roles is not a table of column and role.", cure='Write for instance {"board_id": "id"}.')
    for column, role in said.items():
        if role not in known:
            raise Complaint(f"There is no role {role!r}.", cure=f"Roles: {', '.join(known)}.", column=str(column))
    return {str(column): str(role) for column, role in said.items()}
