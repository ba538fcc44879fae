from __future__ import annotations

import itertools
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from spc.errors import LedgerError, NotFound, Refused
from spc.ledger import Ledger, lines
from spc.ledger import store as store_module
from spc.ledger.schema import metadata


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as ledger:
        yield ledger


def put(ledger: Ledger, name: str) -> None:
    ledger.write(lambda connection: lines.put_line(connection, name, name.upper(), 1))


def known(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        return list(lines.lines(connection))


def test_what_the_migrations_make_is_what_the_queries_expect(ledger: Ledger) -> None:
    with ledger.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
        assert [one for one in differences if not re.search(r"_\d{6}", str(one))] == []  # PostgreSQL's months are tables, too


def test_a_written_job_is_there_after_opening_again(url: str) -> None:
    for name in ("a", "b"):
        with Ledger.open(url) as ledger:
            put(ledger, name)
    with Ledger.open(url) as ledger:
        assert known(ledger) == ["a", "b"]


def test_every_commit_is_synced_and_readers_cannot_write(ledger: Ledger) -> None:
    def ask(connection: sa.Connection) -> dict[str, object]:
        if connection.dialect.name == "sqlite":
            return {word: connection.exec_driver_sql(f"pragma {word}").scalar() for word in ("synchronous", "journal_mode", "foreign_keys")}
        words = ("synchronous_commit", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
        return {word: connection.exec_driver_sql(f"show {word}").scalar() for word in words}

    assert ledger.write(ask) in (
        {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1},
        {  # the server's own default is synchronous_commit = off
            "synchronous_commit": "on",
            "lock_timeout": "30s",
            "idle_in_transaction_session_timeout": "20s",
            "application_name": "spc writer",
        },
    )
    with pytest.raises(LedgerError, match=r"read-?only"), ledger.read() as connection:
        lines.put_line(connection, "a", "A", 1)


def test_a_job_that_fails_fails_alone(ledger: Ledger) -> None:
    hold = threading.Event()
    first = ledger.submit(lambda connection: hold.wait(60.0))
    undone: list[str] = []

    def half(connection: sa.Connection) -> None:
        lines.put_line(connection, "half", "Half", 1)
        raise NotFound("no such thing")

    good = [ledger.submit(lambda connection, n=name: lines.put_line(connection, n, n, 1)) for name in ("a", "b")]
    bad = ledger.submit(half, undo=lambda: undone.append("half"))
    good.append(ledger.submit(lambda connection: lines.put_line(connection, "c", "C", 1)))
    hold.set()
    for one in [first, *good]:
        one.result(60.0)
    with pytest.raises(NotFound):
        bad.result(60.0)
    assert known(ledger) == ["a", "b", "c"]
    assert undone == ["half"]


def test_a_broken_constraint_is_that_jobs_error(ledger: Ledger) -> None:
    hold = threading.Event()
    ledger.submit(lambda connection: hold.wait(60.0))
    orphan = ledger.submit(lambda connection: lines.add_activation(connection, "nowhere", None, 1, "me", "why"))
    good = ledger.submit(lambda connection: lines.put_line(connection, "a", "A", 1))
    hold.set()
    with pytest.raises(LedgerError, match=r"(?i)foreign key"):
        orphan.result(60.0)
    good.result(60.0)
    assert known(ledger) == ["a"]
    assert ledger.check() == []


def test_jobs_that_wait_together_share_one_commit(ledger: Ledger) -> None:
    """Many threads write one thing each: far fewer transactions than jobs reach the disk, and nothing is lost."""
    begun: list[int] = []

    def job(connection: sa.Connection, name: str) -> None:
        begun.append(id(connection))
        time.sleep(0.001)
        lines.put_line(connection, name, name, 1)

    futures = [ledger.submit(lambda connection, n=f"l{i:03d}": job(connection, n)) for i in range(200)]
    for one in futures:
        one.result(60.0)
    groups = sum(a != b for a, b in itertools.pairwise(begun)) + 1
    assert len(known(ledger)) == 200
    assert groups < 100


def test_a_failed_transaction_is_everybodys_error_and_nothing_is_kept(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database says no in the middle of a group: each sender hears it, memories are dropped, and the next job works."""
    monkeypatch.setattr(store_module, "GROUP_S", 60.0)  # however slow the machine is: what waits together is one group
    hold = threading.Event()
    undone: list[str] = []
    ledger.submit(lambda connection: hold.wait(60.0))

    def break_it(connection: sa.Connection) -> None:
        raise sa.exc.OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))

    first = ledger.submit(lambda connection: lines.put_line(connection, "a", "A", 1), undo=lambda: undone.append("a"))
    second = ledger.submit(break_it, undo=lambda: undone.append("b"))
    hold.set()
    for one in (first, second):
        with pytest.raises(LedgerError, match="disk is full"):
            one.result(60.0)
    assert undone == ["a", "b"]
    assert known(ledger) == []
    assert "disk is full" in ledger.trouble
    put(ledger, "c")
    assert known(ledger) == ["c"]
    assert ledger.trouble == ""


def test_the_first_process_on_a_ledger_knows_that_it_is_alone(url: str) -> None:
    with Ledger.open(url) as first, Ledger.open(url) as second:
        assert (first.alone, second.alone) == (True, False)
        put(first, "a")
        put(second, "b")
        assert known(first) == known(second) == ["a", "b"]
    with Ledger.open(url) as third:
        assert third.alone


def test_a_full_queue_says_when_to_come_back(ledger: Ledger) -> None:
    hold, held = threading.Event(), threading.Event()
    ledger.submit(lambda connection: (held.set(), hold.wait(60.0)))
    assert held.wait(60.0)
    waiting = [ledger.submit(lambda connection: None, wait=False) for _ in range(store_module.WAITING)]
    with pytest.raises(Refused) as caught:
        ledger.submit(lambda connection: None, wait=False)
    hold.set()
    assert (caught.value.status, caught.value.retry_after) == (429, 1.0)
    for one in waiting:
        one.result(60.0)


def test_a_cancelled_job_is_not_done(ledger: Ledger) -> None:
    hold = threading.Event()
    ledger.submit(lambda connection: hold.wait(60.0))
    one = ledger.submit(lambda connection: lines.put_line(connection, "a", "A", 1))
    assert one.cancel()
    hold.set()
    put(ledger, "b")
    assert known(ledger) == ["b"]


def test_a_closed_ledger_takes_no_jobs_and_finishes_those_it_has(url: str) -> None:
    ledger = Ledger.open(url)
    futures = [ledger.submit(lambda connection, n=f"l{i}": lines.put_line(connection, n, n, 1)) for i in range(50)]
    ledger.close()
    ledger.close()
    assert all(one.done() and one.exception() is None for one in futures)
    with pytest.raises(LedgerError, match="closed"):
        ledger.submit(lambda connection: None)


def test_a_job_cannot_wait_for_itself(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="connection it was given"):
        ledger.write(lambda connection: ledger.write(lambda inner: None))


def test_a_ledger_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    with Ledger.open(url) as ledger:
        put(ledger, "a")
        ledger.write(lambda connection: connection.execute(sa.text("update alembic_version set version_num = '9999'")))
    with pytest.raises(LedgerError, match="newer program"):
        Ledger.open(url)
    with sqlite3.connect(tmp_path / "a.db") as raw:
        assert raw.execute("select name from line").fetchall() == [("a",)]
    raw.close()


@pytest.mark.parametrize(
    "make, said", [(lambda p: p.write_bytes(b"not a database" * 100), "file is not a database"), (lambda p: p.mkdir(), "unable to open")]
)
def test_what_is_no_ledger_is_said(tmp_path: Path, make, said: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "a.db")
    with pytest.raises(LedgerError, match=said):
        Ledger.open(f"sqlite:///{tmp_path}/a.db")


@pytest.mark.parametrize("url, said", [("nonsense", "is not the address"), ("sqlite://", "needs a file")])
def test_an_address_that_is_none_is_said(url: str, said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        Ledger.open(url)


def test_readers_see_one_state_while_the_writer_goes_on(ledger: Ledger) -> None:
    put(ledger, "a")
    with ledger.read() as connection:
        assert list(lines.lines(connection)) == ["a"]
        put(ledger, "b")
        assert list(lines.lines(connection)) == ["a"]
    assert known(ledger) == ["a", "b"]


def test_listeners_are_called_after_each_commit_and_one_that_fails_stops_nobody(url: str) -> None:
    with Ledger.open(url) as ledger:
        heard: list[str] = []

        def broken() -> None:
            heard.append("broken")
            raise RuntimeError("no loop")

        stop = ledger.on_commit(lambda: heard.append("good"))
        ledger.on_commit(broken)
        for _ in range(2):
            ledger.write(lambda c: None)
            ledger.write(lambda c: None)  # the listeners of the first have been called when the second is taken up
        assert heard.count("broken") == 1
        assert heard.count("good") >= 3
        stop()
        before = heard.count("good")
        ledger.write(lambda c: None)
        ledger.write(lambda c: None)
        assert heard.count("good") <= before + 1
