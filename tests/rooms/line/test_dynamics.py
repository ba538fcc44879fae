"""A line whose model looks at the rows before a row: the ledger keeps them, after a restart and when another model is activated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spc.ledger import Ledger, points
from spc.ledger import alarms as book
from spc.line import Line, activate, cause, save_model
from spc.nouns import Model
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from spc.settings import LineSettings
from tests.series import reference, rows, var
from tests.small import FakeClock

MADE = {
    asked: fit(reference(var(300, 1)), Recipe.from_dict({"estimator": "classical", "dynamics": asked})).model
    for asked in ("residual", "lagged 2")
}
NEW = var(60, 2)
NEW[40, 0] += 9.0


class Watched:
    def __init__(self, folder: Path) -> None:
        self.url, self.clock = f"sqlite:///{folder}/spc.db", FakeClock()
        self.open()

    def open(self) -> None:
        self.ledger = Ledger(self.url)
        self.line = Line(self.ledger, LineSettings("mixer", "Mixer"), clock=self.clock)

    def again(self) -> None:
        self.ledger.close()
        self.open()

    def activate(self, made: Model) -> None:
        id = save_model(self.ledger, made, reference_id=None, by="Ada", now=self.clock.go(1.0))
        activate(self.ledger, "mixer", id, "new reference", "Ada", self.clock.go(1.0))

    def send(self, low: int, high: int) -> None:
        self.line.take(rows(NEW).some(range(low, high)))

    def values(self) -> list[float]:
        with self.ledger.read() as connection:
            return [one.value for one in points.points_after(connection, "mixer", 0, 10_000) if one.chart == "t2"]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.ledger.close()


@pytest.mark.parametrize("asked", ["residual", "lagged 2"])
def test_a_restart_in_the_middle_goes_on_with_the_same_bits(watched: Watched, asked: str) -> None:
    watched.activate(MADE[asked])
    for low, high in ((0, 1), (1, 9), (9, 10), (10, 60)):
        watched.send(low, high)
        watched.again()
    straight = Monitor(MADE[asked]).judge(rows(NEW)).tracks["t2"].value
    assert np.array_equal(watched.values(), straight, equal_nan=True)


def test_a_model_that_is_activated_begins_with_the_rows_that_the_line_has(watched: Watched) -> None:
    watched.send(0, 20)
    watched.activate(MADE["residual"])
    watched.send(20, 30)
    straight = Monitor(MADE["residual"]).judge(rows(NEW).some(range(30))).tracks["t2"].value
    assert watched.values() == straight[20:].tolist()
    watched.activate(MADE["lagged 2"])
    watched.again()
    watched.send(30, 40)
    straight = Monitor(MADE["lagged 2"]).judge(rows(NEW).some(range(40))).tracks["t2"].value
    assert watched.values()[10:] == straight[30:].tolist()


def test_the_alarm_says_what_the_row_before_implies_and_a_cause_keeps_the_rows(watched: Watched) -> None:
    watched.activate(MADE["residual"])
    watched.send(0, 41)
    with watched.ledger.read() as connection:
        alarm = next(one for one in book.alarms(connection) if one.facts["row"] == 41)
    assert "flow is" in alarm.sentence
    assert "above what the row before implies" in alarm.sentence
    assert alarm.facts["culprit"] == "flow"
    cause(watched.ledger, alarm.id, "Ada", "a valve", watched.clock())
    watched.send(41, 43)
    straight = Monitor(MADE["residual"]).judge(rows(NEW).some(range(43))).tracks["t2"].value
    assert watched.values()[-2:] == straight[-2:].tolist()


def test_rows_that_are_not_to_be_believed_are_no_rows_before(watched: Watched) -> None:
    watched.activate(MADE["residual"])
    block = rows(NEW).some(range(6))
    bad = type(block)(block.names, block.x, block.at, block.ids, ("good", "good", "bad", "good", "good", "good"))
    watched.line.take(bad)
    found = watched.values()
    assert np.isnan(found).tolist() == [True, False, True, True, False, False]
