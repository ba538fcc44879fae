"""Are the right variables named? On simulated faults ours is best or equal beside Shapley shares, the MYT elimination and |z| > 3."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from tests.shifted import METHODS, Cell, grid, markdown, shares


def behind(found: Mapping[str, float], trials: int) -> bool:
    """Whether ours is behind the best of the others by more than three standard errors of a difference of that size, and a percent."""
    best = max(found[name] for name in METHODS[1:])
    missed = max(best - found["spc"], 0.0)
    return missed > 0.01 + 3.0 * math.sqrt(max(missed, 1.0 / trials) / trials)


@pytest.mark.parametrize(
    "cell, least",
    [
        (Cell("one variable", 6, 0.5), 0.96),
        (Cell("one variable", 30, 0.0), 0.95),
        (Cell("broken relation", 6, 0.9), 0.93),
        (Cell("pair", 3, 0.9), 0.93),
        (Cell("pair", 12, 0.0), 0.92),
        (Cell("drift", 6, 0.9), 0.85),
    ],
    ids=str,
)
def test_the_right_variables_are_named(cell: Cell, least: float) -> None:
    found = shares(cell, 100)
    assert found["spc"] >= least, found
    assert not behind(found, 100), found


@pytest.mark.slow
def test_best_or_equal_in_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    trials = 1000
    found = {cell: shares(cell, trials, seed=1) for cell in grid()}
    with capsys.disabled():
        print(f"\n{markdown(found)}")
    assert [(cell, one) for cell, one in found.items() if behind(one, trials)] == []
