"""The demo's promises: its bad boards, its wrong lot, and what the classical estimate would have missed. The truth is beside the data."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spc.blame import cause, sentence
from spc.charts import T2, EwmaLogT2
from spc.nouns import Model, Rows
from spc.phase1 import Fit, Recipe, fit
from spc.phase2 import Monitor, cause_of
from spc.reference import read, read_rows
from spc.scatter import Classical, Estimator, Mcd
from spc.watch import Watch

DATA = Path(__file__).resolve().parents[2] / "data" / "demo_circuit_boards"
BAD = pd.read_csv(DATA / "phase1_truth.csv")["contaminated"].to_numpy() == 1
DEFECT = pd.read_csv(DATA / "phase2_truth.csv")["defect_type"].to_numpy(str)


def fitted(estimator: Estimator) -> Fit:
    return fit(read(DATA / "phase1_reference.csv"), Recipe(estimator=estimator, alpha=0.0027))


@pytest.fixture(scope="module")
def robust() -> Model:
    return fitted(Mcd()).model


@pytest.fixture(scope="module")
def stream(robust: Model) -> Rows:
    return read_rows(DATA / "phase2_stream.csv", columns=robust.columns, time=robust.time_column, id=robust.id_column)


def test_all_ten_bad_boards_are_found_and_hardly_a_good_one(robust: Model) -> None:
    found = np.isin(np.arange(1, 201), robust.outliers)
    assert found[BAD].sum() == 10
    assert found[~BAD].sum() <= 2


def test_the_classical_estimate_finds_three_of_them() -> None:
    found = np.isin(np.arange(1, 201), fitted(Classical()).model.outliers)
    assert found[BAD].sum() == 3


def test_in_the_stream_the_wrong_lot_is_caught_and_good_boards_are_left_alone(robust: Model, stream: Rows) -> None:
    points = Monitor(robust).judge(stream)
    out = points.tracks["t2"].out
    assert len(out) == 500
    assert (DEFECT == "ok").sum() == 352
    assert out[DEFECT == "ok"].sum() <= 1
    lot = np.flatnonzero(np.char.startswith(DEFECT, "wrong panel lot"))
    assert out[lot].sum() >= 8
    assert out[lot[:2]].any()  # within two boards of its first
    assert out[DEFECT == "single warped board"].all()
    assert out[DEFECT == "warp gauge stuck near zero"].all()


@pytest.mark.parametrize(
    "defect, words",
    [
        ("single warped board", r"^warp_mm is 5\.\d sd high \(0\.654"),
        ("wrong panel lot (length long, width short)", r"^length_mm is \d\.\d sd above what \S+ and \S+ imply"),
        ("warp gauge stuck near zero", r"^warp_mm is \d\.\d sd low"),
    ],
)
def test_the_first_signal_of_each_defect_says_what_is_wrong(robust: Model, stream: Rows, defect: str, words: str) -> None:
    watch = Watch()
    _, signals = watch.step(watch.start(), Monitor(robust).judge(stream))
    first = next(s for s in signals if s.kind == "out" and DEFECT[s.index] == defect)
    x = Monitor(robust).select(stream)[first.index]
    assert re.search(words, sentence(robust, x)), sentence(robust, x)


def test_the_order_of_the_rows_does_not_decide_what_is_found() -> None:
    reference = read(DATA / "phase1_reference.csv")
    order = np.random.default_rng(0).permutation(200)
    scatter = Mcd()(reference.x[order])
    assert scatter.d2(reference.x) == pytest.approx(Mcd()(reference.x).d2(reference.x), rel=1e-6)


@pytest.mark.parametrize(
    "defect, right, kind",
    [
        ("single warped board", {"warp_mm"}, "level"),
        ("wrong panel lot (length long, width short)", {"length_mm", "width_mm"}, "relation"),
        ("warp gauge stuck near zero", {"warp_mm"}, "level"),
        ("press wear drift (thickness up, copper down)", {"thickness_mm", "copper_um"}, "level"),
    ],
)
def test_each_kind_of_defect_names_its_own_variables(robust: Model, stream: Rows, defect: str, right: set[str], kind: str) -> None:
    out = Monitor(robust).judge(stream).tracks["t2"].out
    found = [cause(robust, x=row) for row in Monitor(robust).select(stream)[out & (DEFECT == defect)]]
    assert len(found) >= 1
    assert np.mean([set(one.named) <= right for one in found]) >= 0.9, [one.named for one in found]
    assert np.mean([one.kind == kind for one in found]) >= 0.9, [one.kind for one in found]


def test_a_loose_clamp_is_spread_and_a_wrong_lot_is_not(stream: Rows) -> None:
    recipe = Recipe(estimator=Mcd(), charts={"t2": T2(), "ewma_log_t2": EwmaLogT2()})
    model = fit(read(DATA / "phase1_reference.csv"), recipe).model
    monitor = Monitor(model)
    points = monitor.judge(stream)
    out = np.flatnonzero(points.tracks["ewma_log_t2"].out)
    for defect, kind in (("loose clamp (variance up)", "spread"), ("wrong panel lot (length long, width short)", "level")):
        found = [cause_of(monitor, stream, points, int(i), "ewma_log_t2") for i in out if DEFECT[i] == defect]
        assert len(found) >= 3
        assert {one.kind == "spread" for one in found if one is not None} == {kind == "spread"}, defect
