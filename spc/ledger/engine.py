"""Connections to the database, set so that an acknowledged commit is on disk, and the migrations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import URL, make_url

from spc.errors import LedgerError
from spc.ledger import postgres

BUSY_MS = 10_000


def engine_for(url: URL, *, writes: bool) -> sa.Engine:
    """An engine whose connections are durable (`writes`) or can only read."""
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if writes else {"pool_size": 4, "max_overflow": 28}
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, **pool)
        _set_up_sqlite(engine, writes)
    else:
        engine = sa.create_engine(url, **pool, **postgres.words_for(url, writes=writes))
        postgres.set_up(engine, writes=writes)
    return engine


def _set_up_sqlite(engine: sa.Engine, writes: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver must not begin or commit on its own: savepoints would not hold
        cursor = raw.cursor()
        cursor.execute(f"pragma busy_timeout = {BUSY_MS}")
        cursor.execute("pragma foreign_keys = on")
        cursor.execute("pragma synchronous = full")  # NORMAL loses acknowledged rows when the power goes
        if writes:
            if cursor.execute("pragma journal_mode = wal").fetchone()[0] != "wal":
                raise LedgerError("This file system cannot hold a write-ahead log; put the ledger on a local disk.")
            cursor.execute("pragma journal_size_limit = 67108864")
        else:
            cursor.execute("pragma query_only = on")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("begin immediate" if writes else "begin")


@contextmanager
def in_words(doing: str) -> Iterator[None]:
    """Turns whatever the database driver raises into a LedgerError that says what was being done."""
    try:
        yield
    except sa.exc.SQLAlchemyError as broken:
        cause = getattr(broken, "orig", None) or broken
        raise LedgerError(f"{doing}: {' '.join(str(cause).split())}") from broken


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Brings the tables to this program's version (or an earlier one); a ledger of a newer program is refused and left as it is."""
    config = _config()
    try:
        with engine.begin() as connection:  # whoever begins first migrates; another program that starts now waits, and finds it done
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("set local statement_timeout = 0")
            found = _version(connection)
            if found and found not in revisions():
                newer = f"The ledger was written by a newer program (its version is {found})."
                raise LedgerError(f"{newer} Install that program, or restore a backup.")
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except CommandError as broken:
        raise LedgerError(f"The ledger could not be brought to this version: {broken}") from broken


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def revisions() -> set[str]:
    """The versions of the tables that this program knows."""
    return {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar()


def database(url: str) -> URL:
    """The address as SQLAlchemy reads it; makes the folder of an SQLite file."""
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError) as broken:
        said = re.sub(r"://[^@]*@", "://***@", url)
        words = f"{said!r} is not the address of a database; the usual one is sqlite:///var/spc.db, another postgresql://user@host/spc."
        raise LedgerError(words) from broken
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return postgres.address(parsed)
    if backend != "sqlite":
        raise LedgerError(f"A ledger is kept in SQLite (sqlite:///…) or in PostgreSQL (postgresql://…), not in {backend}.")
    if not parsed.database or parsed.database == ":memory:":
        raise LedgerError("The ledger needs a file: a database in memory would be gone with the process.")
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def shown(address: URL) -> str:
    """An address for people: no password, wherever in it one stands.

    >>> shown(make_url("postgresql://spc:secret@plant/spc?password=secret"))
    'postgresql://spc:***@plant/spc'
    """
    return address.set(query={}, drivername=address.get_backend_name()).render_as_string()
