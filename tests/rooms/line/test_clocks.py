"""Clocks that disagree: of a source with ours, and of this machine with itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import structlog

from spc.ledger import Ledger, leases
from spc.line import Line
from spc.line.clocks import Lag, Steady
from spc.nouns import Rows
from spc.settings import LineSettings
from tests.small import FakeClock
from tests.small import rows as some_rows

S = 1_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        yield ledger


def dated(at: int, first: int) -> Rows:
    """One row, dated."""
    return dataclasses.replace(some_rows(1, first=first), at=np.array([at], dtype="datetime64[us]"))


def told(line: Line, clock: FakeClock, off_s: float, n: int, first: int = 1, every_s: float = 45.0) -> list[str]:
    """What the log is told while n rows come live, each dated `off_s` before it comes."""
    with structlog.testing.capture_logs() as logs:
        for i in range(first, first + n):
            clock.go(every_s)
            line.take(dated(clock.now - int(off_s * S), i), source="gauge")
    return [one["event"] for one in logs if "clock" in one["event"]]


@pytest.mark.parametrize("off_s, words", [(95.0, "arrive 95 s after"), (-95.0, "carry a time 95 s after they arrive")])
def test_a_clock_that_is_off_is_told_once_and_once_when_it_is_right_again(ledger: Ledger, off_s: float, words: str) -> None:
    clock = FakeClock()
    line = Line(ledger, LineSettings("smt-2"), clock=clock)
    assert told(line, clock, off_s, 12) == ["the clock of a source is off"]
    assert line.lag.finding is not None
    assert words in line.lag.finding.text
    assert line.lag.last_s == pytest.approx(off_s)
    clock.go(200)  # set right: the rows are dated as they come
    assert told(line, clock, 0.0, 12, first=13) == ["the clock of a source is right again"]
    assert line.lag.finding is None


@pytest.mark.parametrize("settings", [LineSettings("smt-2", skew_s=120.0), LineSettings("smt-2", skew_s=0.0)])
def test_how_far_is_far_is_for_the_settings_to_say(ledger: Ledger, settings: LineSettings) -> None:
    clock = FakeClock()
    line = Line(ledger, settings, clock=clock)
    assert told(line, clock, 95.0, 12) == []
    assert line.lag.last_s == pytest.approx(95.0)


def test_rows_that_waited_for_a_network_say_nothing_of_a_clock(ledger: Ledger) -> None:
    clock = FakeClock()
    line = Line(ledger, LineSettings("smt-2"), clock=clock)
    assert told(line, clock, 0.0, 6) == []
    with structlog.testing.capture_logs() as logs:
        begun = clock.now
        clock.go(1800)
        for i in range(40):  # half an hour of rows, sent within a minute
            clock.go(1.5)
            line.take(dated(begun + (i + 1) * 45 * S, 7 + i), source="gauge")
    assert [one for one in logs if "clock" in one["event"]] == []


def test_a_table_of_the_past_says_nothing_of_a_clock() -> None:
    lag = Lag(60.0)
    assert {lag.look(i * 3600 * S, 10**15 + i * 2 * S) for i in range(50)} == {""}


def test_the_clock_of_this_machine_is_noticed_only_when_it_goes_back() -> None:
    wall, steady = iter([1000.0, 1001.2, 4000.0, 3990.0, 3991.0]), iter([5.0, 6.0, 7.0, 8.0, 9.0])
    clock = Steady(lambda: next(wall), lambda: next(steady))
    assert [clock.went_back() for _ in range(4)] == [0.0, 0.0, 11.0, 0.0]


def test_leases_are_right_after_the_clock_of_this_machine_was_set_back(ledger: Ledger) -> None:
    clock = FakeClock()
    line = Line(ledger, LineSettings("smt-2", interval_s=1.0), clock=clock)
    line.take(some_rows(1))
    clock.go(-3600)
    line.look()
    line.renew(clock.now)
    ledger.write(lambda _: None)
    with ledger.read() as connection:
        assert leases.holder(connection, "smt-2", clock.now + 14 * S)[0] == ledger.owner
        assert leases.holder(connection, "smt-2", clock.now + 16 * S)[0] == ""  # not for an hour, were this process to die
    clock.go(-3600)
    line.take(some_rows(1, first=2))  # and so when rows come before anybody has looked
    with ledger.read() as connection:
        assert leases.holder(connection, "smt-2", clock.now + 16 * S)[0] == ""


def test_silence_is_noticed_after_the_clock_was_set_back(ledger: Ledger) -> None:
    from spc.ledger import alarms

    clock = FakeClock()
    line = Line(ledger, LineSettings("smt-2", interval_s=1.0), clock=clock)
    line.take(some_rows(1))
    clock.go(-3600)
    line.look()
    clock.go(11)
    line.look()
    ledger.write(lambda _: None)
    with ledger.read() as connection:
        assert alarms.open_alarm(connection, "smt-2", "no data") is not None
