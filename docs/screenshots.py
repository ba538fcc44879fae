"""Makes the pictures of the README, docs/img/*.png, with the real server and Chromium: `.venv/bin/python docs/screenshots.py`.

Run it by hand after a change to the screens, and look at what it made. It needs the dev extra and Debian's chromium (or SPC_CHROMIUM).
"""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from spc.cli import main as main_of_cli

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "img"
REFERENCE = ROOT / "data" / "demo_circuit_boards" / "phase1_reference.csv"
FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
MOST_BYTES = 250_000
PATIENCE_S = 300.0


@contextmanager
def serving(config: Path, folder: Path) -> Iterator[str]:
    """The server on a ledger of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    env = {**os.environ, "SPC_CONFIG": str(config), "SPC_LEDGER": f"sqlite:///{folder}/spc.db", "SPC_PORT": str(port), "SPC_URL": base}
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not answers(port):
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit("The server does not start: run `python app.py` and read what it says.")
            time.sleep(0.2)
        yield base
    finally:
        server.terminate()
        server.wait(30)


def answers(port: int) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2):
            return True
    except OSError:
        return False


@contextmanager
def window(browser: Any, base: str, *, dark: bool = False, height: int = 760) -> Iterator[Any]:
    """One page of 1280 pixels."""
    context = browser.new_context(
        viewport={"width": 1280, "height": height},
        color_scheme="dark" if dark else "light",
        timezone_id="UTC",
        locale="en-GB",
        reduced_motion="reduce",
        base_url=base or None,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    yield page
    context.close()


def shoot(page: Any, name: str) -> None:
    """One picture, when the charts have come to rest."""
    page.wait_for_timeout(1500)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(ROOT)}: {size // 1000} kB\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES // 1000} kB.")


def reference(browser: Any, base: str) -> None:
    """The demo's reference: classical beside robust, and the way a row is explained."""
    with window(browser, base) as page:
        page.goto("/reference")
        page.wait_for_selector("#reference-choose")
        with page.expect_file_chooser() as chooser:
            page.click("#reference-choose")
        chooser.value.set_files(REFERENCE)
        page.wait_for_selector("#reference-columns table")
        shoot(page, "upload")
        page.click("#reference-fit")
        page.wait_for_selector("#reference-distances .main-svg")
        page.wait_for_selector("#reference-table tbody tr")
        shoot(page, "reference")
        page.click("[data-look='99']")
        page.wait_for_selector("#reference-around .main-svg")
        page.evaluate("window.scrollTo(0, 0)")
        shoot(page, "reference-row")
        page.click("#reference-drawer-close")
        page.click(".review-picture button.segment:has-text('Ellipses')")
        page.wait_for_selector("#reference-picture-chart .main-svg")
        page.locator("#reference-picture-chart").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('.review-picture').scrollIntoView()")
        shoot(page, "pictures")
        address = page.url
    with window(browser, base, dark=True) as page:
        page.goto(address)
        page.wait_for_selector("#reference-distances .main-svg")
        shoot(page, "reference-dark")


def report(browser: Any, folder: Path) -> None:
    """The top of the file that `spc fit --report` writes."""
    path = folder / "report.html"
    with redirect_stdout(io.StringIO()):
        if main_of_cli(["fit", str(REFERENCE), "--report", str(path)]):
            raise SystemExit("The report was not written: run `spc fit --report` and read what it says.")
    with window(browser, "", height=900) as page:
        page.goto(path.as_uri())
        page.wait_for_selector(".picture .main-svg")
        shoot(page, "report")


def line(browser: Any, base: str) -> None:
    """The demo line when it has left control: its own page, the wall, the list."""
    with window(browser, base) as page:
        page.goto("/line/smt-2")
        page.locator("#banner .alarm-more", has_text=re.compile(r"\b([4-9]|\d\d) points")).first.wait_for()  # a lot, not a slip
        page.wait_for_selector(".line-head.alarm-state")
        page.wait_for_selector("#line-blame-words .sentence")
        shoot(page, "line")
        page.goto("/")
        page.wait_for_selector(".tile .trend-line")
        shoot(page, "wall")
        page.goto("/alarms")
        page.wait_for_selector("#alarms-list tbody tr")
        shoot(page, "alarms")


def main() -> None:
    """All pictures, one server after the other."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the dev extra

    chromium = os.environ.get("SPC_CHROMIUM") or shutil.which("chromium")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        quiet = folder / "quiet" / "config"  # no line that streams: no alarm above the review
        quiet.mkdir(parents=True)
        (quiet / "plant.toml").write_text("demo = false\n", encoding="utf-8")
        with serving(quiet, quiet.parent) as base:
            reference(browser, base)
        report(browser, folder)
        with serving(ROOT / "config", folder) as base:
            line(browser, base)
        browser.close()


if __name__ == "__main__":
    main()
