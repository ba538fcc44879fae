"""What comes with rows reaches the ledger with them: scraps, gaps, positions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spc.errors import Conflict, LedgerError, NotFound
from spc.ledger import Ledger, gaps, lines, scraps
from spc.line import Line
from spc.settings import LineSettings
from spc.sources import Batch, Gap, Scrap
from spc.sources.batch import NO_ROWS
from tests.small import FakeClock
from tests.small import rows as some_rows


@pytest.fixture
def line(url: str) -> Iterator[Line]:
    with Ledger.open(url) as ledger:
        yield Line(ledger, LineSettings("smt-2"), clock=FakeClock())


def test_a_batch_is_kept_whole(line: Line) -> None:
    batch = Batch(some_rows(3), {"row": 3}, (Scrap(b"\xff{", "not JSON"),), (Gap(1, 2, "sequence 7 to 9 missing"),))
    assert line.take_batch(batch, source="mqtt").accepted == 3
    with line.ledger.read() as connection:
        assert lines.get_position(connection, "smt-2", "mqtt") == {"row": 3}
        (kept,) = scraps.scraps(connection, "smt-2")
        assert (kept.payload, kept.reason, kept.source, kept.state) == (b"\xff{", "not JSON", "mqtt", "waiting")
        assert scraps.count_scraps(connection) == {"smt-2": 1}
        (gap,) = gaps.gaps_between(connection, "smt-2", 1, 3)
        assert (gap.after_seq, gap.since, gap.until, gap.why) == (0, 1, 2, "sequence 7 to 9 missing")


def test_a_scrap_alone_is_kept_too_and_a_gap_goes_on_until_it_is_cleared(line: Line) -> None:
    line.take_batch(Batch(NO_ROWS, None, (Scrap(b"x", "nothing"),), (Gap(5, None, "cut off"),)), source="opcua")
    line.take_batch(Batch(NO_ROWS, None, (), (Gap(7, None, "cut off again"),)), source="opcua")
    with line.ledger.read() as connection:
        assert [(one.since, one.until) for one in gaps.gaps_since(connection, "smt-2", 0)] == [(5, None)]
    line.take_batch(Batch(some_rows(1), clear=True), source="opcua")
    with line.ledger.read() as connection:
        assert [one.until for one in gaps.gaps_since(connection, "smt-2", 0)] == [FakeClock().now]
        assert len(scraps.scraps(connection, "smt-2")) == 1


def test_a_scrap_is_handled_once(line: Line) -> None:
    line.take_batch(Batch(NO_ROWS, None, (Scrap(b"x", "nothing"),)), source="tail")
    write = line.ledger.write
    write(lambda connection: scraps.handle_scrap(connection, "smt-2", 1, "discarded", "Ada", 9))
    with pytest.raises(Conflict, match="discarded before"):
        write(lambda connection: scraps.handle_scrap(connection, "smt-2", 1, "taken", "Bob", 10))
    with pytest.raises(NotFound):
        write(lambda connection: scraps.handle_scrap(connection, "smt-2", 2, "taken", "Bob", 10))
    with line.ledger.read() as connection:
        assert scraps.get_scrap(connection, "smt-2", 1).handled_by == "Ada"


def test_nothing_of_a_batch_is_kept_when_its_rows_are_not(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.ledger.rows.json.dumps", lambda _: 1 / 0)
    with pytest.raises((ZeroDivisionError, LedgerError)):
        line.take_batch(Batch(some_rows(1), {"row": 1}, (Scrap(b"x", "nothing"),)), source="tail")
    monkeypatch.undo()
    with line.ledger.read() as connection:
        assert scraps.count_scraps(connection) == {}
        assert lines.get_position(connection, "smt-2", "tail") is None
