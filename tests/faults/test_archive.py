"""kill -9 of the process that archives, at every step: a row is in the database or in the archive, never in neither and never in both."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from spc.errors import LedgerError
from spc.ledger import Ledger, archive, archived, points, rows
from spc.ledger.archive import archive_days, check_files
from spc.ledger.schema import archived as archived_table
from spc.ledger.schema import block
from spc.line import Line, activate, save_model
from spc.line.reproduced import reproduce
from spc.settings import LineSettings
from tests.small import FakeClock, model
from tests.small import rows as some_rows

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform == "win32", reason="forks")]

LATER = 2_000_000_000_000_000  # 2033
STEPS = ("begun", "compared", "written", "in place", "deleted", "committed")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A ledger with three days of rows; nobody has it open."""
    monkeypatch.setattr(archive, "KEPT", 3)
    clock = FakeClock()
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        line = Line(ledger, LineSettings("smt-2"), clock=clock)
        activate(ledger, "smt-2", save_model(ledger, model(), reference_id=None, by="Ada", now=1), "start", "Ada", 1)
        for start in range(0, 60, 5):
            line.take(some_rows(5, first=start + 1, out=(2,)))
            clock.go(6 * 3600.0)
    yield tmp_path / "a.db"
    archived._files.clear()


def story(file: Path) -> tuple[bytes, tuple[str | None, ...], list[object]]:
    """All rows and points; and that every row is in one place."""
    archived._files.clear()
    with Ledger.open(f"sqlite:///{file}") as ledger:
        assert ledger.check() == []
        with ledger.read() as connection:
            assert check_files(connection) == []
            places = [
                range(first, last + 1)
                for table in (block, archived_table)
                for first, last in connection.execute(sa.select(table.c.first_seq, table.c.last_seq).where(table.c.line == "smt-2"))
            ]
            assert sorted(seq for some in places for seq in some) == list(range(1, 61))
            window = rows.rows_between(connection, "smt-2", 1, 60)
            found = points.points_between(connection, "smt-2", 1, 60)
        assert reproduce(ledger, "smt-2").differing == 0
    return window.rows.x.tobytes(), window.rows.ids, list(found)


def die_at(file: Path, step: str, day: int) -> int:
    """Archives in a process of its own that is killed when it reaches a step of the day-th file; returns how it ended."""
    pid = os.fork()
    if pid == 0:
        seen = 0

        def reached(name: str) -> None:
            nonlocal seen
            seen += name == step
            if name == step and seen == day:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            ledger = Ledger.open(f"sqlite:///{file}")
            archive_days(ledger, ledger.archive, LATER, lambda: LATER, reached=reached)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_every_row_is_in_one_place_and_the_next_run_goes_on(file: Path, step: str) -> None:
    before = story(file)
    assert die_at(file, step, 2) == -signal.SIGKILL
    assert story(file) == before
    with Ledger.open(f"sqlite:///{file}") as ledger:
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)
        assert archive_days(ledger, ledger.archive, LATER, lambda: LATER) == []
        assert not list(ledger.archive.rglob("*.part"))
        with ledger.read() as connection:
            left = connection.execute(sa.select(sa.func.count()).select_from(block)).scalar_one()
            told = set(connection.execute(sa.select(archived_table.c.path)).scalars())
        assert left == 1
        assert {one.relative_to(ledger.archive).as_posix() for one in ledger.archive.rglob("*.parquet")} == told
    assert story(file) == before


@pytest.mark.parametrize("step", ["begun", "compared", "written", "in place", "deleted"])
def test_an_error_at_any_step_leaves_the_day_in_the_database(file: Path, step: str) -> None:
    before = story(file)

    def reached(name: str) -> None:
        if name == step:
            raise OSError(28, "No space left on device")

    with Ledger.open(f"sqlite:///{file}") as ledger:
        with pytest.raises((LedgerError, OSError), match="No space left"):
            archive_days(ledger, ledger.archive, LATER, lambda: LATER, reached=reached)
        with ledger.read() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(archived_table)).scalar_one() == 0
        Line(ledger, LineSettings("other"), clock=FakeClock()).take(some_rows(2))  # and lines go on
    with Ledger.open(f"sqlite:///{file}") as ledger, ledger.read() as connection:
        assert np.array_equal(rows.rows_between(connection, "smt-2", 1, 60).seq, np.arange(1, 61))
    assert story(file) == before


def test_rows_come_in_while_days_are_archived(file: Path) -> None:
    """The line takes rows at every step; nothing is lost and nothing twice."""
    with Ledger.open(f"sqlite:///{file}") as ledger:
        line = Line(ledger, LineSettings("smt-2"), clock=FakeClock(LATER + 1))
        sent = 60

        def reached(name: str) -> None:
            nonlocal sent
            if name in ("written", "in place", "committed"):
                line.take(some_rows(3, first=sent + 1))
                sent += 3

        archive_days(ledger, ledger.archive, LATER, lambda: LATER, reached=reached)
        assert sent > 80
        with ledger.read() as connection:
            window = rows.rows_between(connection, "smt-2", 1, sent)
        assert window.rows.ids == tuple(f"B{k:05d}" for k in range(1, sent + 1))
        assert ledger.check() == []
        assert reproduce(ledger, "smt-2").differing == 0
