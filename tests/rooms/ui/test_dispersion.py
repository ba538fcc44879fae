"""What the page of a line says of a subgroup whose mean is where it belongs and whose rows scatter wider."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.nouns import Limit, Subgroups
from spc.ui.pages import line
from spc.ui.view import View
from tests.rooms.ui.house import House
from tests.small import CENTER, SD, model, rows

KEPT = Subgroups("lot", 6, 6, 40, {"t2": (0.0,) * 3}, {"t2": 0.0}, {"dispersion": ((4, 40.0), (5, 32.0), (6, 28.0))})
LIMIT = Limit(28.0, 0.0013, "likelihood ratio")
GROUPED = replace(
    model(),
    subgroup=KEPT,
    new_limits={**model().new_limits, "dispersion": (LIMIT,)},
    reference_limits={**model().reference_limits, "dispersion": LIMIT},
    recipe={"charts": {"t2": {"name": "t2"}, "dispersion": {"name": "dispersion"}}},
)


@pytest.fixture
def view(house: House) -> View:
    house.activate(made=GROUPED)
    z = np.random.default_rng(3).standard_normal((30, 3))
    z[12:18, 1] = 6.0 * (z[12:18, 1] - z[12:18, 1].mean())
    x = CENTER + SD * z
    x[20, 2] = np.nan
    house.lines["mixer"].take(replace(rows(30), x=x))
    return View(house)


def test_the_row_that_closed_it_is_beyond_the_limit_and_says_what_varies_more(view: View) -> None:
    found = view.blamed("mixer", 18)
    (dot,) = view.dots("mixer", found.model.names, 18, 18)
    value, ucl, out = dot.charts["dispersion"][:3]
    assert out
    assert not dot.charts["t2"][2]
    said = str(line.why(found, "UTC")[0])
    assert "beyond the limit" in said
    assert f"Dispersion {value:.3g}, UCL {ucl:.3g}." in said
    assert found.sentence.startswith("spread, not level: warp_mm varies ")
    worked = line.arithmetic(view, "mixer", 18)["arithmetic"]
    assert "dispersion of this subgroup" in worked
    assert f"= {value:.6g}" in worked
    assert "UCL of dispersion for a new subgroup of 6 rows" in worked


def test_an_ordinary_one_and_one_with_a_gap_have_their_numbers(view: View) -> None:
    found = view.blamed("mixer", 12)
    assert "spread" not in found.sentence
    assert "within the limit" in str(line.why(found, "UTC")[0])
    (gap,) = view.blamed("mixer", 24).within
    assert len(gap.x) == 5
    assert gap.track.ucl[0] == 32.0
