"""Who did what, when and why, to anything but an alarm (those have their own events)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from spc.ledger.quick import Quick
from spc.ledger.schema import event

_ANEW = Quick(
    select(event.c.facts_json).where(event.c.what == "charts begin anew", event.c.about == bindparam("of_line")).order_by(event.c.id)
)


@dataclass(frozen=True, slots=True)
class Event:
    """what: "reference saved", "model saved", "activated"; about: "line:smt-2"; why: the reason the person gave."""

    id: int
    at: int
    by: str
    what: str
    about: str
    why: str
    facts: Mapping[str, Any]


def note_event(
    connection: Connection, now: int, by: str, what: str, about: str, why: str = "", facts: Mapping[str, Any] | None = None
) -> None:
    """Writes it down."""
    values = {"at": now, "made_by": by, "what": what, "about": about, "why": why, "facts_json": json.dumps(dict(facts or {}))}
    connection.execute(insert(event).values(**values))


def begun_anew(connection: Connection, line: str, before: int) -> int:
    """The row after which the charts of a line last began anew, of those before row `before`; 0 when they never did."""
    return max((one for one in all_begun_anew(connection, line) if one < before), default=0)


def all_begun_anew(connection: Connection, line: str) -> list[int]:
    """The rows after which the charts of a line began anew, in the order in which that was asked for."""
    return [int(json.loads(facts).get("after", 0)) for (facts,) in _ANEW.all(connection, {"of_line": f"line:{line}"})]


def events(connection: Connection, limit: int = 200) -> list[Event]:
    """The newest first."""
    columns = [event.c[name] for name in ("id", "at", "made_by", "what", "about", "why", "facts_json")]
    found = connection.execute(select(*columns).order_by(event.c.id.desc()).limit(limit))
    return [Event(id, at, by, what, about, why, json.loads(facts)) for id, at, by, what, about, why, facts in found]
