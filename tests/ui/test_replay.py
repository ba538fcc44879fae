"""The replay page: rows of a line and of a file, through stored models and through one that is fitted for the replay."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from spc.ledger import lines, models
from spc.line import activate, save_model, save_reference
from tests.small import CENTER, NAMES, SD, model, rows
from tests.ui.served import BENCH, Served, until


def shot(page: Any, name: str, width: int = 1280, dark: bool = False) -> None:
    if folder := os.environ.get("SPC_SHOTS"):
        page.set_viewport_size({"width": width, "height": 720 if width == 1280 else 1080})
        if dark:
            page.click("#theme-toggle")
            page.reload()
            page.wait_for_selector("h2 >> text=Alarms of")
        page.wait_for_timeout(900)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def csv(block: Any, bad: tuple[int, ...] = ()) -> bytes:
    head = [",".join([*NAMES, "bad"])]
    body = [",".join([*map(repr, map(float, row)), str(int(k in bad))]) for k, row in enumerate(block.x)]
    return "\n".join(head + body).encode()


def calm(n: int, seed: int = 1) -> Any:
    """A reference: rows that scatter as the model of the tests does."""
    block = rows(n)
    block.x[:] = CENTER + SD * np.random.default_rng(seed).normal(size=(n, 3))
    return block


def kept(served: Served, content: bytes, name: str) -> str:
    return save_reference(served.ledger, content, name=name, by="Ada", now=time.time_ns() // 1000)


def prepared(served: Served) -> tuple[str, str]:
    """Two models of a stored reference; the first judges the line."""
    now = time.time_ns() // 1000
    reference = kept(served, csv(calm(40)), "spring.csv")
    ids = [save_model(served.ledger, model(center=c), reference_id=reference, by="Ada", now=now) for c in (0.0, -0.8)]
    activate(served.ledger, "mixer", ids[0], "first", "Ada", now)
    return ids[0], ids[1]


def test_a_stretch_of_a_line_is_played_through_two_models(page: Any, served: Served) -> None:
    one, other = prepared(served)
    block = rows(300, out=(20, 21, 22, 90, 150, 222), by=3.9)
    block.x[[149, 221], 1] -= 0.3 * SD[1]  # beyond the challenger's limit only
    served.send(block=block)
    page.goto("/replay")
    words = page.inner_text('[data-into="replay-one"]')
    assert "spring.csv · " in words
    assert " · classical · α 0.0027 · judges Line 2 mixer" in words
    assert one not in words
    page.get_by_label("Rows of").select_option("line:mixer")
    page.get_by_label("Champion").select_option(one)
    page.get_by_label("Challenger").select_option(other)
    page.fill("#replay-first", "11")
    page.click("#replay-run")
    page.wait_for_selector("h2 >> text=Alarms of Challenger")
    assert "job=" in page.url
    words = page.inner_text("#replay")
    assert "Champion: " in words
    assert "agree on" in words
    assert "Line 2 mixer: warp_mm is" in words
    assert "rows 11 to 300" in words
    assert "judges Line 2 mixer" in words
    assert "Found, if all rows were good (95 % interval)" in words
    until(page, "document.querySelectorAll('#replay-chart .scatterlayer .trace').length >= 4")
    assert page.locator("#replay-first").input_value() == "11"
    shot(page, "replay-light")
    shot(page, "replay-dark", 1920, dark=True)


def test_from_and_to_are_times_of_the_plant_and_bad_ones_are_answered_in_words(page: Any, served: Served, refused: None) -> None:
    one, _ = prepared(served)
    served.send(block=rows(100))  # from 2025-03-04 06:00:45 UTC, every 45 s: 07:00:45 in Berlin
    page.goto("/replay")
    assert "Times are those of Europe/Berlin" in page.inner_text("#replay")
    page.get_by_label("Rows of").select_option("line:mixer")
    page.get_by_label("Champion").select_option(one)
    for since, to, said in (
        ("yesterday", "", "The beginning of the stretch, 'yesterday', is not a time. Write 2025-03-04 06:00, a time of Europe/Berlin."),
        ("2025-03-04 08:00", "2025-03-04 07:00", "The stretch ends (2025-03-04 07:00) before it begins"),
    ):
        page.fill("#replay-since", since)
        page.fill("#replay-until", to)
        page.click("#replay-run")
        until(page, f"document.getElementById('replay-said').textContent.includes({said!r})")
    page.fill("#replay-since", "")
    page.fill("#replay-until", "")
    page.fill("#replay-first", "ten")
    page.click("#replay-run")
    until(page, "document.getElementById('replay-said').textContent.includes('is not the number of a row')")
    page.fill("#replay-first", "")
    page.fill("#replay-since", "2025-03-04 07:15")
    page.fill("#replay-until", "2025-03-04 07:30")
    page.click("#replay-run")
    page.wait_for_selector("h2 >> text=Alarms of Champion")
    assert "rows 20 to 40" in page.inner_text("#replay")  # 07:15:00 is row 20
    assert page.locator("#replay-since").input_value() == "2025-03-04 07:15"


def test_a_model_becomes_the_lines_after_a_second_question(page: Any, served: Served) -> None:
    one, other = prepared(served)
    served.send(block=rows(60, out=(20,)))
    page.goto("/replay")
    page.get_by_label("Rows of").select_option("line:mixer")
    page.get_by_label("Champion").select_option(one)
    page.get_by_label("Challenger").select_option(other)
    page.click("#replay-run")
    page.wait_for_selector("#replay-decide")
    assert page.get_by_label("Model", exact=True).input_value() == other
    page.click("#replay-decide")
    until(page, "document.getElementById('replay-decided').textContent.includes('Say why')")
    page.fill("#replay-reason", "fewer false alarms last month")
    page.fill("#replay-by", "Ada")
    page.click("#replay-decide")
    page.wait_for_selector("#replay-sure:not([hidden])")
    assert "Line 2 mixer will be judged by Challenger: spring.csv, classical" in page.inner_text("#replay-question")
    page.click("#replay-no")
    assert page.is_hidden("#replay-sure")
    assert judging(served) == one
    page.click("#replay-decide")
    page.click("#replay-yes")
    until(page, "document.getElementById('replay-decided').textContent.includes('is judged by Challenger')")
    assert "from the row after 60 on" in page.inner_text("#replay-decided")
    assert judging(served) == other


def judging(served: Served) -> str | None:
    with served.ledger.read() as connection:
        now = lines.current(connection, "mixer")
        return None if now is None else now.model_id


def test_a_new_fit_is_played_then_kept_and_made_the_lines(page: Any, served: Served) -> None:
    one, _ = prepared(served)
    reference = kept(served, csv(calm(200, 2)), "summer.csv")
    served.send(block=rows(120, out=(20, 50)))
    page.goto("/replay")
    page.get_by_label("Rows of").select_option("line:mixer")
    until(page, f"document.querySelector('[data-into=\"replay-one\"]').value === '{one}'")  # it judges this line
    assert page.is_hidden("#replay-new")
    page.get_by_label("Challenger").select_option("new")
    page.wait_for_selector("#replay-new:not([hidden])")
    page.click("#replay-run")
    until(page, "document.getElementById('replay-said').textContent.includes('Choose the reference')")
    page.get_by_label("Fitted to").select_option(reference)
    page.fill("#replay-alpha", "1 per week every 45s")
    page.click("#replay-run")
    page.wait_for_selector("h2 >> text=Alarms of Challenger")
    words = page.inner_text("#replay")
    assert "summer.csv" in words
    assert "not stored" in words
    assert page.locator("#replay-alpha").input_value() == "1 per week every 45s"
    assert page.get_by_label("Challenger").input_value() == "new"
    assert stored(served) == 2
    shot(page, "replay-new-light")
    page.fill("#replay-reason", "a fit to the summer's rows")
    page.fill("#replay-by", "Ada")
    page.click("#replay-keep")
    until(page, "document.getElementById('replay-decided').textContent.includes('The model is stored')")
    assert (stored(served), judging(served)) == (3, one)
    page.click("#replay-decide")
    page.click("#replay-yes")
    until(page, "document.getElementById('replay-decided').textContent.includes('is judged by Challenger')")
    assert judging(served) not in (None, one)


def stored(served: Served) -> int:
    with served.ledger.read() as connection:
        return len(models.models(connection))


def test_a_file_is_sent_with_the_button_and_played_with_its_labels(page: Any, served: Served, tmp_path: Path) -> None:
    one, _ = prepared(served)
    file = tmp_path / "old.csv"
    file.write_bytes(csv(rows(60, out=(7, 30)), bad=(6, 29)))
    page.goto("/replay")
    page.get_by_label("Champion").select_option(one)
    with page.expect_file_chooser() as chooser:
        page.click("#replay-upload")
    chooser.value.set_files(file)
    page.wait_for_url("**/replay?file=*")
    until(page, "document.querySelector('[data-into=\"replay-source\"]').value.startsWith('file:')")
    assert page.get_by_label("Champion").input_value() == one
    page.fill("#replay-truth", "bad")
    page.click("#replay-run")
    page.wait_for_selector("text=Bad rows found")
    words = page.inner_text("#replay")
    assert "Of 2 bad rows it found 2" in words
    assert "Found among good rows (95 % interval)" in words
    assert "old.csv" in page.inner_text('[data-into="replay-source"]')


@pytest.mark.slow
def test_a_long_replay_is_cancelled(page: Any, served: Served) -> None:
    one, other = prepared(served)
    block = calm(150_000)
    reference = kept(served, csv(block), "long.csv")
    page.goto(f"/replay?file={reference}")
    page.get_by_label("Champion").select_option(one)
    page.get_by_label("Challenger").select_option(other)
    page.click("#replay-run")
    page.wait_for_selector("#replay-running:not([hidden])")
    until(page, "document.getElementById('replay-said').textContent.includes('playing')")
    page.click("#replay-cancel")
    until(page, "document.getElementById('replay-said').textContent.includes('The replay was cancelled. Nothing of it was kept.')")
    assert page.is_hidden("#replay-running")
    assert page.is_enabled("#replay-run")
    assert "job=" not in page.url
    page.reload()
    page.get_by_role("link", name="cancelled").click()
    page.wait_for_selector("text=This replay is cancelled.")


def test_who_comes_back_finds_a_running_replay_and_the_earlier_ones(page: Any, served: Served) -> None:
    one, _ = prepared(served)
    reference = kept(served, csv(calm(200)), "long.csv")
    fresh = {"reference_id": reference, "recipe": {"estimator": {"name": "classical"}}, "name": "new"}
    asked = {"reference_id": reference, "candidates": [{"model_id": one, "name": "old"}, fresh]}
    with BENCH.held():
        begun = httpx.post(f"{served.base}/api/v1/replays", json=asked, timeout=60).json()["job"]
        page.goto(f"/replay?job={begun}")
        page.wait_for_selector("#replay-wait")
        page.click("#replay-wait")
        page.wait_for_selector("#replay-running:not([hidden])")
    page.wait_for_selector("h2 >> text=Alarms of new")
    words = page.inner_text("#replay")
    assert "old (champion)" in words
    assert "new (challenger)" in words
    page.goto("/replay")
    page.wait_for_selector("h2 >> text=Earlier replays")
    assert "file long.csv" in page.inner_text("#replay")
    page.get_by_role("link", name="done").click()
    page.wait_for_selector("h2 >> text=Alarms of new")
    page.goto("/replay")
    page.wait_for_selector("h2 >> text=Earlier replays")


def test_what_is_missing_is_said(page: Any, served: Served) -> None:
    page.goto("/replay")
    page.click("#replay-run")
    until(page, "document.getElementById('replay-said').textContent.includes('Choose the rows')")
