"""In the browser: the budget typed in any way, and the arithmetic behind a limit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.ui.served import Served
from tests.ui.test_reference_flow import fitted, table, upload


def test_the_budget_is_typed_in_any_way_and_the_arithmetic_is_shown(page: Any, served: Served, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20,)))
    page.wait_for_selector("#reference-alpha")
    page.wait_for_selector("#reference-arl0 >> text=UCL before the fit about")
    for words, answer in (
        ("ARL₀ 500", "α 0.002"),
        ("1 per day", "1 false alarm per day"),
        ("370, 2 of 3", "2 of 3"),
        ("UCL 16", "α before the fit about"),
    ):
        page.fill("#reference-alpha", words)
        page.wait_for_selector(f"#reference-arl0 >> text={answer}")
    page.fill("#reference-alpha", "now and then 3")
    page.wait_for_selector("#reference-arl0 >> text=is not a budget")
    page.fill("#reference-alpha", "ARL₀ 100")
    page.wait_for_selector("#reference-arl0 >> text=α 0.01")
    page.click(".segment[data-value='mewma']")
    page.wait_for_selector("#reference-arl0 >> text=2 charts share the false alarms")
    shoot(page, "budget")
    page.click(".segment[data-value='mewma']")
    page.wait_for_selector("#reference-arl0 >> text=UCL before the fit about")
    fitted(page)
    assert page.input_value("#reference-alpha") == "ARL₀ 100"
    page.fill("#reference-alpha", "0.001")
    page.wait_for_selector("#reference-arl0 >> text=UCL about")
    fold = page.locator(".review > .arithmetic")
    fold.locator("summary").click()
    assert "UCL of t2 for a new row" in fold.inner_text()
    assert "print(" in fold.inner_text()
    shoot(page, "arithmetic")


def shoot(page: Any, name: str) -> None:
    """Pictures for people, light and dark, narrow and wide, when SPC_SHOTS names a folder."""
    if not (shots := os.environ.get("SPC_SHOTS")):
        return
    for scheme, width in (("light", 1280), ("dark", 1920)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 720})
        page.wait_for_timeout(300)
        page.screenshot(path=f"{shots}/{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_limit_is_typed_and_its_meaning_comes_back(page: Any, served: Served, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20,)))
    page.wait_for_selector("#reference-alpha")
    page.fill("#reference-alpha", "UCL 16")
    page.wait_for_selector("#reference-arl0 >> text=α before the fit about")
    fitted(page)
    assert page.input_value("#reference-alpha").startswith("UCL 16")
    told = page.locator("#reference-arl0").inner_text()
    assert told.startswith("UCL 16 · α 0.")
    assert "of new rows 16 = given" in page.locator(".review-foot .footer").inner_text()
