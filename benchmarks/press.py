"""From a press on the map of blame to the frame that answers it: real server, real page, fifty variables, ten thousand rows."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clock import quantile
from benchmarks.house import LINE, House, opened, told
from benchmarks.pixel import _page, _until
from benchmarks.table import Table, number


@dataclass(frozen=True)
class Size:
    """Variables, rows on the map, presses."""

    p: int = 50
    rows: int = 10_000
    presses: int = 40


TOY = Size(p=6, rows=40, presses=2)


def run(size: Size) -> list[Table]:
    """One server, one page, one press after another."""
    program = os.environ.get("SPC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        return [Table("From a press to its answer", ("left out",), [("no Chromium on this machine: apt-get install chromium",)])]
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder, opened(Path(folder), size.p) as house:
        for body in house.bodies(-(-size.rows // 1000), min(size.rows, 1000)):
            told(house.ask("POST", f"/api/v1/lines/{LINE}/rows", body))
        with _page(house, program) as page:
            return [_measured(house, page, size)]


def _measured(house: House, page: Any, size: Size) -> Table:
    page.evaluate(Path(__file__).with_name("press.js").read_text(encoding="utf-8"))
    page.click("text=last 10 000 rows")
    _until(page, f"window.spcBlame.kept()?.n === {size.rows} && window.spcBlame.shown()?.n === {size.rows}")
    page.locator("#line-heat-said").scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})
    page_s, server_s, drawn, said, map_ = 0.0, 0.0, [], [], []
    for k in range(size.presses):
        seq = 1 + (k * 7919) % size.rows
        before = _page_s(browser), house.cpu_s()
        page.mouse.click(*page.evaluate("([seq, k]) => window.spcPress.place(seq, k)", [seq, k % min(size.p, 12)]))
        _until(page, "window.spcPress.take() !== null")
        one = page.evaluate("window.spcPress.take()")
        page_s, server_s = page_s + _page_s(browser) - before[0], server_s + house.cpu_s() - before[1]
        drawn.append(one["drawn"])
        said.append(one["told"])
        map_.append(page.evaluate("window.spcPress.drawing()"))
        page.wait_for_timeout(150)
    lines = [
        (what, *(number(value) for value in (quantile(times, 0.5), quantile(times, 0.95), max(times))))
        for what, times in (("map and closer look", drawn), ("sentence, bars and table", said), ("of that, the map itself", map_))
    ]
    cost = f"page {1e3 * page_s / size.presses:.0f} ms, server {1e3 * server_s / size.presses:.0f} ms"
    notes = (
        f"{size.presses} presses on the map, 1280 x 720, Chromium without a GPU; told by the page's own clock.",
        f"Processor time of a press, with what the page does besides: {cost}.",
    )
    return Table(f"From a press to the frame that answers it, p = {size.p}, {size.rows} rows", ("ms", "p50", "p95", "max"), lines, notes)


def _page_s(browser: Any) -> float:
    """Seconds of processor time of the page's main thread so far."""
    return float(next(one["value"] for one in browser.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration"))
