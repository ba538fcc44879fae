"""PostgreSQL's months: once all rows of one are in the archive, its tables are dropped."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from spc.ledger.blocks import CUT


def drop_months(connection: Connection, now: int) -> list[int]:
    """Drops the tables of months before `now` (202503) that hold nothing; returns which. Nothing happens where there are no such tables.

    A month that somebody reads just now waits for the next time.
    """
    if connection.dialect.name != "postgresql":
        return []
    found = connection.exec_driver_sql("select inhrelid::regclass::text from pg_inherits where inhparent = 'block'::regclass")
    gone = []
    for month in sorted(int(name.rpartition("_")[2]) for name in found.scalars()):
        if month < now and all(_is_empty(connection, f"{name}_{month}") for name in CUT) and _dropped(connection, month):
            gone.append(month)
    connection.info.pop("months", None)
    return gone


def _is_empty(connection: Connection, table: str) -> bool:
    return connection.exec_driver_sql(f"select 1 from {table} limit 1").first() is None  # noqa: S608 - a name made of a number


def _dropped(connection: Connection, month: int) -> bool:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("set local lock_timeout = '1s'")  # lines are waiting behind this
            for name in CUT:
                connection.exec_driver_sql(f"drop table {name}_{month}")
    except OperationalError:
        return False
    return True
