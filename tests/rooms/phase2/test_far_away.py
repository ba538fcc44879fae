"""Rows that are absurdly far away: they are out, whoever is far away is named, and no chart remembers them or warns."""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spc
from spc.blame import blame, explain
from spc.charts.believed import FARTHEST, LARGEST
from spc.nouns import Floats, Model, Points, Rows
from spc.phase2 import Monitor, cause_of
from spc.phase2.arithmetic import arithmetic_of_point
from spc.phase2.beginning import beginning
from spc.phase2.blamed import blamed
from spc.phase2.remembered import arithmetic_of_memory
from spc.scatter import kernel

CHARTS = {"t2": "T2", "mewma": "Mewma", "mcusum": "Mcusum", "ewma_log_t2": "EwmaLogT2", "mewmc": "Mewmc", "spe": "Spe"}
NAMES = ("a", "b", "c")
CENTER = np.array([5.0, 0.0, 1000.0])


def ordinary(n: int, seed: int) -> Floats:
    """Rows of three variables of which two hang together, in units that have nothing to do with each other."""
    factor = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.1, 0.2, 0.9]])
    return np.asarray(np.random.default_rng(seed).standard_normal((n, 3)) @ factor.T * np.array([1e-3, 1.0, 50.0]) + CENTER)


@cache
def model(*charts: str) -> Model:
    import pandas as pd

    asked = {name: getattr(spc.charts, CHARTS[name])() for name in charts or CHARTS}
    return spc.fit(pd.DataFrame(ordinary(200, 1), columns=list(NAMES)), spc.Recipe(estimator=spc.scatter.Classical(), charts=asked))


def rows(x: Floats) -> Rows:
    return Rows(NAMES, x, np.full(len(x), np.datetime64("NaT"), dtype="datetime64[us]"), (None,) * len(x), ())


def tables(points: Points) -> dict[str, list[float]]:
    return {name: track.value.tolist() for name, track in points.tracks.items()}


@pytest.mark.parametrize("value", [1e20, 9.9e37, 1e160, 1e200, 1e300, 1.7e308, -1.7e308, math.inf])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_the_row_is_out_on_every_chart_and_the_far_variable_alone_is_named(value: float, column: int) -> None:
    monitor, x = Monitor(model()), ordinary(20, 2)
    x[9, column] = value
    block = rows(x)
    points = monitor.judge(block)
    far = abs(value) > 1e170
    for name, track in points.tracks.items():
        assert track.out[9], name
        assert track.value[9] <= LARGEST, name
        found = cause_of(monitor, block, points, 9, name)
        assert found is not None, name
        assert found.named == (NAMES[column],), name
        assert np.isfinite(found.share).all(), name
        assert np.argmax(found.share) == column
        if found.value < LARGEST:
            assert found.share.sum() == pytest.approx(found.value, rel=1e-9), name
    if far:
        assert points.tracks["t2"].value[9] == points.tracks["spe"].value[9] == LARGEST
        assert math.isfinite(points.tracks["mcusum"].value[9])


@pytest.mark.parametrize("value", [1e17, 1e80, 1e200, 1.7e308])
def test_no_chart_remembers_it(value: float) -> None:
    x, gone = ordinary(30, 3), ordinary(30, 3)
    x[[9, 10, 20], 1] = value
    keep = np.ones(30, dtype=bool)
    keep[[9, 10, 20]] = False
    with_it, without = Monitor(model()), Monitor(model())
    points, expected = with_it.judge(rows(x)), without.judge(rows(gone[keep]))
    for name, track in points.tracks.items():
        assert track.value[keep].tolist() == expected.tracks[name].value.tolist(), name
        assert not track.out[11:20].any(), name
    assert with_it.memory() == without.memory()
    json.dumps(with_it.memory(), allow_nan=False)


def test_a_block_has_the_bits_of_its_rows_one_by_one() -> None:
    x = ordinary(40, 4)
    x[[3, 4, 17, 39], [0, 1, 2, 0]] = [1e200, -1e30, 1.7e308, 1e18]
    whole, single = Monitor(model()), Monitor(model())
    points = whole.judge(rows(x))
    one_by_one = [tables(single.judge(rows(row[None]), first_row=i + 1)) for i, row in enumerate(x)]
    assert tables(points) == {name: [one[name][0] for one in one_by_one] for name in points.tracks}
    assert whole.memory() == single.memory()


