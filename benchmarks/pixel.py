"""From the POST of a row to its pixel in Chromium: the real server, the real page, the real ledger in between."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clock import quantile
from benchmarks.house import LINE, House, ask, opened, told
from benchmarks.table import Table, number

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
DRAWN = "document.querySelector('#line-chart .js-plotly-plot .scatterlayer .trace path.js-line') !== null"


@dataclass(frozen=True)
class Pace:
    """So many rows a second, so many rows."""

    per_s: float
    rows: int


@dataclass(frozen=True)
class Size:
    """The paces, and how many rows stand in the chart before."""

    paces: tuple[Pace, ...] = (Pace(2, 40), Pace(10, 200), Pace(50, 400))
    before: int = 600


TOY = Size(paces=(Pace(20, 6),), before=20)


@dataclass(frozen=True)
class Journey:
    """One row: when it was sent, when the 2xx was here, when it was on the screen; milliseconds since 1970."""

    sent: float
    answered: float
    shown: float


def run(size: Size) -> list[Table]:
    """One server, one page, one pace after another."""
    program = os.environ.get("SPC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        return [Table("From POST to the pixel", ("left out",), [("no Chromium on this machine: apt-get install chromium",)])]
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder, opened(Path(folder)) as house:
        return [_measured(house, program, size)]


def _measured(house: House, program: str, size: Size) -> Table:
    told(house.ask("POST", f"/api/v1/lines/{LINE}/rows", house.bodies(1, size.before)[0]))
    done, lines = size.before, []
    with _page(house, program) as page:
        page.evaluate(Path(__file__).with_name("pixel.js").read_text(encoding="utf-8"))
        _until(page, f"window.spcPixel.take().seen.length >= {min(size.before, 600)}")
        browser = page.context.new_cdp_session(page)
        browser.send("Performance.enable", {"timeDomain": "threadTicks"})
        for pace in size.paces:
            before, start = _spent(house, page, browser), time.monotonic()
            journeys = _sent(house, page, pace, done)
            seconds = time.monotonic() - start
            draws, script, server = (now - then for now, then in zip(_spent(house, page, browser), before, strict=True))
            done += pace.rows
            shown = [one.shown - one.sent for one in journeys]
            answered = [one.answered - one.sent for one in journeys]
            lines.append((
                f"{number(pace.per_s)} rows/s, {pace.rows} rows",
                *(number(value) for value in (quantile(shown, 0.5), quantile(shown, 0.95), max(shown))),
                *(number(quantile(answered, share)) for share in (0.5, 0.95)),
                f"{draws / seconds:.1f}", number(1e3 * script / draws), f"{100 * server / seconds:.0f} %",
            ))  # fmt: skip
        frame = page.evaluate("window.spcPixel.take().frame")
    heads = ("ms from POST to pixel", "p50", "p95", "max", "2xx p50", "2xx p95", "draws/s", "page CPU ms/draw", "server CPU")
    notes = (
        f"One clock, whole milliseconds; a frame takes {frame:.1f} ms here, a row counts as shown at the first frame after the one that",
        "drew it. No row was lost or drawn twice. By design a chart is drawn at most four times a second: rows wait to be drawn together.",
    )
    return Table(f"One viewer, Chromium without a GPU, 1280 x 720, {size.before} rows in the chart", heads, lines, notes)


def _spent(house: House, page: Any, browser: Any) -> tuple[float, float, float]:
    """So far: how often the chart was drawn, seconds of processor time of the page's main thread, and of the server."""
    script = next(one["value"] for one in browser.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration")
    return float(page.evaluate("window.spcPixel.take().draws")), float(script), house.cpu_s()


def _sent(house: House, page: Any, pace: Pace, before: int) -> list[Journey]:
    """Rows one by one at this pace; where each of them came to be seen."""
    bodies, times = house.bodies(pace.rows), []
    with closing(house.client()) as client:
        start = time.monotonic()
        for k, body in enumerate(bodies):
            time.sleep(max(0.0, start + k / pace.per_s - time.monotonic()))
            sent = 1e3 * time.time()
            answer = told(ask(client, "POST", f"/api/v1/lines/{LINE}/rows", body))
            times.append((answer["last_seq"], sent, 1e3 * time.time()))
    last = before + pace.rows
    assert times[-1][0] == last, f"row {times[-1][0]}, not {last}"
    _until(page, f"window.spcPixel.take().seen.some((pair) => pair[0] === {last})")
    shown = dict(page.evaluate("window.spcPixel.take().seen"))
    drawn = page.evaluate("window.spcPixel.drawn()")
    assert drawn == list(range(last - len(drawn) + 1, last + 1)), "a row was lost or drawn twice"
    return [Journey(sent, answered, shown[seq]) for seq, sent, answered in times]


@contextmanager
def _page(house: House, program: str) -> Iterator[Any]:
    """The line's page, opened and drawn."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce", timezone_id="UTC")
            page.goto(f"{house.url}/line/{LINE}")
            _until(page, DRAWN)
            yield page
        finally:
            browser.close()


def _until(page: Any, true: str, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not page.evaluate(true):
        if time.monotonic() > end:
            raise RuntimeError(f"never became true in the page: {true}")
        page.wait_for_timeout(50)
