"""The charts of the Phase I review: what is drawn, in which shape, and what is written beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spc.ui import figures_phase1 as figures
from spc.ui.figures_phase1 import LOOKS, Axis, Track, Trend
from spc.ui.theme import DARK, LIGHT

KINDS: list[Any] = ["in", "out", "kin", "excluded", "kept", "incomplete"]


def axis(n: int = 6) -> Axis:
    rows = list(range(1, n + 1))
    return Axis(rows, rows, [f"row {k}" for k in rows], timed=False)


def track(t2: list[float | None] | None = None, limit: float = 20.0, kinds: list[Any] | None = None) -> Track:
    values = t2 if t2 is not None else [3.0, 30.0, 15.0, 50.0, 25.0, None]
    return Track(
        "Robust: 1 row", values, [limit] * len(values), kinds or KINDS[: len(values)], limit, "calibrated for MCD(h = 0.75): n = 6"
    )


def traces(figure: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in figure["data"] if one["name"] == name]


def test_every_kind_of_row_has_a_shape_of_its_own() -> None:
    shapes = [look.symbol for look in LOOKS.values()]
    assert len(set(shapes)) == len(shapes)
    assert "circle" not in shapes  # that is an ordinary row's
    assert len({look.mark for look in LOOKS.values()}) == len(LOOKS)


def test_out_rows_are_filled_and_coloured_and_excluded_ones_are_a_hollow_cross() -> None:
    drawn = figures.t2_review(LIGHT, axis(), [track()])
    (out,), (excluded,) = traces(drawn, LOOKS["out"].words), traces(drawn, LOOKS["excluded"].words)
    assert (out["x"], out["y"], out["customdata"]) == ([2], [30.0], [2])
    assert (out["marker"]["symbol"], out["marker"]["color"]) == ("triangle-up", LIGHT.high)
    assert (excluded["x"], excluded["marker"]["symbol"]) == ([4], "x-open")


def test_the_series_leaves_a_gap_where_a_value_is_missing_and_where_a_row_is_excluded() -> None:
    (series,) = traces(figures.t2_review(LIGHT, axis(), [track()]), "Robust: 1 row")
    assert series["y"] == [3.0, 30.0, 15.0, None, 25.0, None]
    assert series["connectgaps"] is False


def test_the_limit_is_dashed_and_labelled_at_its_right_end_with_value_and_law() -> None:
    layout = figures.t2_review(LIGHT, axis(), [track()])["layout"]
    (limit,) = layout["shapes"]
    assert (limit["y0"], limit["x1"], limit["line"]["dash"], limit["line"]["color"]) == (20.0, 1, "6px,4px", LIGHT.limit)
    label = next(one for one in layout["annotations"] if one["text"] == "UCL 20")
    assert (label["x"], label["xanchor"], label["y"]) == (1, "left", 20.0)
    assert any("calibrated" in one["text"] for one in layout["annotations"])
    assert not any("LCL" in one["text"] for one in layout["annotations"])


@pytest.mark.parametrize("t2, top", [([1.0, 2.0], 30.0), ([1.0, 100.0], 108.0)])
def test_the_axis_begins_at_zero_and_shows_the_limit_and_all_data(t2: list[float | None], top: float) -> None:
    drawn = figures.t2_review(LIGHT, axis(2), [track(t2, kinds=["in", "in"])])
    assert drawn["layout"]["yaxis"]["range"] == pytest.approx([0, top])


def test_over_the_limit_the_limit_is_one_in_the_ratio() -> None:
    drawn = figures.t2_review(LIGHT, axis(), [track()], scale="ratio")
    assert drawn["layout"]["shapes"][0]["y0"] == 1.0
    assert traces(drawn, LOOKS["out"].words)[0]["y"] == [1.5]


def test_a_logarithmic_axis_places_the_label_by_its_logarithm() -> None:
    layout = figures.t2_review(LIGHT, axis(), [track(limit=100.0)], scale="log")["layout"]
    assert layout["yaxis"]["type"] == "log"
    assert next(one for one in layout["annotations"] if one["text"] == "UCL 100")["y"] == pytest.approx(2.0)
    assert layout["shapes"][0]["y0"] == 100.0  # shapes take values, annotations take logarithms


def test_near_the_limit_a_far_row_stands_at_the_edge_and_says_its_value() -> None:
    drawn = figures.t2_review(LIGHT, axis(2), [track([3.0, 5000.0], kinds=["in", "out"])], scale="near")
    assert traces(drawn, LOOKS["out"].words)[0]["y"] == [80.0]
    assert "row 2: T² 5000 ↑" in [one["text"] for one in drawn["layout"]["annotations"]]


def test_many_far_rows_are_told_together() -> None:
    drawn = figures.t2_review(LIGHT, axis(9), [track([500.0] * 8 + [900.0], kinds=["out"] * 9)], scale="near")
    assert "9 rows are higher, up to T² 900 ↑" in [one["text"] for one in drawn["layout"]["annotations"]]


def test_two_charts_share_the_axis_of_rows_so_that_hovering_is_linked() -> None:
    drawn = figures.t2_review(LIGHT, axis(), [track(), track()])
    assert drawn["layout"]["hoversubplots"] == "axis"
    assert {one.get("xaxis") for one in drawn["data"]} == {"x"}
    assert {one.get("yaxis") for one in drawn["data"]} == {"y", "y2"}
    assert len(drawn["layout"]["shapes"]) == 2


def test_chosen_rows_are_ringed_in_every_chart() -> None:
    drawn = figures.t2_review(LIGHT, axis(), [track(), track()], picked=(2,))
    assert [one["customdata"] for one in traces(drawn, "chosen")] == [[2], [2]]


def test_a_row_with_a_limit_of_its_own_has_a_dash_there() -> None:
    one = Track("Robust", [3.0, 4.0], [20.0, 24.0], ["in", "excluded"], 20.0, "law")
    (own,) = traces(figures.t2_review(LIGHT, axis(2), [one]), "own UCL")
    assert (own["x"], own["y"], own["marker"]["symbol"]) == ([2], [24.0], "line-ew-open")


def test_thinning_keeps_every_row_that_stands_out_and_the_extremes() -> None:
    values = [1.0] * 10_000
    values[4321] = 9.0
    keep = [k == 77 for k in range(10_000)]
    chosen = figures.thinned(values, keep)
    assert {77, 4321} <= set(chosen)
    assert len(chosen) <= figures.MOST + 2


def test_distances_are_roots_and_both_limits_are_drawn() -> None:
    robust, classical = track([4.0, 36.0], 25.0, ["in", "out"]), track([4.0, 9.0], 16.0, ["in", "in"])
    drawn = figures.distances(LIGHT, axis(2), robust, classical)
    (out,) = traces(drawn, LOOKS["out"].words)
    assert (out["x"], out["y"], out["customdata"]) == ([3.0], [6.0], [2])
    lines = drawn["layout"]["shapes"]
    assert (lines[0]["x0"], lines[1]["y0"]) == (4.0, 5.0)
    assert {"limit 4", "limit 5"} <= {one["text"] for one in drawn["layout"]["annotations"]}


def test_raw_values_have_the_reference_band_and_the_chosen_row() -> None:
    drawn = figures.around(LIGHT, [4, 5, 6], [Trend("warp_mm [mm]", [0.3, None, 0.4], (0.2, 0.35, 0.5))], [6])
    assert traces(drawn, "chosen")[0]["y"] == [0.4]
    band = drawn["layout"]["shapes"][0]
    assert (band["y0"], band["y1"]) == (0.2, 0.5)
    assert drawn["layout"]["yaxis"]["range"] == pytest.approx([0.125, 0.575])


def test_a_figure_is_plain_json_in_the_colours_of_its_scheme() -> None:
    for theme, other in ((LIGHT, DARK), (DARK, LIGHT)):
        text = json.dumps(figures.t2_review(theme, axis(), [track()], picked=(1,)), allow_nan=False)
        assert theme.high in text
        assert other.high not in text
