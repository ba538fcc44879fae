"""A real server with a real ledger, and Chromium.

Every test ends with: no error on the console, nothing asked of elsewhere, no serious finding of axe.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.chrome import Chrome
from tests.ui.served import BASE, BENCH, Served

OPEN: list[Chrome] = []  # none or one: the browser of this process, for all tests of this folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(400))  # the limit of one wait in it, which says what did not come, is reached before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.user_properties.append(("went well", report.passed))
    return report


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Any:
    """The browser stays until a test of another folder is next: while it is open, that could not run an event loop in this thread."""
    try:
        return (yield)
    finally:
        if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
            shut()
            BENCH.shut()


def shut() -> None:
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def chrome(chromium: str) -> Chrome:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: install the dev extra")
    if OPEN and not OPEN[0].alive():
        shut()
    if not OPEN:
        OPEN.append(Chrome(playwright.sync_playwright().start(), chromium, BASE))
    return OPEN[0]


@pytest.fixture
def browser(chrome: Chrome) -> Any:
    """To make contexts of: each without anything that was loaded or stored."""
    return chrome.browser


@pytest.fixture
def page(chrome: Chrome, served: Served, axe_script: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page at 1280 x 720. A test whose server goes away on purpose uses the fixture `cut_off` as well."""
    opened = chrome.page()
    wrong: list[str] = []
    opened.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
    opened.on("pageerror", lambda e: wrong.append(f"script: {e}"))
    own = (served.base, served.base.replace("http", "ws"), "data:", "blob:")
    opened.on("request", lambda r: None if r.url.startswith(own) else wrong.append(f"to elsewhere: {r.url}"))
    yield opened
    shots = os.environ.get("SPC_SHOTS")
    if shots:
        opened.screenshot(path=f"{shots}/{request.node.name}.png")
    if ("went well", True) in request.node.user_properties:
        opened.evaluate(axe_script)
        found = opened.evaluate("axe.run({resultTypes: ['violations']})")["violations"]  # a picture's every passing point is not told
        serious = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]
        if "cut_off" in request.fixturenames:
            wrong = [one for one in wrong if "ERR_CONNECTION" not in one and "WebSocket" not in one]
        if "refused" in request.fixturenames:
            wrong = [one for one in wrong if "the server responded with a status of 4" not in one]
        assert (serious, wrong) == ([], [])
    chrome.clear()


@pytest.fixture
def cut_off() -> None:
    """The browser's own complaints about a server that does not answer are expected here."""


@pytest.fixture
def refused() -> None:
    """The browser notes every answer of 400 and above on its console: here one is what the test is about."""
