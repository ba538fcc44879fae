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
    for words, answer in (("ARL₀ 500", "α 0.002"), ("1 per day", "1 false alarm per day"), ("370, 2 of 3", "2 of 3")):
        page.fill("#reference-alpha", words)
        page.wait_for_selector(f"#reference-arl0 >> text={answer}")
    page.fill("#reference-alpha", "now and then 3")
    page.wait_for_selector("#reference-arl0 >> text=is not a budget")
    page.fill("#reference-alpha", "ARL₀ 100")
    page.wait_for_selector("#reference-arl0 >> text=α 0.01")
    fitted(page)
    assert page.input_value("#reference-alpha") == "ARL₀ 100"
    page.fill("#reference-alpha", "0.001")
    page.wait_for_selector("#reference-arl0 >> text=UCL about")
    fold = page.locator(".review > .arithmetic")
    fold.locator("summary").click()
    assert "UCL of t2 for a new row" in fold.inner_text()
    assert "print(" in fold.inner_text()
    if shots := os.environ.get("SPC_SHOTS"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)
            fold.scroll_into_view_if_needed()
            page.screenshot(path=f"{shots}/arithmetic-{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light")
