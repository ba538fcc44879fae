"""Gaps: times in which rows of a line are known to be missing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, or_, select, update

from spc.ledger.schema import gap


@dataclass(frozen=True, slots=True)
class StoredGap:
    """Rows after row `after_seq` are missing since a time (µs UTC); `until` is None while it goes on."""

    id: int
    line: str
    after_seq: int
    since: int
    until: int | None
    source: str
    why: str


_COLUMNS = tuple(gap.c[name] for name in StoredGap.__slots__)


def put_gap(connection: Connection, line: str, after_seq: int, since: int, until: int | None, source: str, why: str) -> None:
    """Writes a gap down; while one of this source goes on, no second one is begun."""
    if until is None and open_gap(connection, line, source) is not None:
        return
    values = {"line": line, "after_seq": after_seq, "since": since, "until": until, "source": source, "why": why}
    connection.execute(insert(gap).values(**values))


def open_gap(connection: Connection, line: str, source: str) -> StoredGap | None:
    """The gap of a source that goes on, if there is one."""
    query = select(*_COLUMNS).where(gap.c.line == line, gap.c.source == source, gap.c.until.is_(None))
    found = connection.execute(query.limit(1)).first()
    return StoredGap(*found) if found else None


def end_gap(connection: Connection, line: str, source: str, now: int) -> None:
    """The gap of a source that goes on is over."""
    connection.execute(update(gap).where(gap.c.line == line, gap.c.source == source, gap.c.until.is_(None)).values(until=now))


def gaps_between(connection: Connection, line: str, first: int, last: int) -> list[StoredGap]:
    """The gaps before, between and after the rows first … last, in order."""
    query = select(*_COLUMNS).where(gap.c.line == line, gap.c.after_seq >= first - 1, gap.c.after_seq <= last)
    return [StoredGap(*one) for one in connection.execute(query.order_by(gap.c.since, gap.c.id))]


def gaps_since(connection: Connection, line: str, since: int) -> list[StoredGap]:
    """The gaps that reach into the time since `since` (µs UTC), in order."""
    query = select(*_COLUMNS).where(gap.c.line == line, or_(gap.c.until.is_(None), gap.c.until >= since))
    return [StoredGap(*one) for one in connection.execute(query.order_by(gap.c.since, gap.c.id))]
