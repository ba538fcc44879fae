"""Absurdly far values where rows are judged together: guards, subgroups and the rows before a row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.charts import T2, Chart, Dispersion
from spc.charts.believed import LARGEST
from spc.nouns import Column, Dialect, Guard, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor, blamed, cause_of
from spc.scatter import Classical
from tests.series import reference, rows, var
from tests.small import model
from tests.small import rows as some_rows

FAR = [1e17, 1e80, 1e200, 1e308, -1.7e308]
GUARDS = (Guard("speed", 3.0, 0.01), Guard("copy", 0.0, 1e-6, (("warp_mm", 2.0), ("copper_um", -3.0))))


@pytest.mark.parametrize("value", FAR)
@pytest.mark.parametrize("column", ["speed", "copy", "warp_mm"])
def test_a_guard_far_away_and_one_that_follows_such_a_value_are_out(value: float, column: str) -> None:
    block = some_rows(5)
    copy = 2.0 * block.x[:, 1] - 3.0 * block.x[:, 2]
    x = np.column_stack([block.x, np.full(5, 3.0), copy])
    names = (*block.names, "speed", "copy")
    x[2, names.index(column)] = value
    if column == "warp_mm":
        x[2, 2] = value  # both of which what it follows is made of
    asked, monitor = Rows(names, x, block.at, block.ids, ()), Monitor(model(guards=GUARDS))
    points = monitor.judge(asked)
    track = points.tracks["guard"]
    assert track.out.tolist() == [False, False, True, False, False]
    assert track.value[2] <= LARGEST
    found = cause_of(monitor, asked, points, 2, "guard")
    assert found is not None
    assert found.named == (("speed",) if column == "speed" else ("copy",))
    assert np.isfinite(found.share).all()


def lots(x: np.ndarray, size: int) -> Rows:
    return replace(Rows.of(x, ("a", "b")), subgroup=tuple(f"g{i // size}" for i in range(len(x))))


@pytest.fixture(scope="module")
def grouped() -> Model:
    x = np.random.default_rng(3).standard_normal((120, 2))
    columns = (Column("lot", "subgroup"), Column("a", "measurement"), Column("b", "measurement"))
    made = Reference(lots(x, 4), columns, Dialect("utf-8", ",", "."), (), "0")
    charts: dict[str, Chart] = {"t2": T2(), "dispersion": Dispersion()}
    return fit(made, Recipe(estimator=Classical(), subgroup="lot", charts=charts)).model


@pytest.mark.parametrize("value", FAR)
def test_of_a_subgroup_the_mean_and_the_spread_are_out_and_the_next_ones_are_judged_without_it(grouped: Model, value: float) -> None:
    x = np.random.default_rng(4).standard_normal((24, 2))
    x[8:10, 1] = value  # two rows whose sum is no number any more
    asked, monitor = lots(x, 4), Monitor(grouped)
    points = monitor.judge(asked, whole=True)
    for name, track in points.tracks.items():
        assert track.out[11], name
        assert 0.0 < track.value[11] <= LARGEST
        found = cause_of(monitor, asked, points, 11, name)
        assert found is not None
        assert "b" in found.named, name
        assert np.isfinite(found.share).all(), name
        assert not track.out[12:].any(), name
    blamed(monitor, asked)


@pytest.mark.parametrize("value", FAR)
@pytest.mark.parametrize("asked", ["residual", "lagged 2"])
def test_the_rows_after_it_are_judged_without_it(value: float, asked: str) -> None:
    made = fit(reference(var(300, 1)), Recipe.from_dict({"estimator": "classical", "dynamics": asked})).model
    x = var(30, 2)
    x[12, 0] = value
    monitor = Monitor(made)
    points = monitor.judge(rows(x))
    track = points.tracks["t2"]
    assert track.out[12]
    assert track.value[12] <= LARGEST
    assert not track.out[13:].any()
    assert not np.isnan(track.value[13:]).any()
    found = cause_of(monitor, rows(x), points, 12)
    assert found is not None
    assert len(found.named) == 1
    blamed(monitor, rows(x))
    one_by_one = Monitor(made)
    again = [one_by_one.judge(rows(x).some([i])).tracks["t2"].value[0] for i in range(30)]
    assert np.array_equal(again, track.value, equal_nan=True)
