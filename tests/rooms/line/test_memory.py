"""Charts with memory on a line: an alarm of their own, the same bits after a restart, and a new beginning when the cause was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spc.ledger import Ledger, events, points
from spc.ledger import alarms as book
from spc.line import Line, acknowledge, activate, cause, save_model
from spc.nouns import Alarm, Limit
from spc.settings import LineSettings
from tests.small import CENTER, SD, FakeClock, model
from tests.small import rows as some_rows


class Watched:
    """A line whose model has T², a MEWMA and an MCUSUM."""

    def __init__(self, folder: Path) -> None:
        self.url, self.clock = f"sqlite:///{folder}/spc.db", FakeClock()
        plain, limit = model(), Limit(12.0, 0.0013, "simulated")
        made = replace(plain, new_limits={**plain.new_limits, "mewma": (limit,), "mcusum": (limit,)}, recipe={"charts": {}})
        self.open()
        id = save_model(self.ledger, made, reference_id=None, by="Ada", now=self.clock())
        activate(self.ledger, "smt-2", id, "new reference", "Ada", self.clock())

    def open(self) -> None:
        self.ledger = Ledger(self.url)
        self.line = Line(self.ledger, LineSettings("smt-2", "SMT-2"), clock=self.clock)

    def values(self, chart: str) -> list[float]:
        with self.ledger.read() as connection:
            return [one.value for one in points.points_after(connection, "smt-2", 0, 10_000) if one.chart == chart]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.ledger.close()


def test_a_restart_goes_on_with_the_same_bits(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    whole = Watched(tmp_path / "other")
    whole.line.take(some_rows(20))
    block = some_rows(20)
    watched.line.take(block.some(range(9)))
    watched.ledger.close()
    watched.open()
    watched.line.take(block.some(range(9, 20)))
    assert watched.values("mewma") == whole.values("mewma")
    assert watched.values("mcusum") == whole.values("mcusum")
    whole.ledger.close()


def test_an_alarm_of_a_chart_with_memory_blames_the_variable_that_lasts(watched: Watched) -> None:
    watched.line.take(some_rows(40, out=tuple(range(1, 41)), by=2.0))
    with watched.ledger.read() as connection:
        (alarm,) = book.alarms(connection)
    assert alarm.facts["chart"] in ("mewma", "mcusum")
    assert alarm.facts["culprit"] == "warp_mm"
    assert sum(alarm.facts["blame"].values()) == pytest.approx(alarm.facts["value"], rel=1e-9)
    assert "a small shift that lasts: warp_mm 2.0 sd high on average (0.470 mm; usual 0.350 ± 0.060 mm)" in alarm.sentence
    assert "(UCL 12.0)" in alarm.sentence


def test_with_the_cause_found_the_charts_begin_anew(watched: Watched) -> None:
    watched.line.take(some_rows(12, out=tuple(range(3, 13)), by=4.0))
    with watched.ledger.read() as connection:
        (alarm,) = book.alarms(connection)
    assert alarm.active
    watched.line.take(some_rows(1, first=13))
    assert watched.values("mcusum")[-1] > 12.0, "what the faulty rows left goes on"
    acknowledge(watched.ledger, alarm.id, "Ada", "", watched.clock())
    cause(watched.ledger, alarm.id, "Ada", "wrong panel lot", watched.clock())
    watched.line.take(some_rows(3, first=14))
    first = some_rows(3, first=14)
    z = (first.x[0] - model().scatter.center) / model().scatter.factor.diagonal()
    assert watched.values("mewma")[-3] == pytest.approx(0.1 * (2 - 0.1) * float(z @ z))
    assert watched.values("mcusum")[-1] < 3.0
    with watched.ledger.read() as connection:
        (noted,) = [one for one in events.events(connection) if one.what == "charts begin anew"]
    assert noted.facts == {"after": 13}
    assert noted.by == "Ada"
    watched.line.take(some_rows(2, first=17))
    with watched.ledger.read() as connection:
        assert not book.get_alarm(connection, alarm.id).active


def alarm_of_log_t2(folder: Path, stop: int) -> Alarm:
    """From row 21 on every variable scatters 1.6 times as much; the line is opened anew after row `stop`."""
    folder.mkdir()
    watched, plain = Watched(folder), model()
    charts = {"t2": (Limit(99.0, 1e-6, "given"),) * 3, "ewma_log_t2": (Limit(4.2, 0.0013, "simulated"),)}
    id = save_model(watched.ledger, replace(plain, new_limits=charts), reference_id=None, by="Ada", now=watched.clock())
    activate(watched.ledger, "smt-2", id, "another", "Ada", watched.clock())
    block, noise = some_rows(60), np.random.default_rng(12).standard_normal((60, 3))
    noise[20:] *= 1.6
    block = replace(block, x=CENTER + SD * noise)
    for start, end in pairwise([0, *([stop] if stop else []), 60]):
        watched.line.take(block.some(range(start, end)))
        watched.ledger.close()
        watched.open()
    with watched.ledger.read() as connection:
        found = [one for one in book.alarms(connection) if one.facts["chart"] == "ewma_log_t2"]
    watched.ledger.close()
    return found[-1]


def test_an_ewma_of_log_t2_is_blamed_after_a_restart_as_without_one(tmp_path: Path) -> None:
    whole = alarm_of_log_t2(tmp_path / "whole", 0)
    assert whole.facts["matter"]["kind"] == "spread"
    for stop in (whole.first_row - 1, whole.first_row - 2, whole.first_row - 10):
        cut = alarm_of_log_t2(tmp_path / f"cut{stop}", stop)
        assert (cut.first_row, cut.facts["culprit"], cut.sentence) == (whole.first_row, whole.facts["culprit"], whole.sentence)
        assert cut.facts["blame"] == whole.facts["blame"]
