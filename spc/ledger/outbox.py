"""Messages that people must get: written with the alarm in one transaction, and taken off only after they were told.

Whoever sends claims a message for a while by an update that changes exactly one row. If that process dies before it says "told", the
claim runs out and the message is sent again under the same id: at least once, and a receiver can tell a repeat.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update

from spc.ledger.facts import facts_of, text_of
from spc.ledger.quick import Quick
from spc.ledger.schema import outbox

_SPACE = uuid.UUID("6a3f0c1e-5a1d-5b7e-9c56-2f1f8f2f4e51")
_PUT = Quick(insert(outbox))


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed message: for which notifier, its content, and how often it was tried, this time included."""

    id: str
    alarm_id: str
    notifier: str
    reason: str
    message: Mapping[str, Any]
    tries: int


def put_letter(
    connection: Connection, alarm_id: str, event_id: int, notifier: str, reason: str, message: Mapping[str, Any], now: int
) -> str:
    """Queues a message about one event of an alarm for one notifier, and returns the id that the receiver will see."""
    return put_letters(connection, [(alarm_id, event_id, notifier, reason, message)], now)[0]


def put_letters(connection: Connection, letters: Sequence[tuple[str, int, str, str, Mapping[str, Any]]], now: int) -> list[str]:
    """The same for many: alarm, event, notifier, reason, message."""
    ids = [str(uuid.uuid5(_SPACE, f"{alarm_id}/{event_id}/{notifier}")) for alarm_id, event_id, notifier, _, _ in letters]
    values = [
        {
            "id": id,
            "alarm_id": alarm_id,
            "event_id": event_id,
            "notifier": notifier,
            "reason": reason,
            "message_json": text_of({**message, "id": id}),
            "state": "waiting",
            "created_at": now,
            "due_at": now,
            "tries": 0,
            "lease_until": None,
            "lease_of": "",
            "told_at": None,
            "error": "",
        }
        for id, (alarm_id, event_id, notifier, reason, message) in zip(ids, letters, strict=True)
    ]
    _PUT.each(connection, values)
    return ids


def claim(connection: Connection, notifiers: Collection[str], now: int, lease_us: int, owner: str, limit: int = 10) -> list[Letter]:
    """Takes messages that are due, for at most `lease_us`. Of one alarm to one notifier the earlier goes first."""
    earlier = outbox.alias("earlier")
    waits = exists().where(
        and_(
            earlier.c.alarm_id == outbox.c.alarm_id,
            earlier.c.notifier == outbox.c.notifier,
            earlier.c.event_id < outbox.c.event_id,
            earlier.c.state == "waiting",
        )
    )
    free = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until < now)
    due = (
        select(outbox.c.id, outbox.c.alarm_id, outbox.c.notifier, outbox.c.reason, outbox.c.message_json, outbox.c.tries)
        .where(outbox.c.state == "waiting", outbox.c.due_at <= now, free, outbox.c.notifier.in_(notifiers), ~waits)
        .order_by(outbox.c.due_at, outbox.c.event_id)
        .limit(limit)
    )
    claimed = []
    for id, alarm_id, notifier, reason, message, tries in connection.execute(due).all():
        take = update(outbox).where(outbox.c.id == id, outbox.c.state == "waiting", free)
        if connection.execute(take.values(lease_until=now + lease_us, lease_of=owner, tries=tries + 1)).rowcount == 1:
            claimed.append(Letter(id, alarm_id, notifier, reason, facts_of(message), tries + 1))
    return claimed


def _mine(id: str, owner: str) -> Any:
    return update(outbox).where(outbox.c.id == id, outbox.c.lease_of == owner, outbox.c.state == "waiting")


def told(connection: Connection, id: str, owner: str, now: int) -> bool:
    """The receiver has it. False when the claim had run out and another took over."""
    return connection.execute(_mine(id, owner).values(state="told", told_at=now, lease_until=None, error="")).rowcount == 1


def again(connection: Connection, id: str, owner: str, due_at: int, error: str) -> bool:
    """It failed, and will be due again."""
    return connection.execute(_mine(id, owner).values(due_at=due_at, lease_until=None, lease_of="", error=error)).rowcount == 1


def dead(connection: Connection, id: str, owner: str, error: str) -> bool:
    """It failed for good: kept, counted and shown, not tried again."""
    return connection.execute(_mine(id, owner).values(state="dead", lease_until=None, error=error)).rowcount == 1


def release(connection: Connection) -> int:
    """Ends every lease: for the start of the only process that writes this ledger, when whoever held one is dead. Returns how many."""
    query = update(outbox).where(outbox.c.state == "waiting", outbox.c.lease_until.is_not(None))
    return connection.execute(query.values(lease_until=None, lease_of="")).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """How many messages are waiting, told and dead."""
    query = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    return {"waiting": 0, "told": 0, "dead": 0} | {state: int(n) for state, n in connection.execute(query)}


def letters(connection: Connection, alarm_id: str) -> list[dict[str, Any]]:
    """Who was told of an alarm, when, and what went wrong."""
    names = ("id", "notifier", "reason", "state", "created_at", "due_at", "tries", "told_at", "error")
    query = select(*(outbox.c[name] for name in names)).where(outbox.c.alarm_id == alarm_id).order_by(outbox.c.event_id, outbox.c.notifier)
    return [dict(zip(names, one, strict=True)) for one in connection.execute(query)]
