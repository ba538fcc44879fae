"""What is written between two blocks of a line, by this process or by another, holds from the next row on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from spc.errors import LedgerError, Refused
from spc.ledger import Ledger, leases, lines, points
from spc.line import Line, activate, save_model
from spc.line.bell import ring
from spc.line.stuck import Stuck
from spc.nouns import Limit
from spc.phase2 import Monitor
from spc.settings import LineSettings
from tests.small import FakeClock, model
from tests.small import rows as some_rows


def with_memory(center: float = 0.0) -> Any:
    """T² and a MEWMA."""
    plain = model(center=center)
    return replace(plain, new_limits={**plain.new_limits, "mewma": (Limit(12.0, 0.0013, "simulated"),)}, recipe={"charts": {}})


def anew(connection: Connection) -> None:
    """The charts begin anew, as a person has them do."""
    for active in lines.in_force(connection, "a").values():
        kept = lines.get_memory(connection, "a", active.id)
        assert kept is not None
        text = json.dumps({**kept, "monitor": Monitor(with_memory()).anew(kept["monitor"])})
        lines.put_memory(connection, "a", active.id, lines.last_seq(connection, "a"), text)


class Two:
    """One ledger, opened twice as two processes have it; the line is run by the first."""

    def __init__(self, url: str) -> None:
        self.clock, self.url = FakeClock(), url
        self.here, self.other = Ledger.open(url), Ledger.open(url)
        self.line = self.run(self.here)
        self.activate(self.here, 0.0)
        self.line.take(some_rows(9))

    def run(self, ledger: Ledger) -> Line:
        return Line(ledger, LineSettings("a"), clock=self.clock)

    def activate(self, ledger: Ledger, center: float) -> None:
        id = save_model(ledger, with_memory(center), reference_id=None, by="Ada", now=self.clock())
        activate(ledger, "a", id, "new reference", "Ada", self.clock())

    def values(self, first: int, chart: str = "mewma") -> list[float]:
        with self.here.read() as connection:
            found = [one.value for one in points.points_after(connection, "a", 0, 10_000) if one.chart == chart]
        return found[first - 1 :]


@pytest.fixture
def two(url: str) -> Iterator[Two]:
    made = Two(url)
    yield made
    made.other.close()
    made.here.close()


def uninterrupted(center: float, n: int, first: int) -> list[float]:
    """The MEWMA of the calm rows from `first` on, by a monitor that begins there."""
    return Monitor(with_memory(center)).judge(some_rows(n, first=first)).tracks["mewma"].value.tolist()


@pytest.mark.parametrize("who", ["here", "other"])
def test_a_model_that_is_activated_between_two_blocks_judges_the_next_row(two: Two, who: str) -> None:
    two.activate(getattr(two, who), 3.0)
    two.line.take(some_rows(2, first=10))
    assert two.values(10) == uninterrupted(3.0, 2, 10)


@pytest.mark.parametrize("who", ["here", "other"])
def test_charts_that_a_person_had_begin_anew_do_so_at_the_next_row(two: Two, who: str) -> None:
    getattr(two, who).write(anew)
    two.line.take(some_rows(2, first=10))
    assert two.values(10) == uninterrupted(0.0, 2, 10)


def test_what_a_job_changes_after_it_took_rows_itself_holds_from_the_next_row(two: Two) -> None:
    def job(connection: Connection) -> None:
        anew(connection)
        two.line.taken(connection, some_rows(2, first=10), "by hand")
        anew(connection)

    two.line.together(job)
    two.line.take(some_rows(2, first=12))
    assert two.values(10) == [*uninterrupted(0.0, 2, 10), *uninterrupted(0.0, 2, 12)]


def test_another_process_that_took_the_line_over_is_noticed_at_the_next_block(two: Two) -> None:
    two.other.write(lambda connection: leases.release(connection, two.here.owner))
    theirs = two.run(two.other)
    theirs.take(some_rows(3, first=10))
    with pytest.raises(Refused, match="is run by"):
        two.line.take(some_rows(1, first=13))
    two.other.write(lambda connection: leases.release(connection, two.other.owner))
    two.line.take(some_rows(4, first=13))
    assert two.values(1) == Monitor(with_memory()).judge(joined(9, 3, 4)).tracks["mewma"].value.tolist()


def joined(*many: int) -> Any:
    """The calm rows of blocks of so many rows each, as one."""
    from spc.sources.lines import _joined

    whole, first = some_rows(many[0]), 1 + many[0]
    for n in many[1:]:
        whole, first = _joined(whole, some_rows(n, first=first)), first + n
    return whole


def test_a_line_that_is_opened_twice_in_one_process_goes_on_as_one(two: Two) -> None:
    twin = two.run(two.here)
    for k, line in enumerate((twin, two.line, twin, two.line)):
        line.take(some_rows(1, first=10 + k))
    assert two.values(1) == Monitor(with_memory()).judge(joined(9, 1, 1, 1, 1)).tracks["mewma"].value.tolist()


def test_a_transaction_that_is_lost_takes_what_the_lines_thought_with_it(two: Two) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "put_memory", broken)
        with pytest.raises(LedgerError, match="disk I/O error"):
            two.line.take(some_rows(2, first=10))
    two.line.take(some_rows(2, first=10))
    assert two.values(1) == Monitor(with_memory()).judge(joined(9, 2)).tracks["mewma"].value.tolist()


def broken(*_: object) -> None:
    from sqlalchemy.exc import OperationalError

    raise OperationalError("update memory", {}, Exception("disk I/O error"))


def test_a_row_by_itself_asks_the_ledger_for_nothing_but_itself(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """What a row costs: whether it is a repeat, and what is written. Leases, models and memories are not asked for without need."""
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        line = Line(ledger, LineSettings("a"), clock=FakeClock())
        id = save_model(ledger, with_memory(), reference_id=None, by="Ada", now=1)
        activate(ledger, "a", id, "new reference", "Ada", 1)
        line.take(some_rows(3), source="mqtt", position={"at": 1})
        said: Counter[str] = Counter()

        def listen(connection: Connection) -> None:
            raw: Any = connection.connection.driver_connection
            raw.set_trace_callback(lambda text: said.update([" ".join(text.split()[:3]).lower()]))

        ledger.write(listen)
        line.take(some_rows(1, first=4), source="mqtt", position={"at": 2})  # which looks whether that job has changed anything
        said.clear()
        for k in range(10):
            line.take(some_rows(1, first=5 + k), source="mqtt", position={"at": 3 + k})
        written = ("insert into block", "insert into row_key", "insert into judged", "update memory set", "update position set")
        around = ("begin immediate", "pragma data_version", "savepoint job", "release job", "commit")
        assert said == Counter(dict.fromkeys((*written, *around, "select row_key.seq from"), 10))


def test_a_memory_that_is_not_finite_is_refused_and_numbers_keep_their_last_bit() -> None:
    from spc.line.seat import _text

    kept = {"monitor": {"mewma": {"y": [0.1 + 0.2, 1e-300, -0.0], "t": 3}}, "watch": {"t2": {"out": False, "since": 0}}}
    assert json.loads(_text(kept)) == kept
    assert json.loads(_text({"y": np.float64(0.1 + 0.2), "none": None})) == {"y": 0.1 + 0.2, "none": None}
    with pytest.raises(ValueError, match="not JSON compliant"):
        _text({"y": [float("nan")]})


def test_rows_one_by_one_are_stuck_when_they_are_in_a_block() -> None:
    x = np.random.default_rng(3).choice([1.0, 2.0, np.nan], size=(200, 4), p=[0.7, 0.2, 0.1])
    whole, single = Stuck(("a", "b", "c", "d"), 4), Stuck(("a", "b", "c", "d"), 4)
    for end in range(1, 201):
        single.step(x[end - 1 : end])
        whole = Stuck(whole.names, 4)
        whole.step(x[:end])
        assert (single.run.tolist(), single.columns) == (whole.run.tolist(), whole.columns)
    assert single.run.max() > 0


def test_letters_that_are_told_make_no_line_look_again(two: Two) -> None:
    two.line.take(some_rows(1, first=10))
    two.here._look_after = float("inf")  # on a slow machine a program on PostgreSQL looks again because time has passed
    before = two.here.news
    ring(two.here, {}, two.clock)
    two.line.renew(two.clock() + 60_000_000)
    two.line.take(some_rows(1, first=11))
    assert two.here.news == before
