"""Limits for many rows are carried from fewer, and those for some observed variables from others: as good as simulated ones."""

from __future__ import annotations

import pytest

from spc.limits import calibrate
from spc.phase1.laws import Larger, by_count, law
from spc.scatter import Mcd, SuccessiveDifferences


def test_a_calibration_is_carried_to_many_rows() -> None:
    few = calibrate(Mcd(h=0.6), "MCD", 400, 2, fits=120)
    direct = calibrate(Mcd(h=0.6), "MCD", 1600, 2, fits=120)
    carried = Larger(few, 1600, falls=True)
    assert carried.new_row(0.0027, 2).value == pytest.approx(direct.new_row(0.0027).value, rel=0.01)
    assert carried.reference_row(0.01).value == pytest.approx(direct.reference_row(0.01).value, rel=0.04)
    assert "carried to n = 1600" in carried.new_row(0.0027, 2).law


def test_a_million_rows_need_no_simulation_of_a_million_rows() -> None:
    found = law(SuccessiveDifferences(), "auto", 1_000_000, 2, 0.0027)
    assert isinstance(found, Larger)
    assert found.at.n == 4000
    assert found.new_row(0.0027, 2).value == pytest.approx(11.829, rel=0.002)  # chi-squared(2) at 0.0027


def test_limits_between_are_those_that_would_be_simulated() -> None:
    found = calibrate(Mcd(h=0.6), "MCD", 150, 20, fits=40)
    told = by_count(found, 0.0027, 20)
    assert len(told) == 20
    assert "interpolated" in told[13].law
    for q in (7, 14, 19):
        assert told[q - 1].value == pytest.approx(found.new_row(0.0027, q).value, rel=0.004)
