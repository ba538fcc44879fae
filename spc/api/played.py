"""The work of a replay: candidates fetched or fitted, rows block by block, and everything that is to be kept written in one change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
from sqlalchemy import Connection

from spc.api import jobs as work
from spc.api.served import Served
from spc.api.times import iso, us_of
from spc.errors import Conflict
from spc.export import model_summary
from spc.ledger import jobs, lines, models, references
from spc.ledger import rows as store
from spc.line import add_model
from spc.nouns import Floats, Model, ProductModels, Rows, load_model
from spc.reference import row_blocks
from spc.replay import BLOCK, Candidate, Needs, Telling, replay
from spc.settings import LineSettings
from spc.watch import Watch
from spc.workbench import Bounds, Ticket

Asked = dict[str, Any]
Tell = Callable[[float, str], None]


def called(one: Asked) -> str:
    """What a candidate is called: as was said, or the first digits of its id."""
    return str(one["name"] or (one["model_id"] or one["reference_id"] or "")[:8])


def played(here: Served, id: str, asked: Asked, ticket: Ticket) -> dict[str, Any]:
    """Does a replay. What it keeps, its result and the models asked to be kept, is written at once at the end, or not at all."""
    fits = sum(one["model_id"] is None for one in asked["candidates"])
    tell, done = work.teller(here, id), 0
    candidates = []
    for one in asked["candidates"]:
        ticket.check(Bounds())
        if one["model_id"] is None:
            candidates.append(Candidate(called(one), _fitted(here, one, _share(tell, done, fits), ticket)))
            done += 1
            continue
        with here.ledger.read() as connection:
            candidates.append(Candidate(called(one), models.get_model(connection, one["model_id"])))
    settings, first, truth = LineSettings("x"), 1, None
    with ExitStack() as open_files:
        rows: Iterator[Rows]
        if asked["line"] is not None:
            settings = here.plant.line(asked["line"]).settings
            first, last = _stretch(here, asked)
            rows, n = store.blocks_between(here.ledger.read, asked["line"], first, last, BLOCK), last - first + 1
        else:
            rows, n = _table(here, asked, candidates, open_files), _rows(here, asked)
            truth = _last_column if asked["truth"] else None
        going = _watched(rows, ticket, _share(tell, done, fits), n)
        title, language = settings.title if asked["line"] else "", settings.language or here.settings.language
        telling = Telling(title, settings.part, here.settings.zone, settings.advice, language, settings.called)
        found = replay(going, candidates, Watch(**asked["watch"]), truth=truth, telling=telling, first_row=first)
    result = {"line": asked["line"], "reference_id": asked["reference_id"], **found.to_dict()}
    return _finished(here, id, asked, candidates, result)


def kept(here: Served, id: str, asked: Asked, ticket: Ticket) -> dict[str, Any]:
    """Fits a candidate of a replay again and stores it. Raises Conflict when it is no longer the model that was played."""
    model = _fitted(here, asked, work.teller(here, id), ticket)
    if not isinstance(model, Model) or model.digest != asked["digest"]:
        cure = "Play it again: the program or its libraries may be others by now."
        raise Conflict("The fit gives another model than the one that was played.", cure=cure)

    def job(connection: Connection) -> str:
        if jobs.get_job(connection, id).state != "running":
            return ""  # cancelled at the last moment
        made = add_model(connection, model, reference_id=asked["reference_id"], by=asked["by"], now=here.plant.clock(), note=asked["note"])
        before = jobs.get_job(connection, asked["replay"])
        told = [{**one, "model_id": made} if one["name"] == asked["candidate"] else one for one in (before.result or {})["candidates"]]
        jobs.amend_job(connection, asked["replay"], {**(before.result or {}), "candidates": told})
        jobs.finish_job(connection, id, {"id": made, **summary}, here.plant.clock())
        return made

    summary = {"reference_id": asked["reference_id"], **model_summary(model)}
    return {"id": here.ledger.write(job), **summary}


def _fitted(here: Served, one: Asked, tell: Tell, ticket: Ticket) -> Model | ProductModels:
    """A reference and a recipe, fitted in a process of its own, which a cancelled ticket ends."""
    recipe = one["recipe"]
    labels = {recipe[word]: word for word in ("subgroup", "product") if recipe.get(word)}
    with work.file(here, one["reference_id"]) as (path, words):
        words["roles"] = {**words["roles"], **labels}
        return load_model(here.bench.fit(path, **words, recipe=recipe, report=tell, ticket=ticket, products=True))


def _share(tell: Tell, done: int, fits: int) -> Tell:
    """Progress of one part of the work: so many fits, and the rows at the end."""
    return lambda share, stage: tell((done + share) / (fits + 1), stage if stage == "playing" else f"fitting: {stage}")


def _watched(rows: Iterator[Rows], ticket: Ticket, tell: Tell, n: int) -> Iterator[Rows]:
    """The blocks, cut small: between two of them a cancelled job ends, and how far it is is said."""
    done = 0
    for table in rows:
        for start in range(0, len(table), BLOCK):
            ticket.check(Bounds())
            block = table.part(slice(start, start + BLOCK))
            yield block
            done += len(block)
            tell(min(done / n, 1.0) if n else 0.0, "playing")
    ticket.check(Bounds())


def _finished(here: Served, id: str, asked: Asked, candidates: list[Candidate], result: dict[str, Any]) -> dict[str, Any]:
    """The result with what each candidate is; the models that are to be kept are stored in the same change."""
    now = here.plant.clock()

    def job(connection: Connection) -> dict[str, Any]:
        if jobs.get_job(connection, id).state != "running":
            return result  # cancelled at the last moment: nothing is kept
        told = []
        for one, candidate in zip(asked["candidates"], candidates, strict=True):
            model, made = candidate.model, one["model_id"]
            if one["keep"] and isinstance(model, Model):
                made = add_model(connection, model, reference_id=one["reference_id"], by=asked["by"], now=now, note="kept from a replay")
            told.append(_told(connection, one, candidate, made))
        whole = {**result, "candidates": told}
        jobs.finish_job(connection, id, whole, now)
        return whole

    return here.ledger.write(job)


def _told(connection: Connection, one: Asked, candidate: Candidate, made: str | None) -> dict[str, Any]:
    """What a candidate is, for people: from which reference and when, by which estimator and alpha, and which line it judges."""
    model = candidate.model
    first = model.first if isinstance(model, ProductModels) else model
    record = models.model_record(connection, one["model_id"]) if one["model_id"] is not None else None
    reference_id = one["reference_id"] if record is None else record.reference_id
    stored = None if reference_id is None else references.get_reference(connection, reference_id)
    judges = [name for name in lines.lines(connection) if (now := lines.current(connection, name)) and made and now.model_id == made]
    return {
        "name": candidate.name,
        "model_id": made,
        "digest": None if isinstance(model, ProductModels) else model.digest,
        "reference_id": reference_id,
        "recipe": dict(one["recipe"]) if record is None else None,
        "reference": None if stored is None else stored.name or stored.id[:8],
        "made_at": None if record is None else iso(record.created_at),
        "estimator": first.estimator,
        "alpha": candidate.asked,
        "n": first.n,
        "charts": list(first.new_limits),
        "products": list(model.products) if isinstance(model, ProductModels) else [],
        "judges": judges,
    }


def _stretch(here: Served, asked: Asked) -> tuple[int, int]:
    """The first and the last row number: as asked, or those between two times, or the newest so many."""
    with here.ledger.read() as connection:
        end = lines.last_seq(connection, asked["line"])
        first, last = asked["first"] or 1, min(asked["last"] or end, end)
        if asked["since"] or asked["until"]:
            since, until = (us_of(asked[key], here.settings.zone) if asked[key] else None for key in ("since", "until"))
            low, high = store.span(connection, asked["line"], since, until)
            first, last = max(first, low), min(last, high)
        if asked["newest"] is not None:
            first = max(first, last - int(asked["newest"]) + 1)
    return first, last


def _rows(here: Served, asked: Asked) -> int:
    """How many rows an uploaded table has; 0 when nobody counted them."""
    with here.ledger.read() as connection:
        return int(references.get_reference(connection, asked["reference_id"]).facts.get("n", 0))


def _table(here: Served, asked: Asked, candidates: list[Candidate], open_files: ExitStack) -> Iterator[Rows]:
    """An uploaded table's rows in the models' columns, block after block, and last its labels when a column of them was named."""
    path, words = open_files.enter_context(work.file(here, asked["reference_id"]))
    needs = Needs.of(candidates, asked["truth"])
    time, id = (next((name for name, role in words["roles"].items() if role == kind), None) for kind in ("time", "id"))
    return row_blocks(
        path,
        columns=needs.columns,
        time=time or needs.time,
        id=id or needs.id,
        subgroup=needs.subgroup,
        product=needs.product,
        timezone=words["timezone"],
    )


def _last_column(rows: Rows) -> Floats:
    return np.ascontiguousarray(rows.x[:, -1])
