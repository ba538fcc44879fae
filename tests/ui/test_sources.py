from __future__ import annotations

import os
import time
from typing import Any

import pytest

from spc.ledger import Ledger, gaps, scraps
from spc.line import Plant
from tests.ui.served import Served, until

S = 1_000_000
WRONG = '{"id": "B7", "values": {"length_mm": "159,99", "warp_mm": 0.3, "copper_um": 35.2}}'


def given(served: Served) -> None:
    """Scraps of text, of bytes and a long one, and a gap."""
    now = time.time_ns() // 1000

    def job(connection: Any) -> None:
        scraps.put_scrap(connection, "mixer", "mqtt mixer", now - 60 * S, "length_mm: '159,99' is not a number.", WRONG.encode())
        scraps.put_scrap(connection, "mixer", "mqtt mixer", now - 50 * S, "Byte 1 is not UTF-8.", bytes(range(250, 256)) * 30)
        scraps.put_scrap(connection, "mixer", "mqtt mixer", now - 40 * S, "Line 1 has 2 fields, the header 4.", b"B8;1;" * 400)
        gaps.put_gap(connection, "mixer", 0, now - 900 * S, now - 600 * S, "mqtt mixer", "cut off")

    served.ledger.write(job)


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("SPC_SHOTS"):
        page.screenshot(path=f"{folder}/sources-{name}.png", full_page=True)


def test_a_scrap_is_corrected_and_taken_and_another_discarded_with_the_keyboard(page: Any, served: Served) -> None:
    served.activate()
    served.send(3)
    given(served)
    page.goto("/sources")
    page.wait_for_selector("#sources-list tbody tr")
    first = page.locator("#sources-list tbody tr").first.inner_text()
    assert "No source: rows come over HTTP" in first
    assert "cut off" in first
    assert "2 without a source. 3 scraps wait for somebody." == page.locator("#sources-summary").inner_text()
    page.wait_for_selector("#sources-scraps tbody tr")
    listed = page.locator("#sources-scraps").inner_text()
    assert "fa fb fc fd fe ff" in listed
    assert "… 2000 bytes" in listed
    page.get_by_role("button", name="Handle scrap 1").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#scrap-form:not([hidden])")
    until(page, "document.getElementById('scrap-text').value.includes('159,99')")
    page.locator("#scrap-take").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Type your name first.")
    page.fill("#scrap-by", "Ann")
    page.locator("#scrap-take").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#sources-said .complaint >> text=159,99")
    page.fill("#scrap-text", WRONG.replace('"159,99"', "159.99"))
    page.click("#scrap-take")
    page.wait_for_selector("text=Scrap 1 is taken as corrected: 1 row on disk.")
    page.wait_for_selector("#scrap-form", state="hidden")
    until(page, "document.querySelectorAll('#sources-scraps tbody tr').length === 2")
    page.get_by_role("button", name="Handle scrap 2").click()
    page.wait_for_selector("text=It is no text and cannot be corrected here")
    page.click("#scrap-discard")
    page.wait_for_selector("text=There is no reason.")
    page.fill("#scrap-reason", "a test of the electrician")
    page.click("#scrap-discard")
    page.wait_for_selector("text=Scrap 2 is discarded")
    with served.ledger.read() as connection:
        assert [one.state for one in (scraps.get_scrap(connection, "mixer", i) for i in (1, 2, 3))] == ["taken", "discarded", "waiting"]


def test_of_a_line_in_another_process_the_page_says_that_it_waits_and_what_became_of_it(page: Any, served: Served) -> None:
    given(served)
    with Ledger.open(served.settings.ledger) as theirs:
        other = Plant(theirs, served.settings)
        other.line("mixer").hold()
        page.goto("/sources")
        page.get_by_role("button", name="Handle scrap 1").click()
        page.wait_for_selector("#scrap-form:not([hidden])")
        page.fill("#scrap-by", "Ann")
        page.click("#scrap-take")
        page.wait_for_selector("#sources-said >> text=Scrap 1: the line's process was asked to take it.")
        page.wait_for_selector("#sources-scraps tbody tr >> text=waits for the line's process (Ann")
        other._look_once()
        page.wait_for_selector("#sources-scraps tbody tr >> text='159,99' is not a number")
        page.wait_for_selector("#sources-scraps tbody tr >> text=not taken (Ann")
        shot(page, "asked")
        page.get_by_role("button", name="Handle scrap 1").click()
        page.wait_for_selector("#scrap-form:not([hidden])")
        page.fill("#scrap-text", WRONG.replace('"159,99"', "159.99"))
        page.click("#scrap-take")
        page.wait_for_selector("#sources-said >> text=Scrap 1: the line's process was asked to take it as corrected.")
        other._look_once()
        page.wait_for_selector("#sources-scraps >> text=Scrap 1 is taken: ")
        until(page, "document.querySelectorAll('#sources-scraps tbody tr').length === 2")


def test_the_page_follows_what_happens_and_keeps_the_focus_and_what_is_typed(page: Any, served: Served) -> None:
    given(served)
    page.goto("/sources")
    page.get_by_role("button", name="Handle scrap 1").click()
    page.wait_for_selector("#scrap-form:not([hidden])")
    page.fill("#scrap-reason", "half a rea")
    link = page.locator("#sources-list a").first
    link.focus()
    served.send(4)
    until(page, "document.querySelector('#sources-list tbody tr td:nth-child(5)').innerText === '4'")
    assert page.evaluate("document.activeElement.tagName") == "A"
    assert page.input_value("#scrap-reason") == "half a rea"
    page.locator("#sources select").select_option("press")
    page.wait_for_selector("text=Nothing waits on this line")
    page.wait_for_selector("#scrap-form", state="hidden")


def test_a_slow_answer_leaves_no_form_of_another_line(page: Any, served: Served) -> None:
    given(served)
    page.goto("/sources")
    page.get_by_role("button", name="Handle scrap 1").click()
    page.wait_for_selector("#scrap-form:not([hidden])")
    held: list[Any] = []
    waits = [True]

    def hold(route: Any) -> None:
        """The list of the other line is there before the form's answer is."""

        if waits and "scrap-form.hidden" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/_dash-update-component?*", hold)
    page.locator("#sources select").select_option("press")
    page.wait_for_selector("text=Nothing waits on this line")
    assert held
    waits.clear()
    for route in held:
        route.continue_()
    page.wait_for_selector("#scrap-form", state="hidden")


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_in_light_and_dark(page: Any, served: Served, width: int, scheme: str) -> None:
    served.activate()
    served.send(3)
    given(served)
    page.set_viewport_size({"width": width, "height": 720 if width == 1280 else 1080})
    page.emulate_media(color_scheme=scheme)
    page.goto("/sources?line=mixer")
    page.get_by_role("button", name="Handle scrap 1").click()
    page.wait_for_selector("#scrap-form:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, f"{scheme}-{width}")
