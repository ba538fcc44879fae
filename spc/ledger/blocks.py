"""Blocks: the stretches of a line's rows that one record of a table holds, and the months by which PostgreSQL cuts them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

CUT = ("block", "judged", "row_key")  # the tables that grow with every row


def month_of(us: int) -> int:
    """The month of a time (µs UTC), as 202503.

    >>> month_of(1_741_068_000_000_000)
    202503
    """
    at = datetime.fromtimestamp(us // 1_000_000, UTC)
    return at.year * 100 + at.month


def make_room(connection: Connection, month: int) -> None:
    """Makes the partitions of a month where the database has partitions; elsewhere there is nothing to do."""
    if connection.dialect.name != "postgresql":
        return
    known: set[int] = connection.info.setdefault("months", set())  # of this connection: a partition is never dropped while it is written
    if month in known:
        return
    for name in CUT:
        if connection.exec_driver_sql(f"select to_regclass('{name}_{month}')").scalar() is None:
            # Made, then attached: `partition of` would wait until nobody reads the table, and stop all who begin to meanwhile.
            connection.exec_driver_sql(f"create table {name}_{month} (like {name} including all)")
            connection.exec_driver_sql(f"alter table {name} attach partition {name}_{month} for values from ({month}) to ({month + 1})")
    known.add(month)


def overlapping(table: Table, query: Select[Any], line: Any, first: Any, last: Any) -> Select[Any]:
    """The query for the blocks of a line that have any of the rows first … last: they do not overlap, so one looks back for one only."""
    start = select(func.max(table.c.first_seq)).where(table.c.line == line, table.c.first_seq <= first).scalar_subquery()
    here = (
        (table.c.line == line) & (table.c.first_seq >= func.coalesce(start, 0)) & (table.c.first_seq <= last) & (table.c.last_seq >= first)
    )
    return query.where(here).order_by(table.c.first_seq)
