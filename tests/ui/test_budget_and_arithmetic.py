"""In the browser: the budget typed in any way, and the arithmetic behind a limit."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ui.served import Served, until
from tests.ui.test_companions import with_memory
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
    until(page, "document.getElementById('reference-arl0').innerText.startsWith('UCL 16 · α 0.')")
    assert "of new rows 16 = given" in page.locator(".review-foot .footer").inner_text()


def unfolded(page: Any, place: str) -> tuple[str, list[float]]:
    """The text of the fold, and what each of its pieces of Python prints; without those that fit the reference again."""
    fold = page.locator(f"{place} .arithmetic")
    fold.locator("summary").click()
    fold.locator("pre").first.wait_for()
    found = []
    for lines in [one.inner_text() for one in fold.locator("pre").all()]:
        if "reference.csv" in lines:
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(lines, {})  # noqa: S102 - what the page shows to be run
        found.append(float(out.getvalue()))
    return fold.inner_text(), found


def test_the_drawer_shows_the_arithmetic_of_a_row_and_its_lines_run(page: Any, served: Served, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20,)))
    fitted(page)
    page.click("[data-look='20']")
    page.wait_for_selector("#reference-drawer:not([hidden])")
    text, (t2, ucl) = unfolded(page, "#reference-drawer-body")
    assert "T² of this row" in text
    assert "UCL of t2 for a row of the reference" in text
    told = page.inner_text("#reference-drawer-body")
    assert f"T² {t2:.3g}" in told
    assert f"UCL {ucl:.3g}" in told
    shoot(page, "drawer")


def test_the_drawer_shows_the_arithmetic_of_a_mean(page: Any, served: Served, tmp_path: Path) -> None:
    x = np.random.default_rng(8).standard_normal((80, 2))
    x[20:24] += 4.0
    path = tmp_path / "lots.csv"
    path.write_text("lot,a,b\n" + "\n".join(f"L{i // 4},{a:.6f},{b:.6f}" for i, (a, b) in enumerate(x.tolist())))
    upload(page, path)
    page.wait_for_selector("#reference-columns")
    page.select_option("select[data-role-select='lot']", "subgroup")
    if page.locator("#reference-roles-apply").is_visible():
        before = page.url
        page.click("#reference-roles-apply")
        until(page, f"location.href !== '{before}'")
    page.click("button.segment:has-text('Means of lot')")
    page.wait_for_selector("#reference-arl0 >> text=one false alarm in 370 subgroups")
    fitted(page)
    page.click("[data-look='21']")
    page.wait_for_selector("#reference-drawer:not([hidden])")
    text, (t2, ucl) = unfolded(page, "#reference-drawer-body")
    assert "T² of the mean of this subgroup" in text
    assert "for a subgroup of 4 rows of the reference" in text
    told = page.inner_text("#reference-drawer-body")
    assert f"T² {t2:.3g}" in told
    assert f"UCL {ucl:.3g}" in told
    shoot(page, "drawer-mean")


def test_the_line_shows_the_arithmetic_of_a_point_of_each_chart(page: Any, served: Served) -> None:
    served.activate(made=with_memory())
    served.send(30)
    served.send(4, out=(3, 4))
    page.goto("/line/mixer")
    chart = "document.querySelector('#line-companions .js-plotly-plot')"
    until(page, f"{chart}?.data?.[0].y.filter((v) => v !== null).length === 34")
    page.locator("summary", has_text="as a table").press("Enter")
    page.locator('[data-pick="34"]').press("Enter")
    page.wait_for_selector("text=Row 34, part B00034")
    text, printed = unfolded(page, "#line-blame-table")
    drawn = page.evaluate(f"[0, 2].map((k) => {chart}.data[k].y.at(-1))")  # each over its limit
    assert "MEWMA of this row" in text
    assert "EWMA of log T² of this row" in text
    assert printed[-2:] == pytest.approx([drawn[0] * 12.0, drawn[1] * 4.5], rel=1e-6)
    shoot(page, "line")
