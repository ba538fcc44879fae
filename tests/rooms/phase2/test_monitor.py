"""New rows against a model: names, missing values, guards, bad quality."""

from __future__ import annotations

import numpy as np
import pytest

from spc.charts import T2, Mewma, Spe
from spc.errors import ColumnMismatch
from spc.nouns import Dialect, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from spc.scatter import Classical

RNG = np.random.default_rng(5)
X = np.column_stack([RNG.standard_normal((60, 2)) @ [[1.0, 0.9], [0.0, 0.4]], np.full(60, 23.5)])
X = np.column_stack([X, 2.0 * X[:, 0] + 1.0])
NAMES = ("a", "b", "fixture", "twice_a")
NAT = np.datetime64("NaT", "us")


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(Reference(Rows.of(X, NAMES), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical())).model


def row(a: float, b: float, fixture: float = 23.5, twice: float | None = None) -> list[float]:
    return [a, b, fixture, 2.0 * a + 1.0 if twice is None else twice]


def test_a_missing_column_is_named_with_its_nearest_neighbour(model: Model) -> None:
    with pytest.raises(ColumnMismatch, match=r"column fixture: .* Is it 'fixtures'"):
        Monitor(model).judge(Rows.of(X[:3], ("a", "b", "fixtures", "twice_a")))


def test_a_row_is_judged_on_the_values_it_has_against_the_limit_for_so_many(model: Model) -> None:
    points = Monitor(model).judge(Rows.of(np.array([row(0.1, 0.2), row(np.nan, 9.0, twice=1.0), row(np.nan, np.nan, twice=1.0)]), NAMES))
    track = points.tracks["t2"]
    one = (9.0 - model.scatter.center[1]) ** 2 / model.scatter.covariance[1, 1]
    assert track.value[1] == pytest.approx(one)
    assert track.ucl[1] == model.new_limits["t2"][0].value
    assert track.out.tolist() == [False, True, False]
    assert np.isnan(track.value[2])
    assert points.notes[0] == ""
    assert points.notes[1] == "no value for a"
    assert points.notes[2] == "no value for any variable: not judged"


def test_guards_are_out_when_they_move_and_when_an_equation_breaks(model: Model) -> None:
    rows = Rows.of(np.array([row(0.1, 0.2), row(0.1, 0.2, fixture=23.6), row(0.1, 0.2, twice=1.3)]), NAMES)
    points = Monitor(model).judge(rows)
    assert points.tracks["guard"].out.tolist() == [False, True, True]
    assert "guard fixture is 23.6, not 23.5" in points.notes[1]
    assert "guard twice_a is 1.3, not 1.2" in points.notes[2]
    assert not points.tracks["t2"].out.any()


def test_a_row_of_bad_quality_is_not_judged(model: Model) -> None:
    rows = Rows(NAMES, np.array([row(50.0, -50.0)] * 2), np.array([NAT, NAT]), ("p1", "p2"), ("bad", "good"))
    track = Monitor(model).judge(rows).tracks["t2"]
    assert np.isnan(track.value[0])
    assert track.out.tolist() == [False, True]


def test_points_carry_row_numbers_times_and_part_ids(model: Model) -> None:
    at = np.array(["2025-03-04T06:00:00", "2025-03-04T06:00:45"], dtype="datetime64[us]")
    points = Monitor(model).judge(Rows(NAMES, np.array([row(0.1, 0.2), row(9.0, -9.0)]), at, ("B1", "B2")), first_row=41)
    point = points.point(1)
    assert (point.row, point.id, point.at, point.chart, point.out) == (42, "B2", at[1], "t2", True)
    assert len(list(points)) == 4  # two rows on two charts


def test_judging_changes_nothing_it_is_given(model: Model) -> None:
    rows = Rows.of(np.array([row(0.1, 0.2), row(np.nan, 0.2, twice=1.0)]), NAMES)
    before = rows.x.copy()
    monitor = Monitor(model)
    first = monitor.judge(rows).tracks["t2"].value
    assert np.array_equal(rows.x, before, equal_nan=True)
    assert np.array_equal(monitor.judge(rows).tracks["t2"].value, first, equal_nan=True)


def test_rows_with_gaps_have_the_same_bits_in_a_block_and_alone() -> None:
    chance = np.random.default_rng(4)
    x = chance.standard_normal((300, 4))
    recipe = Recipe(estimator=Classical(), charts={"t2": T2(), "mewma": Mewma(), "spe": Spe()})
    fitted = fit(Reference(Rows.of(x[:100], tuple("abcd")), (), Dialect("utf-8", ",", "."), (), "0"), recipe).model
    x[chance.random(x.shape) < 0.1] = np.nan
    x[[7, 120]] = np.nan
    x[200:290, 2] = np.nan  # further back than the last rows go
    whole, alone = Monitor(fitted), Monitor(fitted)
    points = whole.judge(Rows.of(x, fitted.names))
    single = [alone.judge(Rows.of(row, fitted.names), i + 1) for i, row in enumerate(x)]
    for name, track in points.tracks.items():
        for kind in ("value", "ucl", "out"):
            one_by_one = np.concatenate([getattr(one.tracks[name], kind) for one in single])
            assert np.array_equal(getattr(track, kind), one_by_one, equal_nan=kind != "out"), (name, kind)
    assert points.notes == tuple(note for one in single for note in one.notes)
    assert whole.memory() == alone.memory()
    assert np.array_equal(whole.last_rows(299), alone.last_rows(0))
    assert whole.last_rows(299).shape == (64, 4)
