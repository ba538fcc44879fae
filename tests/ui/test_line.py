from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest

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
    assert page.locator("#line-blame .bar-row").first.inner_text().split() == ["warp_mm", "100", "%"]
    assert "0.350 ± 0.06" in page.locator("#line-blame-table").inner_text()
    page.wait_for_selector("#banner .alarm")  # it stands above the chart, which moves down for it
    place = page.evaluate(
        f"(() => {{ const g = {CHART}, a = g._fullLayout, r = g.getBoundingClientRect();"
        "return [r.x + a._size.l + a.xaxis.d2p(g.data[2].x[0]), r.y + a._size.t + a.yaxis.d2p(g.data[2].y[0])] })()"
    )
    page.mouse.move(*place)
    page.mouse.click(*place)
    page.wait_for_selector("text=Row 12, part B00012")
    until(page, "performance.now() - window.spcLive.view.pickAt > 1000")  # before that no other row would be chosen in any case
    served.send(3, out=(2,))
    until(page, f"{CHART}.data[2].x.length === 3 && !window.spcLive.lines.get('mixer').dirty")
    assert page.evaluate("window.spcLive.view.pick") == 12
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
    until(page, f"{trends}?.data?.length === 9 && {trends}.data[0].x.length === 20")
    page.click('[data-into="line-variables"][data-value="length_mm"]')
    until(page, f"{trends}.data.length === 6 && {trends}.data[0].x.length === 20 && {trends}.data[0].name === 'warp_mm'")
    served.send(5)
    until(page, f"{trends}.data[0].x.length === 25")


def test_a_line_that_nobody_knows_is_answered_in_words(page: Any, served: Served) -> None:
    page.goto("/line/nonsense")
    page.wait_for_selector("text=There is no line 'nonsense'.")


BY_ROW = f"{CHART}?.layout?.xaxis?.type === 'linear' && {CHART}.layout.xaxis.title.text === 'row'"
TRENDS = "document.querySelector('#line-trends .js-plotly-plot')"


def diaphragms(served: Served, first: int, n: int, *, out: tuple[int, ...] = (), line: str = "mixer") -> None:
    """Rows as a table of parts without times has them: values and nothing else, a block at a time."""
    block = some_rows(n, first=first, out=out)
    text = ",".join(block.names) + "\n" + "".join(",".join(f"{v:.6f}" for v in row) + "\n" for row in block.x.tolist())
    answer = httpx.post(f"{served.base}/api/v1/lines/{line}/rows", content=text, headers={"Content-Type": "text/csv"}, timeout=60)
    assert answer.status_code == 200, answer.text
    served.next[line] = first + n


def test_rows_without_times_stand_at_their_numbers(page: Any, served: Served) -> None:
    served.activate()
    diaphragms(served, 1, 4)
    opened(page, 4)
    until(page, f"{BY_ROW} && {CHART}.layout.xaxis.dtick === 1")  # no tick at row 2.5
    assert page.evaluate(f"{CHART}.layout.xaxis.range") == [pytest.approx(0.95), pytest.approx(4.6)]
    diaphragms(served, 5, 36, out=(29,))
    until(page, f"{CHART}.data[0].x.length === 40 && !{CHART}.layout.xaxis.dtick")
    assert page.evaluate(f"{CHART}.data[0].x") == list(range(1, 41))
    assert page.evaluate(f"{CHART}.data[2].x") == [33]
    low, high = page.evaluate(f"{CHART}.layout.xaxis.range")
    assert 0 < low <= 1
    assert 40 < high < 50
    words = page.locator("#line-summary").inner_text()
    assert words.startswith("Last row 40, received ")
    assert words.endswith("1 of the last 40 rows beyond the limit.")
    page.wait_for_selector("text=Row 33: beyond the limit.")
    diaphragms(served, 41, 25)  # as they come, over the same channel
    until(page, f"{CHART}.data[0].x.length === 65 && {CHART}.data[0].x.at(-1) === 65")
    until(page, f"{TRENDS}.data[0].x.length === 65 && {TRENDS}.data[0].x.at(-1) === 65 && {TRENDS}.layout.xaxis.type === 'linear'")
    assert None not in page.evaluate(f"{CHART}.data[0].y")  # blocks that came apart are no gap
    page.locator(".graph.chart").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("text=Row 32: within the limit.")
    until(page, f"{CHART}.data[4].x[0] === 32")
    page.locator("summary", has_text="as a table").press("Enter")
    assert page.locator("#line-table tbody tr").first.inner_text().startswith("65\t–\t–\t")
    page.goto("/")
    page.wait_for_selector('[data-trend="mixer"] .trend-line[d^="M"]', state="attached")
    path = page.get_attribute('[data-trend="mixer"] .trend-line', "d")
    assert len({step.split()[0] for step in path.replace("M", "L").split("L")[1:]}) > 60  # not all at one place


