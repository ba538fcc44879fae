from __future__ import annotations

from typing import Any

import numpy as np

from tests.small import rows as some_rows
from tests.ui.served import Served, until

CHART = "document.querySelector('#line-chart .js-plotly-plot')"


def opened(page: Any, rows: int) -> None:
    page.goto("/line/mixer")
    until(page, f"{CHART}?.data?.[0].y.filter((v) => v !== null).length === {rows}")


def test_rows_are_drawn_as_they_come_with_the_limit_and_the_points_beyond_it(page: Any, served: Served) -> None:
    served.activate()
    served.send(30)
    opened(page, 30)
    assert page.evaluate(f"{CHART}.data[2].x.length") == 0
    served.send(5, out=(3,))
    until(page, f"{CHART}.data[0].y.length === 35 && {CHART}.data[2].x.length === 1")
    labels = page.evaluate(f"{CHART}.layout.annotations.map((a) => a.text)")
    assert "UCL 14.2" in labels
    low, high = page.evaluate(f"{CHART}.layout.yaxis.range")
    assert low == 0
    assert high > 60
    assert page.locator("#line-summary").inner_text().endswith("1 of the last 35 rows beyond the limit.")
    assert "classical estimator · n 200 · p 3 · α 0.0027 · ARL₀ 370" in page.locator("#line-footer").inner_text()


def test_the_latest_point_beyond_the_limit_is_explained_until_another_is_chosen(page: Any, served: Served) -> None:
    served.activate()
    served.send(30, out=(12, 20))
    opened(page, 30)
    page.wait_for_selector("text=Row 20, part B00020")
    assert "warp_mm is 8.0 sd high" in page.locator("#line-blame-words").inner_text()
    assert page.evaluate("document.querySelector('#line-blame .js-plotly-plot').data[0].y.at(-1)") == "warp_mm"
    assert "0.350 ± 0.06" in page.locator("#line-blame-table").inner_text()
    place = page.evaluate(
        f"(() => {{ const g = {CHART}, a = g._fullLayout, r = g.getBoundingClientRect();"
        "return [r.x + a._size.l + a.xaxis.d2p(g.data[2].x[0]), r.y + a._size.t + a.yaxis.d2p(g.data[2].y[0])] })()"
    )
    page.mouse.move(*place)
    page.mouse.click(*place)
    page.wait_for_selector("text=Row 12, part B00012")
    served.send(3, out=(2,))
    until(page, f"{CHART}.data[2].x.length === 3")
    page.wait_for_timeout(400)
    assert page.locator("text=Row 12, part B00012").count() == 1


def test_a_point_can_be_chosen_without_a_mouse(page: Any, served: Served) -> None:
    served.activate()
    served.send(10)
    opened(page, 10)
    page.locator(".graph.chart").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("text=Row 10, part B00010")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("text=Row 9, part B00009")
    page.locator("summary", has_text="as a table").press("Enter")
    page.locator('[data-pick="4"]').press("Enter")
    page.wait_for_selector("text=Row 4, part B00004")


def test_a_gap_is_a_gap(page: Any, served: Served) -> None:
    served.activate()
    block = some_rows(12)
    block.x[5] = np.nan
    late = block.at.copy()
    late[9:] += np.timedelta64(3600, "s")
    served.send(block=type(block)(block.names, block.x, late, block.ids))
    opened(page, 11)
    y = page.evaluate(f"{CHART}.data[0].y")
    assert [i for i, v in enumerate(y) if v is None] == [5, 9]
    assert page.evaluate(f"{CHART}.data[0].connectgaps") is False


def test_the_scale_can_be_the_limit_or_a_logarithm(page: Any, served: Served) -> None:
    served.activate()
    served.send(20, out=(7,))
    opened(page, 20)
    page.click("text=T² / UCL")
    until(page, f"{CHART}.data[1].y.every((v) => v === 1)")
    assert page.evaluate(f"{CHART}.layout.yaxis.title.text") == "T² / UCL"
    page.click("text=T², log")
    until(page, f"{CHART}.layout.yaxis.type === 'log'")
    page.click("#line-head >> text='T²'")
    until(page, f"{CHART}.layout.yaxis.type === 'linear' && {CHART}.data[1].y[0] > 14")


def test_pause_holds_the_picture_says_so_and_loses_nothing(page: Any, served: Served) -> None:
    served.activate()
    served.send(20)
    opened(page, 20)
    page.click("#line-pause")
    page.wait_for_selector("text=Paused at")
    served.send(6, out=(6,))
    page.wait_for_selector("text=6 newer rows wait")
    page.wait_for_selector("#banner .alarm")
    assert page.evaluate(f"{CHART}.data[0].y.length") == 20
    page.click("#line-pause")
    until(page, f"{CHART}.data[0].y.length === 26")
    assert page.locator("#line-paused").is_hidden()


def test_a_new_model_is_a_vertical_line_with_words_and_new_bands(page: Any, served: Served) -> None:
    from tests.small import model

    served.send(4)
    page.goto("/line/mixer")
    page.wait_for_selector("text=not monitored >> nth=0")
    served.activate()
    served.send(10)
    until(page, f"{CHART}?.layout?.annotations?.some((a) => a.text === 'model v1')")
    served.activate(made=model(center=0.5))
    served.send(10)
    until(page, f"{CHART}?.layout?.annotations?.some((a) => a.text === 'model v2')")
    assert page.evaluate(f"{CHART}.layout.shapes.length") == 2
    band = "document.querySelector('#line-trends .js-plotly-plot')?.layout?.shapes?.[0]?.y0"
    until(page, f"Math.abs({band} - (160 + 0.025 - 0.15)) < 1e-9")


def test_trends_show_the_chosen_variables(page: Any, served: Served) -> None:
    served.activate()
    served.send(20)
    opened(page, 20)
    trends = "document.querySelector('#line-trends .js-plotly-plot')"
    until(page, f"{trends}?.data?.length === 3 && {trends}.data[0].x.length === 20")
    page.click('[data-into="line-variables"][data-value="length_mm"]')
    until(page, f"{trends}.data.length === 2 && {trends}.data[0].x.length === 20 && {trends}.data[0].name === 'warp_mm'")
    served.send(5)
    until(page, f"{trends}.data[0].x.length === 25")


def test_a_line_that_nobody_knows_is_answered_in_words(page: Any, served: Served) -> None:
    page.goto("/line/nonsense")
    page.wait_for_selector("text=There is no line 'nonsense'.")
