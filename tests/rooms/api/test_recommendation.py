"""What a reference asks for, over HTTP: a recipe to send back, with reasons."""

from __future__ import annotations

from typing import Any

from tests import drifting


def test_a_recipe_with_its_reasons_can_be_sent_back(house: Any) -> None:
    ref = house.kept(drifting.csv().encode())
    said = house.get(f"/api/v1/references/{ref}/recommendation?alpha=0.01").json()
    assert said["recipe"]["ignore"] == ["oil"]
    assert "only drifts" in said["reasons"][0]["text"]
    model = house.fitted(ref, said["recipe"])["result"]
    assert model["names"] == ["flow", "speed"]
    assert set(model["charts"]) == {"t2", "ewma_log_t2"}


def test_bad_words_are_answered(house: Any) -> None:
    ref = house.kept(drifting.csv().encode())
    assert house.get(f"/api/v1/references/{ref}/recommendation?alpha=2").status_code == 422
    assert house.get("/api/v1/references/none/recommendation").status_code == 404
