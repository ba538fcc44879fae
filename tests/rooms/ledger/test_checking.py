"""A check finds what is wrong with the blocks: rows missing, bytes missing, points of no row. In both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from spc.ledger import Ledger
from spc.ledger.schema import archived, block, judged
from spc.line import Line, activate, save_model
from spc.settings import LineSettings
from tests.small import model, rows


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Five blocks of two rows, judged."""
    with Ledger.open(url) as ledger:
        line = Line(ledger, LineSettings("smt-2"))
        activate(ledger, "smt-2", save_model(ledger, model(), reference_id=None, by="Ada", now=1), "start", "Ada", 1)
        for first in range(1, 11, 2):
            line.take(rows(2, first=first))
        assert ledger.check() == []
        yield ledger


def change(ledger: Ledger, statement: sa.Executable) -> None:
    assert ledger.write(lambda connection: connection.execute(statement).rowcount) == 1


def test_missing_rows_are_found(ledger: Ledger) -> None:
    change(ledger, sa.delete(block).where(block.c.first_seq == 5))
    assert ledger.check() == ["line smt-2: row 7 follows row 4"]


def test_rows_in_the_archive_are_not_missing(ledger: Ledger) -> None:
    for first in (1, 3):
        change(ledger, sa.delete(block).where(block.c.first_seq == first))
    assert ledger.check() == ["line smt-2: row 5 follows row 0"]
    day = {"line": "smt-2", "first_seq": 1, "last_seq": 4, "day": 20250304, "at_min": 1, "at_max": 2, "path": "a", "sha256": "", "bytes": 1}
    ledger.write(lambda connection: connection.execute(sa.insert(archived).values(**day, written_at=1)))
    assert ledger.check() == []


def test_missing_bytes_are_found(ledger: Ledger) -> None:
    change(ledger, sa.update(block).where(block.c.first_seq == 5).values(x=bytes(47)))
    change(ledger, sa.update(judged).where(judged.c.first_seq == 7).values(out=bytes(1)))
    assert ledger.check() == ["line smt-2: rows 5 to 6 are damaged", "line smt-2: the points of rows 7 to 8 are damaged"]


def test_points_of_no_row_and_points_twice_are_found(ledger: Ledger) -> None:
    change(ledger, sa.delete(block).where(block.c.first_seq == 9))
    change(ledger, sa.update(judged).where(judged.c.first_seq == 5).values(first_seq=4))
    assert ledger.check() == [
        "line smt-2: row 4 was judged twice",
        "line smt-2: row 10 was judged and is not there (the last one is 8)",
    ]
