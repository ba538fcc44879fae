"""Over HTTP: a fit with the rows before, its review by arithmetic, and what a row's values need beside them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.series import NAMES, csv, var

X = var(300, 1)


@pytest.fixture
def fitted(house: Any) -> Any:
    recipe = {"estimator": "classical", "limit": "f", "dynamics": "residual"}
    return house.fitted(house.kept(csv(X).encode()), recipe)["result"]


def test_a_fit_says_which_dynamics_it_found(house: Any, fitted: dict[str, Any]) -> None:
    assert fitted["dynamics"]["kind"] == "residual"
    assert fitted["names"] == list(NAMES)
    assert fitted["dynamics"]["leap"] == 1200.0
    assert "residuals" in fitted["charts"]["t2"]["law"]
    asked = house.post("/api/v1/models", {"reference_id": house.kept(csv(X).encode()), "recipe": {"dynamics": "lagd"}})
    assert asked.status_code == 422
    assert "lagged 1" in asked.json()["cure"]


def test_the_arithmetic_of_a_row_shows_the_row_before(house: Any, fitted: dict[str, Any]) -> None:
    place = f"/api/v1/models/{fitted['id']}/arithmetic"
    point = house.get(f"{place}?row=120").json()["point"]
    assert point["formula"].startswith("x = xₜ − A(xₜ₋₁ − m₁); T² = ")
    assert point["inputs"]["flow (1 row before)"] == f"{float(f'{X[118, 0]:.6f}'):.10g}"
    values, before = (dict(zip(NAMES, [float(f"{v:.6f}") for v in row], strict=True)) for row in (X[119], X[118]))
    posted = house.post(place, {"values": values, "before": [before]}).json()
    assert posted["point"]["value"] == point["value"]
    assert posted["limit"]["value"] == fitted["charts"]["t2"]["ucl"]
    alone = house.post(place, {"values": values})
    assert alone.status_code == 422, "without the row before there is nothing to judge"
    first = house.get(f"{place}?row=1")
    assert first.status_code == 422


def test_the_report_of_such_a_fit_can_be_written(house: Any, fitted: dict[str, Any]) -> None:
    answer = house.get(f"/api/v1/models/{fitted['id']}/report")
    assert answer.status_code == 200
    assert "judged is what the row before does not imply: x − A(x₋₁ − m₁)" in answer.text
