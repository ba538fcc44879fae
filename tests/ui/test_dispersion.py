"""The covariance beside T²: the moving one of rows (MEWMC), and that within a subgroup, in the browser from the fit to the alarm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from spc.charts import charts_of
from spc.nouns import Limit, Model, Subgroups
from tests.small import SD, model, rows
from tests.ui.served import Served, until
from tests.ui.test_reference_flow import upload
from tests.ui.test_spe import CHART, DEMO


def beside(name: str, ucl: float) -> Model:
    """The small model with another chart, and a T² that never rings."""
    limits = {"t2": (Limit(99.0, 1e-9, "wide: what rings is beside it"),) * 3, name: (Limit(ucl, 0.0013, "simulated"),)}
    asked = {"charts": {"t2": {"name": "t2"}, name: {"name": name}}}
    return replace(model(), new_limits=limits, reference_limits={one: limits[one][-1] for one in limits}, recipe=asked)


def drawn(page: Any, served: Served, made: Model, x: np.ndarray, points: int, title: str) -> str:
    """The line's page with these rows: as many points beside T², some of them out; the alarms, as the API has them."""
    served.activate(made=made)
    served.send(block=replace(rows(len(x), first=served.next["mixer"]), x=x))
    page.goto("/line/mixer")
    until(page, f"{CHART}?.data?.[0].y.filter((v) => v !== null).length === {points}")
    assert page.evaluate(f"{CHART}.data.map((t) => t.name)") == [title, f"{title} beyond", "late", "no rows"]
    assert page.evaluate(f"{CHART}.data[1].x.length") >= 1
    return str(httpx.get(f"{served.base}/api/v1/alarms?line=mixer", timeout=60).json())


def test_a_moving_covariance_is_drawn_beside_t2_and_rings(page: Any, served: Served) -> None:
    z = np.random.default_rng(1).standard_normal((60, 3))
    z[30:, 1] *= 4.0
    x = model().scatter.center + SD * z
    chart = charts_of({}, ["mewmc"])["mewmc"]
    _, values = chart.step(chart.start(3), z)
    said = drawn(page, served, beside("mewmc", 3.0), x, 60, "MEWMC")
    assert page.evaluate(f"{CHART}.data[0].y.at(-1)") == pytest.approx(values[-1] / 3.0, rel=1e-6)
    assert page.get_by_text("Charts with memory: small changes that last").count() == 1
    assert "spread, not level" in said
    assert "warp_mm" in said


def test_the_spread_within_subgroups_is_drawn_as_a_line_and_rings(page: Any, served: Served) -> None:
    kept = Subgroups("lot", 6, 6, 40, {"t2": (0.0,) * 3}, {"t2": 0.0}, {"dispersion": ((4, 40.0), (5, 32.0), (6, 28.0))})
    z = np.random.default_rng(3).standard_normal((36, 3))
    z[24:30, 1] = 6.0 * (z[24:30, 1] - z[24:30, 1].mean())
    said = drawn(page, served, replace(beside("dispersion", 28.0), subgroup=kept), model().scatter.center + SD * z, 6, "Dispersion")
    assert page.evaluate(f"{CHART}.data[0].y.includes(null)") is False, "a line, not points that are cut off from one another"
    assert page.evaluate(f"{CHART}.data[1].x.length") == 1
    assert page.get_by_text("Charts beside T²: the spread within subgroups").count() == 1
    assert "spread, not level: warp_mm varies" in said
    assert "Dispersion" in said


def test_the_moving_covariance_is_chosen_on_the_reference_page_and_the_one_of_subgroups_is_not_offered(page: Any, served: Served) -> None:
    upload(page, DEMO)
    page.wait_for_selector("#reference-fit")
    until(page, "!document.getElementById('reference-fit').disabled")
    assert page.locator("button[data-into='reference-memory'][data-value='dispersion']").count() == 0
    page.click("button[data-into='reference-memory'][data-value='mewmc']")
    page.select_option("select[data-into='reference-estimator']", "classical")
    page.click("#reference-fit")
    page.wait_for_selector("#reference-t2 .main-svg")
    assert set(fitted_charts(page, served)) == {"t2", "mewmc"}


def test_the_spread_within_subgroups_is_chosen_on_the_reference_page(page: Any, served: Served, tmp_path: Path) -> None:
    x = np.random.default_rng(8).standard_normal((120, 2))
    path = tmp_path / "lots.csv"
    path.write_text("lot,a,b\n" + "\n".join(f"L{i // 6},{a:.6f},{b:.6f}" for i, (a, b) in enumerate(x.tolist())))
    upload(page, path)
    page.wait_for_selector("#reference-columns")
    page.select_option("select[data-role-select='lot']", "subgroup")
    if page.locator("#reference-roles-apply").is_visible():
        before = page.url
        page.click("#reference-roles-apply")
        until(page, f"location.href !== '{before}'")
    page.click("button.segment:has-text('Means of lot')")
    page.click("button[data-into='reference-memory'][data-value='dispersion']")
    page.select_option("select[data-into='reference-estimator']", "classical")
    page.wait_for_selector("#reference-arl0 >> text=2 charts share the false alarms")
    page.click("#reference-fit")
    page.wait_for_selector("#reference-t2 .main-svg")
    charts = fitted_charts(page, served)
    assert set(charts) == {"t2", "dispersion"}
    assert "together one false alarm in 370" in charts["dispersion"]["law"]
    assert page.locator("button[data-into='reference-memory'][data-value='dispersion']").get_attribute("aria-pressed") == "true"


def fitted_charts(page: Any, served: Served) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = httpx.get(f"{served.base}/api/v1/models/{page.url.split('model=')[1]}", timeout=60).json()["charts"]
    return told
