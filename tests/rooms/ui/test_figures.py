import json

import pytest

from spc.ui import figures, over_time
from spc.ui.theme import DARK, LIGHT, THEMES, Theme

NAMES = ("length_mm", "warp_mm", "copper_um")
BANDS = ((159.8, 160.0, 160.2), (0.2, 0.35, 0.5), (31.0, 35.0, 39.0))


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_every_figure_is_plain_json_in_its_scheme(theme: Theme) -> None:
    made = [
        figures.t2_live(theme, "mixer"),
        figures.trends_live(theme, "mixer", NAMES, ("mm", "mm", "um"), BANDS, NAMES),
    ]
    other = DARK if theme is LIGHT else LIGHT
    for figure in made:
        text = json.dumps(figure, allow_nan=False)
        assert "bdata" not in text
        assert not any(f'"{colour}"' in text for name, colour in other.css().items() if colour not in theme.css().values())


def test_a_t2_chart_begins_at_zero_has_no_lower_limit_and_never_bridges_a_gap() -> None:
    figure = figures.t2_live(LIGHT, "mixer")
    series, limit, out, guard, _picked, late, gap = figure["data"]
    assert figure["layout"]["yaxis"]["rangemode"] == "tozero"
    assert series["mode"] == "lines"
    assert series["connectgaps"] is False
    assert (limit["line"]["shape"], limit["line"]["color"]) == ("hv", LIGHT.limit)
    assert limit["line"]["dash"] != "solid"
    assert [trace["name"] for trace in figure["data"]].count("UCL") == 1
    assert not [trace for trace in figure["data"] if "LCL" in trace["name"]]
    assert len({out["marker"]["symbol"], guard["marker"]["symbol"], late["marker"]["symbol"], "circle"}) == 4
    assert (gap["fill"], gap["fillpattern"]["shape"], gap["line"]["width"]) == ("toself", "/", 0)


@pytest.mark.parametrize("priority, symbol", [("critical", "diamond"), ("high", "triangle-up"), ("medium", "square"), ("low", "circle")])
def test_points_beyond_the_limit_have_the_colour_and_the_shape_of_the_priority(priority: str, symbol: str) -> None:
    marker = figures.t2_live(LIGHT, "mixer", priority=priority)["data"][2]["marker"]
    assert (marker["color"], marker["symbol"]) == (LIGHT.priority(priority), symbol)


def test_each_chosen_trend_has_its_own_axis_and_band() -> None:
    figure = figures.trends_live(LIGHT, "mixer", NAMES, ("mm", "mm", "um"), BANDS, ["warp_mm", "nonsense", "length_mm"])
    assert figure["layout"]["meta"]["names"] == ["warp_mm", "length_mm"]
    beside = ["late", "no rows"] * 2
    assert [trace["name"] for trace in figure["data"]] == ["warp_mm", "length_mm", *beside]
    assert [trace["xaxis"] for trace in figure["data"]] == ["x", "x2", "x", "x", "x2", "x2"]
    assert [shape["y0"] for shape in figure["layout"]["shapes"] if shape["type"] == "rect"] == [0.2, 159.8]
    assert {trace["yaxis"] for trace in figure["data"]} == {"y", "y2"}


def test_trends_without_a_model_have_no_axes_to_misread() -> None:
    assert figures.trends_live(LIGHT, "mixer", (), (), (), ())["layout"]["xaxis"] == {"visible": False}


def test_blame_shows_the_largest_share_on_top_in_colour_only_when_out() -> None:
    drawn = over_time.bars(NAMES, [2.0, 30.0, -5.0], out=True)
    assert [drawn.index(f'data-variable="{name}"') for name in ("warp_mm", "copper_um", "length_mm")] == sorted(
        drawn.index(f'data-variable="{name}"') for name in NAMES
    )
    assert drawn.count("marked") == 1
    assert drawn.index("marked") < drawn.index('data-variable="copper_um"')
    assert "marked" not in over_time.bars(NAMES, [2.0, 30.0, -5.0], out=False)
    assert over_time.bars(["<b>"], [1.0], out=False).count("&lt;b&gt;") == 3


def test_the_percentages_of_blame_are_of_the_signed_sum() -> None:
    drawn = over_time.bars(NAMES, [2.0, 30.0, -7.0], out=True)
    assert [part.split("<")[0] for part in drawn.split('<span class="bar-part">')[1:]] == ["120 %", "-28 %", "8 %"]
    assert over_time.bars(NAMES, [None, None, None], out=True) == ""
