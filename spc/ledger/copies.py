"""Copies of a database as one file, and back: SQLite by its own online backup, PostgreSQL by its own pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from spc.errors import Complaint, LedgerError
from spc.ledger.engine import engine_for, in_words

_BLOCK = 1 << 20


# ----------------------------------------------------------------------------------------------------------------- SQLite


def copy_sqlite(source: Path, target: Path) -> None:
    """The ledger as it is at one moment, as a file of its own, while others go on reading and writing it."""
    try:
        with closing(sqlite3.connect(source.resolve().as_uri() + "?mode=ro", uri=True, timeout=30.0)) as old:
            with closing(sqlite3.connect(target)) as new:
                old.backup(new)  # all pages in one step: a writer does not make it begin again
                new.execute("pragma journal_mode = delete")  # one file, nothing beside it
            check_sqlite(target)
    except sqlite3.Error as broken:
        raise LedgerError(f"copying the ledger {source}: {broken}") from broken


def check_sqlite(file: Path) -> None:
    """Raises LedgerError when SQLite finds the file damaged."""
    with closing(sqlite3.connect(file)) as one:
        found = [str(said) for (said,) in one.execute("pragma integrity_check") if said != "ok"]
    if found:
        raise LedgerError(f"{file} is damaged: {found[0]}")


@contextmanager
def reading(address: URL) -> Iterator[sa.Connection]:
    """A connection to a ledger that sees one state, for as long as it takes."""
    engine = engine_for(address, writes=False)
    try:
        with in_words("reading the ledger"), engine.connect() as connection:
            if address.get_backend_name() == "postgresql":
                connection.exec_driver_sql("set statement_timeout = 0")
                connection.exec_driver_sql("set idle_in_transaction_session_timeout = 0")
            yield connection
    finally:
        engine.dispose()


def reading_file(file: Path) -> URL:
    """The address of a file."""
    return make_url("sqlite://").set(database=str(file))


# ------------------------------------------------------------------------------------------------------------- PostgreSQL


def program(name: str) -> str:
    """The newest pg_dump or pg_restore of this machine: it must not be older than the server."""
    folder = Path("/usr/lib/postgresql")  # Debian keeps every version's own there, and on the PATH what chooses among them
    versions = [one for one in folder.glob(f"*/bin/{name}") if one.parts[-3].isdigit()]
    found = str(max(versions, key=lambda one: int(one.parts[-3]))) if versions else shutil.which(name)
    if not found:
        raise Complaint(f"{name} is not on this machine.", cure="Install PostgreSQL's client programs: apt-get install postgresql-client.")
    return found


def _there(address: URL) -> tuple[str, dict[str, str]]:
    """The database for libpq's programs: in words without the password, which goes by the environment and not by the list of processes."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - the extra may be missing

    told = {name: value for name, value in address.query.items() if isinstance(value, str) and name != "password"}
    said = make_conninfo("", dbname=address.database, user=address.username, host=address.host, port=address.port, **told)
    password = address.password or address.query.get("password")
    return said, {**os.environ, "PGOPTIONS": "-c synchronous_commit=on", **({"PGPASSWORD": str(password)} if password else {})}


def dump_postgres(address: URL, connection: sa.Connection, target: Path) -> None:
    """Writes what `connection` sees into a file (pg_dump's custom format), while others go on reading and writing."""
    snapshot = connection.exec_driver_sql("select pg_export_snapshot()").scalar()
    said, environment = _there(address)
    # pg_dump writes bytes as text, twice as long: the quickest compression takes that back, a better one takes three times as long
    words = [
        "--format=custom",
        "--compress=1",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--file={target}",
        f"--dbname={said}",
    ]
    _run("pg_dump", words, environment, None)


def restore_postgres(address: URL, source: IO[bytes]) -> None:
    """Everything of a dump, or nothing."""
    said, environment = _there(address)
    words = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", f"--dbname={said}"]
    _run("pg_restore", words, environment, source)


def _run(name: str, words: list[str], environment: dict[str, str], source: IO[bytes] | None) -> None:
    command = [program(name), "--no-password", *words]
    pipe = subprocess.DEVNULL if source is None else subprocess.PIPE
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, env=environment, stdin=pipe, stdout=said, stderr=said, bufsize=0) as child:  # noqa: S603
            if source is not None and child.stdin is not None:
                with suppress(BrokenPipeError):  # it has given up, and says why
                    shutil.copyfileobj(source, child.stdin, _BLOCK)
                    child.stdin.close()
        said.seek(0)
        text = said.read().decode(errors="replace")
    if child.returncode:
        raise LedgerError(f"{name} failed: {' '.join(text.split()) or f'exit code {child.returncode}'}")


def tables_of(connection: sa.Connection) -> int:
    """How many tables of anybody's are in a database."""
    query = (
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'"
    )
    return int(connection.exec_driver_sql(query).scalar() or 0)
