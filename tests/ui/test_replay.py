"""The replay page: rows of a line and of a file, through two models."""

from __future__ import annotations

import os
import time
from typing import Any

from spc.line import save_model, save_reference
from tests.small import NAMES, SD, model, rows
from tests.ui.served import Served, until


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("SPC_SHOTS"):
        page.wait_for_timeout(600)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def prepared(served: Served) -> tuple[str, str]:
    now = time.time_ns() // 1000
    ids = [save_model(served.ledger, model(center=c), reference_id=None, by="Ada", now=now) for c in (0.0, -0.8)]
    return ids[0], ids[1]


def test_a_stretch_of_a_line_is_played_through_two_models(page: Any, served: Served) -> None:
    one, other = prepared(served)
    block = rows(300, out=(20, 21, 22, 90, 150, 222), by=3.9)
    block.x[[149, 221], 1] -= 0.3 * SD[1]  # beyond the challenger's limit only
    served.send(block=block)
    page.goto("/replay")
    page.get_by_label("Rows of").select_option("line:mixer")
    page.get_by_label("Champion").select_option(one)
    page.get_by_label("Challenger").select_option(other)
    page.fill("#replay-first", "11")
    page.click("#replay-run")
    page.wait_for_selector("h2 >> text=Alarms of Challenger")
    assert "job=" in page.url
    words = page.inner_text("#replay")
    assert f"Champion {one[:8]}: " in words
    assert "agree on" in words
    assert "Line 2 mixer: warp_mm is" in words
    assert "rows 11 to 300" in words
    until(page, "document.querySelectorAll('#replay-chart .scatterlayer .trace').length >= 4")
    assert page.locator("#replay-first").input_value() == "11"
    shot(page, "replay-light")
    page.click("#theme-toggle")
    page.reload()
    page.wait_for_selector("h2 >> text=Alarms of Challenger")
    until(page, "document.querySelectorAll('#replay-chart .scatterlayer .trace').length >= 4")
    shot(page, "replay-dark")


def test_a_file_with_labels(page: Any, served: Served) -> None:
    one, _ = prepared(served)
    block = rows(60, out=(7, 30))
    lines = [",".join([*NAMES, "bad"])] + [",".join([*map(repr, map(float, row)), str(int(k in (6, 29)))]) for k, row in enumerate(block.x)]
    ref = save_reference(served.ledger, "\n".join(lines).encode(), name="old.csv", by="Ada", now=time.time_ns() // 1000)
    page.goto(f"/replay?file={ref}")
    page.get_by_label("Champion").select_option(one)
    page.fill("#replay-truth", "bad")
    page.click("#replay-run")
    page.wait_for_selector("text=Bad rows found")
    assert "Of 2 bad rows it found 2" in page.inner_text("#replay")


def test_what_is_missing_is_said(page: Any, served: Served) -> None:
    page.goto("/replay")
    page.click("#replay-run")
    until(page, "document.getElementById('replay-said').textContent.includes('Choose the rows')")
