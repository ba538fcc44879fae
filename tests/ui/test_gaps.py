"""Times without rows and rows that came late, as the line's page draws and says them."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
import pytest

from spc.ledger import gaps
from spc.nouns import Rows
from tests.small import rows as some_rows
from tests.ui.served import Served, until
from tests.ui.test_companions import with_memory
from tests.ui.test_line import CHART, opened

COMPANIONS = "document.querySelector('#line-companions .js-plotly-plot')"
TRENDS = "document.querySelector('#line-trends .js-plotly-plot')"


def cut_off(served: Served, after: int, until_row: int | None, why: str = "cut off") -> None:
    """A gap of a source, from the time of a row to that of another."""
    at = some_rows(100).at.astype("datetime64[us]").astype("int64")
    end = None if until_row is None else int(at[until_row - 1])
    served.ledger.write(lambda connection: gaps.put_gap(connection, "mixer", after, int(at[after - 1]), end, "mqtt", why))


def late() -> Rows:
    """Two rows whose times lie between earlier ones, with ids of their own."""
    one = some_rows(2, first=5)
    return dataclasses.replace(one, ids=("L1", "L2"), at=one.at + np.timedelta64(20, "s"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_line_goes_across_a_time_without_rows_and_the_reason_is_said(page: Any, served: Served, scheme: str) -> None:
    served.activate()
    served.send(40)
    page.emulate_media(color_scheme=scheme)
    opened(page, 40)
    assert page.evaluate(f"{CHART}.data[0].y.includes(null)") is False
    assert page.evaluate(f"{CHART}.data[6].x.length") == 0
    cut_off(served, 20, 21)
    until(page, f"{CHART}.data[0].y.indexOf(null) === 20")
    until(page, f"{TRENDS}.data[0].y.indexOf(null) === 20")
    band = page.evaluate(f"[Math.min(...{CHART}.data[6].x), Math.max(...{CHART}.data[6].x)]")
    line = page.evaluate(f"[{CHART}.data[0].x[19], {CHART}.data[0].x[21]]")
    assert band == line
    words = page.evaluate(f"{CHART}.data[6].hovertext[3]")
    assert words == "no rows 2025-03-04 07:15:00–2025-03-04 07:15:45: cut off"
    summary = page.locator("#line-summary").inner_text()
    assert summary.endswith("cut off.")
    assert "No rows 2025-03-04 07:15:00" in summary
    served.send(1)
    until(page, f"{CHART}.data[0].y.length === 42")
    if folder := os.environ.get("SPC_SHOTS"):
        page.screenshot(path=f"{folder}/gap-{scheme}.png")


def small_charts(page: Any, chart: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The traces of late rows and of times without rows, of each of the small charts."""
    told = "x: t.x, y: t.y, words: t.hovertext, xaxis: t.xaxis, end: t.mode"
    found = page.evaluate(f"{chart}.data.filter(t => ['late', 'no rows'].includes(t.name)).map(t => ({{name: t.name, {told}}}))")
    return [one for one in found if one["name"] == "late"], [one for one in found if one["name"] == "no rows"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_live_chart_shows_times_without_rows_and_late_rows(page: Any, served: Served, scheme: str) -> None:
    served.activate(made=with_memory())
    served.send(90)
    cut_off(served, 60, 70)
    page.emulate_media(color_scheme=scheme)
    opened(page, 90)
    served.send(block=late())
    until(page, f"{CHART}.data[5].x.length === 2 && {CHART}.data[6].x.length === 14")
    band = page.evaluate(f"{CHART}.data[6].x")
    for chart, count in ((COMPANIONS, 2), (TRENDS, 3)):
        until(page, f"{chart}.data.filter(t => t.name === 'late' && t.x.length === 2).length === {count}")
        marks, bands = small_charts(page, chart)
        assert len(bands) == count
        assert len({one["xaxis"] for one in bands}) == count
        for one in bands:
            assert (min(one["x"]), max(one["x"])) == (min(band), max(band))
            assert one["words"][3].endswith(": cut off")
        assert all("late" in word for one in marks for word in one["words"])
    values = page.evaluate(f"{TRENDS}.data.filter(t => t.name === 'late')[0].y")
    assert values == late().x[:, 0].tolist()  # at the values that they brought
    assert small_charts(page, COMPANIONS)[0][0]["y"] == [0, 0]  # a chart with memory did not take them in
    if folder := os.environ.get("SPC_SHOTS"):
        page.wait_for_timeout(600)  # the trends are drawn when there is time
        page.screenshot(path=f"{folder}/besides-{scheme}.png", full_page=True)
    page.goto("/")
    until(page, "document.querySelector('[href=\"/line/mixer\"] .trend-gap, .tile .trend-gap')?.getAttribute('d')?.startsWith('M')")
    assert page.locator(".trend-late").count() == 2
    label = page.evaluate("document.querySelector('.trend-late').closest('[aria-label]').getAttribute('aria-label')")
    assert "2 rows came late. No rows 2025-03-04" in label
    if folder := os.environ.get("SPC_SHOTS"):
        page.screenshot(path=f"{folder}/besides-wall-{scheme}.png")


def test_a_gap_that_goes_on_is_drawn_to_the_end_and_ends_when_rows_come(page: Any, served: Served) -> None:
    served.activate()
    served.send(30)
    cut_off(served, 30, None)
    opened(page, 30)
    until(page, f"{CHART}.data[6].x.length > 0")
    assert page.evaluate(f"Math.max(...{CHART}.data[6].x) === Number({CHART}.layout.xaxis.range[1])")
    assert "No rows since 2025-03-04 07:22:30: cut off." in page.locator("#line-summary").inner_text()
    served.ledger.write(lambda connection: gaps.end_gap(connection, "mixer", "mqtt", int(some_rows(60).at[40].astype("int64"))))
    served.send(12)
    until(page, f"{CHART}.data[0].y.length === 43")
    page.wait_for_selector("#line-summary >> text=No rows 2025-03-04 07:22:30–2025-03-04 07:30:45: cut off.")


def test_a_late_row_stands_beside_the_line_in_a_shape_of_its_own(page: Any, served: Served) -> None:
    served.activate()
    served.send(90)
    opened(page, 90)
    served.send(block=late())
    until(page, f"{CHART}.data[5].x.length === 2")
    assert page.evaluate(f"{CHART}.data[5].marker.symbol") == "diamond-open"
    assert "late" in page.evaluate(f"{CHART}.data[5].hovertext[0]")
    assert page.evaluate(f"{CHART}.data[0].y.length") == 90
    assert page.evaluate(f"{CHART}.data[0].x.every((x, i, all) => i === 0 || x > all[i - 1])")
    assert page.evaluate(f"{CHART}.data[5].x[0] < {CHART}.data[0].x[20]")
    assert page.evaluate(f"{CHART}.layout.yaxis.range") == [0, 22.5]
    assert page.evaluate(f"{CHART}._fullLayout.yaxis.range") == [0, 22.5]
    summary = page.locator("#line-summary").inner_text()
    assert "2 rows came late." in summary
    assert summary.startswith("Last row 90")
    if folder := os.environ.get("SPC_SHOTS"):
        page.screenshot(path=f"{folder}/late.png")
