"""Blame over time in the browser: the map under the chart, the closer look, and how soon they answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from spc.blame import blame
from spc.distances import ellipse
from spc.nouns import Limit, Model, Rows, Scatter
from tests.small import CENTER, NAMES, SD, START, model
from tests.small import rows as some_rows
from tests.ui.served import Served, until

CHART = "document.querySelector('#line-chart .js-plotly-plot')"
OWN = "window.spcBlame.looked.own"
PAIR = "window.spcBlame.looked.pair"
KEPT = "window.spcBlame.kept()"
SHOWN = "window.spcBlame.shown()"
WORDS = "document.getElementById('line-closer-words').textContent"
SAID = "document.getElementById('line-heat-said').textContent"


def tied(copper: float = 0.0) -> Model:
    """Length and warp move together (0.9); copper alone, unless it, too, is tied to both."""
    correlation = np.array([[1.0, 0.9, copper], [0.9, 1.0, copper], [copper, copper, 1.0]])
    factor = np.linalg.cholesky(correlation * np.outer(SD, SD))
    return replace(model(), scatter=Scatter(CENTER, factor, n=200))


def block(made: Model, n: int, first: int = 1, out: tuple[int, ...] = (), by: tuple[float, ...] = (1.5, -1.5, 0.0)) -> Rows:
    """n calm rows of a model; those in `out` stand `by` standard deviations from its centre: each value ordinary, the relation broken."""
    z = np.clip(np.random.default_rng([5, first]).normal(size=(n, made.p)), -1.0, 1.0)
    x = made.scatter.colour(z)
    for i in out:
        x[i - 1] = made.scatter.center + np.array(by) * np.sqrt(np.diag(made.scatter.covariance))
    at = START + np.arange(first, first + n) * np.timedelta64(45, "s")
    return Rows(made.names, x, at.astype("datetime64[us]"), tuple(f"B{k:05d}" for k in range(first, first + n)))


def opened(page: Any, n: int) -> None:
    page.goto("/line/mixer")
    until(page, f"{KEPT}?.n >= {n} && {SHOWN} !== null && {SHOWN}.n === {n}")


def test_the_map_holds_the_shares_of_the_room_and_grows_with_the_chart(page: Any, served: Served) -> None:
    served.activate()
    first, second = some_rows(40, out=(12,)), some_rows(10, first=41, out=(5,))
    served.send(block=first)
    opened(page, 40)
    share = np.array(page.evaluate(f"Array.from({KEPT}.share)")).reshape(-1, 3)
    assert share == pytest.approx(blame(model(), first.x).share, rel=1e-5, abs=1e-6)
    served.send(block=second)
    until(page, f"{KEPT}.n === 50 && {SHOWN}.n === 50")
    share = np.array(page.evaluate(f"Array.from({KEPT}.share)")).reshape(-1, 3)
    assert share[40:] == pytest.approx(blame(model(), second.x).share, rel=1e-5, abs=1e-6)
    assert page.evaluate(f"{SHOWN}.rows.map((j) => {KEPT}.names[j])")[0] == "warp_mm", "the most to blame stands on top"
    assert "2 rows beyond the limit; most to blame: warp_mm" in page.get_attribute("#line-heat", "aria-label")


def test_a_column_of_the_map_stands_under_its_point(page: Any, served: Served) -> None:
    served.activate()
    served.send(60, out=(20, 33))
    opened(page, 60)
    off = (
        f"(() => {{ const a = {CHART}._fullLayout, s = {SHOWN}, left = {CHART}.getBoundingClientRect().left - "
        "document.getElementById('line-heat').getBoundingClientRect().left;"
        f"return {CHART}.data[0].x.map((x, i) => Math.abs(left + a._size.l + a.xaxis.d2p(x) - (s.win.left + s.place[i]))) }})()"
    )
    until(page, f"Math.max(...{off}) < 1.0")  # not before the page has found its width
    assert len(page.evaluate(off)) == 60


def colours(page: Any, seq: int, name: str) -> set[tuple[int, ...]]:
    """The colours of a cell, without its edges."""
    found = page.evaluate(
        f"""(() => {{ const s = {SHOWN}, k = {KEPT}, c = document.querySelector('#line-heat canvas'), i = k.seq.indexOf({seq}) - s.win.from;
        const y = s.head + 15 * s.rows.indexOf(k.names.indexOf('{name}')), x = s.win.left + s.place[i];
        const d = c.getContext('2d').getImageData((x - 2) * s.dpr, (y + 3) * s.dpr, 4 * s.dpr, 8 * s.dpr).data, out = [];
        for (let q = 0; q < d.length; q += 4) out.push([d[q], d[q + 1], d[q + 2]].join());
        return [...new Set(out)] }})()"""
    )
    return {tuple(int(v) for v in one.split(",")) for one in found}


def grey(colour: tuple[int, ...]) -> bool:
    return max(colour) - min(colour) <= 12


def test_grey_is_normal_colour_is_beyond_and_what_takes_away_is_striped(page: Any, served: Served) -> None:
    made = tied()
    served.activate(made=made)
    rows = block(made, 60, out=(30,), by=(0.8, 4.5, 0.0))
    assert blame(made, rows.x).share[29, 0] < -10, "length takes away"
    served.send(block=rows)
    opened(page, 60)
    assert all(grey(one) for name in NAMES for one in colours(page, 10, name))
    assert not any(grey(one) for one in colours(page, 30, "warp_mm"))
    assert len(colours(page, 30, "warp_mm")) == 1
    assert len(colours(page, 30, "length_mm")) > 1, "striped: not told by colour alone"


def test_a_cell_chooses_its_row_and_its_variable(page: Any, served: Served) -> None:
    made = tied()
    served.activate(made=made)
    served.send(block=block(made, 60, out=(20, 33)))
    opened(page, 60)
    page.wait_for_selector("text=Row 33, part B00033")
    page.wait_for_selector("#banner .alarm")  # it stands above the chart, which moves down for it
    page.locator("#line-heat-said").scroll_into_view_if_needed()
    place = page.evaluate(
        f"(() => {{ const s = {SHOWN}, k = {KEPT}.names.indexOf('copper_um');"
        "const r = document.getElementById('line-heat').getBoundingClientRect();"
        "return [r.x + s.win.left + s.place[19], r.y + s.head + 15 * s.rows.indexOf(k) + 7] })()"
    )
    page.mouse.move(*place)
    until(page, f"{SAID}.startsWith('Row 20, ') && {SAID}.includes('copper_um')")
    page.mouse.click(*place)
    until(page, f"{WORDS}.startsWith('Row 20: copper_um is 0.0 sd')")
    page.wait_for_selector("text=Row 20, part B00020")


def test_a_variable_is_drawn_against_the_one_whose_relation_to_it_broke_not_the_closest(page: Any, served: Served) -> None:
    made = tied(copper=0.8)
    served.activate(made=made)
    served.send(block=block(made, 60, out=(33,), by=(2.0, 2.0, -1.5)))
    opened(page, 60)
    until(page, f"{WORDS}.startsWith('Row 33')")
    page.select_option("select[data-into=line-closer-variable]", "length_mm")
    until(page, f"{WORDS}.startsWith('Row 33: length_mm')")
    assert page.evaluate("document.querySelector('select[data-into=line-closer-partner]').value") == "copper_um"
    page.select_option("select[data-into=line-closer-partner]", "warp_mm")
    until(page, f"{WORDS}.includes('With warp_mm')")


@pytest.mark.parametrize("scale", ["t2", "log"])
def test_the_axes_of_the_chart_stay_what_they_are_when_a_row_is_chosen(page: Any, served: Served, scale: str) -> None:
    served.activate()
    served.send(30, out=(30,))
    opened(page, 30)
    gd = "document.querySelector('#line-chart .js-plotly-plot')"
    until(page, f"{gd}.data[4].x.length === 1 && window.spcBlame.times.words > 0")  # the last row beyond the limit is chosen already
    page.click(f"button[data-into='line-scale'][data-value='{scale}']")
    until(page, f"{gd}._fullLayout.yaxis.type === '{'log' if scale == 'log' else 'linear'}' && !window.spcLive.lines.get('mixer').dirty")
    page.wait_for_timeout(300)
    axes = [f"{gd}._fullLayout.{axis}.{word}" for word in ("type", "range") for axis in ("xaxis", "yaxis")]
    looks = f"JSON.stringify([{', '.join(axes)}])"
    before = page.evaluate(looks)
    assert before.startswith('["date","log"' if scale == "log" else '["date","linear"')
    page.evaluate("window.spcLive.pick(12, true)")
    until(page, f"{gd}.data[4].x.join() === [{gd}.data[0].x[11]].join()")
    page.wait_for_timeout(300)
    assert page.evaluate(looks) == before


def test_the_pair_that_broke_lies_outside_the_ellipse_though_each_value_is_ordinary(page: Any, served: Served) -> None:
    made = tied()
    served.activate(made=made)
    rows = block(made, 60, out=(33,))
    served.send(block=rows)
    opened(page, 60)
    until(page, f"{WORDS}.startsWith('Row 33')")
    words = page.evaluate(WORDS)
    assert "1.5 sd" in words
    assert "inside the reference band" in words
    assert "(correlation 0.90 in the reference) it lies outside the ellipse" in words
    variable = page.evaluate("document.querySelector('select[data-into=line-closer-variable]').value")
    partner = page.evaluate("document.querySelector('select[data-into=line-closer-partner]').value")
    assert {variable, partner} == {"length_mm", "warp_mm"}
    j, k = NAMES.index(variable), NAMES.index(partner)
    drawn = np.array(page.evaluate(f"[{PAIR}.line.x, {PAIR}.line.y]")).T
    assert drawn == pytest.approx(ellipse(made.scatter.center, j, k, made.scatter.covariance), rel=1e-9)
    assert page.evaluate(f"[{PAIR}.x, {PAIR}.y]") == pytest.approx([rows.x[32, j], rows.x[32, k]], rel=1e-6)
    assert page.evaluate(f"{PAIR}.trail") == list(range(14, 34)), "the last rows as a trail"
    low, high = made.scatter.center[j] - 3 * SD[j], made.scatter.center[j] + 3 * SD[j]
    assert page.evaluate(f"[{OWN}.band[0], {OWN}.band[2]]") == pytest.approx([low, high])
    assert page.evaluate(f"{OWN}.y") == pytest.approx(rows.x[:, j].tolist(), rel=1e-6)
    page.click("#line-blame-table button[data-variable=copper_um]")
    until(page, f"{WORDS}.startsWith('Row 33: copper_um')")
    page.select_option("select[data-into=line-closer-partner]", "warp_mm")
    until(page, f"{WORDS}.includes('With warp_mm')")


def test_the_map_is_read_and_chosen_from_without_a_mouse(page: Any, served: Served) -> None:
    served.activate()
    served.send(60, out=(20, 33))
    opened(page, 60)
    page.locator("#line-heat").focus()
    page.keyboard.press("Home")
    until(page, f"{SAID}.startsWith('Row 1, ')")
    page.keyboard.press("PageDown")
    until(page, f"{SAID}.startsWith('Row 20, ') && {SAID}.includes('warp_mm adds') && {SAID}.includes('beyond the limit')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    until(page, f"{SAID}.startsWith('Row 21, ') && !{SAID}.includes('warp_mm')")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Row 21, part B00021")
    page.locator("summary", has_text="The map in numbers").press("Enter")
    row = page.locator("#line-heat-table tbody tr").first
    assert row.inner_text().startswith("warp_mm\t2\t")
    row.locator("button").press("Enter")
    until(page, f"{WORDS}.startsWith('Row 20: warp_mm') || {WORDS}.startsWith('Row 33: warp_mm')")


def wide(p: int = 50) -> Model:
    names = tuple(f"sensor_{j:02d}" for j in range(1, p + 1))
    correlation = 0.5 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    limits = tuple(Limit(float(chi2.isf(0.0027, q)), 0.0027, f"chi-square({q})") for q in range(1, p + 1))
    tails = tuple((a, float(chi2.isf(a, p))) for a in (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-6))
    scatter = Scatter(np.full(p, 20.0), np.linalg.cholesky(correlation), n=2000)
    law: dict[str, Any] = {"new_limits": {"t2": limits}, "reference_limits": {"t2": limits[-1]}, "tails": {"t2": tails}}
    return replace(model(), names=names, units=("",) * p, scatter=scatter, n=2000, **law)


CLICK = """(seq) => new Promise((done) => {
  const start = performance.now(), found = {}, box = document.getElementById('line-blame-table');
  const end = () => { if (found.words && found.closer) done(found); };
  const words = new MutationObserver(() => {
    words.disconnect();
    requestAnimationFrame(() => { found.words = performance.now() - start; end(); });
  });
  words.observe(box, { childList: true, subtree: true });
  window.spcLive.pick(seq, true);
  found.drawing = performance.now() - start;
  requestAnimationFrame(() => { found.closer = performance.now() - start; end(); });
})"""


def busy(devtools: Any) -> float:
    """Seconds that the page's thread has had the processor."""
    return float(next(one["value"] for one in devtools.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration"))


def test_at_fifty_variables_and_ten_thousand_rows_a_press_is_answered_at_once(page: Any, served: Served) -> None:
    made = wide()
    served.activate(made=made)
    rows = block(made, 10_000)
    x = rows.x.copy()
    x[9_700, 7] += 9.0
    x[9_900, 30] += 9.0
    for start in range(0, 10_000, 2000):
        here = slice(start, start + 2000)
        served.send(block=Rows(rows.names, x[here], rows.at[here], rows.ids[here]))
    opened(page, 600)
    page.click("text=last 10 000 rows")
    until(page, f"{KEPT}.n === 10000 && {SHOWN}.n === 10000")
    page.wait_for_timeout(800)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})  # of the processor: how busy others are is not asked here
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    took, worked = [], []
    for seq in (9701, 9800, 9901, 9850, 9701):
        before = busy(devtools)
        took.append(page.evaluate(CLICK, seq) | {"map": page.evaluate("window.spcBlame.times.cost")})
        worked.append(busy(devtools) - before)
        page.wait_for_timeout(400)
    share = np.array(page.evaluate(f"Array.from({KEPT}.share.slice(9700 * 50, 9701 * 50))"))
    assert share == pytest.approx(blame(made, x[9700:9701]).share[0], rel=1e-4, abs=1e-4)
    until(page, f"{WORDS}.startsWith('Row 9701: sensor_08 is ')")
    assert not any("/blame" in url for url in asked), "the map and the closer look are drawn from what is there"
    middle = {name: round(float(np.median([one[name] for one in took])), 1) for name in took[0]}
    print("\nms from a click to the frame that shows it, p = 50, 10 000 rows:", middle, took)
    assert float(np.median(worked)) < 1.0
