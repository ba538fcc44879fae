"""Scraps: what sources sent and no row could be made of, until somebody takes them again or discards them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from spc.errors import Conflict, NotFound
from spc.ledger.schema import scrap

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


_COLUMNS = tuple(scrap.c[name] for name in Kept.__slots__)


def put_scrap(connection: Connection, line: str, source: str, now: int, reason: str, payload: bytes) -> None:
    """Keeps what a source sent."""
    values = {"line": line, "source": source, "at": now, "reason": reason, "payload": payload, "state": WAITING, "handled_by": ""}
    connection.execute(insert(scrap).values(**values))


def scraps(connection: Connection, line: str, *, state: str = WAITING, after: int = 0, limit: int = 100) -> list[Kept]:
    """The scraps of a line in a state, oldest first, those after the one with number `after`."""
    query = select(*_COLUMNS).where(scrap.c.line == line, scrap.c.state == state, scrap.c.id > after)
    return [Kept(*one) for one in connection.execute(query.order_by(scrap.c.id).limit(limit))]


def get_scrap(connection: Connection, line: str, id: int) -> Kept:
    """Raises NotFound."""
    found = connection.execute(select(*_COLUMNS).where(scrap.c.line == line, scrap.c.id == id)).first()
    if found is None:
        raise NotFound(f"Line {line!r} has no scrap number {id}.", cure="The list says which there are.")
    return Kept(*found)


def handle_scrap(connection: Connection, line: str, id: int, state: str, by: str, now: int) -> None:
    """Says that a scrap was taken or discarded; raises Conflict when it was handled before."""
    here = (scrap.c.line == line) & (scrap.c.id == id) & (scrap.c.state == WAITING)
    if connection.execute(update(scrap).where(here).values(state=state, handled_at=now, handled_by=by)).rowcount != 1:
        before = get_scrap(connection, line, id)
        raise Conflict(f"Scrap {id} was {before.state} before.", cure="Nothing needs to be done.")


def count_scraps(connection: Connection) -> dict[str, int]:
    """How many scraps wait, by line."""
    query = select(scrap.c.line, func.count()).where(scrap.c.state == WAITING).group_by(scrap.c.line)
    return {line: int(n) for line, n in connection.execute(query)}
