"""`import spc`: its nouns and verbs, and that it costs nothing."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spc
from spc.errors import BadTable, ColumnMismatch, Complaint
from spc.reference import read_rows

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo_circuit_boards"
CLASSICAL = spc.Recipe(estimator=spc.scatter.Classical())


@pytest.fixture(scope="module")
def model() -> spc.Model:
    return spc.fit(spc.read(DEMO / "phase1_reference.csv"), CLASSICAL)


def test_all_is_sorted_and_every_name_is_there() -> None:
    assert spc.__all__ == sorted(spc.__all__)
    assert {"Model", "Monitor", "Recipe", "charts", "errors", "fit", "judge", "read", "scatter"} <= set(spc.__all__)
    for name in spc.__all__:
        assert getattr(spc, name).__doc__
    assert set(spc.__all__) <= set(dir(spc))
    with pytest.raises(AttributeError, match="frobnicate"):
        spc.frobnicate  # noqa: B018


def test_importing_it_loads_nothing() -> None:
    code = "import spc, sys; sys.exit(any(m in sys.modules for m in ('numpy', 'scipy', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_goes_through_json(model: spc.Model) -> None:
    again = spc.Model.from_json(model.to_json())
    assert again.digest == model.digest
    assert again.to_json() == model.to_json()


def test_a_frame_is_judged_with_the_columns_of_the_terminal(model: spc.Model) -> None:
    rows = pd.read_csv(DEMO / "phase2_stream.csv")
    points = spc.judge(model, rows, blame=True)
    shares = [f"blame_{name}" for name in model.names]
    assert list(points.columns) == ["row", "time", "id", "t2", "t2_ucl", "t2_out", "signal", "note", *shares]
    assert points.index.equals(rows.index)
    assert np.allclose(points[shares].sum(axis=1), points["t2"], rtol=1e-9)
    assert points["id"][0] == "B00201"


def test_a_frame_gives_the_bits_of_the_file(model: spc.Model) -> None:
    rows = pd.read_csv(DEMO / "phase2_stream.csv")
    block = read_rows(DEMO / "phase2_stream.csv", columns=model.columns)
    by_file = spc.Monitor(model).judge(block).tracks["t2"].value
    assert spc.judge(model, rows)["t2"].tolist() == by_file.tolist()
    assert spc.fit(spc.read(pd.read_csv(DEMO / "phase1_reference.csv")), CLASSICAL).scatter.to_dict() == model.scatter.to_dict()


def test_a_monitor_goes_on_where_it_stopped(model: spc.Model) -> None:
    rows = pd.read_csv(DEMO / "phase2_stream.csv").iloc[100:180]
    whole = spc.judge(model, rows)
    monitor = spc.Monitor(model)
    parts = pd.concat([monitor.judge(rows.iloc[i : i + 7]) for i in range(0, len(rows), 7)])
    pd.testing.assert_frame_equal(parts, whole)
    assert whole["signal"].notna().any()


def test_a_frame_with_a_clock_for_an_index(model: spc.Model) -> None:
    rows = pd.read_csv(DEMO / "phase2_stream.csv", parse_dates=["timestamp"], index_col="timestamp").head(5)
    points = spc.judge(model, rows)
    assert points["time"].tolist()[:2] == ["2025-03-04T06:00:00Z", "2025-03-04T06:00:45Z"]
    assert points.index.equals(rows.index)


def test_what_is_wrong_with_a_frame_is_named(model: spc.Model) -> None:
    rows = pd.read_csv(DEMO / "phase2_stream.csv").head(5)
    with pytest.raises(ColumnMismatch) as missing:
        spc.judge(model, rows.drop(columns="warp_mm"))
    assert missing.value.column == "warp_mm"
    with pytest.raises(BadTable) as text:
        spc.judge(model, rows.assign(warp_mm="warped"))
    assert text.value.column == "warp_mm"
    with pytest.raises(spc.errors.Complaint):
        spc.read(pd.DataFrame())
    with pytest.raises(Complaint):
        spc.read("nowhere.csv")


def test_a_reference_may_be_a_path_its_bytes_or_an_open_file() -> None:
    path = DEMO / "phase1_reference.csv"
    digests = {spc.read(one).digest for one in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()))}
    assert len(digests) == 1
    with path.open(newline="") as text:
        assert len(spc.read(path)) == sum(1 for _ in csv.reader(text)) - 1
