"""Fitting again and again: with the other of two groups, with rows left out and taken back, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.ui.served import Served, until
from tests.ui.test_reference_flow import fitted, table, upload


def two_groups(folder: Path) -> Path:
    """100 rows that lie close together and 500 others: either could be the process."""
    x = np.random.default_rng(20).standard_normal((1000, 10))
    x[:200] = 0.3 * x[:200]
    x[:200, 0] += 10.0
    path = folder / "two.csv"
    path.write_text("a,b,c,d,e,f,g,h,i,j\n" + "\n".join(",".join(f"{v:.4f}" for v in row) for row in x[100:700].tolist()))
    return path


def decided(page: Any, row: int, button: str) -> None:
    page.fill("#reference-rows", str(row))
    page.click("#reference-rows-look")
    page.wait_for_selector(f"#reference-drawer-body >> text=Row {row}")
    page.fill("#reference-who", "Ada")
    page.locator("#reference-drawer select").select_option("tool")
    page.click(f"#reference-{button}")
    page.wait_for_selector(f"#reference-decided >> text={'Excluded' if button == 'exclude' else 'Undone'}: {row}.")
    page.click("#reference-drawer-close")


def refitted(page: Any, n: int) -> str:
    page.click("#reference-fit")
    page.wait_for_selector(f"text=n = {n} of 60")
    return str(page.inner_text("#reference-counter .n-of"))


@pytest.mark.slow
def test_the_other_of_two_groups_is_looked_at_and_fitted(page: Any, tmp_path: Path) -> None:
    upload(page, two_groups(tmp_path))
    page.wait_for_selector("#reference-columns table")
    fitted(page, "mcd")
    page.wait_for_selector("#reference-fit-found >> text=Two groups of rows could each be the process")
    assert "100 rows" in page.inner_text("#reference-fit-found")
    page.click("text=/Look at the group that only this fit/")
    page.wait_for_selector("#reference-drawer-body >> text=1–100")
    until(page, "document.querySelector('#reference-t2 .js-plotly-plot').data.some(t => t.name === 'chosen' && t.customdata.length >= 100)")
    page.keyboard.press("Escape")
    page.wait_for_selector("#reference-drawer", state="hidden")
    before = page.url
    page.locator("#reference-other-basin").press("Enter")
    until(page, f"location.href !== '{before}' && location.search.includes('model=') && !location.search.includes('job=')")
    page.wait_for_selector("#reference-fit-found >> text=basin 'lowest'")
    page.wait_for_selector("#reference-counter >> text=/1\\d\\d rows beyond/")


def test_rows_are_left_out_over_several_fits_and_taken_back(page: Any, served: Served, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20, 33)))
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    first = page.inner_text("#reference-counter .n-of")
    decided(page, 20, "exclude")
    second = refitted(page, 59)
    assert "→" in second
    decided(page, 33, "exclude")
    third = refitted(page, 58)
    assert third.partition("UCL ")[2].startswith(second.partition("→ ")[2])  # from the limit of the fit before
    assert page.locator("#reference-table tbody tr").count() == 2  # excluded rows stay visible
    model = page.url.partition("model=")[2].partition("&")[0]
    told = httpx.get(f"{served.base}/api/v1/models/{model}/report", timeout=60).text
    assert "58 of 60 rows were fitted. A person excluded 2 rows (3.3%)." in told
    assert told.count("tool or wear") >= 2
    decided(page, 20, "undo")
    page.wait_for_selector("text=1 row changed: refit to see the new limit")
    refitted(page, 59)
    decided(page, 33, "undo")
    until(page, "document.getElementById('reference-fit').innerText === 'Refit with every row'")
    last = refitted(page, 60)
    assert last.partition("→ ")[2] == first.partition("UCL ")[2]  # all is as it was
    assert "excluded:" not in page.inner_text("#reference-table")


def test_the_reference_is_checked_without_assuming_a_distribution(page: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(2).standard_t(4, size=(60, 3))
    x[40:, 1] += 3.0
    path = tmp_path / "stepped.csv"
    path.write_text("a,b,c\n" + "\n".join(",".join(f"{v:.5f}" for v in row) for row in x.tolist()))
    upload(page, path)
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    page.click(".stable > summary")
    page.fill("#reference-stable-overall", "often")
    page.click("#reference-stable")
    page.wait_for_selector("#reference-stable-said >> text=is not a number")
    page.fill("#reference-stable-overall", "0,05")
    page.locator("#reference-stable").press("Enter")
    page.wait_for_selector("#reference-stable-said >> text=/A step begins at row 4[012]/")
    words = page.inner_text("#reference-stable-said")
    assert words.startswith("Not stable. p-value 0.001 (of 999 permutations)")
    assert "b " in words.partition("row 4")[2]
    page.click("#reference-stable-said button")
    page.wait_for_selector("#reference-drawer-body >> text=6 rows")
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('reference-stable').disabled")


def test_means_of_subgroups_are_judged_when_they_are_asked_for_and_two_products_are_warned_of(page: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(2).standard_normal((60, 2))
    lines = [f"{i // 4},{'AB'[i >= 30]},{a:.5f},{b:.5f}" for i, (a, b) in enumerate(x.tolist())]
    path = tmp_path / "lots.csv"
    path.write_text("subgroup,product,a,b\n" + "\n".join(lines))
    upload(page, path)
    page.wait_for_selector("#reference-columns table")
    page.select_option("select[data-role-select='subgroup']", "subgroup")
    page.select_option("select[data-role-select='product']", "product")
    if page.locator("#reference-roles-apply").is_visible():
        before = page.url
        page.click("#reference-roles-apply")
        until(page, f"location.href !== '{before}'")
    page.wait_for_selector(".products >> text=2 products by product: A (30 rows), B (30 rows)")
    page.click("button.segment:has-text('Means of subgroup')")
    fitted(page)
    page.wait_for_selector("#reference-fit")
    assert page.locator("button.segment:has-text('Means of subgroup')").get_attribute("aria-pressed") == "true"
    before = page.url
    page.click("button.segment:has-text('Single rows')")
    page.click("#reference-fit")
    until(page, f"location.href !== '{before}' && !location.search.includes('job=')")
    page.wait_for_selector("button.segment:has-text('Single rows')[aria-pressed=true]")


@pytest.mark.slow
def test_a_table_of_more_variables_than_rows_asks_for_an_estimator_that_can_fit_it(page: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(2).standard_normal((14, 16))
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"v{j}" for j in range(16)) + "\n" + "\n".join(",".join(f"{v:.5f}" for v in row) for row in x.tolist()))
    upload(page, path)
    page.wait_for_selector("#reference-columns table")
    assert page.locator("select[data-into='reference-estimator']").input_value() == "mrcd"
    assert "14 rows of 16 variables are too few for MCD" in page.inner_text("#reference-estimator-help")
    page.wait_for_selector("text=1 red finding to answer before a fit.")
    page.click("[data-answer-finding]")
    until(page, "!document.getElementById('reference-fit').disabled")
    page.select_option("select[data-into='reference-estimator']", "mcd")
    page.wait_for_selector("#reference-estimator-help >> text=This table asks for MRCD")
    page.click("#reference-fit")
    page.wait_for_selector("#reference-fit-said >> text=rows are too few")
    fitted(page, "ledoit_wolf")
    page.wait_for_selector("#reference-t2-summary >> text=/Ledoit–Wolf: /")
