"""Scraps: what sources sent and no row could be made of, until somebody takes them again or discards them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from spc.errors import Conflict, NotFound
from spc.ledger.schema import scrap, scrap_request

WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Kept:
    """A scrap as it was kept: state is "waiting", "taken" or "discarded"."""

    id: int
    line: str
    source: str
    at: int
    reason: str
    payload: bytes
    state: str
    handled_at: int | None
    handled_by: str
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked whoever runs the line to take a scrap again: who and when, what to read in its place when it was corrected, and why
    it was not taken, which is empty while that is to come.
    """

    scrap: int
    line: str
    at: int
    by: str
    payload: bytes | None
    refused: str


_COLUMNS = tuple(scrap.c[name] for name in Kept.__slots__[:-1])
_ASKED = tuple(scrap_request.c)
_BOTH = select(*_COLUMNS, *(one.label(f"asked_{one.name}") for one in _ASKED)).select_from(scrap.outerjoin(scrap_request))


def put_scrap(connection: Connection, line: str, source: str, now: int, reason: str, payload: bytes) -> None:
    """Keeps what a source sent."""
    values = {"line": line, "source": source, "at": now, "reason": reason, "payload": payload, "state": WAITING, "handled_by": ""}
    connection.execute(insert(scrap).values(**values))


def scraps(connection: Connection, line: str, *, state: str = WAITING, after: int = 0, limit: int = 100) -> list[Kept]:
    """The scraps of a line in a state, oldest first, those after the one with number `after`."""
    query = _BOTH.where(scrap.c.line == line, scrap.c.state == state, scrap.c.id > after)
    return [_kept(one) for one in connection.execute(query.order_by(scrap.c.id).limit(limit))]


def _kept(one: Any) -> Kept:
    own, asked = one[: len(_COLUMNS)], one[len(_COLUMNS) :]
    return replace(Kept(*own), asked=None if asked[0] is None else Asked(*asked))


def handled(connection: Connection, line: str, since: int, limit: int = 3) -> list[Kept]:
    """The scraps of a line that were taken or discarded since a time, the newest first."""
    query = _BOTH.where(scrap.c.line == line, scrap.c.state != WAITING, scrap.c.handled_at >= since)
    return [_kept(one) for one in connection.execute(query.order_by(scrap.c.handled_at.desc(), scrap.c.id.desc()).limit(limit))]


def get_scrap(connection: Connection, line: str, id: int) -> Kept:
    """Raises NotFound."""
    found = connection.execute(_BOTH.where(scrap.c.line == line, scrap.c.id == id)).first()
    if found is None:
        raise NotFound(f"Line {line!r} has no scrap number {id}.", cure="The list says which there are.")
    return _kept(found)


def handle_scrap(connection: Connection, line: str, id: int, state: str, by: str, now: int) -> None:
    """Says that a scrap was taken or discarded; raises Conflict when it was handled before."""
    here = (scrap.c.line == line) & (scrap.c.id == id) & (scrap.c.state == WAITING)
    if connection.execute(update(scrap).where(here).values(state=state, handled_at=now, handled_by=by)).rowcount != 1:
        before = get_scrap(connection, line, id)
        raise Conflict(f"Scrap {id} was {before.state} before.", cure="Nothing needs to be done.")
    connection.execute(delete(scrap_request).where(scrap_request.c.scrap_id == id))


def ask_for_scrap(connection: Connection, line: str, id: int, by: str, payload: bytes | None, now: int) -> None:
    """Asks whoever runs the line to take a scrap again, in place of what was asked before; raises Conflict when it was handled before."""
    found = get_scrap(connection, line, id)
    if found.state != WAITING:
        raise Conflict(f"Scrap {id} was {found.state} before.", cure="Nothing needs to be done.")
    connection.execute(delete(scrap_request).where(scrap_request.c.scrap_id == id))
    values = {"scrap_id": id, "line": line, "at": now, "made_by": by, "payload": payload, "refused": ""}
    connection.execute(insert(scrap_request).values(**values))


def asked(connection: Connection, lines: Collection[str]) -> list[Asked]:
    """What people ask of those who run these lines, oldest first."""
    query = select(*_ASKED).where(scrap_request.c.line.in_(lines), scrap_request.c.refused == "")
    return [Asked(*one) for one in connection.execute(query.order_by(scrap_request.c.at, scrap_request.c.scrap_id))] if lines else []


def refuse_scrap(connection: Connection, one: Asked, why: str) -> None:
    """Says why a scrap was not taken; not of what was asked in its place since."""
    same = (scrap_request.c.scrap_id == one.scrap) & (scrap_request.c.at == one.at)
    connection.execute(update(scrap_request).where(same).values(refused=why))


def count_asked(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many scraps wait for whoever runs their line, and how many were not taken, by line."""
    waits = func.sum(case((scrap_request.c.refused == "", 1), else_=0))
    query = select(scrap_request.c.line, waits, func.count()).group_by(scrap_request.c.line)
    return {line: (int(waiting), int(n) - int(waiting)) for line, waiting, n in connection.execute(query)}


def count_scraps(connection: Connection) -> dict[str, int]:
    """How many scraps wait, by line."""
    query = select(scrap.c.line, func.count()).where(scrap.c.state == WAITING).group_by(scrap.c.line)
    return {line: int(n) for line, n in connection.execute(query)}
