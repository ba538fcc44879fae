"""The shipped table of limits: where it reaches, and that it says what a simulation says."""

from __future__ import annotations

import numpy as np
import pytest

from spc.limits import calibrate, covers, lookup
from spc.scatter import Mcd


def test_it_covers_everyday_references_and_declines_others() -> None:
    assert lookup("mcd", 0.75, "MCD", 200, 6) is not None
    assert lookup("mcd", 0.75, "MCD", 5, 6) is None
    assert lookup("mcd", 0.66, "MCD", 200, 6) is None
    assert lookup("ogk", 0.75, "OGK", 200, 6) is None
    assert covers(0.0027)
    assert not covers(1e-9)


@pytest.mark.statistics
@pytest.mark.parametrize("n, p", [(70, 2), pytest.param(150, 4, marks=pytest.mark.slow)])  # between the grid's entries
def test_between_its_entries_it_agrees_with_a_simulation(n: int, p: int) -> None:
    table = lookup("mcd", 0.75, "MCD", n, p)
    assert table is not None
    found = calibrate(Mcd(), "MCD", n, p, seed=11, fits=400)
    for q in {1, p}:
        tails = found.tails_of(q)(table.new_row(0.0027, q).value)[0]
        assert tails.mean() == pytest.approx(0.0027, abs=max(4 * tails.std() / np.sqrt(400), 0.04 * 0.0027))
    assert table.reference_row(0.01).value == pytest.approx(found.reference_row(0.01).value, rel=0.04)


def test_limits_fall_with_rows_towards_the_classical_ones_and_rise_with_variables_and_promise() -> None:
    ucl = [lookup("mcd", 0.75, "MCD", n, 4).new_row(0.0027).value for n in (20, 40, 80, 160, 1000, 100_000)]  # type: ignore[union-attr]
    assert ucl == sorted(ucl, reverse=True)
    assert ucl[-1] == pytest.approx(16.25, abs=0.01)  # chi-squared(4) at 0.0027
    table = lookup("mcd", 0.75, "MCD", 100, 4)
    assert table is not None
    by_variables = [table.new_row(0.0027, q).value for q in (1, 2, 3, 4)]
    assert by_variables == sorted(by_variables)
    by_promise = [table.new_row(alpha).value for alpha in (0.05, 0.01, 0.0027, 1e-4, 1e-6)]
    assert by_promise == sorted(by_promise)
