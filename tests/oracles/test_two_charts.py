"""T² and the moving average of log T² together on a real process model: false alarms within the budget, faults found, bad rows borne."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spc
from spc.charts import T2, EwmaLogT2
from spc.nouns import Bools, Model, Rows
from spc.phase2 import Monitor

pytestmark = pytest.mark.oracle

FAULTY = ("d01_te", "d04_te", "d05_te", "d11_te", "d19_te")  # the fault begins after 160 rows
CHARTS = {"t2": T2(), "ewma_log_t2": EwmaLogT2()}


def table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / "data" / name
    if not path.exists():
        pytest.skip(f"no {name} in the folder of process data")
    frame = pd.read_csv(path)
    return frame[[column for column in frame.columns if column.startswith(("XMEAS", "XMV"))]]


def fitted(reference: pd.DataFrame) -> Model:
    return spc.fit(spc.read(reference.reset_index(drop=True)), spc.Recipe(alpha=0.01, charts=CHARTS))


def out(model: Model, frame: pd.DataFrame) -> Bools:
    tracks = Monitor(model).judge(Rows.of(frame.to_numpy(float), tuple(frame.columns))).tracks
    return np.asarray(np.any([track.out for track in tracks.values()], axis=0))


def detection(model: Model, shared: Path) -> float:
    return float(np.mean([out(model, table(shared, f"tep_braatz/{name}.csv"))[160:].mean() for name in FAULTY]))


@pytest.fixture(scope="module")
def normal(shared: Path) -> pd.DataFrame:
    return pd.concat([table(shared, "tep_braatz/d00.csv"), table(shared, "tep_braatz/d00_te.csv")])


@pytest.fixture(scope="module")
def model(normal: pd.DataFrame) -> Model:
    return fitted(normal)


@pytest.mark.slow
def test_two_charts_keep_one_per_cent_on_fresh_normal_runs_and_find_the_faults(model: Model, shared: Path) -> None:
    false = np.mean([out(model, table(shared, f"tep_fresh_normal/normal_{k:02d}.csv")).mean() for k in range(4)])
    found = detection(model, shared)
    print(f"false alarms {false:.2%}, found {found:.2%}")
    assert 0.004 <= false <= 0.015
    assert found >= 0.95
    assert "cross-fit" in model.new_limits["t2"][-1].law
    assert model.new_limits["ewma_log_t2"][-1].alpha == model.new_limits["t2"][-1].alpha < 0.01


@pytest.mark.slow
def test_ten_per_cent_of_bad_rows_in_the_reference_cost_hardly_any_detection(model: Model, normal: pd.DataFrame, shared: Path) -> None:
    bad = pd.concat([table(shared, f"tep_braatz/{name}.csv") for name in ("d01", "d05", "d08")]).sample(162, random_state=1)
    place = np.concatenate([np.arange(len(normal)), np.random.default_rng(0).integers(0, len(normal), len(bad)) + 0.5])
    spoilt = fitted(pd.concat([normal, bad]).iloc[np.argsort(place, kind="stable")])
    lost = detection(model, shared) - detection(spoilt, shared)
    false = np.mean([out(spoilt, table(shared, f"tep_fresh_normal/normal_{k:02d}.csv")).mean() for k in range(4)])
    print(f"lost {lost:.2%}, false alarms {false:.2%}")
    assert lost <= 0.015
    assert false <= 0.015
