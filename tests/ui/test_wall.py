from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.ui.served import Served, until


def tile(page: Any, line: str) -> Any:
    return page.locator(f'.tile[data-line="{line}"]')


def test_the_wall_is_calm_and_then_it_is_not(page: Any, served: Served) -> None:
    served.activate()
    served.send(60)
    page.goto("/")
    mixer = tile(page, "mixer")
    page.wait_for_selector('[data-trend="mixer"] .trend-line[d^="M"]', state="attached")
    mixer.locator(".tile-state", has_text="In control").wait_for()
    tile(page, "press").locator(".tile-state", has_text="No data yet").wait_for()
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.locator("#banner").is_hidden()
    served.send(1, out=(1,))
    page.wait_for_selector('.tile.alarm-state[data-line="mixer"]')
    assert mixer.locator(".tile-state").inner_text() == "ALARM"
    assert mixer.locator(".tile-mark").inner_text() == "▲"
    assert "1 open alarm" in mixer.inner_text()
    banner = page.locator("#banner .alarm").inner_text()
    assert "warp_mm" in banner
    assert "Do: check the oven." in banner
    until(page, "document.title.startsWith('(1) ALARM')")
    assert "warp_mm" in page.locator("#say-polite").inner_text()
    page.locator(".tile-name", has_text="Line 2 mixer").click()
    page.wait_for_selector("#line-chart")
    assert page.url.endswith("/line/mixer")


def test_a_line_that_is_made_meanwhile_gets_its_tile(page: Any, served: Served) -> None:
    page.goto("/")
    page.wait_for_selector('.tile[data-line="press"]')
    answer = httpx.post(f"{served.base}/api/v1/lines", json={"name": "lathe-7", "title": "Lathe 7"}, timeout=60)
    assert answer.status_code == 201, answer.text
    page.wait_for_selector('.tile[data-line="lathe-7"] >> text=Lathe 7')
    assert page.locator(".tile").count() == 3
    served.next["lathe-7"] = 1
    served.send(20, line="lathe-7")
    until(page, "document.querySelector('.tile[data-line=\"lathe-7\"] .tile-last').textContent !== ''")


def test_an_unanswered_alarm_flashes_slowly_unless_motion_is_unwanted(page: Any, served: Served) -> None:
    served.activate()
    served.send(10, out=(10,))
    page.goto("/")
    page.wait_for_selector(".tile.flash")
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")
    until(page, "document.getAnimations().length > 0")
    assert page.evaluate("Math.min(...document.getAnimations().map((a) => a.effect.getTiming().duration))") >= 1000


def test_a_critical_alarm_is_announced_at_once(page: Any, served: Served) -> None:
    served.activate("press")
    served.send(5, line="press")
    page.goto("/")
    page.wait_for_selector('[data-trend="press"] .trend-line[d^="M"]', state="attached")
    served.send(1, out=(1,), line="press")
    until(page, "document.getElementById('say-now').textContent.includes('warp_mm')")
    tile(page, "press").locator(".tile-mark", has_text="◆").wait_for()


def test_a_line_that_fell_silent_says_for_how_long(page: Any, served: Served) -> None:
    served.activate("press")
    served.long_ago(2 * 3600 + 130, 30)
    page.goto("/")
    page.wait_for_selector('.tile.stale[data-line="press"]')
    assert tile(page, "press").locator(".tile-state").inner_text() in ("No data 2 h 2 min", "No data 2 h 3 min")


@pytest.mark.parametrize("width, height", [(1280, 720), (1920, 1080), (1180, 820), (820, 1180)])
def test_nothing_runs_out_of_the_screen(page: Any, served: Served, width: int, height: int) -> None:
    served.activate()
    served.send(40, out=(40,))
    page.set_viewport_size({"width": width, "height": height})
    for path in ("/", "/line/mixer", "/alarms", "/manual/limits"):
        page.goto(path)
        page.wait_for_selector(".page")
        page.wait_for_selector("#banner .alarm")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        targets = "[...document.querySelectorAll('button, select, a.nav-link')].filter((e) => e.offsetParent)"
        small = page.evaluate(f"{targets}.filter((e) => e.getBoundingClientRect().height < 24).map((e) => e.outerHTML)")
        assert small == [], path


def test_the_colour_scheme_is_the_systems_until_one_is_chosen_and_then_it_is_kept(page: Any, served: Served) -> None:
    served.activate()
    served.send(40)
    page.emulate_media(color_scheme="dark")
    page.goto("/line/mixer")
    until(page, "document.querySelector('#line-chart .js-plotly-plot')?.data?.[0].x.length === 40")
    line = "document.querySelector('#line-chart .js-plotly-plot').data[0].line.color"
    until(page, f"{line} === '#A9B0B7'")
    page.emulate_media(color_scheme="light")
    until(page, f"{line} === '#4B5259'")
    page.click("#theme-toggle")
    until(page, f"{line} === '#A9B0B7'")
    page.reload()
    until(page, f"document.querySelector('#line-chart .js-plotly-plot')?.data && {line} === '#A9B0B7'")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
