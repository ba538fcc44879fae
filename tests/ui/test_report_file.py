"""The report of `spc fit --report`, opened as a quality manager opens it: from a folder, without any server."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import pytest

from spc.cli import main
from tests.conftest import ROOT
from tests.ui.chrome import LIMIT_MS

DEMO = ROOT / "data" / "demo_circuit_boards" / "phase1_reference.csv"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["fit", str(DEMO), "--report", str(path)]) == 0
    return path


def test_it_opens_without_a_server_draws_every_picture_and_asks_nothing_of_elsewhere(browser: Any, written: Path, axe_script: str) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 1200}, offline=True)
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(f"console: {m.text}"))
    page.on("pageerror", lambda e: wrong.append(f"script: {e}"))
    page.on("request", lambda r: None if r.url == written.as_uri() else wrong.append(f"to elsewhere: {r.url}"))
    page.goto(written.as_uri())
    page.wait_for_function("document.querySelectorAll('.picture .main-svg').length >= 7")
    drawn = page.evaluate("[...document.querySelectorAll('.picture')].filter(e => e.querySelector('.main-svg')).map(e => e.id)")
    assert drawn == [f"picture-{name}" for name in ("t2", "distances", "qq", "ellipses", "scree", "correlation", "cells")]
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
    assert page.evaluate("document.querySelectorAll('#picture-qq .scatterlayer .points path').length") >= 200
    if shots := os.environ.get("SPC_SHOTS"):
        page.screenshot(path=f"{shots}/report.png", full_page=True)
        page.pdf(path=f"{shots}/report.pdf", prefer_css_page_size=True)
    found = context.new_page()  # axe is a script of ours, which the report's own policy would not let in: it looks at the same text
    found.set_content(page.evaluate("document.documentElement.outerHTML.replace(/<script[^]*?<\\/script>|<meta http-equiv[^>]*>/g, '')"))
    found.evaluate(axe_script)
    violations = found.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in violations if v["impact"] in ("serious", "critical")] == []
    assert wrong == []
    context.close()


def test_its_policy_lets_no_other_script_in(browser: Any, written: Path, tmp_path: Path) -> None:
    text = written.read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace("</main>", "</main><script>window.stranger = 1</script><img src='https://example.invalid/x.png'>"))
    context = browser.new_context()
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda r: asked.append(r.url))
    page.on("requestfailed", lambda r: asked.append(str(r.failure)))
    page.goto(changed.as_uri())
    page.wait_for_selector(".main-svg")
    assert page.evaluate("window.stranger") is None
    assert sorted(asked) == ["csp", changed.as_uri()]
    context.close()


def test_it_prints_on_a4(browser: Any, written: Path) -> None:
    context = browser.new_context()
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    page.goto(written.as_uri())
    page.wait_for_function("document.querySelectorAll('.picture .main-svg').length >= 7")
    page.emulate_media(media="print")
    pdf = page.pdf(prefer_css_page_size=True)
    pages = pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ")
    assert 4 <= pages <= 14
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf or b"/MediaBox [0 0 595" in pdf
    context.close()
