"""What the page of a line says that is judged by the means of subgroups."""

from dataclasses import replace

import numpy as np
import pytest

from spc.errors import NotFound
from spc.nouns import Subgroups
from spc.ui.causes import compare_answer, compared_words
from spc.ui.pages import line
from spc.ui.theme import LIGHT
from spc.ui.view import View
from tests.rooms.ui.house import House
from tests.small import CENTER, SD, model, rows

GROUPED = replace(model(), subgroup=Subgroups("lot", 4, 4, 50, {"t2": (0.0, 0.0, 0.0)}, {"t2": 0.0}))


@pytest.fixture
def view(house: House) -> View:
    house.activate(made=GROUPED)
    noise = np.random.default_rng(2).standard_normal((80, 3))
    noise[40:, 1] += 3.0
    house.lines["mixer"].take(replace(rows(80), x=CENTER + SD * noise))
    return View(house)


def test_the_row_that_closed_a_subgroup_says_whose_doing_its_mean_is(view: View) -> None:
    found = view.blamed("mixer", 44)
    words, bars, table = line.why(found, "UTC")
    said = str(words)
    assert "Row 44, part B00044" in said
    assert "beyond the limit" in said
    assert "warp_mm is" in found.sentence
    assert "mean of 4" in found.sentence
    assert "The mean of 4 rows." in said
    assert bars.index("warp_mm") < bars.index("length_mm")
    assert "data-arithmetic" in table
    (dot,) = view.dots("mixer", found.model.names, 44, 44)
    assert found.blame.share.sum() == pytest.approx(dot.charts["t2"][0])
    worked = line.arithmetic(view, "mixer", 44)["arithmetic"]
    assert "T² = k (x̄ − m)ᵀ S⁻¹ (x̄ − m)" in worked
    assert "for a new subgroup of 4 rows" in worked


def test_a_row_inside_a_subgroup_is_no_point(view: View) -> None:
    with pytest.raises(NotFound, match="part of a subgroup"):
        view.blamed("mixer", 43)


def test_subgroups_are_counted_as_such(view: View) -> None:
    assert view.charted("mixer") == "subgroups"
    found = view.compared("mixer", ("2025-03-04", "2025-03-05"), None)
    assert found.n_after == 20
    assert compared_words(found, "the reference", view.charted("mixer"))[0].startswith("20 subgroups against 50 of the reference")
    assert "Subgroups count as independent" in str(compare_answer(found, "the reference", LIGHT, "subgroups"))
