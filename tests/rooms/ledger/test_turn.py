"""On PostgreSQL a program looks again at what it has in memory when another one has written, and only then."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from spc.ledger import Ledger, lines, store
from spc.line import Line, activate, save_model
from spc.settings import LineSettings
from tests.postgres import Postgres
from tests.small import FakeClock, model
from tests.small import rows as some_rows


@pytest.fixture
def address(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(store, "LOOK_S", 1e6)  # a slow machine must not look for that reason
    found = postgres.ledger()
    yield found
    postgres.drop(found)


def news(ledger: Ledger) -> int:
    return ledger.write(lambda _: ledger.news, known=True)


def test_only_what_another_program_writes_is_news(address: str) -> None:
    with Ledger.open(address) as one, Ledger.open(address) as two:
        first = news(one)
        assert [news(one) for _ in range(3)] == [first] * 3
        two.write(lambda connection: lines.put_line(connection, "a", "A", 1), known=True)
        assert [news(one), news(one)] == [first + 1] * 2
        with one.read() as connection:
            assert list(lines.lines(connection)) == ["a"]


def test_what_was_written_while_one_waited_to_write_is_news(postgres: Postgres, address: str) -> None:
    inside, go = threading.Event(), threading.Event()

    def slowly(connection: sa.Connection) -> None:
        lines.put_line(connection, "a", "A", 1)
        inside.set()
        assert go.wait(60)

    with Ledger.open(address) as one, Ledger.open(address) as two:
        first = news(one)
        theirs = two.submit(slowly, known=True)
        assert inside.wait(60)
        mine = one.submit(lambda _: one.news, known=True)
        waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        until = time.monotonic() + 60.0
        while not postgres.sql(waits)[0][0]:
            assert time.monotonic() < until, "nobody waits for whoever writes"
            time.sleep(0.01)
        go.set()
        theirs.result(60)
        assert mine.result(60) == first + 1


def test_what_is_written_by_hand_is_looked_for_now_and_then(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(address) as ledger:
        first = news(ledger)
        monkeypatch.setattr(store, "LOOK_S", 0.0)
        ledger._look_after = 0.0
        assert news(ledger) > first


def test_a_row_by_itself_asks_a_server_for_nothing_but_itself(address: str) -> None:
    with Ledger.open(address) as ledger:
        line = Line(ledger, LineSettings("a"), clock=FakeClock())
        activate(ledger, "a", save_model(ledger, model(), reference_id=None, by="Ada", now=1), "new reference", "Ada", 1)
        line.take(some_rows(3), source="mqtt", position={"at": 1})
        said: list[str] = []

        def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            said.append(" ".join(statement.split()[:3]).lower())

        sa.event.listen(ledger._writer, "before_cursor_execute", listen)
        line.take(some_rows(1, first=4), source="mqtt", position={"at": 2})
        alone = list(said)
        with Ledger.open(address) as other:
            other.write(lambda connection: lines.put_line(connection, "b", "B", 1))
        said.clear()
        line.take(some_rows(1, first=5), source="mqtt", position={"at": 3})
        assert line.take(some_rows(1, first=6), source="mqtt").last_seq == 6
    written = ["insert into block", "insert into row_key", "insert into judged", "update memory set"]
    assert [one for one in alone if "savepoint" not in one][1:] == ["select row_key.seq from", *written, "update position set"]
    assert "insert into turn" in said
    assert "select lease.owner, lease.epoch," in said
