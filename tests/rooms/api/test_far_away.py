"""A row whose T² no number holds, from the line to every answer: it is out, it says who is far away, and nothing is infinite."""

from __future__ import annotations

import re
from typing import Any

import pytest

from spc import phase1
from spc.charts import T2, Mewma, Mewmc
from spc.charts.believed import LARGEST
from spc.line import activate, save_model
from spc.reference import read
from spc.scatter import Classical
from tests.rooms.api.conftest import DEMO, House


@pytest.fixture(scope="module")
def both() -> Any:
    recipe = phase1.Recipe(estimator=Classical(), charts={"t2": T2(), "mewma": Mewma(), "mewmc": Mewmc()})
    return phase1.fit(read(DEMO / "phase1_reference.csv"), recipe).model


@pytest.fixture
def line(house: House, both: Any, boards: list[dict[str, Any]]) -> House:
    """The line after eight ordinary rows, one that is far away, and eight ordinary ones."""
    now = house.plant.clock()
    activate(house.ledger, "press", save_model(house.ledger, both, reference_id=None, by="test", now=now), "for the test", "test", now)
    assert house.send(*boards[:8]).status_code == 200
    far = {**boards[8], "values": {**boards[8]["values"], "warp_mm": 1e300}}
    assert house.send(far).json()["accepted"] == 1
    assert house.send(*boards[9:17]).json()["accepted"] == 8
    return house


def test_its_number_is_the_largest_one_and_the_charts_go_on(line: House) -> None:
    points = line.get("/api/v1/lines/press/points").json()["points"]
    charts = points[8]["charts"]
    assert charts["t2"]["value"] == charts["mewma"]["value"] == LARGEST
    assert all(one["out"] for one in charts.values())
    for point in points[9:]:
        assert not any(one["out"] for one in point["charts"].values())


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_alarm_names_the_variable_in_words(line: House, language: str) -> None:
    (alarm,) = line.get("/api/v1/alarms").json()["alarms"]
    said = line.get(f"/api/v1/alarms/{alarm['id']}?language={language}").json()["sentence"]
    assert "warp_mm" in said
    assert "1e300" in said.replace("1,00e", "1e").replace("1.00e", "1e")
    assert ("more than 1000" if language == "en" else "mehr als 1000") in said
    assert not re.search(r"\b(inf|nan|None)\b|–\s|\d{30}", said), said
    assert alarm["facts"]["culprit"] == "warp_mm"
    assert alarm["worst"] > 1e300
    assert sum(alarm["facts"]["blame"].values()) > 0.0


def test_every_answer_about_the_line_is_one(line: House) -> None:
    """Strict JSON or text everywhere: the client of the tests refuses Infinity and NaN."""
    asked = 0
    for path, words in line.get("/api/openapi.json").json()["paths"].items():
        if "get" in words and re.findall(r"{(\w+)}", path) == ["line"] and "stream" not in path:
            answer = line.get(path.replace("{line}", "press"))
            assert answer.status_code < 500, (path, answer.text)
            asked += answer.status_code == 200
    assert asked >= 5
