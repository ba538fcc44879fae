"""A real server with a real ledger, and Chromium.

Every test ends with: no error on the console, nothing asked of elsewhere, no serious finding of axe.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.served import Served

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --autoplay-policy=user-gesture-required"
).split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


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


@pytest.fixture(scope="module")  # not longer: while it is open, no other test of this thread can run an event loop
def browser(chromium: str) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: install the dev extra")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, served: Served, axe_script: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page at 1280 x 720. A test whose server goes away on purpose uses the fixture `cut_off` as well."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 720},
        color_scheme="light",
        timezone_id="UTC",
        locale="en-GB",
        reduced_motion="reduce",
        base_url=served.base,
    )
    context.set_default_timeout(20_000)
    opened = context.new_page()
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
    context.close()


@pytest.fixture
def cut_off() -> None:
    """The browser's own complaints about a server that does not answer are expected here."""


@pytest.fixture
def refused() -> None:
    """The browser notes every answer of 400 and above on its console: here one is what the test is about."""
