"""Over HTTP: the false alarms in any words, and the arithmetic of limits and rows."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_budget_is_answered_at_once_and_kept_with_the_model(house: Any) -> None:
    body = {"reference_id": house.kept(), "recipe": {"estimator": "classical", "limit": "f"}, "false_alarms": "1 per week", "every": "45s"}
    answer = house.post("/api/v1/models", {**body, "watch": "2 of 3"})
    assert answer.status_code == 202
    said = answer.json()
    assert said["arl0"] == pytest.approx(13440.0)
    assert said["alpha"] == pytest.approx(0.006146, rel=1e-4)
    assert said["budget"]["words"].startswith("1 false alarm per week at one row every 45 s")
    seen = house.fitted(body["reference_id"], {"estimator": "classical", "limit": "f", "false_alarms": "1 per week"})["result"]
    assert seen["budget"]["every"] == "45s"  # taken from the file's times
    result = house.fitted(body["reference_id"], {"estimator": "classical", "arl0": 500})["result"]
    assert (result["alpha"], result["arl0"], result["budget"]["arl0"]) == (1 / 500, pytest.approx(500.0), 500.0)


@pytest.mark.parametrize(
    "words, said",
    [
        ({"alpha": 0.01, "arl0": 100}, "alpha and arl0"),
        ({"every": "45s"}, "false_alarms"),
        ({"arl0": 1, "watch": "2 of 3"}, "arl0 1"),
        ({"alpha": 0.01, "recipe": {"alpha": 0.01}}, "twice"),
        ({"arl0": 100, "recipe": {"alpha": 0.01}}, "alpha and arl0"),
    ],
)
def test_a_budget_that_says_two_things_is_refused(house: Any, words: dict[str, Any], said: str) -> None:
    answer = house.post("/api/v1/models", {"reference_id": house.kept(), **words})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_the_arithmetic_of_a_model_and_of_its_rows(house: Any) -> None:
    result = house.fitted(house.kept(), {"estimator": "classical", "limit": "f"})["result"]
    place = f"/api/v1/models/{result['id']}/arithmetic"
    said = house.get(f"{place}?row=21").json()
    assert said["limit"]["value"] == result["charts"]["t2"]["ucl"]
    assert said["limit"]["source"] == "Tracy, Young & Mason 1992"
    assert said["reference_limit"]["value"] < said["limit"]["value"]
    values = dict(zip(result["names"], (result["scatter"]["center"][0] + 1, *result["scatter"]["center"][1:]), strict=True))
    posted = house.post(place, {"values": values}).json()
    assert posted["point"]["value"] > 0
    fewer = house.post(place, {"values": {**values, result["names"][1]: None}}).json()
    assert fewer["limit"]["inputs"]["p"] == str(result["p"] - 1)
    assert house.get(f"{place}?row=900").status_code == 404
    assert house.get(f"{place}?chart=t3").status_code == 422
    assert house.post(place, {"values": {"nothing": 1.0}}).status_code == 422


def test_a_limit_that_is_given_comes_back_with_what_it_means(house: Any) -> None:
    body = {"reference_id": house.kept(), "recipe": {"estimator": "classical"}}
    asked = house.post("/api/v1/models", {**body, "ucl": 21.5})
    assert "alpha" not in asked.json()  # known after the fit
    result = house.job(asked.headers["Location"])["result"]
    assert (result["ucl"], result["charts"]["t2"]["ucl"]) == (21.5, 21.5)
    assert result["arl0"] == pytest.approx(1 / result["alpha"])
    assert "at one row every 45 s: one in 363 rows" in result["budget"]["words"]
    again = house.fitted(body["reference_id"], {"estimator": "classical", "alpha": result["alpha"]})["result"]
    assert again["charts"]["t2"]["ucl"] == pytest.approx(21.5, rel=1e-10)
    assert "ucl and alpha" in house.post("/api/v1/models", {**body, "ucl": 21.5, "alpha": 0.01}).json()["detail"]
    assert house.post("/api/v1/models", {**body, "ucl": -1}).status_code == 422


def test_a_line_with_another_rule_than_the_budget_is_told_of_both_rates(house: Any) -> None:
    kept = house.kept()
    said = {}
    for watch in ("1 of 1", "2 of 3"):
        result = house.fitted(kept, {"estimator": "classical", "arl0": 500, "watch": watch})["result"]
        body = {"line": "press", "reason": "test", "by": "Ada"}
        said[watch] = house.post(f"/api/v1/models/{result['id']}/activate", body).json()["warning"]
    assert said["1 of 1"] is None
    assert "signals of 2 of 3 points beyond, one false alarm in 500 rows" in said["2 of 3"]
    assert "this line signals at a single point beyond, once in" in said["2 of 3"]
