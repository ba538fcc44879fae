"""The dispersion where a subgroup closes: its value and limit, what is kept in between, gaps, and whose doing it is."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spc.blame.matter import matter
from spc.blame.words import worded
from spc.charts import T2, Chart, Dispersion
from spc.nouns import Column, Dialect, Floats, Model, Points, ProductModels, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor, ProductMonitor, cause_of
from spc.phase2.arithmetic import arithmetic_of_limit
from spc.phase2.worked_dispersion import arithmetic_of_dispersion
from spc.scatter import Classical

NAMES = ("length", "warp", "mass")
BOTH: dict[str, Chart] = {"t2": T2(), "dispersion": Dispersion()}
LOWER = np.linalg.cholesky(0.1 * np.eye(3) + 0.9) * np.array([[1.0], [10.0], [0.01]])


def rows(labels: tuple[str, ...], seed: int) -> Rows:
    x = np.random.default_rng(seed).standard_normal((len(labels), 3)) @ LOWER.T + 5.0
    return replace(Rows.of(x, NAMES), subgroup=labels if any(labels) else ())


@pytest.fixture(scope="module")
def model() -> Model:
    labels = tuple(f"g{i}" for i in range(30) for _ in range(8 - i % 3))
    columns = (Column("lot", "subgroup"), *(Column(name, "measurement") for name in NAMES))
    reference = Reference(rows(labels, 7), columns, Dialect("utf-8", ",", "."), (), "0")
    return fit(reference, Recipe(estimator=Classical(), subgroup="lot", charts=BOTH)).model


LABELS = ("1",) * 8 + ("2",) * 8 + ("3",) * 6 + ("4",) * 3 + ("5",) * 8


def by_hand(model: Model, x: Floats) -> float:
    ratio = np.linalg.solve(model.scatter.covariance, np.cov(x.T))
    return float((len(x) - 1) * (np.trace(ratio) - np.log(np.linalg.det(ratio)) - 3))


def told(points: Points) -> dict[int, tuple[float, float, bool]]:
    track = points.tracks["dispersion"]
    return {int(points.rows[i]): (track.value[i], track.ucl[i], bool(track.out[i])) for i in np.flatnonzero(np.isfinite(track.value))}


def test_the_covariance_of_a_subgroup_is_judged_where_its_mean_is(model: Model) -> None:
    assert model.subgroup is not None
    block = rows(LABELS, 1)
    points = Monitor(model).judge(block, whole=True)
    found = told(points)
    assert list(found) == [8, 16, 22, 33]  # three rows of three variables have no covariance
    for end, k in ((8, 8), (16, 8), (22, 6), (33, 8)):
        value, ucl, out = found[end]
        assert value == pytest.approx(by_hand(model, block.x[end - k : end]), rel=1e-9)
        assert ucl == dict(model.subgroup.by_size["dispersion"])[k]
        assert not out
    assert np.isfinite(points.tracks["t2"].value[24])
    assert points.notes[24] == "subgroup 4: 3 rows, too few complete rows for Dispersion"


@pytest.mark.parametrize("labels", [LABELS, ("",) * len(LABELS)], ids=["labels", "counted"])
@pytest.mark.parametrize("cut", [1, 3, 7])
def test_after_a_restart_in_an_open_subgroup_it_goes_on_with_the_same_bits(model: Model, labels: tuple[str, ...], cut: int) -> None:
    block = rows(labels, 2)
    block.x[4, 1] = np.nan
    whole = Monitor(model).judge(block)
    assert len(told(whole)) >= 3
    monitor, values = Monitor(model), []
    for start in range(0, len(block), cut):
        values.append(monitor.judge(block.part(slice(start, start + cut)), start + 1).tracks["dispersion"].value)
        kept = json.loads(json.dumps(monitor.memory(), allow_nan=False))
        monitor = Monitor(model)
        monitor.restore(kept)
    np.testing.assert_array_equal(np.concatenate(values), whole.tracks["dispersion"].value)


def test_rows_with_gaps_are_left_out_and_too_few_are_not_judged(model: Model) -> None:
    assert model.subgroup is not None
    block = rows(LABELS, 3)
    block.x[[1, 5], 0] = np.nan
    block.x[8:13, 2] = np.nan
    points = Monitor(model).judge(block, whole=True)
    value, ucl, _ = told(points)[8]
    assert value == pytest.approx(by_hand(model, block.x[[0, 2, 3, 4, 6, 7]]), rel=1e-9)
    assert ucl == dict(model.subgroup.by_size["dispersion"])[6]
    assert 16 not in told(points)
    assert np.isfinite(points.tracks["t2"].value[15])
    assert "too few complete rows for Dispersion" in points.notes[15]
    assert "too few" not in points.notes[7]


def test_the_variance_that_grew_is_named_with_how_many_times(model: Model) -> None:
    block = rows(LABELS, 4)
    x = block.x.copy()
    x[8:16, 1] = x[8:16].mean(axis=0)[1] + 4.0 * (x[8:16, 1] - x[8:16].mean(axis=0)[1])
    monitor = Monitor(model)
    points = monitor.judge(replace(block, x=x), whole=True)
    assert told(points)[16][2]
    found = cause_of(monitor, block, points, 15, "dispersion")
    assert found is not None
    assert (found.kind, found.named) == ("spread", ("warp",))
    assert found.value == points.tracks["dispersion"].value[15]
    assert float(found.share.sum()) == pytest.approx(found.value, rel=1e-9)
    times = float(np.std(x[8:16, 1], ddof=1) / np.sqrt(model.scatter.covariance[1, 1]))
    assert found.pairs[0][:2] == ("warp", "warp")
    assert found.pairs[0][2] == pytest.approx(times)
    said = worded(matter(model, found))
    assert said.startswith(f"spread, not level: warp varies {times:.1f} times as much as in the reference")
    assert worded(matter(model, found), "de").startswith("Streuung, nicht Lage: warp streut")
    assert cause_of(monitor, block, points, 24, "dispersion") is None
    t2 = cause_of(monitor, block, points, 15, "t2")
    assert t2 is not None
    assert t2.kind != "spread"


def test_a_relation_that_broke_is_told_with_its_correlations(model: Model) -> None:
    rng = np.random.default_rng(8)
    block = rows(LABELS, 5)
    x = block.x.copy()
    x[8:16, 0] = 5.0 - 0.8 * (x[8:16, 1] - 5.0) / 10.0 + 0.6 * rng.standard_normal(8)  # by itself as ever
    monitor = Monitor(model)
    points = monitor.judge(replace(block, x=x), whole=True)
    found = cause_of(monitor, block, points, 15, "dispersion")
    assert told(points)[16][2]
    assert found is not None
    assert found.named[0] == "length"
    said = worded(matter(model, found))
    now = float(np.atleast_2d(np.corrcoef(x[8:16].T))[0, 1])
    assert f"the relation of length and warp is reversed (correlation {now:.1f}, reference 0.9)".replace("-", "−") in said.replace("-", "−")


def test_a_gauge_that_is_stuck_within_a_subgroup_is_said_to_vary_less(model: Model) -> None:
    block = rows(LABELS, 6)
    x = block.x.copy()
    x[8:16] = x[8]
    monitor = Monitor(model)
    points = monitor.judge(replace(block, x=x), whole=True)
    assert told(points)[16][2]
    found = cause_of(monitor, block, points, 15, "dispersion")
    assert found is not None
    assert set(found.named) == set(NAMES)
    assert all(times < 0.01 for *_, times in found.pairs)


def test_a_product_judges_its_subgroups_by_its_own_model(model: Model) -> None:
    block = replace(rows(LABELS, 9), product=("A",) * len(LABELS))
    monitor = ProductMonitor(ProductModels("kind", {"A": model}, None, False, ()))
    points = monitor.judge(block, whole=True)
    assert told(points) == told(Monitor(model).judge(block, whole=True))
    found = monitor.cause_of(block, points, 15, "dispersion")
    assert found is not None
    assert found.kind == "spread"


@pytest.mark.parametrize("k", [5, 8, 200])
def test_the_arithmetic_comes_out_in_python(model: Model, k: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert model.subgroup is not None
    more = tuple((n, 27.0) for n in (200,))
    wide = replace(model, subgroup=replace(model.subgroup, by_size={"dispersion": (*model.subgroup.by_size["dispersion"], *more)}))
    x = rows(("1",) * k, 11).x
    shown, limit = arithmetic_of_dispersion(wide, x)
    exec(compile(shown.snippet, "snippet", "exec"), {})  # noqa: S102 - what a person is told to run
    assert float(capsys.readouterr().out) == pytest.approx(shown.value, rel=1e-8)
    assert shown.value == pytest.approx(by_hand(model, x), rel=1e-9)
    assert limit.value == dict(wide.subgroup.by_size["dispersion"] if wide.subgroup is not None else ())[k]
    assert f"sized({k})" in limit.snippet
    assert "'lot': 'subgroup'" in limit.snippet
    assert arithmetic_of_dispersion(model, x[:3]) == []


def test_the_limit_of_another_size_is_that_of_the_table(model: Model) -> None:
    kept = dict(model.subgroup.by_size["dispersion"]) if model.subgroup is not None else {}
    for k in (4, 7):
        assert arithmetic_of_limit(model, "dispersion", size=k).value == kept[k]
        assert arithmetic_of_limit(model, "dispersion", size=k, reference=True).value == kept[k]
