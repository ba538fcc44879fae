"""SPE beside T²: chosen on the reference page, drawn on the line's, worked out beside a point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from spc.nouns import Limit, Model
from tests.small import SD, model, rows
from tests.ui.served import Served, until
from tests.ui.test_budget_and_arithmetic import unfolded
from tests.ui.test_reference_flow import upload

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo_circuit_boards" / "phase1_reference.csv"
CHART = "document.querySelector('#line-companions .js-plotly-plot')"


def with_spe() -> Model:
    """The small model, whose length and warp have a correlation of 0.95, with SPE outside two of three axes."""
    plain = model()
    tied = np.diag(SD) @ np.array([[1.0, 0.0, 0.0], [0.95, np.sqrt(1.0 - 0.95**2), 0.0], [0.0, 0.0, 1.0]])
    asked = {"charts": {"t2": {"name": "t2"}, "spe": {"name": "spe", "components": 2}}}
    limits = {"t2": (Limit(99.0, 1e-9, "wide: what rings is SPE"),) * 3, "spe": (Limit(1.2, 0.0013, "simulated"),)}
    return replace(plain, scatter=replace(plain.scatter, factor=tied), new_limits=limits, recipe=asked)


def test_a_row_that_breaks_a_relation_is_drawn_told_and_worked_out(page: Any, served: Served) -> None:
    served.activate(made=with_spe())
    together = rows(12, first=served.next["mixer"])
    x = together.x.copy()
    x[:, 1] = 0.35 + SD[1] * (x[:, 0] - 160.0) / SD[0]  # warp goes with length …
    x[11] = [160.0 + 1.9 * SD[0], 0.35 - 1.0 * SD[1], 35.0]  # … until it does not
    served.send(block=replace(together, x=x))
    page.goto("/line/mixer")
    until(page, f"{CHART}?.data?.[0].y.filter((v) => v !== null).length === 12")
    assert page.evaluate(f"{CHART}.data.map((t) => t.name)") == ["SPE", "SPE beyond", "late", "no rows"]
    assert page.evaluate(f"{CHART}.data[1].x.length") == 1
    assert page.get_by_text("relations that break").count() == 1
    alarms = httpx.get(f"{served.base}/api/v1/alarms?line=mixer", timeout=60).json()
    said = str(alarms)
    assert "do not go together" in said
    assert "SPE 4" in said
    page.locator("summary", has_text="as a table").press("Enter")
    page.locator('[data-pick="12"]').press("Enter")
    page.wait_for_selector("text=Row 12, part B00012")
    text, printed = unfolded(page, "#line-blame-table")
    assert "SPE of this row" in text
    assert printed[-1] == pytest.approx(page.evaluate(f"{CHART}.data[0].y.at(-1)") * 1.2, rel=1e-6)


def test_it_is_chosen_on_the_reference_page(page: Any, served: Served) -> None:
    upload(page, DEMO)
    page.wait_for_selector("#reference-fit")
    until(page, "!document.getElementById('reference-fit').disabled")
    page.click("button[data-into='reference-memory'][data-value='spe']")
    page.select_option("select[data-into='reference-estimator']", "classical")
    page.click("#reference-fit")
    page.wait_for_selector("#reference-t2 .main-svg")
    asked = httpx.get(f"{served.base}/api/v1/models/{page.url.split('model=')[1]}", timeout=60).json()
    assert set(asked["charts"]) == {"t2", "spe"}
    assert "t2 and spe together one false alarm in 370" in asked["charts"]["spe"]["law"]
