"""The pictures of a fit: what is drawn where, in which shape, and what is written beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spc.figures.cells import cells
from spc.figures.correlation import correlation, different
from spc.figures.distances import distances
from spc.figures.ellipses import Pair, ellipse, matrix
from spc.figures.qq import Quantiles, qq
from spc.figures.rows import LOOKS, Axis, Kind, Track
from spc.figures.scree import scree
from spc.figures.theme import DARK, LIGHT, contrast
from spc.figures.words import plain

KINDS: list[Kind] = ["in", "out", "in", "kin"]
AXIS = Axis([1, 2, 3, 4], [1, 2, 3, 4], [f"row {k}" for k in (1, 2, 3, 4)], timed=False)
SQUARE = [(0.0, 1.0), (1.0, 0.0), (2.0, 1.0), (1.0, 2.0), (0.0, 1.0)]
WIDE = [(-9.0, 1.0), (1.0, -9.0), (11.0, 1.0), (1.0, 11.0), (-9.0, 1.0)]
PAIR = Pair(("a [mm]", "b"), [1.0, 90.0, None, 1.5], [1.0, 1.2, 1.0, 2.0], SQUARE, WIDE)
FOUND = Quantiles([1.0, 4.0, 9.0, 16.0], [1.0, 4.0, 9.0, 900.0], [0.5, 2.0, 5.0, 9.0], [2.0, 6.0, 15.0, 30.0], [2, 0, 3, 1])


def named(figure: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in figure["data"] if one["name"] == name]


def words(figure: dict[str, Any]) -> str:
    return " ".join(one["text"] for one in figure["layout"]["annotations"])


def every() -> list[dict[str, Any]]:
    names = ["a", "b"]
    r = [[1.0, 0.5], [0.5, 1.0]]
    return [
        qq(LIGHT, AXIS, FOUND, KINDS, limit=25.0, law="beta"),
        ellipse(LIGHT, AXIS, PAIR, KINDS),
        matrix(LIGHT, AXIS, names, {(1, 0): PAIR}, KINDS),
        scree(LIGHT, [1.5, 0.5], [1.2, 0.8]),
        correlation(LIGHT, names, r, r),
        cells(LIGHT, names, [7], [["high", ""]]),
    ]


def test_a_picture_is_plain_json_in_the_colours_of_its_scheme() -> None:
    for figure in every():
        text = json.dumps(figure, allow_nan=False)
        assert DARK.text not in text
        assert LIGHT.text in text


def test_distances_stand_against_those_expected_and_far_ones_at_the_edge() -> None:
    figure = qq(LIGHT, AXIS, FOUND, KINDS, limit=25.0, law="beta")
    (out,) = named(figure, LOOKS["out"].words)
    assert (out["x"], out["y"], out["customdata"], out["hovertext"]) == ([4.0], [10.0], [2], ["row 2"])  # 30 is beyond 2 × 5
    (ordinary,) = named(figure, "within the UCL")
    assert (ordinary["x"], ordinary["y"], ordinary["customdata"]) == ([1.0, 2.0], [1.0, 2.0], [3, 1])
    (line,) = named(figure, "as expected")
    assert line["x"] == line["y"] == [1.0, 2.0, 3.0, 4.0]
    (band,) = named(figure, "band")
    assert (band["x"], band["fill"]) == ([1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0], "toself")
    assert figure["layout"]["shapes"][0]["y0"] == 5.0
    assert "limit 5" in words(figure)
    assert "1 row is higher" in words(figure)


def test_the_upper_left_quadrant_says_what_the_classical_chart_hides() -> None:
    robust = Track("Robust", [4.0, 36.0, 36.0, 30.0], [25.0] * 4, ["in", "out", "excluded", "out"], 25.0, "law")
    classical = Track("Classical", [4.0, 9.0, 9.0, 17.0], [16.0] * 4, ["in", "in", "excluded", "out"], 16.0, "law")
    assert "1 row that the<br>classical chart hides" in words(distances(LIGHT, AXIS, robust, classical))
    assert "hides" not in words(distances(LIGHT, AXIS, classical, classical))


def test_both_ellipses_are_drawn_and_a_missing_value_leaves_its_row_out() -> None:
    figure = ellipse(LIGHT, AXIS, PAIR, KINDS, level=0.9, own="MCD")
    (own,), (other,) = named(figure, "ellipse"), named(figure, "classical ellipse")
    assert (own["x"], own["line"]["dash"], other["line"]["dash"]) == ([0.0, 1.0, 2.0, 1.0, 0.0], "solid", "2px,3px")
    assert [one["customdata"] for one in named(figure, "within the UCL")] == [[1]]
    assert words(figure) == "90 % ellipses: solid MCD, dotted classical"
    alone = ellipse(LIGHT, AXIS, Pair(PAIR.titles, PAIR.x, PAIR.y, SQUARE), KINDS)
    assert not named(alone, "classical ellipse")
    assert "dotted" not in words(alone)


def test_every_pair_has_a_panel_of_its_own_and_every_variable_its_name_on_the_diagonal() -> None:
    titles = ["a [mm]", "b", "a_name_that_is_far_too_long_for_its_place"]
    pairs = {(i, j): PAIR for i in range(3) for j in range(i)}
    figure = matrix(LIGHT, AXIS, titles, pairs, KINDS)
    panels = {(one["xaxis"], one["yaxis"]) for one in figure["data"]}
    assert panels == {("x", "y"), ("x2", "y2"), ("x3", "y3")}
    layout = figure["layout"]
    assert layout["xaxis"]["domain"][1] < 1 / 3 < layout["xaxis3"]["domain"][0]
    assert layout["yaxis2"]["domain"][1] < 1 / 3 < layout["yaxis"]["domain"][0]
    assert layout["xaxis"]["range"] == pytest.approx([-1.32, 3.32])  # the row at 90 and the wide ellipse leave the panel
    assert "<b>a</b><br>[mm]" in words(figure)
    assert "for_its_place" not in words(figure)


def test_eigenvalues_are_numbered_from_one_and_tiny_ones_need_a_logarithm() -> None:
    figure = scree(LIGHT, [1.5, 0.5], [1.2, 0.8], name="MCD")
    (own,), (other,) = named(figure, "MCD"), named(figure, "classical")
    assert (own["x"], own["y"], other["y"]) == ([1, 2], [1.5, 0.5], [1.2, 0.8])
    assert (own["marker"]["symbol"], other["marker"]["symbol"]) == ("circle", "circle-open")
    assert figure["layout"]["yaxis"]["type"] == "linear"
    assert scree(LIGHT, [2.0, 1e-7])["layout"]["yaxis"]["type"] == "log"
    assert len(scree(LIGHT, [2.0, 1e-7])["data"]) == 1


def test_correlations_that_outliers_made_or_hid_are_framed_in_both() -> None:
    own, classical = [[1.0, 0.9, 0.1], [0.9, 1.0, 0.0], [0.1, 0.0, 1.0]], [[1.0, 0.2, 0.1], [0.2, 1.0, -0.1], [0.1, -0.1, 1.0]]
    assert different(own, classical) == [(1, 0)]
    figure = correlation(LIGHT, ["a", "b", "c"], own, classical)
    assert [(one["xref"], one["x0"], one["y0"]) for one in figure["layout"]["shapes"]] == [("x", -0.46, 0.54), ("x2", -0.46, 0.54)]
    assert figure["data"][1]["text"][2] == ["0.10", "−0.10", "1.00"]
    assert figure["data"][1]["z"][2] == [0.1, 0.1, 1.0]  # shades say how strong, the number says the sign
    assert figure["data"][0]["yaxis"] != figure["data"][1]["yaxis"]
    assert len(correlation(LIGHT, ["a", "b", "c"], own)["data"]) == 1
    many = [[1.0 if i == j else 0.0 for j in range(20)] for i in range(20)]
    assert "texttemplate" not in correlation(LIGHT, [f"v{k}" for k in range(20)], many)["data"][0]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_numbers_can_be_read_on_the_darkest_shade(theme: Any) -> None:
    shade = correlation(theme, ["a"], [[1.0]])["data"][0]["colorscale"][1][1]
    assert contrast(shade, theme.text) >= 4.5


def test_the_map_of_values_has_a_line_per_row_with_marks_and_a_shape_per_kind() -> None:
    found: list[Any] = [["high", "", "low"], ["", "", ""], ["", "missing", "flagged"]]
    figure = cells(LIGHT, ["a", "b", "c"], [4, 9, 12], found)
    assert figure["layout"]["yaxis"]["ticktext"] == ["4", "12"]
    (high,), (low,), (gone,) = named(figure, "too high"), named(figure, "too low"), named(figure, "missing")
    assert (high["x"], high["y"], high["customdata"], high["hovertext"]) == ([0], [0], [4], ["row 4, a: too high"])
    assert (low["x"], gone["y"], gone["x"]) == ([2], [1], [1])
    assert len({one["marker"]["symbol"] for one in figure["data"]}) == 4
    few = cells(LIGHT, ["a", "b", "c"], [4, 9, 12], found, most=1)
    assert "1 of 2 rows with marks" in words(few)


def test_a_name_with_markup_is_shown_as_it_is() -> None:
    assert plain("<b>a</b> & b") == "&lt;b>a&lt;/b> &amp; b"
