"""Known causes of a line: their names, and the incidents that people found to have them. An incident has the cause that was said last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from spc.errors import NotFound
from spc.ledger.facts import facts_of, text_of
from spc.ledger.quick import Quick
from spc.ledger.schema import alarm, cause_case, known_cause


@dataclass(frozen=True, slots=True)
class Case:
    """One incident of a cause: who said so and when, what was done about it, and which way it went.

    `shift` has, when the incident had a direction: shift {variable: in its own unit}, shift_t2, shift_size (whitened length);
    axis {variable: in its own unit} and axis_t2 when it was a change of the spread.
    """

    alarm_id: str
    at: int
    by: str
    action: str
    note: str
    model_id: str
    opened_at: int
    shift: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownCause:
    """A cause with its incidents, oldest first. One that was withdrawn is compared with nothing, and kept."""

    id: int
    line: str
    name: str
    created_at: int
    created_by: str
    withdrawn_at: int | None
    withdrawn_by: str
    cases: tuple[Case, ...] = ()

    @property
    def last_at(self) -> int | None:
        """When the last of its incidents began to be one."""
        return max((one.opened_at for one in self.cases), default=None)


_COLUMNS = tuple(known_cause.c[name] for name in ("id", "line", "name", "created_at", "created_by", "withdrawn_at", "withdrawn_by"))
_CASE = tuple(cause_case.c[name] for name in ("cause_id", "alarm_id", "at", "made_by", "action", "note", "model_id"))


# asked with every block that has a signal: built once
_OF_LINE = select(*_COLUMNS).where(known_cause.c.line == bindparam("of_line")).order_by(known_cause.c.id)
_ALL, _LEFT = Quick(_OF_LINE), Quick(_OF_LINE.where(known_cause.c.withdrawn_at.is_(None)))
_NEWEST = (
    select(func.max(cause_case.c.id))
    .join(alarm, alarm.c.id == cause_case.c.alarm_id)
    .where(alarm.c.line == bindparam("of_line"))
    .group_by(cause_case.c.alarm_id)
)
_SAID = Quick(
    select(*_CASE, alarm.c.opened_at, cause_case.c.shift_json)
    .join(alarm, alarm.c.id == cause_case.c.alarm_id)
    .where(cause_case.c.id.in_(_NEWEST))
    .order_by(alarm.c.opened_at, cause_case.c.id)
)


def known_causes(connection: Connection, line: str, *, withdrawn: bool = False) -> list[KnownCause]:
    """The causes of a line in the order in which they were found; those that were withdrawn only when asked for."""
    found = (_ALL if withdrawn else _LEFT).all(connection, {"of_line": line})
    cases = _cases(connection, line) if found else {}
    return [replace(KnownCause(*one), cases=tuple(cases.get(one[0], ()))) for one in found]


def get_cause(connection: Connection, line: str, id: int) -> KnownCause:
    """Raises NotFound."""
    for one in known_causes(connection, line, withdrawn=True):
        if one.id == id:
            return one
    raise NotFound(f"There is no known cause {id} on {line}.", cure=f"The list is at /api/v1/lines/{line}/causes.")


def put_cause(connection: Connection, line: str, name: str, by: str, now: int) -> int:
    """The number of the line's cause of this name, made when new. Capitals and spaces do not make another cause."""
    wanted = _plain(name)
    for one in connection.execute(select(known_cause.c.id, known_cause.c.name).where(known_cause.c.line == line, _here)):
        if _plain(one.name) == wanted:
            return int(one.id)
    values = {"line": line, "name": " ".join(name.split()), "created_at": now, "created_by": by, "withdrawn_by": ""}
    return int(connection.execute(insert(known_cause).values(**values).returning(known_cause.c.id)).scalar_one())


def add_case(
    connection: Connection,
    cause_id: int | None,
    alarm_id: str,
    now: int,
    by: str,
    *,
    action: str = "",
    note: str = "",
    model_id: str = "",
    shift: Mapping[str, Any] | None = None,
) -> None:
    """Writes down that an incident had this cause, or (None) none of the known ones; what was said of it before no longer holds."""
    values = {"cause_id": cause_id, "alarm_id": alarm_id, "at": now, "made_by": by, "action": action, "note": note, "model_id": model_id}
    connection.execute(insert(cause_case).values(**values, shift_json=text_of(shift or {})))


def has_case(connection: Connection, alarm_id: str) -> bool:
    """Whether a cause was ever written down for this alarm."""
    return connection.execute(select(cause_case.c.id).where(cause_case.c.alarm_id == alarm_id).limit(1)).first() is not None


def rename_cause(connection: Connection, id: int, name: str) -> None:
    """Another name; who gave it, and why, is an event."""
    connection.execute(update(known_cause).where(known_cause.c.id == id).values(name=" ".join(name.split())))


def withdraw_cause(connection: Connection, id: int, by: str, now: int) -> None:
    """From now on nothing looks like it."""
    connection.execute(update(known_cause).where(known_cause.c.id == id).values(withdrawn_at=now, withdrawn_by=by))


_here = known_cause.c.withdrawn_at.is_(None)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _cases(connection: Connection, line: str) -> dict[int, list[Case]]:
    found: dict[int, list[Case]] = {}
    for cause_id, *words, shift in _SAID.all(connection, {"of_line": line}):
        if cause_id is not None:
            found.setdefault(cause_id, []).append(replace(Case(*words), shift=facts_of(shift)))
    return found
