"""Two candidates on one scale."""

from __future__ import annotations

from spc.figures.replay import TOP, side_by_side
from spc.figures.theme import LIGHT

ONE = ("old", [1, 2, 3], ["2025-03-04 07:00:00", "2025-03-04 07:01:00", "2025-03-04 07:02:00"], [0.5, None, 1.2])


def test_both_charts_have_the_same_scale_and_mark_rows_out_and_disagreements() -> None:
    made = side_by_side(LIGHT, [ONE, ("new", ONE[1], ONE[2], [0.4, 0.6, 40.0])], [3])
    assert made["layout"]["yaxis"]["range"] == made["layout"]["yaxis2"]["range"] == [0, 1.04 * TOP]
    series, beyond, rings = made["data"][:3]
    assert series["y"][1] is None
    assert (beyond["x"], rings["x"]) == (["2025-03-04 07:02:00"], ["2025-03-04 07:02:00"])
    assert made["data"][3]["y"] == [0.4, 0.6, TOP]
    assert any("1 higher, up to 40 × limit" in one["text"] for one in made["layout"]["annotations"])


def test_rows_without_times_stand_at_their_numbers() -> None:
    made = side_by_side(LIGHT, [("old", [1, 2], [None, None], [0.5, 1.5])])
    assert made["layout"]["xaxis"]["type"] == "linear"
    assert made["data"][0]["x"] == [1, 2]


def test_many_rows_are_a_line_without_dots() -> None:
    few, many = (side_by_side(LIGHT, [("A", range(n), [None] * n, [0.5] * n)])["data"][0]["mode"] for n in (1000, 1001))
    assert (few, many) == ("lines+markers", "lines")
