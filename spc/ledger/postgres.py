"""The ledger in PostgreSQL: its address, and connections that hold what SQLite's hold.

An acknowledged commit is on the server's disk whatever the server's default is; readers see one state and cannot write; one transaction
writes at a time, whichever process it comes from, so that numbers given out in order are seen in order; nobody waits for ever.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL

from spc.errors import LedgerError

OLDEST = 150_000  # PostgreSQL 15
PASSWORD_FILE = "SPC_LEDGER_PASSWORD_FILE"  # noqa: S105 - the name of a variable
_WRITERS: Final = 0x5350_435F_4C45_4447  # the advisory lock of whoever writes
_PRESENT: Final = 0x5350_435F_4845_5245  # … and of whoever is there at all
_CONNECT: Final = {
    "client_encoding": "UTF8",  # from the first word on: of a database in SQL_ASCII the driver would hand out bytes, not its encoding
    "connect_timeout": "10",
    "keepalives": "1",  # a server that is gone without a word is noticed within half a minute …
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",  # … also while something is on its way to it
}
_BOTH: Final = {
    "client_encoding": "UTF8",  # again: an address may have its own connecting words
    "tcp_keepalives_idle": "10",  # the server, too, notices a program that is gone, and ends what it had begun
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_WRITER: Final = {
    **_BOTH,
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",  # a statement sees what was written while it waited for the lock
    "idle_in_transaction_session_timeout": "20s",  # a program that stands still in the middle must not stop the others …
    "lock_timeout": "30s",  # … who wait longer than that
    "statement_timeout": "60s",
}
_READER: Final = {
    **_BOTH,
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",
    "idle_in_transaction_session_timeout": "10min",
    "lock_timeout": "30s",
    "statement_timeout": "5min",
}
_LOCK: Final = f"select pg_advisory_xact_lock({_WRITERS})"
_TURN: Final = "select owner from turn where id = 1"
_TAKE: Final = "insert into turn (id, owner) values (1, %s) on conflict (id) do update set owner = excluded.owner"
_OWNER: Final = "spc_owner"
_SET: Final = "select set_config(name, value, false) from unnest(%s::text[], %s::text[]) as given (name, value)"


def address(url: URL) -> URL:
    """The address with our driver and the password of SPC_LEDGER_PASSWORD_FILE, if the address has none. libpq reads .pgpass itself.

    >>> address(sa.make_url("postgres://plant/spc")).drivername
    'postgresql+psycopg'
    """
    if importlib.util.find_spec("psycopg") is None:
        raise LedgerError('The ledger is in PostgreSQL and its driver is not installed. Cure: pip install "spc[postgres]".')
    file = os.environ.get(PASSWORD_FILE, "")
    password = url.password if url.password is not None or not file else _secret(file)
    return url.set(drivername="postgresql+psycopg", password=password)


def _secret(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as broken:
        words = f"The ledger's password: the file {file} of {PASSWORD_FILE} cannot be read ({type(broken).__name__})."
        raise LedgerError(f"{words} Check its name and rights.") from None


def words_for(url: URL, *, writes: bool) -> dict[str, Any]:
    """How `create_engine` is asked for connections; what the address itself says wins."""
    asked = {"application_name": f"spc {'writer' if writes else 'reader'}", **_CONNECT}
    return {"pool_pre_ping": True, "connect_args": {name: value for name, value in asked.items() if name not in url.query}}


def set_up(engine: sa.Engine, *, writes: bool) -> None:
    """Connections of this engine are set as the ledger needs them."""
    wanted = _WRITER if writes else _READER

    @sa.event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        _fit(raw)
        raw.autocommit = True  # what is set in a transaction that is rolled back is not set
        raw.execute(_SET, (list(wanted), list(wanted.values())))
        raw.autocommit = False

    if not writes:
        return

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        owner = connection.get_execution_options().get(_OWNER)
        if owner is None:
            connection.exec_driver_sql(_LOCK)
        else:
            connection.info["others"] = _turn(connection, str(owner))

    @sa.event.listens_for(engine, "rollback")
    @sa.event.listens_for(engine, "rollback_savepoint")
    def forget(connection: sa.Connection, *_: Any) -> None:
        """A partition that was made in what is rolled back is not there."""
        if not connection.invalidated:
            connection.info.pop("months", None)


def take_turns(engine: sa.Engine, owner: str) -> None:
    """From now on this engine's transactions say who wrote last, and see whether it was somebody else; the tables must be there."""
    engine.update_execution_options(**{_OWNER: owner})


def others_wrote(connection: sa.Connection) -> bool:
    """Whether a transaction of another program may have been written since the last one of this engine that was."""
    return bool(connection.info.get("others", True))


def _turn(connection: sa.Connection, owner: str) -> bool:
    """Begins to write. The second statement, which is sent with the first, sees what was written while that one waited for the lock."""
    with connection.exec_driver_sql(f"{_LOCK}; {_TURN}") as both:
        cursor: Any = both.cursor
        cursor.nextset()
        mine = cursor.fetchone() == (owner,)
    if not mine:
        connection.exec_driver_sql(_TAKE, (owner,))
    return not mine


class Presence:
    """A lock that the writer's connection shares with those of other processes. `alone` says that nobody else had it at the start.

    It goes with the connection, however that ends, and comes again with the next.
    """

    def __init__(self, writer: sa.Engine) -> None:
        self.alone = False
        self._known = False

        @sa.event.listens_for(writer, "connect")
        def connect(raw: Any, _record: Any) -> None:
            raw.autocommit = True
            alone = raw.execute(f"select pg_try_advisory_lock({_PRESENT})").fetchone()[0]
            raw.execute(f"select pg_advisory_lock_shared({_PRESENT})")
            if alone:
                raw.execute(f"select pg_advisory_unlock({_PRESENT})")
            raw.autocommit = False
            if not self._known:
                self.alone, self._known = alone, True

    def release(self) -> None:
        """Nothing: the connections are closed by whoever made them."""


def _fit(raw: Any) -> None:
    """Refuses a server that cannot hold a ledger."""
    if raw.info.server_version < OLDEST:
        found = raw.info.parameter_status("server_version")
        raise LedgerError(f"The ledger needs PostgreSQL 15 or newer, and this server is {found}.")
    encoding = raw.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        made = "create database spc template template0 encoding 'UTF8' locale 'C'"
        raise LedgerError(f"The ledger's database keeps texts as {encoding}; it must be UTF8. Cure: {made}")
