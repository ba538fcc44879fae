"""Whose doing a signal is, for every chart: the order and the units of columns change nothing, and shares sum to the statistic."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.blame import cause, eliminated, smallest_set
from spc.nouns import Cause, Dialect, Floats, Guard, Ints, Limit, Model, Reference, Rows, Scatter
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor, cause_of
from spc.scatter import Classical

CHARTS = ("t2", "mewma", "mcusum", "ewma_log_t2", "mewmc")


@cache
def model_of(seed: int, p: int) -> Model:
    """A model with every chart; the limits of those with memory are of no matter here."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((8 * p + 20, p)) @ rng.standard_normal((p, p))
    found = fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model
    return replace(found, new_limits={**found.new_limits, **{name: (Limit(8.0, 0.0027, "given"),) for name in CHARTS[1:]}})


def turned(model: Model, order: Ints, scale: Floats) -> Model:
    """The same model with its columns in another order and other units."""
    cov = model.scatter.covariance[np.ix_(order, order)] * np.outer(scale, scale)
    sd = np.sqrt(np.diag(cov))
    factor = np.linalg.cholesky(cov / np.outer(sd, sd)) * sd[:, None]
    names = tuple(model.names[int(j)] for j in order)
    return replace(model, names=names, scatter=Scatter(model.scatter.center[order] * scale, factor, model.scatter.n))


def last_cause(model: Model, x: Floats, chart: str) -> tuple[Cause, float]:
    rows = Rows.of(x, model.names)
    monitor = Monitor(model)
    points = monitor.judge(rows)
    found = cause_of(monitor, rows, points, len(x) - 1, chart)
    assert found is not None
    return found, float(points.tracks[chart].value[-1])


def some_rows(model: Model, seed: int, n: int = 30, missing: bool = False) -> Floats:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, model.p))
    x[n // 2 :, : 1 + seed % model.p] += rng.normal(0.0, 2.0)
    x = model.scatter.colour(x)
    if missing and model.p > 1:
        x[-1, seed % model.p] = np.nan
    return x


@pytest.mark.parametrize("chart", CHARTS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), p=st.integers(1, 9))
def test_the_order_and_the_units_of_columns_change_nothing(chart: str, seed: int, p: int) -> None:
    model = model_of(seed % 7, p)
    x = some_rows(model, seed, missing=chart == "t2" and seed % 2 == 1)
    rng = np.random.default_rng(seed + 1)
    order, scale = rng.permutation(p), 10.0 ** rng.integers(-6, 7, p)
    one, _ = last_cause(model, x, chart)
    other, _ = last_cause(turned(model, order, scale), x[:, order] * scale, chart)

    def same(found: Floats, wanted: Floats) -> bool:
        return bool(np.allclose(found, wanted, rtol=1e-6, atol=1e-7 * max(1.0, one.value), equal_nan=True))

    assert other.names == tuple(one.names[j] for j in order)
    assert same(other.share, one.share[order])
    assert same(other.sigma, one.sigma[order])
    assert same(other.given, one.given[order])
    assert (set(other.named), other.kind) == (set(one.named), one.kind)
    assert {frozenset(pair[:2]) for pair in other.pairs} == {frozenset(pair[:2]) for pair in one.pairs}


@pytest.mark.parametrize("chart", CHARTS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 9), n=st.integers(1, 80))
def test_shares_sum_to_the_statistic(chart: str, seed: int, p: int, n: int) -> None:
    model = model_of(seed % 7, p)
    found, value = last_cause(model, some_rows(model, seed, n, missing=chart == "t2" and seed % 2 == 1 and p > 1), chart)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert float(np.nansum(found.share)) == pytest.approx(value, rel=1e-9, abs=1e-12)
    length = float(np.linalg.norm(found.direction))
    assert length == pytest.approx(1.0) or (value == 0.0 and length == 0.0)
    assert found.named
    assert set(found.named) <= set(model.names)
    assert len(set(found.named)) == len(found.named)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 9))
def test_blocks_of_any_size_blame_alike(seed: int, p: int) -> None:
    """A line that takes rows one by one finds what a file finds in one block."""
    model = model_of(seed % 7, p)
    x = some_rows(model, seed)
    for chart in CHARTS:
        whole, _ = last_cause(model, x, chart)
        monitor = Monitor(model)
        for row in x[:-1]:
            monitor.judge(Rows.of(row[None], model.names))
        last = Rows.of(x[-1:], model.names)
        single = cause_of(monitor, last, monitor.judge(last), 0, chart)
        assert single is not None
        assert single.share.tobytes() == whole.share.tobytes()
        assert (single.named, single.kind, single.pairs) == (whole.named, whole.kind, whole.pairs)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 9), size=st.floats(0.0, 12.0))
def test_the_elimination_ends_inside_and_its_terms_add_up(seed: int, p: int, size: float) -> None:
    model = model_of(seed % 7, p)
    rng = np.random.default_rng(seed)
    x = model.scatter.colour(size * rng.standard_normal((1, p)))[0]
    steps, t2 = eliminated(model, x), float(model.scatter.d2(x[None])[0])
    left = t2
    for count, step in enumerate(steps, start=1):
        left -= step.term
        assert step.t2 == pytest.approx(left, rel=1e-7, abs=1e-7 * t2)
        gone = np.isin(model.names, [one.variable for one in steps[:count]])
        if not gone.all():
            part = model.scatter.part(~gone)
            assert step.t2 == pytest.approx(float(part.d2(x[~gone][None])[0]), rel=1e-7, abs=1e-7 * t2)
            assert (step.t2 <= step.ucl) == (count == len(steps))
    assert smallest_set(model, x) == tuple(step.variable for step in steps)
    assert (not steps) == (t2 <= model.new_limits["t2"][-1].value)


@settings(max_examples=30, deadline=None)
@given(off=st.lists(st.floats(-5, 5), min_size=1, max_size=5))
def test_a_guard_that_moved_is_named(off: list[float]) -> None:
    model = replace(model_of(0, 2), guards=tuple(Guard(f"g{k}", 0.0, 1.0) for k in range(len(off))))
    found = cause(model, "guard", guards=np.array(off))
    assert found.kind == "guard"
    assert found.value == pytest.approx(float(np.sum(found.share)), rel=1e-9, abs=1e-12)
    assert found.named[0] == f"g{int(np.argmax(np.abs(off)))}"
    assert set(found.named[1:]) == {f"g{k}" for k, one in enumerate(off) if abs(one) > 1.0} - {found.named[0]}
