"""Rows that depend on the ones before: chosen on the reference page, judged on the line, explained with the row before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from spc.line import activate
from tests.series import csv, rows, var
from tests.ui.served import Served, until
from tests.ui.test_reference_flow import upload


def test_residuals_are_chosen_fitted_and_explained_with_the_row_before(page: Any, served: Served, tmp_path: Path) -> None:
    file = tmp_path / "mixer.csv"
    file.write_text(csv(var(300, 1)), encoding="utf-8")
    upload(page, file)
    page.wait_for_selector("#reference-fit")
    until(page, "!document.getElementById('reference-fit').disabled")
    words = page.locator("select[data-into='reference-dynamics'] option").all_inner_texts()
    assert words[:2] == ["judge rows as they are", "with the row before (dynamic T²)"]
    page.select_option("select[data-into='reference-dynamics']", "residual")
    page.select_option("select[data-into='reference-estimator']", "classical")
    until(page, "document.getElementById('reference-arl0').innerText.includes('known after the fit')")
    page.click("#reference-fit")
    page.wait_for_selector("#reference-t2 .main-svg")
    id = page.url.split("model=")[1]
    asked = httpx.get(f"{served.base}/api/v1/models/{id}", timeout=60).json()
    assert asked["dynamics"]["kind"] == "residual"
    assert page.input_value("select[data-into='reference-dynamics']") == "residual", "the next fit asks for the same"
    assert "what the row before does not imply" in page.inner_text("#reference-review")

    page.fill("#reference-rows", "120")
    page.click("#reference-rows-look")
    page.wait_for_selector("#reference-drawer >> text=Row 120")
    page.click("#reference-drawer-body summary")
    until(page, "document.getElementById('reference-drawer-body').innerText.includes('flow (1 row before)')")

    activate(served.ledger, "mixer", id, "new lot", "Ada", 1_800_000_000_000_000)
    new = var(12, 2)
    new[11, 0] += 9.0
    served.send(block=rows(new))
    page.goto("/line/mixer")
    until(page, "document.querySelector('#line-chart .js-plotly-plot')?.data?.[0].y.length === 12")
    page.wait_for_selector("text=Row 12, part B00011")
    assert "what the row before implies" in page.inner_text("#line-blame-words")
    page.click("#line-blame-table summary")
    until(page, "document.getElementById('line-blame-table').innerText.includes('flow (1 row before)')")  # worked out when asked for
    until(page, "document.querySelector('#line-trends .js-plotly-plot')?.data?.length > 0")
