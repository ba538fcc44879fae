"""What is wrong with a ledger: what the database says of itself, and what the blocks of rows say of each other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.sql.elements import ColumnElement

from spc.ledger.schema import archived, block, judged


def check(connection: Connection) -> list[str]:
    """Sentences, none when all is well. Reads every block, so not for every day."""
    said = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    return said + _rows(connection) + _points(connection)


def _sqlite(connection: Connection) -> list[str]:
    found = [str(one) for (one,) in connection.exec_driver_sql("pragma integrity_check") if one != "ok"]
    orphans = connection.exec_driver_sql("pragma foreign_key_check").all()
    return found + [f"{table} row {rowid} refers to a missing {parent}" for table, rowid, parent, _ in orphans]


def _postgres(connection: Connection) -> list[str]:
    """Keys and references are held by the server itself; that it may forget what it acknowledged is for its owner to know."""
    off = [name for name in ("fsync", "full_page_writes") if connection.exec_driver_sql(f"show {name}").scalar() != "on"]
    return [f"the server runs with {name} = off: rows that were acknowledged are lost when its power goes" for name in off]


def _before(table: Any) -> ColumnElement[int]:
    """The last row of the block before."""
    return func.lag(table.c.last_seq).over(partition_by=table.c.line, order_by=table.c.first_seq).label("before")


def _rows(connection: Connection) -> list[str]:
    """Rows follow each other without a gap, from the first one that is not in the archive; a block has bytes for each of its rows."""
    n = block.c.last_seq - block.c.first_seq + 1
    whole = (func.length(block.c.at) == 8 * n) & (func.length(block.c.x) % (8 * n) == 0)
    stored = select(block.c.line, block.c.first_seq, block.c.last_seq, _before(block), whole.label("whole")).subquery()
    kept = select(func.max(archived.c.last_seq)).where(archived.c.line == stored.c.line, archived.c.last_seq < stored.c.first_seq)
    before = func.coalesce(stored.c.before, kept.scalar_subquery(), 0)
    query = select(stored.c.line, stored.c.first_seq, stored.c.last_seq, before, stored.c.whole)
    odd = connection.execute(query.where((stored.c.first_seq != before + 1) | ~stored.c.whole).order_by(stored.c.line, stored.c.first_seq))
    return [
        f"line {line}: rows {first} to {last} are damaged" if first == before + 1 else f"line {line}: row {first} follows row {before}"
        for line, first, last, before, _ in odd
    ]


def _points(connection: Connection) -> list[str]:
    """A row is judged once, and only a row that is there: here, or in the archive."""
    n = judged.c.last_seq - judged.c.first_seq + 1
    whole = (func.length(judged.c["values"]) % (16 * n) == 0) & (func.length(judged.c.out) * 16 == func.length(judged.c["values"]))
    stored = select(judged.c.line, judged.c.first_seq, judged.c.last_seq, _before(judged), whole.label("whole")).subquery()
    newest = select(block.c.line, func.max(block.c.last_seq).label("last")).group_by(block.c.line).subquery()  # once, not for each block
    last = newest.c.last
    query = select(stored.c.line, stored.c.first_seq, stored.c.last_seq, func.coalesce(stored.c.before, 0), stored.c.whole, last)
    query = query.select_from(stored.outerjoin(newest, newest.c.line == stored.c.line))
    odd = (stored.c.before >= stored.c.first_seq) | ~stored.c.whole | (stored.c.last_seq > func.coalesce(last, 0))
    said = []
    for line, first, last_one, before, good, end in connection.execute(query.where(odd).order_by(stored.c.line, stored.c.first_seq)):
        if before >= first:
            said.append(f"line {line}: row {first} was judged twice")
        elif not good:
            said.append(f"line {line}: the points of rows {first} to {last_one} are damaged")
        else:
            said.append(f"line {line}: row {last_one} was judged and is not there (the last one is {end or 0})")
    return said
