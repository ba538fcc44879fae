"""A row that is absurdly far away, in the pages: its number is said, its variable is named, and the charts can still be read."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from tests.small import rows as some_rows
from tests.ui.served import Served, until

CHART = "document.querySelector('#line-chart .js-plotly-plot')"


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("SPC_SHOTS"):
        page.screenshot(path=f"{folder}/far-{name}.png", full_page=True)


def test_the_line_the_alarm_and_the_wall_say_more_than_1e300(page: Any, served: Served) -> None:
    served.activate()
    served.send(30)
    far = some_rows(1, first=31)
    x = far.x.copy()
    x[0, 1] = 1e200
    served.send(block=replace(far, x=x))
    served.send(9)
    page.goto("/line/mixer")
    until(page, f"{CHART}?.data?.[0].y.length === 40")
    page.wait_for_selector("text=T² more than 1e300, UCL 14.2")
    shot(page, "line")
    assert "warp_mm" in page.locator("#line-blame-words").inner_text()
    assert page.locator("#line-blame .bar-row").first.inner_text().split() == ["warp_mm", "100", "%"]
    low, high = page.evaluate(f"{CHART}.layout.yaxis.range")
    assert (low, high > 14.2) == (0, True)
    page.goto("/alarms")
    page.wait_for_selector("main >> text=more than 1e300 × UCL")
    shot(page, "alarms")
    page.goto("/")
    page.wait_for_selector("text=warp_mm")
    shot(page, "wall")
