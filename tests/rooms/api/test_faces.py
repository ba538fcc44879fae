"""Python, the terminal and HTTP give the same numbers to the last bit."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import spc
from spc.cli import main

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"
REFERENCE, STREAM = DEMO / "phase1_reference.csv", DEMO / "phase2_stream.csv"


@pytest.mark.parametrize(
    "estimator",
    ["classical", pytest.param("mcd", marks=pytest.mark.slow)],
)
def test_three_faces_one_set_of_bits(house: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], estimator: str) -> None:
    # Python
    made = spc.scatter.Classical() if estimator == "classical" else spc.scatter.Mcd()
    model = spc.fit(spc.read(REFERENCE), spc.Recipe(estimator=made))
    by_python = spc.judge(model, pd.read_csv(STREAM))

    # the terminal
    file, points = tmp_path / "model.json", tmp_path / "points.csv"
    assert main(["fit", str(REFERENCE), "-o", str(file), "--estimator", estimator, "--json"]) == 0
    by_terminal = json.loads(capsys.readouterr().out)
    assert main(["judge", str(file), str(STREAM), "-o", str(points)]) == 0
    with points.open() as text:
        rows = list(csv.DictReader(text))

    # HTTP
    result = house.fitted(house.kept(), {"estimator": estimator})["result"]
    house.post(f"/api/v1/models/{result['id']}/activate", {"line": "press", "reason": "test", "by": "test"})
    cells = pd.read_csv(STREAM)
    for start in range(0, 500, 7):  # in blocks that nobody else has chosen
        block = [
            {"time": line["timestamp"], "id": line["board_id"], "values": {name: float(line[name]) for name in model.names}}
            for line in cells.iloc[start : start + 7].to_dict("records")
        ]
        assert house.send(*block).json()["accepted"] == len(block)
    by_http = house.get("/api/v1/lines/press/points?limit=1000").json()["points"]

    assert model.digest == by_terminal["digest"] == result["digest"]
    assert {key: result[key] for key in by_terminal} == by_terminal
    t2 = by_python["t2"].tolist()
    assert t2 == [float(row["t2"]) for row in rows] == [p["charts"]["t2"]["value"] for p in by_http]
    ucl = by_python["t2_ucl"].tolist()
    assert ucl == [float(row["t2_ucl"]) for row in rows] == [p["charts"]["t2"]["ucl"] for p in by_http]
    signals = [None if pd.isna(one) else one for one in by_python["signal"]]
    assert signals == [row["signal"] or None for row in rows] == [p["signal"] for p in by_http]
    assert by_python["time"].tolist() == [row["time"] for row in rows] == [p["time"] for p in by_http]
    assert by_python["id"].tolist() == [row["id"] for row in rows] == [p["id"] for p in by_http]
