"""What is PostgreSQL's own: addresses and passwords, months, and what a server must be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from spc.errors import LedgerError, NotFound
from spc.ledger import Ledger, engine, lines, rows
from spc.ledger import postgres as room
from tests.postgres import PASSWORD, Postgres
from tests.small import rows as some_rows

MARCH, APRIL = 1_741_068_000_000_000, 1_743_700_000_000_000


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    address = postgres.ledger()
    yield address
    postgres.drop(address)


def append(connection: sa.Connection, first: int, now: int) -> None:
    block = some_rows(3, first=first)
    schema = rows.schema_of(connection, block.names)
    rows.append_rows(connection, "smt-2", first, block, keys=rows.keys_of("smt-2", block), schema_id=schema, source="", now=now)


@pytest.fixture
def ledger(address: str) -> Iterator[Ledger]:
    with Ledger.open(address) as ledger:
        ledger.write(lambda connection: lines.put_line(connection, "smt-2", "SMT-2", MARCH))
        ledger.write(lambda connection: append(connection, 1, MARCH))
        yield ledger


def months(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        query = "select inhrelid::regclass::text from pg_inherits where inhparent = 'block'::regclass order by 1"
        return list(connection.exec_driver_sql(query).scalars())


def test_a_new_month_does_not_wait_for_those_who_read(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert len(rows.last_rows(connection, "smt-2", 10)) == 3
        ledger.submit(lambda connection: append(connection, 4, APRIL)).result(60.0)
        assert len(rows.last_rows(connection, "smt-2", 10)) == 3
    assert months(ledger) == ["block_202503", "block_202504"]
    with ledger.read() as connection:
        assert len(rows.last_rows(connection, "smt-2", 10)) == 6
        assert len(rows.stored(connection, "smt-2", rows.keys_of("smt-2", some_rows(9)))) == 6


def test_a_month_that_was_made_in_a_job_that_failed_is_made_again(ledger: Ledger) -> None:
    def half(connection: sa.Connection) -> None:
        append(connection, 4, APRIL)
        raise NotFound("no such thing")

    with pytest.raises(NotFound):
        ledger.write(half)
    assert months(ledger) == ["block_202503"]
    ledger.write(lambda connection: append(connection, 4, APRIL))
    assert ledger.check() == []
    assert months(ledger) == ["block_202503", "block_202504"]


def test_a_server_that_may_forget_is_told(ledger: Ledger, postgres: Postgres) -> None:
    postgres.sql("alter system set full_page_writes = off")
    postgres.sql("select pg_reload_conf()")
    try:
        for _ in range(100):
            if found := ledger.check():
                break
        assert "full_page_writes = off" in found[0]
    finally:
        postgres.sql("alter system reset full_page_writes")
        postgres.sql("select pg_reload_conf()")


def test_a_password_is_read_from_a_file_and_never_shown(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = address.replace(":" + PASSWORD.replace(" ", "%20"), "")
    file = tmp_path / "password"
    monkeypatch.setenv(room.PASSWORD_FILE, str(file))
    with pytest.raises(LedgerError, match=r"file .*password of SPC_LEDGER_PASSWORD_FILE cannot be read"):
        Ledger.open(bare)
    file.write_text(PASSWORD + "\n")
    Ledger.open(bare).close()
    file.write_text("hush")
    with pytest.raises(LedgerError) as caught:
        Ledger.open(bare)
    assert "password authentication failed" in str(caught.value)
    assert "hush" not in str(caught.value)
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql://spc:hush@[::1/spc")
    assert "hush" not in str(caught.value)


def test_a_password_is_found_in_pgpass(address: str, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{postgres.port}:*:spc:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    Ledger.open(address.replace(":" + PASSWORD.replace(" ", "%20"), "")).close()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_is_refused(postgres: Postgres, encoding: str) -> None:
    postgres.sql(f"create database {encoding.lower()} template template0 encoding '{encoding}' locale 'C' owner spc")
    with pytest.raises(LedgerError, match=f"keeps texts as {encoding}; it must be UTF8"):
        Ledger.open(postgres.url(encoding.lower()))


def test_without_the_driver_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LedgerError, match=r'pip install "spc\[postgres\]"'):
        engine.database("postgresql://plant/spc")


def test_what_the_address_says_wins(address: str) -> None:
    with Ledger.open(f"{address}?application_name=mine&connect_timeout=3") as ledger, ledger.read() as connection:
        assert connection.exec_driver_sql("show application_name").scalar() == "mine"


def test_a_text_that_a_database_cannot_hold_is_that_jobs_error(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="NUL"):
        ledger.write(lambda connection: lines.put_line(connection, "b", "a\0b", 1))
    ledger.write(lambda connection: lines.put_line(connection, "b", "B", 1))
