"""The recommendation by itself on real runs of a water loop: 400 rows of each run in control, then a valve is closed and opened again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spc
from spc.nouns import Bools, Floats
from spc.phase1 import recommend
from spc.phase2 import Monitor

pytestmark = pytest.mark.oracle

IN_CONTROL = 400  # rows at the beginning of each run, as the data's authors train


@pytest.fixture(scope="module")
def runs(shared: Path) -> list[pd.DataFrame]:
    paths = sorted((shared / "data" / "skab").glob("valve*.csv"))
    if not paths:
        pytest.skip("no skab/valve*.csv in the folder of process data")
    return [pd.read_csv(path, sep=None, engine="python") for path in paths]


def counts(run: pd.DataFrame, recommended: bool) -> Floats:
    """Faulty rows found, false alarms, faulty rows missed, good rows passed, after the rows in control."""
    faulty = run["anomaly"].to_numpy()[IN_CONTROL:] > 0
    rows = run.drop(columns=["anomaly", "changepoint"])
    reference = spc.read(rows.iloc[:IN_CONTROL])
    recipe = recommend(reference).recipe if recommended else spc.Recipe(limit="f", estimator=spc.scatter.Classical())
    monitor = Monitor(spc.fit(reference, recipe))
    tracks = monitor.judge(spc.read(rows).rows).tracks.values()
    out: Bools = np.any([track.out for track in tracks], axis=0)[IN_CONTROL:]
    return np.array([(out & faulty).sum(), (out & ~faulty).sum(), (~out & faulty).sum(), (~out & ~faulty).sum()], dtype=float)


def scores(runs: list[pd.DataFrame], recommended: bool = True) -> tuple[float, float]:
    """F1, and the share of good rows that are called out."""
    found, false, missed, passed = np.sum([counts(run, recommended) for run in runs], axis=0)
    return 2 * found / (2 * found + false + missed), false / (false + passed)


@pytest.mark.slow
def test_the_recommendation_finds_the_faults_with_few_false_alarms(runs: list[pd.DataFrame]) -> None:
    f1, false = scores(runs)
    print(f"F1 {f1:.3f}, false alarms {false:.1%}")
    assert f1 >= 0.80
    assert false <= 0.15


@pytest.mark.slow
def test_the_usual_chart_does_not(runs: list[pd.DataFrame]) -> None:
    f1, false = scores(runs, recommended=False)
    assert f1 < 0.75
    assert false > 0.40
