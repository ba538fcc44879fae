"""The charts with memory under T²: drawn live beside it, each over its limit, with an alarm of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from spc.nouns import Limit, Model
from tests.small import model
from tests.ui.served import Served, until
from tests.ui.test_reference_flow import upload

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo_circuit_boards" / "phase1_reference.csv"

CHART = "document.querySelector('#line-companions .js-plotly-plot')"


def with_memory() -> Model:
    plain, limit = model(), Limit(12.0, 0.0013, "simulated")
    more = {"mewma": (limit,), "ewma_log_t2": (Limit(4.5, 0.0013, "simulated"),)}
    asked = {"charts": {"t2": {"name": "t2"}, "mewma": {"name": "mewma", "lam": 0.1}, "ewma_log_t2": {"name": "ewma_log_t2"}}}
    return replace(plain, new_limits={**plain.new_limits, **more}, recipe=asked)


def test_small_changes_that_last_are_seen_on_the_charts_with_memory(page: Any, served: Served) -> None:
    served.activate(made=with_memory())
    served.send(40)
    page.goto("/line/mixer")
    until(page, f"{CHART}?.data?.[0].y.filter((v) => v !== null).length === 40")
    charts = ["MEWMA", "MEWMA beyond", "EWMA of log T²", "EWMA of log T² beyond"]
    assert page.evaluate(f"{CHART}.data.map((t) => t.name)") == [*charts, "late", "no rows", "late", "no rows"]
    assert page.evaluate(f"{CHART}.data[1].x.length") == 0
    served.send(10, out=tuple(range(1, 11)), line="mixer")
    until(page, f"{CHART}.data[0].y.length === 50 && {CHART}.data[1].x.length > 3 && {CHART}.data[3].x.length > 1")
    assert page.evaluate(f"{CHART}.data[0].y.at(-1)") > 1.0
    assert page.evaluate("document.querySelector('#line-chart .js-plotly-plot').data[3].x.length") == 0, "no guard moved"


def test_charts_are_chosen_on_the_reference_page_and_drawn_on_the_line(page: Any, served: Served) -> None:
    upload(page, DEMO)
    page.wait_for_selector("#reference-fit")
    until(page, "!document.getElementById('reference-fit').disabled")
    page.click("button[data-into='reference-memory'][data-value='mewma']")
    page.select_option("select[data-into='reference-estimator']", "classical")
    page.click("#reference-fit")
    page.wait_for_selector("#reference-t2 .main-svg")
    asked = httpx.get(f"{served.base}/api/v1/models/{page.url.split('model=')[1]}", timeout=60).json()
    assert set(asked["charts"]) == {"t2", "mewma"}
    assert "together one false alarm in 370" in asked["charts"]["mewma"]["law"]
    assert page.locator("button[data-into='reference-memory'][data-value='mewma']").get_attribute("aria-pressed") == "true"
    page.wait_for_selector("#reference-arl0 >> text=ARL₀ 370")


def test_a_line_with_t2_alone_has_no_such_panel_until_another_model_is_activated(page: Any, served: Served) -> None:
    served.activate()
    served.send(5)
    page.goto("/line/mixer")
    until(page, "document.querySelector('#line-chart .js-plotly-plot')?.data?.[0].y.length === 5")
    assert page.locator("#line-companions").count() == 0
    served.activate(made=with_memory())
    served.send(5)
    until(page, f"{CHART}?.data?.[0].y.filter((v) => v !== null).length >= 5")
