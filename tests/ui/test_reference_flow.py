"""From a file to an active reference in the browser: the mouse's way and the keyboard's, and what is refused on the way."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from spc.ledger import lines, models
from tests.small import CENTER, NAMES, SD
from tests.ui.served import BENCH, Served, until


def table(folder: Path, n: int = 60, *, out: tuple[int, ...] = (), scaled_after: int = 0, columns: int = 3) -> Path:
    """A reference in European writing; rows `out` are far off in warp_mm, which is in other units after `scaled_after`."""
    z = np.random.default_rng(5).normal(size=(n, 3))
    for row in out:
        z[row - 1] = (0.0, 9.0, 0.0)
    x = CENTER + z * SD
    if scaled_after:
        x[scaled_after:, 1] *= 1000.0
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["time", "board_id", *NAMES[:columns]])
    for i, row in enumerate(x[:, :columns].tolist(), 1):
        writer.writerow([f"2025-03-03 06:{i // 60:02d}:{i % 60:02d}", f"B{i:05d}", *(f"{v:.5f}".replace(".", ",") for v in row)])
    path = folder / "boards.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def upload(page: Any, path: Path) -> None:
    page.goto("/reference")
    page.wait_for_selector("#reference-choose")
    with page.expect_file_chooser() as chooser:
        page.click("#reference-choose")
    chooser.value.set_files(path)


def fitted(page: Any, estimator: str = "classical") -> None:
    page.select_option("select[data-into='reference-estimator']", estimator)
    page.click("#reference-fit")
    page.wait_for_selector("#reference-t2 .main-svg")
    page.wait_for_selector("#reference-counter >> text=n =")


def tab_to(page: Any, id: str, most: int = 120) -> None:
    """Tab until the element has the focus: it must be reachable that way."""
    for _ in range(most):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{id} is not reached with the Tab key")


def choose(page: Any, words: str) -> None:
    """Types into a list of the browser. After a second without a key it takes the next one for the first of another word."""
    for _ in range(20):
        page.keyboard.type(words)
        if page.evaluate("document.activeElement.selectedOptions[0].text").startswith(words):
            return
        page.wait_for_timeout(1500)
    raise AssertionError(f"{words} is not chosen by typing it")


def tab_until(page: Any, true: str, most: int = 120) -> None:
    for _ in range(most):
        if page.evaluate(f"(e => {true})(document.activeElement)"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"nothing reached with the Tab key is {true}")


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(
    "content, words",
    [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"a,b\n", "no rows"),
        (b"", "empty"),
        (b"time,temp\n2025-03-03 06:00:00,abc\n2025-03-03 06:00:01,1.5\n2025-03-03 06:00:02,1,7\n", "row 3"),
    ],
)
def test_a_bad_upload_says_what_is_wrong_in_the_page(page: Any, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    upload(page, path)
    page.wait_for_selector("#reference-upload-said .complaint")
    assert words.lower() in page.inner_text("#reference-upload-said").lower()
    until(page, "!document.getElementById('reference-choose').disabled")


def test_the_file_is_described_and_a_changed_role_is_read_again(page: Any, tmp_path: Path) -> None:
    upload(page, table(tmp_path))
    page.wait_for_selector("#reference-columns table")
    facts = page.inner_text(".facts")
    for words in ("semicolon", "comma", "60", "1 s"):
        assert words in facts
    page.select_option("select[data-role-select='copper_um']", "ignore")
    page.wait_for_selector("text=1 role changed, not yet read.")
    before = page.url
    page.click("#reference-roles-apply")
    until(page, f"location.href !== '{before}'")
    page.wait_for_selector("summary:has-text('2 measurements')")
    assert page.locator("select[data-role-select='copper_um']").input_value() == "ignore"


def test_a_red_finding_must_be_answered_before_a_fit(page: Any, tmp_path: Path) -> None:
    upload(page, table(tmp_path, 80, scaled_after=50))
    page.wait_for_selector("text=1 red finding to answer before a fit.")
    assert page.locator("#reference-fit").is_disabled()
    page.click("[data-answer-finding]")
    until(page, "!document.getElementById('reference-fit').disabled")
    page.reload()  # the answer is not lost
    page.wait_for_selector("[data-answer-finding][aria-pressed=true]")
    until(page, "!document.getElementById('reference-fit').disabled")


def test_a_fit_can_be_cancelled(page: Any, served: Served, tmp_path: Path) -> None:
    path = table(tmp_path, 600)
    upload(page, path)
    page.wait_for_selector("#reference-columns table")
    asked = {"reference_id": page.url.partition("ref=")[2], "recipe": {"estimator": {"name": "classical"}}}
    with httpx.Client(base_url=served.base, timeout=60) as client, BENCH.held():
        others = [client.post("/api/v1/models", json=asked).json()["href"] for _ in range(2)]
        page.click("#reference-fit")  # two are done at a time: this one waits
        page.wait_for_selector("#reference-fit-cancel")
        page.locator("#reference-fit-cancel").press("Enter")
        page.wait_for_selector("text=The fit was cancelled.")
        assert page.locator("#reference-fit-cancel").is_hidden()
        until(page, "!document.getElementById('reference-fit').disabled")
        assert "job=" not in page.url
        for one in others:
            assert client.delete(one).json()["state"] == "cancelled"
    fitted(page)


def test_a_dropped_file_is_taken(page: Any, tmp_path: Path) -> None:
    page.goto("/reference")
    page.wait_for_selector("#reference-drop")
    text = table(tmp_path).read_text(encoding="utf-8")
    page.evaluate(
        """text => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([text], 'dropped.csv', {type: 'text/csv'}));
            const dropped = new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true});
            document.getElementById('reference-drop').dispatchEvent(dropped);
        }""",
        text,
    )
    page.wait_for_selector("summary:has-text('dropped.csv: 60 rows')")


def test_upload_review_exclude_refit_activate_with_the_keyboard_alone(  # noqa: PLR0915 - one way from the first key to the last
    page: Any, served: Served, tmp_path: Path
) -> None:
    path = table(tmp_path, out=(20, 33))
    page.on("filechooser", lambda chooser: chooser.set_files(path))  # from the start: a key is faster than the browser's asking
    page.goto("/reference")
    page.wait_for_selector("#reference-choose")
    tab_to(page, "reference-choose")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reference-columns table")
    tab_until(page, "e.tagName === 'SELECT' && e.getAttribute('aria-label') === 'Estimator'")
    choose(page, "Classical")
    page.wait_for_selector("#reference-estimator-help >> text=hide one another")
    tab_to(page, "reference-by")
    page.keyboard.type("Ada")
    tab_to(page, "reference-fit")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reference-table tbody tr")
    assert page.locator("#reference-table tbody tr").count() == 2
    until(page, "document.activeElement.classList.contains('review-title')")
    tab_to(page, "reference-look-all")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'reference-drawer'")
    assert "warp_mm" in page.inner_text("#reference-drawer-body")
    tab_until(page, "e.tagName === 'SELECT'")
    choose(page, "sensor")
    tab_to(page, "reference-note")
    page.keyboard.type("probe 2 loose")
    tab_to(page, "reference-exclude")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Excluded: 20, 33.")
    page.wait_for_selector("text=2 rows changed: refit to see the new limit")
    page.keyboard.press("Escape")
    page.wait_for_selector("#reference-drawer", state="hidden")
    until(page, "document.activeElement.id === 'reference-look-all'")
    tab_to(page, "reference-fit")
    until(page, "document.getElementById('reference-fit').innerText === 'Refit without 2 rows'")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=n = 58 of 60")
    assert "→" in page.inner_text("#reference-counter")
    tab_until(page, "e.tagName === 'SELECT' && e.getAttribute('aria-label') === 'Line'")
    choose(page, "Line 2")
    tab_to(page, "reference-reason")
    page.keyboard.type("new probe")
    tab_to(page, "reference-activate")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reference-activated >> text=Model v1")
    with served.ledger.read() as connection:
        now = lines.current(connection, "mixer")
        assert now is not None
        assert (now.by, now.reason) == ("Ada", "new probe")
        made = models.get_model(connection, str(now.model_id))
    assert [(one.row, one.reason, one.note, one.by) for one in made.excluded] == [
        (20, "sensor or gauge", "probe 2 loose", "Ada"),
        (33, "sensor or gauge", "probe 2 loose", "Ada"),
    ]
    served.send(3)
    tab_until(page, "e.textContent === 'To the line Line 2 mixer'")
    page.keyboard.press("Enter")
    page.wait_for_selector("#line-chart .main-svg")


def test_a_draft_survives_a_reload_and_can_be_undone(page: Any, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20,)))
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    page.click("[data-look='20']")
    page.wait_for_selector("#reference-drawer:not([hidden])")
    page.wait_for_selector("#reference-around .main-svg")
    page.click("#reference-exclude")
    page.wait_for_selector("text=Nobody has signed.")
    page.fill("#reference-who", "Ada")
    page.locator("#reference-drawer select").select_option("tool")
    page.click("#reference-exclude")
    page.wait_for_selector("text=1 row changed: refit to see the new limit")
    page.reload()
    page.wait_for_selector("text=1 row changed: refit to see the new limit")
    page.wait_for_selector("#reference-table >> text=excluded: tool or wear")
    page.click("[data-look='20']")
    page.wait_for_selector("#reference-drawer:not([hidden])")
    page.click("#reference-undo")
    page.wait_for_selector("text=Undone: 20.")
    page.wait_for_selector(".waiting", state="detached")
    page.click("#reference-keep")
    page.wait_for_selector("#reference-table >> text=kept: common cause")


@pytest.mark.usefixtures("cut_off")
def test_points_of_the_chart_are_chosen_with_the_mouse_and_a_new_line_is_made(page: Any, served: Served, tmp_path: Path) -> None:
    upload(page, table(tmp_path, out=(20, 21, 22)))
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    box = page.locator("#reference-t2 .nsewdrag.drag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.6, steps=6)
    page.mouse.up()
    page.wait_for_selector("#reference-drawer:not([hidden])")
    page.wait_for_selector("#reference-drawer-body >> text=20–22")
    page.click("#reference-drawer-close")
    page.wait_for_selector("#reference-drawer", state="hidden")
    page.click("#reference-activate")
    page.wait_for_selector("text=No line is chosen.")
    page.locator(".activate-panel select").select_option("+")
    page.fill("#reference-new-name", "press-4")
    page.fill("#reference-new-title", "Press 4, lids")
    page.click("#reference-activate")
    page.wait_for_selector("text=A reason is missing.")
    page.fill("#reference-reason", "first reference")
    page.fill("#reference-signer", "Ada")
    page.click("#reference-activate")
    page.wait_for_selector("#reference-activated >> text=judges Press 4, lids from its first row on")
    body = {"rows": [{"id": "A1", "values": dict(zip(NAMES, CENTER.tolist(), strict=True))}]}
    assert httpx.post(f"{served.base}/api/v1/lines/press-4/rows", json=body, timeout=60).json()["accepted"] == 1
    served.stop()
    served.start()  # the line is there after a restart, too
    body["rows"][0]["id"] = "A2"
    assert httpx.post(f"{served.base}/api/v1/lines/press-4/rows", json=body, timeout=60).json()["last_seq"] == 2


@pytest.mark.slow
def test_a_robust_fit_is_shown_beside_the_classical_one(page: Any, tmp_path: Path) -> None:
    upload(page, table(tmp_path, 40, out=(7, 8, 9, 10, 11), columns=2))
    page.wait_for_selector("#reference-columns table")
    page.evaluate(  # a fit from the table takes a tenth of a second: what was said meanwhile is written down as it is said
        """() => {
            window.said = [];
            const look = () => said.push((document.querySelector('.fit') || document.body).innerText);
            new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
        }"""
    )
    page.click("#reference-fit")
    until(page, "said.some(text => /calibrating|fitting/i.test(text))")
    page.wait_for_selector("#reference-distances .main-svg")
    page.wait_for_selector("#reference-t2-summary >> text=/Robust.*Classical/")
    names = page.evaluate("document.querySelector('#reference-t2 .js-plotly-plot').data.map(t => t.yaxis)")
    assert set(names) == {"y", "y2"}
    page.evaluate("spcReference.pick([7])")
    until(page, "document.querySelector('#reference-distances .js-plotly-plot').data.at(-1).customdata.includes(7)")


def test_a_model_is_activated_for_one_product_of_a_line(page: Any, served: Served, tmp_path: Path) -> None:
    def sent(id: str, product: str) -> None:
        row = {"id": id, "product": product, "values": dict(zip(NAMES, CENTER.tolist(), strict=True))}
        assert httpx.post(f"{served.base}/api/v1/lines/mixer/rows", json={"rows": [row]}, timeout=60).json()["accepted"] == 1

    sent("A1", "lid A")
    sent("B1", "lid B")
    upload(page, table(tmp_path, out=(20,)))
    page.wait_for_selector("#reference-columns table")
    fitted(page)
    page.locator(".activate-panel select").select_option("mixer")
    page.wait_for_selector("#reference-product-hint >> text=This line has had the products lid A, lid B.")
    until(page, "[...document.querySelectorAll('#reference-products option')].map(o => o.value).join() === 'lid A,lid B'")
    assert page.evaluate("document.getElementById('reference-product').list.id") == "reference-products"
    page.fill("#reference-product", " lid C")
    page.fill("#reference-reason", "only for this lid")
    page.fill("#reference-signer", "Ada")
    page.click("#reference-activate")
    page.wait_for_selector("#reference-activated >> text=judges the product lid C on Line 2 mixer")
    page.wait_for_selector("#reference-activated >> text=No row of this product has come yet; there have been lid A, lid B.")
    page.fill("#reference-product", "lid B")
    page.click("#reference-activate")
    page.wait_for_selector("#reference-activated >> text=Model v2")
    assert "No row of this product" not in page.inner_text("#reference-activated")
    with served.ledger.read() as connection:
        assert sorted(lines.in_force(connection, "mixer")) == ["lid B", "lid C"]
    sent("A2", "lid A")
    sent("B2", "lid B")
    points = httpx.get(f"{served.base}/api/v1/lines/mixer/points", timeout=60).json()["points"]
    assert {one["seq"] for one in points} == {4}
    page.locator(".activate-panel select").select_option("")
    page.locator(".activate-panel select").select_option("mixer")
    page.wait_for_selector("#reference-product-hint >> text=lid A, lid B (with a model of its own), lid C (with a model of its own).")
    if folder := os.environ.get("SPC_SHOTS"):
        page.locator(".activate-panel").screenshot(path=f"{folder}/activate-product.png")
