"""The other pictures of the review page, each drawn when it is asked for, and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.ui.served import until
from tests.ui.test_reference_flow import fitted, table, upload

DATA = "document.querySelector('#reference-picture-chart .js-plotly-plot').data"


def press(page: Any, words: str) -> None:
    page.click(f".review-picture button.segment:has-text('{words}')")


def test_a_picture_is_drawn_when_it_is_asked_for_and_points_at_the_same_rows(page: Any, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20, 33)))
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    assert page.locator("#reference-picture-box").is_hidden()
    press(page, "Q–Q")
    page.wait_for_selector("#reference-picture-chart .main-svg")
    page.wait_for_selector("#reference-picture-summary >> text=of 60 beyond the limit")
    assert page.locator("#reference-picture-pair").is_hidden()
    page.evaluate("spcReference.pick([20])")
    until(page, f"{DATA}.at(-1).customdata.includes(20)")
    page.click("#reference-drawer-close")
    for words, told in (("Scree", "of 3 components"), ("Correlations", "strongest correlation"), ("Single values", "from what the row")):
        press(page, words)
        page.wait_for_selector(f"#reference-picture-summary >> text={told}")
    press(page, "Ellipses")
    page.wait_for_selector("#reference-picture-pair:not([hidden])")
    until(page, f"new Set({DATA}.map(t => t.xaxis)).size === 3")
    selects = page.locator("#reference-picture-pair select")
    selects.nth(0).select_option("0")
    selects.nth(1).select_option("2")
    until(page, f"new Set({DATA}.map(t => t.xaxis)).size === 1")
    assert "copper_um" in (page.text_content("#reference-picture-chart .ytitle") or "")


def test_the_report_is_a_file_to_keep(page: Any, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20,)))
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    with page.expect_download() as told:
        page.click("a.button:has-text('Report')")
    assert told.value.suggested_filename.startswith("report-")
    text = Path(told.value.path()).read_text(encoding="utf-8")
    assert "Phase I report: boards.csv" in text
    assert "B00020" in text
