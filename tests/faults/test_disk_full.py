"""The disk is full: nothing is acknowledged, the error says so, what was there stays, and after space was made the line goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from spc.errors import LedgerError
from spc.ledger import Ledger, points, rows
from spc.ledger import alarms as book
from spc.line import Line, activate, save_model
from spc.settings import LineSettings
from tests.small import model
from tests.small import rows as some_rows

pytestmark = pytest.mark.faults

BLOCK = 50


def a_line(ledger: Ledger) -> Line:
    line = Line(ledger, LineSettings("smt-2"), notifiers=("shift",))
    id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
    activate(ledger, "smt-2", id, "start", "Ada", 1)
    return line


def fill(line: Line) -> int:
    """Takes blocks until the disk is full; returns how many rows were accepted."""
    accepted, said = 0, ""
    while not said and accepted < 100_000:
        try:
            accepted += line.take(some_rows(BLOCK, first=accepted + 1, out=(BLOCK - 1,))).accepted
        except LedgerError as full:
            said = str(full)
    assert "disk is full" in said
    assert accepted
    return accepted


def look(ledger: Ledger) -> tuple[list[int], list[int], list[int]]:
    with ledger.read() as connection:
        found = rows.last_rows(connection, "smt-2", 1_000_000).seq.tolist()
        judged = [one.row for one in points.points_after(connection, "smt-2", 0, 1_000_000)]
        out = [one.seq for one in points.signals_after(connection, "smt-2", 0, 1_000_000) if one.kind == "out"]
    return found, judged, out


def check(ledger: Ledger, accepted: int) -> None:
    """Exactly the accepted rows, each judged, and a signal in every block that has an excursion."""
    found, judged, out = look(ledger)
    assert found == judged == list(range(1, accepted + 1))
    assert out == list(range(BLOCK - 1, accepted, BLOCK))
    assert ledger.check() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MB; mounting needs root."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"cannot mount a small disk here: {made.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_acknowledges_nothing_and_the_line_goes_on_when_there_is_space(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2 << 20))
    with Ledger.open(f"sqlite:///{small_disk}/a.db") as ledger:
        line = a_line(ledger)
        accepted = fill(line)
        assert ledger.trouble
        with pytest.raises(LedgerError):  # and again, as long as it is full
            line.take(some_rows(BLOCK, first=accepted + 1))
        assert look(ledger)[0] == list(range(1, accepted + 1))  # what was there can be read
        ballast.unlink()
        block = some_rows(BLOCK, first=accepted + 1, out=(BLOCK - 1,))
        assert line.take(block).first_seq == accepted + 1
        assert line.take(block).duplicates == BLOCK
        assert ledger.trouble == ""
        check(ledger, accepted + BLOCK)


def test_what_was_accepted_before_the_disk_was_full_is_there_after_opening_again(small_disk: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{small_disk}/a.db")
    accepted = fill(a_line(ledger))
    ledger.close()
    with Ledger.open(f"sqlite:///{small_disk}/a.db") as again:
        check(again, accepted)


def test_a_database_that_may_not_grow_is_a_full_disk_too(tmp_path: Path) -> None:
    """The same without root: SQLite itself refuses another page."""
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        line = a_line(ledger)
        pages = ledger.write(lambda connection: connection.exec_driver_sql("pragma page_count").scalar())

        @sa.event.listens_for(ledger._writer, "engine_connect")
        def bound(connection: sa.Connection) -> None:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.execute(f"pragma max_page_count = {int(pages or 0) + most}")

        most = 40
        accepted = fill(line)
        with ledger.read() as connection:
            before = [(one.id, one.rows_out, one.last_row) for one in book.alarms(connection)]
        assert look(ledger)[0] == list(range(1, accepted + 1))
        most = 10_000
        assert line.take(some_rows(BLOCK, first=accepted + 1)).accepted == BLOCK
        with ledger.read() as connection:
            assert [(one.id, one.rows_out, one.last_row) for one in book.alarms(connection)] == before
        sa.event.remove(ledger._writer, "engine_connect", bound)