def test_with_and_without_the_compiled_kernel_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = ordinary(40, 4)
    x[[3, 4, 17, 39], [0, 1, 2, 0]] = [1e200, -1e30, 1.7e308, 1e15]
    compiled = Monitor(model())
    expected = tables(compiled.judge(rows(x)))
    monkeypatch.setattr(kernel, "smoothed", lambda *_: None)
    plain = Monitor(model())
    assert tables(plain.judge(rows(x))) == expected
    assert plain.memory() == compiled.memory()


def test_up_to_two_to_the_53_standard_deviations_a_row_is_remembered_as_ever() -> None:
    x = np.tile(CENTER, (3, 1))
    x[1] += 1e15 * model("t2", "mewma").scatter.sd * [0.0, 1.0, 0.0]
    monitor = Monitor(model("t2", "mewma"))
    found = monitor.judge(rows(x)).tracks["mewma"]
    y = 0.1 * model("t2", "mewma").scatter.whiten(x)[1]
    assert found.value[1] == pytest.approx(float(y @ y) * 19.0, rel=1e-9)
    assert found.out[2]
    assert FARTHEST > 1e15


def test_shares_keep_their_proportions_where_their_sum_is_no_number() -> None:
    x = ordinary(1, 5)[0]
    near = CENTER + (x - CENTER) * 2.0**40
    far = CENTER + (near - CENTER) * 2.0**600
    one, other = (blame(model(), row).share[0] for row in (near, far))
    assert np.isfinite(other.sum())
    np.testing.assert_allclose(other / other.sum(), one / one.sum(), rtol=1e-9)


def test_an_ordinary_row_is_blamed_with_the_same_bits_beside_one_that_is_far_away() -> None:
    x = ordinary(5, 6)
    alone = blame(model(), x)
    x[2, 1] = 1e250
    beside = blame(model(), x)
    for i in (0, 1, 3, 4):
        assert beside.share[i].tolist() == alone.share[i].tolist()
        assert beside.given[i].tolist() == alone.given[i].tolist()


def test_a_later_signal_is_not_put_down_to_a_row_that_was_not_remembered() -> None:
    x = ordinary(60, 7)
    x[5, 0] = 1e200
    x[30:, 2] += 200.0
    monitor, block = Monitor(model()), rows(x)
    points = monitor.judge(block)
    for name in ("mewma", "mcusum", "ewma_log_t2", "mewmc"):
        found = cause_of(monitor, block, points, 59, name)
        assert found is not None
        assert found.named[0] == "c", name
    since = beginning(model(), block, 1)
    assert 29 <= since["since_row"] <= 33


_magnitude = st.integers(-300, 308).flatmap(lambda e: st.floats(-1.7, 1.7).map(lambda m: m * 10.0**e)) | st.just(math.nan)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_magnitude, _magnitude, _magnitude), min_size=1, max_size=6))
def test_nothing_warns_or_raises_whatever_the_values(values: list[tuple[float, float, float]]) -> None:
    x = np.concatenate([ordinary(4, 8), np.array(values), ordinary(2, 9)])
    monitor, block = Monitor(model()), rows(x)
    points = monitor.judge(block)
    blamed(monitor, block)
    for name, track in points.tracks.items():
        for i in range(len(x)):
            assert not math.isinf(track.value[i])
            found = cause_of(monitor, block, points, i, name)
            if found is not None:
                assert np.isfinite(found.share[~np.isnan(x[i])]).all(), (name, i)
                assert found.value == pytest.approx(track.value[i], rel=1e-6, abs=1e-6), (name, i)
    beginning(model(), block, 1)
    assert not points.tracks["t2"].out[-2:].any() or points.tracks["t2"].value[-2:].max() < 100.0
    json.dumps(monitor.memory(), allow_nan=False)
    last = x[-3]
    if not np.isnan(last).all():
        shown = explain(model(), last)
        assert 0.0 <= shown.p_value <= 1.0
    if not np.isnan(last).any():
        for name in CHARTS:
            arithmetic_of_memory(model(), x[:-2], name)
            arithmetic_of_point(model(), last, name)