def test_a_model_change_and_the_end_of_a_gap_have_their_place_among_row_numbers(page: Any, served: Served) -> None:
    from tests.small import model

    served.activate()
    diaphragms(served, 1, 12)
    served.activate(made=model(center=0.5))
    diaphragms(served, 13, 12)
    opened(page, 24)
    until(page, BY_ROW)
    until(page, f"{CHART}.layout.shapes.length === 1 && {CHART}.layout.shapes[0].x0 === 12.5")
    assert page.evaluate(f"{CHART}.layout.annotations.find((a) => a.text === 'model v2').x") == 12.5


def test_a_window_with_both_kinds_of_rows_falls_back_to_numbers_and_comes_back_to_times(page: Any, served: Served) -> None:
    served.activate()
    diaphragms(served, 1, 30)
    served.send(30)
    opened(page, 60)
    until(page, BY_ROW)
    assert page.evaluate(f"{CHART}.data[0].x") == list(range(1, 61))
    served.send(190)
    page.click("text=last 200")
    until(page, f"{CHART}.layout.xaxis.type === 'date' && {CHART}.data[0].x.length === 200")
    assert page.evaluate(f"{CHART}.layout.xaxis.title.text") == ""
    until(page, f"{TRENDS}.layout.xaxis.type === 'date' && {TRENDS}.layout.xaxis.tickprefix === ''")


def test_when_times_do_not_tell_rows_apart_they_stand_at_their_numbers(page: Any, served: Served) -> None:
    page.goto("/line/mixer")
    page.wait_for_selector("#line-chart")

    def by_row(times: list[int], timed: bool = True) -> bool:
        rows = [{"seq": k, "at": at, "timed": timed} for k, at in enumerate(times, 1)]
        return bool(page.evaluate("rows => window.spcLive.axisOf(rows).byRow", rows))

    assert [by_row(times) for times in ([], [5], [5, 6], [5, 5], [5, 5, 6], [5, 6, 6, 7, 8], [5] * 9 + [6] * 9)] == [
        False, False, False, True, True, False, True,
    ]  # fmt: skip
    assert by_row([5, 6, 7], timed=False)


def test_since_when_is_a_band_on_the_chart_while_the_alarm_is_open(page: Any, served: Served) -> None:
    served.activate()
    served.send(30, out=(20, 21, 22))
    opened(page, 30)
    until(page, f"{CHART}.layout.shapes.length === 2")
    band, edge = page.evaluate(f"{CHART}.layout.shapes.map((s) => [s.type, s.x0, s.x1])")
    assert (band[0], edge[0]) == ("rect", "line")
    assert band[1] <= edge[1] < band[2]
    xs = page.evaluate(f"{CHART}.data[2].x")
    assert edge[1] == xs[0]  # it began with the first of the three
    labels = page.evaluate(f"{CHART}.layout.annotations.map((a) => a.text)")
    assert [text[:6] for text in labels if text.startswith("began")] == ["began "]
