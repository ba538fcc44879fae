from __future__ import annotations

from typing import Any

from tests.ui.served import Served, until

HELD = "window.spcLive.lines.get('mixer').rows.map((r) => r.seq)"


def test_a_page_that_lost_its_server_says_so_and_heals_without_losing_or_doubling_a_row(page: Any, served: Served, cut_off: None) -> None:
    served.activate()
    served.send(30)
    page.goto("/line/mixer")
    until(page, f"window.spcLive?.lines.get('mixer') && {HELD}.length === 30")
    served.stop()
    page.wait_for_selector("#frozen:not([hidden])")
    assert "frozen since" in page.locator("#frozen").inner_text()
    assert "Cut off" in page.locator("#link-light").inner_text()
    assert page.title().startswith("Frozen")
    served.start()
    served.send(25, out=(25,))
    page.wait_for_selector("#frozen", state="hidden")
    until(page, f"{HELD}.length === 55")
    assert page.evaluate(HELD) == list(range(1, 56))
    page.wait_for_selector("#banner .alarm")


def test_the_connection_light_has_a_word(page: Any, served: Served) -> None:
    page.goto("/")
    page.wait_for_selector("text=Connected")
    assert len(page.locator(".clock-time").inner_text()) == 8


def test_many_pages_see_the_same_and_a_server_with_open_pages_can_stop(page: Any, served: Served) -> None:
    served.activate()
    served.send(10)
    others = [page.context.new_page() for _ in range(3)]
    for one in (page, *others):
        one.goto("/line/mixer")
    for _ in range(6):
        served.send(2)
    for one in (page, *others):
        until(one, f"window.spcLive?.lines.get('mixer') && {HELD}.length === 22")
        assert one.evaluate(HELD) == list(range(1, 23))
    for one in others:
        one.close()
