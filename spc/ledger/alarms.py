"""Alarms and what happened to each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, not_, or_, select, update

from spc.errors import Complaint, NotFound
from spc.ledger.facts import facts_of, text_of
from spc.ledger.quick import Quick
from spc.ledger.schema import alarm, alarm_event
from spc.nouns import Alarm


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One thing that happened to an alarm: opened, again, returned, acknowledged, shelved, unshelved or cause."""

    id: int
    alarm_id: str
    at: int
    what: str
    by: str
    note: str
    seq: int | None


_FIELDS = tuple(one.name for one in dataclasses.fields(Alarm) if one.name != "facts")
_COLUMNS = (*(alarm.c[name] for name in _FIELDS), alarm.c.facts_json)
_EVENT = tuple(alarm_event.c[name] for name in ("id", "alarm_id", "at", "what", "made_by", "note", "seq"))

_STATES: dict[str, ColumnElement[bool]] = {
    "shelved": alarm.c.shelved_until.is_not(None),
    "unacknowledged": and_(alarm.c.shelved_until.is_(None), alarm.c.active, not_(alarm.c.acknowledged)),
    "acknowledged": and_(alarm.c.shelved_until.is_(None), alarm.c.active, alarm.c.acknowledged),
    "returned": and_(alarm.c.shelved_until.is_(None), not_(alarm.c.active), not_(alarm.c.acknowledged)),
    "normal": and_(alarm.c.shelved_until.is_(None), not_(alarm.c.active), alarm.c.acknowledged),
    "open": or_(alarm.c.active, not_(alarm.c.acknowledged), alarm.c.shelved_until.is_not(None)),
}


# asked for every block and signal: built once
_STAYS = ("id", "line", "kind", "opened_at", "first_row")
_CHANGE = Quick(
    update(alarm)
    .where(alarm.c.id == bindparam("id_"))
    .values({name: bindparam(f"{name}_") for name in (*_FIELDS, "facts_json") if name not in _STAYS})
)
_OPEN = Quick(insert(alarm))
_HAPPENED = Quick(
    insert(alarm_event)
    .values({name: bindparam(f"{name}_") for name in ("alarm_id", "at", "what", "made_by", "note", "seq")})
    .returning(alarm_event.c.id, sort_by_parameter_order=True)
)
_NOT_OVER = Quick(
    select(*_COLUMNS)
    .where(alarm.c.line == bindparam("of_line"), alarm.c.kind == bindparam("of_kind"), _STATES["open"])
    .order_by(alarm.c.opened_at.desc())
    .limit(1)
)


def _alarm(one: Any) -> Alarm:
    found = dict(zip(_FIELDS, one[:-1], strict=True))
    return Alarm(**found | {"active": bool(found["active"]), "acknowledged": bool(found["acknowledged"])}, facts=facts_of(one[-1]))


def put_alarm(connection: Connection, one: Alarm) -> None:
    """Stores the alarm as it is now."""
    values = {name: getattr(one, name) for name in _FIELDS} | {"facts_json": text_of(one.facts)}
    if _CHANGE.change(connection, {f"{name}_": value for name, value in values.items()}) == 0:
        _OPEN.change(connection, values)


def get_alarm(connection: Connection, id: str) -> Alarm:
    """Raises NotFound."""
    found = connection.execute(select(*_COLUMNS).where(alarm.c.id == id)).first()
    if found is None:
        raise NotFound(f"There is no alarm {id!r}.", cure="The list of alarms is at /api/v1/alarms.")
    return _alarm(found)


def open_alarm(connection: Connection, line: str, kind: str) -> Alarm | None:
    """The incident of this kind that is not over: active, or returned and not yet acknowledged, or shelved."""
    found = _NOT_OVER.first(connection, {"of_line": line, "of_kind": kind})
    return _alarm(found) if found else None


def alarms(connection: Connection, *, state: str = "", line: str = "", limit: int = 200) -> list[Alarm]:
    """The newest alarms first; `state` is one of the words of `Alarm.state`, or "open" for all that are not over."""
    query = select(*_COLUMNS).order_by(alarm.c.opened_at.desc(), alarm.c.first_row.desc()).limit(limit)
    if state:
        if state not in _STATES:
            raise Complaint(f"There is no alarm state {state!r}.", cure=f"States: {', '.join(_STATES)}.")
        query = query.where(_STATES[state])
    if line:
        query = query.where(alarm.c.line == line)
    return [_alarm(one) for one in connection.execute(query)]


def alarms_during(connection: Connection, since: int, until: int, *, line: str = "") -> list[Alarm]:
    """The alarms that were open for any time from `since` to `until` (µs UTC), oldest first."""
    over = func.coalesce(alarm.c.returned_at, until)
    query = select(*_COLUMNS).where(alarm.c.opened_at <= until, or_(alarm.c.active, over >= since)).order_by(alarm.c.opened_at, alarm.c.id)
    return [_alarm(one) for one in connection.execute(query.where(alarm.c.line == line) if line else query)]


def shelves_over(connection: Connection, now: int) -> list[Alarm]:
    """The shelved alarms whose time is up."""
    return [_alarm(one) for one in connection.execute(select(*_COLUMNS).where(alarm.c.shelved_until <= now))]


def add_event(connection: Connection, alarm_id: str, now: int, what: str, *, by: str = "", note: str = "", seq: int | None = None) -> int:
    """Writes down what happened, and returns its number."""
    return add_events(connection, [{"alarm_id": alarm_id, "what": what, "made_by": by, "note": note, "seq": seq}], now)[0]


def add_events(connection: Connection, happened: Sequence[Mapping[str, Any]], now: int) -> list[int]:
    """Writes down what happened, each as alarm_id, what, made_by, note, seq; returns their numbers, which grow."""
    values = [{f"{name}_": value for name, value in {**one, "at": now}.items()} for one in happened]
    return [int(id) for id in _HAPPENED.scalars(connection, values)]


def events_of(connection: Connection, alarm_id: str) -> list[AlarmEvent]:
    """Everything that happened to one alarm, in order."""
    query = select(*_EVENT).where(alarm_event.c.alarm_id == alarm_id).order_by(alarm_event.c.id)
    return [AlarmEvent(*one) for one in connection.execute(query)]


def events_after(connection: Connection, id: int, limit: int = 200) -> list[AlarmEvent]:
    """What happened to any alarm after event number `id`: what a page that is open must be told."""
    query = select(*_EVENT).where(alarm_event.c.id > id).order_by(alarm_event.c.id).limit(limit)
    return [AlarmEvent(*one) for one in connection.execute(query)]
