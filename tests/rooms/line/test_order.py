"""Rows that come late, clocks that go back, sensors that are stuck, products that change."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spc.errors import Complaint, Conflict, Refused
from spc.ledger import Ledger, gaps, lines, points, rows
from spc.ledger import alarms as book
from spc.line import Line, activate, deactivate, save_model
from spc.line.order import Order
from spc.nouns import Limit, Model, Rows
from spc.settings import LineSettings
from tests.small import FakeClock, model
from tests.small import rows as some_rows

S = 1_000_000
MEWMA = {"charts": {"t2": {"name": "t2"}, "mewma": {"name": "mewma", "lam": 0.2}}}


def smoothed() -> Model:
    """The small model with a MEWMA beside T²."""
    one = model()
    return dataclasses.replace(one, new_limits={**one.new_limits, "mewma": (Limit(14.0, 0.0027, "given"),) * 3}, recipe=MEWMA)


class House:
    def __init__(self, folder: Path, settings: LineSettings) -> None:
        self.ledger = Ledger.open(f"sqlite:///{folder}/a.db")
        self.clock = FakeClock()
        self.line = Line(self.ledger, settings, clock=self.clock)

    def activate(self, one: Model, product: str = "") -> str:
        id = save_model(self.ledger, one, reference_id=None, by="Ada", now=1)
        activate(self.ledger, self.line.name, id, "start", "Ada", 1, product=product)
        return id

    def charts(self, chart: str) -> list[tuple[int, float, bool, str]]:
        with self.ledger.read() as connection:
            return [(p.row, p.value, p.out, p.note) for p in points.points_after(connection, self.line.name, 0) if p.chart == chart]

    def alarms(self, kind: str) -> list[str]:
        with self.ledger.read() as connection:
            return [one.state for one in book.alarms(connection) if one.kind == kind]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, LineSettings("smt-2", stuck_rows=10))
    yield house
    house.ledger.close()


def dated(block: Rows, clock: FakeClock, back_s: float = 0.0) -> Rows:
    """The rows, a second apart, the last one made `back_s` seconds ago."""
    at = clock.now - int(back_s * S) - S * np.arange(len(block) - 1, -1, -1)
    return dataclasses.replace(block, at=at.astype("datetime64[us]"))


def test_a_late_row_is_judged_by_itself_and_no_chart_with_memory_takes_it_in(house: House) -> None:
    house.activate(smoothed())
    house.line.take(dated(some_rows(5), house.clock))
    house.clock.go(5)
    assert house.line.take(dated(some_rows(2, first=100, out=(2,)), house.clock, 600.0)).late == 2
    house.line.take(dated(some_rows(5, first=6), house.clock))
    t2, mewma = house.charts("t2"), house.charts("mewma")
    assert [row for row, _, out, note in t2 if note == "late"] == [6, 7]
    assert t2[6][2]  # seen to be out, and marked …
    assert house.alarms("process") == []  # … but nobody is paged about the past
    assert [row for row, value, *_ in mewma if np.isnan(value)] == [6, 7]
    with house.ledger.read() as connection:
        assert rows.rows_between(connection, "smt-2", 5, 8).rows.quality == ("good", "late", "late", "good")

    other = Line(house.ledger, LineSettings("calm"), clock=house.clock)
    activate(house.ledger, "calm", smoothed().digest[:16], "start", "Ada", 1)
    for first, at in ((1, -5), (6, 0)):
        other.take(dated(some_rows(5, first=first), FakeClock(house.clock.now + at * S)))
    with house.ledger.read() as connection:
        expected = [p.value for p in points.points_after(connection, "calm", 0) if p.chart == "mewma"]
    assert [value for _, value, _, note in mewma if note != "late"] == expected  # the same bits as if nothing had come late


def test_a_restart_knows_what_came_last(house: House) -> None:
    house.activate(smoothed())
    house.line.take(dated(some_rows(5), house.clock))
    again = Line(house.ledger, LineSettings("smt-2"), clock=house.clock)
    again.take(dated(some_rows(1, first=50), house.clock, 600.0))
    assert house.charts("t2")[-1][3] == "late"


def test_rows_a_little_out_of_order_are_not_late(house: House) -> None:
    house.activate(model())
    house.line.take(dated(some_rows(5), house.clock))
    house.line.take(dated(some_rows(2, first=50), house.clock, 30.0))
    assert not any(note for *_, note in house.charts("t2"))


def test_a_clock_that_was_set_back_is_written_down_and_its_rows_go_on(house: House) -> None:
    house.activate(smoothed())
    house.line.take(dated(some_rows(5), house.clock))
    for k in range(40):
        house.clock.go(1)
        house.line.take(dated(some_rows(1, first=100 + k), house.clock, 3600.0))
    late = [row for row, _, _, note in house.charts("mewma") if note == "late"]
    assert late == list(range(6, 6 + 29))
    with house.ledger.read() as connection:
        (gap,) = gaps.gaps_since(connection, "smt-2", 0)
    assert gap.why == "the clock of the rows went back by 3570 s"


def test_a_history_that_is_sent_after_stays_late() -> None:
    order = Order(newest=10_000 * S, late_us=60 * S)
    for start in range(0, 500, 50):
        assert order.late(np.arange(start, start + 50) * S, now=10_000 * S + start).all()
    assert order.went_back == 0


def test_one_row_from_the_future_does_not_make_all_others_late() -> None:
    order = Order(newest=1_000 * S, late_us=60 * S)
    assert not order.late(np.array([9_000 * S]), now=1_001 * S).any()
    assert not order.late(np.array([1_002 * S, 1_003 * S]), now=1_003 * S).any()


def test_a_stuck_sensor_is_an_alarm_of_its_own(house: House) -> None:
    house.activate(model())
    block = some_rows(30)
    block.x[5:18, 1] = block.x[5, 1]
    house.line.take(block.part(slice(0, 12)))
    assert house.alarms("stuck") == []
    house.line.take(block.part(slice(12, 18)))
    assert house.alarms("stuck") == ["unacknowledged"]
    with house.ledger.read() as connection:
        (alarm,) = book.alarms(connection)
    assert "warp_mm has shown" in alarm.sentence
    assert "for 13 rows" in alarm.sentence
    again = Line(house.ledger, LineSettings("smt-2", stuck_rows=10), clock=house.clock)  # a restart counts on
    again.take(block.part(slice(18, 19)))
    assert house.alarms("stuck") == ["returned"]


def test_a_stuck_sensor_neither_hides_nor_ends_a_process_alarm(house: House) -> None:
    house.activate(model())
    block = some_rows(30, out=(3, 4))
    block.x[6:, 0] = block.x[6, 0]
    house.line.take(block.part(slice(0, 4)))
    house.line.take(block.part(slice(4, 30)))
    assert sorted(house.alarms("stuck") + house.alarms("process")) == ["returned", "unacknowledged"]


def test_each_product_has_its_model_and_its_memory(house: House) -> None:
    house.activate(smoothed())
    house.activate(dataclasses.replace(smoothed(), scatter=model(center=5.0).scatter), "B")
    calm, moved = some_rows(12), some_rows(12)
    moved.x[:] += 5.0 * np.array([0.05, 0.06, 1.2])
    x = np.where((np.arange(12) % 4 < 2)[:, None], calm.x, moved.x)
    product = tuple("A" if i % 4 < 2 else "B" for i in range(12))
    house.line.take(dataclasses.replace(calm, x=x, product=product))
    assert not any(out for *_, out, _ in house.charts("t2"))
    mewma = [value for _, value, _, _ in house.charts("mewma")]
    alone = Line(house.ledger, LineSettings("alone"), clock=house.clock)
    activate(house.ledger, "alone", smoothed().digest[:16], "start", "Ada", 1)
    mine = [i for i in range(12) if i % 4 < 2]
    alone.take(calm.some(mine))
    with house.ledger.read() as connection:
        expected = [p.value for p in points.points_after(connection, "alone", 0) if p.chart == "mewma"]
        assert points.model_of(connection, "smt-2", 3) != points.model_of(connection, "smt-2", 1)
    assert [mewma[i] for i in mine] == expected
    with pytest.raises(Conflict, match="for product 'B'"):
        house.activate(dataclasses.replace(smoothed(), scatter=model(center=5.0).scatter), "B")
    deactivate(house.ledger, "smt-2", "no B for now", "Ada", 2, product="B")
    house.line.take(dataclasses.replace(some_rows(2, first=40), product=("A", "B")))
    assert [row for row, *_ in house.charts("t2")][-1] == 13
    with pytest.raises(Complaint, match="no name of a product"):
        activate(house.ledger, "smt-2", smoothed().digest[:16], "why", "Ada", 1, product="a\nb")


def test_a_restart_in_the_middle_of_products_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    """Taken in one go, or by another process after every few rows: the points are the same."""
    product = tuple("AB"[i // 3 % 2] for i in range(30))
    block = dataclasses.replace(some_rows(30), product=product)
    found = []
    for cuts in ((0, 30), (0, 4, 5, 11, 23, 30)):
        house = House(tmp_path / str(len(cuts)), LineSettings("smt-2"))
        house.activate(smoothed())
        house.activate(dataclasses.replace(smoothed(), scatter=model(center=0.5).scatter), "B")
        for first, last in pairwise(cuts):
            Line(house.ledger, LineSettings("smt-2"), clock=house.clock).take(block.part(slice(first, last)))
        found.append((house.charts("mewma"), house.charts("t2")))
        house.ledger.close()
    assert found[0] == found[1]


def test_two_processes_never_judge_the_same_line(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    clock = FakeClock()
    with Ledger.open(url) as first, Ledger.open(url) as second:
        one = Line(first, LineSettings("smt-2"), clock=clock)
        id = save_model(first, smoothed(), reference_id=None, by="Ada", now=1)
        activate(first, "smt-2", id, "start", "Ada", 1)
        other = Line(second, LineSettings("smt-2"), clock=clock)
        one.take(some_rows(3))
        with pytest.raises(Refused, match="run by process"):
            other.take(some_rows(3, first=4))
        clock.go(16)  # the first one is not heard of any more
        other.take(some_rows(3, first=4))
        with pytest.raises(Refused, match="run by process"):
            one.take(some_rows(3, first=7))
        clock.go(16)
        one.take(some_rows(3, first=7))  # back again: with what the other one wrote
        with first.read() as connection:
            found = [p.value for p in points.points_after(connection, "smt-2", 0) if p.chart == "mewma"]
            assert lines.last_seq(connection, "smt-2") == 9
        calm = Line(first, LineSettings("calm"), clock=clock)
        activate(first, "calm", id, "start", "Ada", 1)
        for k in (1, 4, 7):
            calm.take(some_rows(3, first=k))
        with first.read() as connection:
            assert found == [p.value for p in points.points_after(connection, "calm", 0) if p.chart == "mewma"]


def test_a_product_that_comes_back_does_not_end_the_alarm_of_another(house: House) -> None:
    house.activate(model(), "A")
    house.activate(model(), "B")

    def send(first: int, out: tuple[int, ...], product: str) -> list[str]:
        block = some_rows(4, first=first, out=out)
        house.line.take(dataclasses.replace(block, product=(product,) * 4))
        return house.alarms("process")

    assert send(1, (3, 4), "A") == ["unacknowledged"]
    assert send(5, (1,), "B") == ["unacknowledged"]  # B was out, too, and came back
    assert send(9, (), "A") == ["returned"]
