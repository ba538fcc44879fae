"""Statements that are asked with every block of rows, and the savepoint around each: past SQLAlchemy where that is what takes the time.

For one row SQLite itself needs 10 to 20 µs a statement and SQLAlchemy ten times that. A statement is still written with it, and is put into
SQLite's words once. PostgreSQL, where the way to the server takes longest, is asked through SQLAlchemy as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

_SQLITE: Final = sqlite.dialect()


class Quick:
    """A statement with named values. Errors of the driver are raised as SQLAlchemy raises them.

    >>> answer = Quick(sa.select(sa.bindparam("a", type_=sa.Integer) + 1))
    >>> with sa.create_engine("sqlite://").begin() as connection:
    ...     answer.scalar(connection, {"a": 41})
    42
    """

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update) -> None:
        self._statement = statement
        compiled = statement.compile(dialect=_SQLITE)
        self._sql, self._names = str(compiled), tuple(compiled.positiontup or ())
        self._own = {name: value for name, value in compiled.params.items() if value is not None}  # "limit 1": in the statement itself

    def all(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """The rows that it finds."""
        if (raw := raw_of(connection)) is None:
            return [tuple(one) for one in connection.execute(self._statement, values)]
        found: list[tuple[Any, ...]] = self._run(connection, raw, values).fetchall()
        return found

    def first(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row that it finds."""
        found = self.all(connection, values)
        return found[0] if found else None

    def scalar(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The first value of the first row; None when there is no row."""
        found = self.all(connection, values)
        return found[0][0] if found else None

    def change(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Writes, and says how many rows an update changed."""
        if (raw := raw_of(connection)) is None:
            return connection.execute(self._statement, values).rowcount
        return int(self._run(connection, raw, values).rowcount)

    def each(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> None:
        """Writes with each of several values."""
        if (raw := raw_of(connection)) is None:
            if several:
                connection.execute(self._statement, several)
            return
        for values in several:
            self._run(connection, raw, values)

    def scalars(self, connection: Connection, several: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The same for a statement that returns something: the first value for each."""
        if (raw := raw_of(connection)) is None:
            return list(connection.execute(self._statement, several).scalars()) if several else []
        return [self._run(connection, raw, values).fetchall()[0][0] for values in several]

    def _run(self, connection: Connection, raw: Any, values: Mapping[str, Any]) -> Any:
        own = self._own
        return run(connection, raw, self._sql, [values[name] if name in values else own[name] for name in self._names])


def raw_of(connection: Connection) -> Any:
    """The driver's own connection to SQLite, in a transaction that has begun; None for all others."""
    if connection.dialect.name != "sqlite" or not connection.in_transaction():
        return None
    return connection.connection.driver_connection


def run(connection: Connection, raw: Any, sql: str, values: Sequence[Any] = ()) -> Any:
    """The driver's cursor after a statement; raises what the driver raises as SQLAlchemy would."""
    driver: Any = connection.dialect.dbapi
    try:
        return raw.execute(sql, values)
    except driver.Error as wrong:
        raise DBAPIError.instance(sql, None, wrong, driver.Error, dialect=connection.dialect) from wrong


class Savepoint:
    """A job's own part of the transaction: kept by `commit`, undone by `rollback`."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._raw = connection, raw_of(connection)
        self._nested = connection.begin_nested() if self._raw is None else None
        self._say("savepoint job")

    def commit(self) -> None:
        """Nothing of it is undone any more unless the whole transaction is."""
        self._say("release job")
        if self._nested is not None:
            self._nested.commit()

    def rollback(self) -> None:
        """Nothing of it has happened."""
        self._say("rollback to job")
        self._say("release job")
        if self._nested is not None:
            self._nested.rollback()

    def _say(self, sql: str) -> None:
        if self._raw is not None:
            run(self._connection, self._raw, sql)
