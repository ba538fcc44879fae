"""Whose doing a signal is, for every chart and every kind of model that a monitor has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.blame import blame
from spc.charts import T2, Chart, EwmaLogT2, Mcusum, Mewma, Mewmc
from spc.errors import BadRecipe
from spc.nouns import Agreement, Cause, Dialect, Floats, Guard, Limit, Model, Points, ProductModels, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor, ProductMonitor, cause_of
from spc.scatter import Classical
from tests import series
from tests.rooms.phase2.test_subgroups import EQUAL, rows

CHARTS: dict[str, Chart] = {"t2": T2(), "mewma": Mewma(), "mcusum": Mcusum(), "ewma_log_t2": EwmaLogT2(), "mewmc": Mewmc()}
ROOT = np.linalg.cholesky(0.6 + 0.4 * np.eye(5))


def with_charts(model: Model) -> Model:
    """The model with every chart, at limits that are good enough to say where one would ring."""
    limits = {"mewma": 18.0, "mcusum": 10.0, "ewma_log_t2": 6.5, "mewmc": 1.9}
    return replace(model, new_limits={**model.new_limits, **{name: (Limit(value, 0.0027, ""),) for name, value in limits.items()}})


@pytest.fixture(scope="module")
def model() -> Model:
    x = np.random.default_rng(1).standard_normal((400, 5)) @ ROOT.T
    found = fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model
    return with_charts(found)


def stream(seed: int = 2) -> Floats:
    return np.asarray(np.random.default_rng(seed).standard_normal((80, 5)) @ ROOT.T)


def at_first_out(monitor: Monitor, block: Rows, chart: str, after: int = 40) -> tuple[Cause, int, Points]:
    points = monitor.judge(block)
    i = next(int(i) for i in np.flatnonzero(points.tracks[chart].out) if i >= after)
    found = cause_of(monitor, block, points, i, chart)
    assert found is not None
    return found, i, points


@pytest.mark.parametrize("chart", ["mewma", "mcusum", "ewma_log_t2", "mewmc"])
def test_a_shift_that_lasts_is_blamed_on_its_variable(model: Model, chart: str) -> None:
    x = stream()
    x[40:, 2] += 1.5
    found, i, points = at_first_out(Monitor(model), Rows.of(x), chart)
    assert found.named == ("x3",)
    assert found.kind in ("level", "relation")
    assert found.given[2] > 0
    assert float(found.share.sum()) == pytest.approx(points.tracks[chart].value[i], rel=1e-9)


def test_more_spread_is_spread_with_its_ratio(model: Model) -> None:
    x = stream()
    x[40:, 1] += 2.5 * np.random.default_rng(3).standard_normal(40)
    found, i, points = at_first_out(Monitor(model), Rows.of(x), "ewma_log_t2", after=60)  # one or two far rows alone might be a level
    assert (found.kind, found.named) == ("spread", ("x2",))
    own = next(now for one, other, now in found.pairs if one == other == "x2")
    assert own == pytest.approx(2.7, rel=0.4)
    assert float(found.share.sum()) == pytest.approx(points.tracks["ewma_log_t2"].value[i], rel=1e-9)


def test_a_relation_that_turned_is_spread_with_its_correlations(model: Model) -> None:
    x = stream()
    x[40:, 3] *= -1.0
    monitor, block = Monitor(model), Rows.of(x)
    points = monitor.judge(block)
    found = cause_of(monitor, block, points, 79, "ewma_log_t2")
    assert found is not None
    assert (found.kind, found.named) == ("spread", ("x4",))
    assert found.pairs
    assert all(one != other and "x4" in (one, other) and now < 0.2 for one, other, now in found.pairs)


@pytest.mark.parametrize("times, low, high", [(0.2, 0.2, 0.5), (3.0, 1.6, 4.5)])
def test_a_variance_that_shrank_or_grew_is_named_with_its_ratio(model: Model, times: float, low: float, high: float) -> None:
    x = stream()
    x[40:, 1] *= times
    found, i, points = at_first_out(Monitor(model), Rows.of(x), "mewmc", after=60)
    assert (found.kind, found.named) == ("spread", ("x2",))
    assert low < next(now for one, other, now in found.pairs if one == other == "x2") < high
    assert np.sign(found.sigma[1]) == np.sign(times - 1.0)
    assert float(found.share.sum()) == pytest.approx(points.tracks["mewmc"].value[i], rel=1e-9)


def test_a_relation_that_is_lost_is_named_with_its_correlation_by_a_moving_covariance(model: Model) -> None:
    x = stream()
    x[40:, 3] = np.random.default_rng(5).standard_normal(40)
    monitor, block = Monitor(model), Rows.of(x)
    found = cause_of(monitor, block, monitor.judge(block), 79, "mewmc")
    assert found is not None
    assert (found.kind, found.named) == ("spread", ("x4",))
    assert found.pairs
    assert all(one != other and "x4" in (one, other) and now < 0.4 for one, other, now in found.pairs)


def test_the_memory_is_that_of_the_row_not_of_the_end_of_the_block(model: Model) -> None:
    x = stream()
    x[40:50, 0] += 4.0
    x[50:, 0] -= 4.0
    monitor, block = Monitor(model), Rows.of(x)
    points = monitor.judge(block)
    signs = [np.sign(found.sigma[0]) for i in (49, 79) if (found := cause_of(monitor, block, points, i, "mewma")) is not None]
    assert signs == [1.0, -1.0]


def test_restored_memory_blames_alike_and_begun_anew_forgets(model: Model) -> None:
    x = stream()
    x[40:, 2] += 1.5
    first, second = Rows.of(x[:60]), Rows.of(x[60:])
    whole, again = Monitor(model), Monitor(model)
    whole.judge(first)
    again.follow(first)
    again.restore(whole.memory())
    for chart in CHARTS:
        one, other = (cause_of(monitor, second, monitor.judge(second), 5, chart) for monitor in (whole, again))
        assert one is not None
        assert other is not None
        if chart == "t2":  # `judge` went on: the memories are those of the first time only
            assert one.share.tobytes() == other.share.tobytes()
    whole.restore(whole.anew(whole.memory()))
    assert len(whole.last_rows(0)) == 0


def test_a_row_with_gaps_or_of_bad_quality_and_a_chart_that_is_not_there(model: Model) -> None:
    x = stream()
    x[10, 0] = np.nan
    block = replace(Rows.of(x), quality=tuple("bad" if i == 20 else "" for i in range(80)))
    monitor = Monitor(model)
    points = monitor.judge(block)
    assert cause_of(monitor, block, points, 10, "mewma") is None
    gap = cause_of(monitor, block, points, 10)
    assert gap is not None
    assert np.isnan(gap.share[0])
    assert cause_of(monitor, block, points, 20) is None
    with pytest.raises(BadRecipe, match="no chart called 'mewm'"):
        cause_of(monitor, block, points, 3, "mewm")


def test_subgroups_are_blamed_by_their_means() -> None:
    labels = tuple(str(1 + i // 4) for i in range(48))
    block = rows(labels, 5)
    block = replace(block, x=block.x + np.where(np.arange(48)[:, None] >= 24, [0.0, 1.5], 0.0))
    monitor = Monitor(EQUAL)
    points = monitor.judge(block, whole=True)
    found = cause_of(monitor, block, points, 47)
    assert found is not None
    assert found.named == ("b",)
    assert float(found.share.sum()) == pytest.approx(points.tracks["t2"].value[47], rel=1e-9)
    assert found.share == pytest.approx(blame(EQUAL.sized(4), block.x[44:].mean(axis=0)).share[0], rel=1e-12)
    assert cause_of(monitor, block, points, 46) is None


@pytest.mark.parametrize("dynamics", ["lagged 1", "residual"])
def test_rows_seen_with_those_before_them_are_blamed_as_charted(dynamics: str) -> None:
    reference = Reference(series.rows(series.var(400, 1)), (), Dialect("utf-8", ",", "."), (), "0")
    model = fit(reference, Recipe(estimator=Classical(), dynamics=dynamics)).model
    x = series.var(30, 2)
    x[20, 1] += 80.0
    monitor, block = Monitor(model), series.rows(x)
    points = monitor.judge(block)
    found = cause_of(monitor, block, points, 20)
    assert found is not None
    assert found.named == ("temp",)
    assert float(np.nansum(found.share)) == pytest.approx(points.tracks["t2"].value[20], rel=1e-9)


def test_a_guard_is_named_with_how_far_it_moved(model: Model) -> None:
    guarded = replace(model, guards=(Guard("nozzle", 4.0, 0.5), Guard("copy", 0.0, 0.1, (("x1", 2.0),))))
    x = stream()
    extra = np.column_stack([x, np.full(80, 4.0), 2.0 * x[:, 0]])
    extra[7, 5] = 5.5
    extra[9, 6] += 0.3
    monitor, block = Monitor(guarded), Rows.of(extra, (*model.names, "nozzle", "copy"))
    points = monitor.judge(block)
    moved, left = (cause_of(monitor, block, points, i, "guard") for i in (7, 9))
    assert moved is not None
    assert left is not None
    assert (moved.kind, moved.named, left.named) == ("guard", ("nozzle",), ("copy",))
    assert [moved.value, left.value] == pytest.approx([3.0, 3.0])


def test_products_are_blamed_by_their_own_models(model: Model) -> None:
    other = replace(model, scatter=replace(model.scatter, center=model.scatter.center + 10.0))
    both = ProductModels("kind", {"A": model, "B": other}, Agreement(model.names, 1.0, 0.5, "", 0.5, "", 800, ""), False, ())
    x = stream()
    x[1::2] += 10.0
    x[60:, 2] += np.where(np.arange(20) % 2, 3.0, 0.0)  # product B only
    block = replace(Rows.of(x), product=tuple("AB"[i % 2] for i in range(80)))
    monitor = ProductMonitor(both)
    points = monitor.judge(block)
    for chart in CHARTS:
        found = monitor.cause_of(block, points, 79, chart)
        assert found is not None
        assert found.named == ("x3",), chart
        assert float(found.share.sum()) == pytest.approx(points.tracks[chart].value[79], rel=1e-9)
    assert monitor.cause_of(replace(block, product=("C",) * 80), points, 3) is None
