"""Since when, on a line: worked out from the ledger, better with the first points, and never behind what bounds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spc.line import acknowledge
from spc.nouns import Guard
from tests.rooms.line.test_known_causes import House, fault
from tests.small import model
from tests.small import rows as some_rows


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, model())
    yield house
    house.ledger.close()


def test_it_is_found_before_the_first_point_out_and_kept_with_its_times(house: House) -> None:
    house.take(some_rows(30).x, step=10)
    alarm = house.take(fault(12, 0.0, 2.9, 0.0, seed=3))[-1]
    facts = alarm.facts
    assert facts["since_low"] <= facts["since_row"] <= facts["since_high"] <= alarm.first_row
    assert abs(facts["since_row"] - 31) <= 1 < alarm.first_row - 30  # T² took more than a row to see it
    assert facts["since_at"] == 1_741_068_000_000_000 + facts["since_row"] * 45_000_000
    assert facts["shift"]["warp_mm"] == pytest.approx(2.9 * 0.06, abs=0.06)
    assert facts["since_kind"] == "step"


def test_it_is_worked_out_again_with_the_first_points_and_then_stands(house: House) -> None:
    house.take(some_rows(30).x, step=10)
    house.take(fault(3, 0.0, 6.0, 0.0))
    (early,) = house.alarms()
    house.take(fault(60, 0.0, 6.0, 0.0, seed=2), step=20)
    (later,) = house.alarms()
    assert later.facts["shift_t2"] > 5 * early.facts["shift_t2"]
    house.take(fault(120, 0.0, 6.0, 0.0, seed=3), step=20)
    (stood,) = house.alarms()
    assert stood.last_row > stood.facts["since_until"] == early.first_row + 100
    house.take(fault(20, 0.0, 6.0, 0.0, seed=4), step=20)
    assert house.alarms()[0].facts["shift_t2"] == stood.facts["shift_t2"]
    assert stood.facts["since_row"] == 31


def test_it_does_not_look_behind_the_activation_of_the_model(house: House) -> None:
    house.take(fault(20, 0.0, 1.5, 0.0), step=20)  # a small shift, which the model before did not see
    before = house.count
    house.activate(model(center=0.01))
    found = house.take(fault(15, 0.0, 3.5, 0.0, seed=5))
    assert found[0].facts["since_from"] == before + 1
    assert found[0].facts["since_low"] > before


def test_a_guard_moved_when_it_moved(tmp_path: Path) -> None:
    known = model(guards=(Guard("flux", 4.5, 0.01),))
    house = House(tmp_path, model())
    house.activate(known)
    calm = some_rows(4)
    moved = replace(calm, names=(*calm.names, "flux"), x=np.hstack([calm.x, np.array([[4.5], [4.5], [9.0], [4.5]])]))
    house.line.take(moved)
    (alarm,) = house.alarms()
    assert (alarm.facts["chart"], alarm.facts["since_row"], alarm.facts["since_high"]) == ("guard", 3, 3)
    assert alarm.facts["looks_like"] == []
    acknowledge(house.ledger, alarm.id, "Ada", "seen", house.clock())
    house.ledger.close()
