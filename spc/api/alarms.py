"""Alarms: listed, looked at, answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from spc.api.served import Here, Served
from spc.api.shapes import Acknowledge, Cause, Shelve, Unshelve
from spc.api.times import iso, us_of
from spc.errors import Complaint
from spc.language import LANGUAGES
from spc.ledger import alarms, outbox
from spc.line import acknowledge, cause, shelve, unshelve
from spc.line.known import looks_like_of
from spc.line.verbs import is_name
from spc.nouns import Alarm
from spc.sentences import reworded

router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"])

_BEGAN = {"row": "since_at", "low": "since_low_at", "high": "since_high_at"}
_TIMES = ("opened_at", "updated_at", "returned_at", "acknowledged_at", "shelved_until")


@router.get("", summary="The alarms")
async def listed(
    here: Here,
    state: Annotated[str, Query(max_length=40, description="open, unacknowledged, acknowledged, returned, shelved, normal")] = "",
    line: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 200,
) -> dict[str, Any]:
    """The newest first."""
    found = await here.read(alarms.alarms, state=state, line=line, limit=limit)
    return {"alarms": [told(one) for one in found]}


@router.get("/{id}", summary="An alarm")
async def one(
    here: Here, id: str, language: Annotated[str, Query(max_length=10, description="en, de; empty: as it was said")] = ""
) -> dict[str, Any]:
    """With everything that happened to it, and who was told; its sentence in another language, if asked."""
    if language and language not in LANGUAGES:
        raise Complaint(f"There are no sentences in {language!r}.", cure=f"Languages: {', '.join(LANGUAGES)}.")

    def ask(connection: Connection) -> dict[str, Any]:
        alarm = alarms.get_alarm(connection, id)
        events = [{**asdict(event), "at": iso(event.at)} for event in alarms.events_of(connection, id)]
        near = [{**one, "last": iso(one["last"])} for one in looks_like_of(connection, alarm)]
        again = {"sentence": reworded(alarm.facts, language)} if language and "matter" in alarm.facts else {}
        return {**told(alarm), **again, "looks_like": near, "events": events, "messages": outbox.letters(connection, id)}

    return await here.read(ask)


@router.post("/{id}/acknowledge", summary="I have seen it")
async def acknowledged(here: Here, id: str, body: Acknowledge) -> dict[str, Any]:
    """Acts on what existed before: when the line goes out again, the alarm asks again. 409 when somebody was first."""
    return await _done(here, lambda now: acknowledge(here.ledger, id, body.by, body.note, now))


@router.post("/{id}/shelve", summary="Out of sight for a while")
async def shelved(here: Here, id: str, body: Shelve) -> dict[str, Any]:
    """With a reason, until a time or for some minutes; it comes back by itself."""
    if (body.until is None) == (body.minutes is None):
        raise Complaint("It must be known until when.", cure="Send either `until` or `minutes`.")

    def work(now: int) -> Alarm:
        until = us_of(body.until, here.settings.zone) if body.until is not None else now + round((body.minutes or 0.0) * 60e6)
        return shelve(here.ledger, id, body.by, body.reason or body.note, until, now)

    return await _done(here, work)


@router.post("/{id}/unshelve", summary="Back in sight")
async def unshelved(here: Here, id: str, body: Unshelve) -> dict[str, Any]:
    """Before its time."""
    return await _done(here, lambda now: unshelve(here.ledger, id, body.by, now))


@router.post("/{id}/cause", summary="What it was")
async def explained(here: Here, id: str, body: Cause) -> dict[str, Any]:
    """May be said again when more is known; what was said before is kept."""
    name = body.cause.strip() if body.known and is_name(body.cause) else None

    def work(now: int) -> Alarm:
        return cause(here.ledger, id, body.by, body.what, now, name=name, action=body.action, note=body.note)

    return await _done(here, work)


def told(alarm: Alarm) -> dict[str, Any]:
    """An alarm as it is answered: its state in one word, its times as ISO 8601."""
    said = asdict(alarm)
    return {
        **said,
        "facts": dict(alarm.facts),
        "state": alarm.state,
        "since": _since(alarm.facts),
        **{name: iso(said[name]) for name in _TIMES},
    }


def _since(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """When it began: rows and times, best and about nine tenths sure; None when nothing says so."""
    if facts.get("since_row") is None:
        return None
    rows = {word: facts.get(f"since_{word}") for word in ("row", "low", "high", "kind", "change", "why")}
    return {**rows, **{f"{word}_time": iso(facts.get(key)) for word, key in _BEGAN.items()}}


async def _done(here: Served, work: Callable[[int], Alarm]) -> dict[str, Any]:
    return told(await run_in_threadpool(work, here.plant.clock()))
