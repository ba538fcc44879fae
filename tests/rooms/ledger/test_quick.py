"""Statements that go past SQLAlchemy behave as those that do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from spc.errors import LedgerError
from spc.ledger import Ledger, lines
from spc.ledger.blocks import make_room
from spc.ledger.keys import keys_of, places, put_keys
from spc.ledger.quick import Quick, Savepoint
from spc.ledger.schema import line
from tests.small import rows

KEYS = keys_of("a", rows(1))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as ledger:
        yield ledger


_TITLE = Quick(sa.select(line.c.title).where(line.c.name == sa.bindparam("of_line")).limit(1))
_PUT = Quick(sa.insert(line))
_NAME = Quick(sa.update(line).where(line.c.name == sa.bindparam("of_line")).values(title=sa.bindparam("to")))


def test_it_finds_what_is_there_and_says_what_it_changed(ledger: Ledger) -> None:
    def job(connection: sa.Connection) -> tuple[object, ...]:
        _PUT.change(connection, {"name": "a", "title": "", "created_at": 1})
        changed = _NAME.change(connection, {"of_line": "a", "to": "A"})
        here, not_here = _TITLE.scalar(connection, {"of_line": "a"}), _TITLE.first(connection, {"of_line": "b"})
        return changed, here, not_here

    assert ledger.write(job) == (1, "A", None)
    with ledger.read() as connection:
        assert _TITLE.all(connection, {"of_line": "a"}) == [("A",)]


def test_a_reader_that_has_asked_nothing_yet_begins_its_transaction_with_it(ledger: Ledger) -> None:
    ledger.write(lambda connection: lines.put_line(connection, "a", "A", 1))
    with ledger.read() as connection:
        assert _TITLE.scalar(connection, {"of_line": "a"}) == "A"
        ledger.write(lambda writer: lines.put_line(writer, "a", "B", 1))
        assert _TITLE.scalar(connection, {"of_line": "a"}) == "A"


def test_a_broken_constraint_is_the_error_of_one_job_and_undone_alone(ledger: Ledger) -> None:
    def job(connection: sa.Connection) -> None:
        make_room(connection, 202503)
        put_keys(connection, KEYS, 1, 202503)
        for _ in range(2):
            _PUT.change(connection, {"name": "a", "title": "A", "created_at": 1})

    with pytest.raises(LedgerError, match=r"UNIQUE|unique"):
        ledger.write(job)
    with ledger.read() as connection:
        assert (list(lines.lines(connection)), places(connection, KEYS)) == ([], [])


def test_what_is_rolled_back_has_not_happened_and_savepoints_may_stand_in_each_other(ledger: Ledger) -> None:
    def job(connection: sa.Connection) -> None:
        outer = Savepoint(connection)
        lines.put_line(connection, "a", "A", 1)
        inner = Savepoint(connection)
        lines.put_line(connection, "b", "B", 1)
        inner.rollback()
        nested = connection.begin_nested()
        lines.put_line(connection, "c", "C", 1)
        nested.rollback()
        outer.commit()

    ledger.write(job)
    with ledger.read() as connection:
        assert list(lines.lines(connection)) == ["a"]


def test_a_full_database_is_everybodys_error(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with Ledger.open(f"sqlite:///{tmp_path}/spc.db") as ledger:
        pages = ledger.write(lambda connection: connection.exec_driver_sql("pragma page_count").scalar())
        ledger.write(lambda connection: connection.exec_driver_sql(f"pragma max_page_count = {pages}").scalar())
        with pytest.raises(LedgerError, match="full"):
            ledger.write(lambda connection: _PUT.change(connection, {"name": "a", "title": "A" * 1_000_000, "created_at": 1}))
        assert "full" in ledger.trouble
        ledger.write(lambda connection: lines.put_line(connection, "b", "B", 1))  # a new connection, without that limit
        with ledger.read() as connection:
            assert list(lines.lines(connection)) == ["b"]
