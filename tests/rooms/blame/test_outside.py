"""Whose doing an SPE is: shares that sum to it and go with their columns, the set that is named, and the sentence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.blame import cause
from spc.blame.matter import matter
from spc.blame.outside import Split, is_outside
from spc.blame.words import worded
from spc.charts import Spe
from spc.nouns import Dialect, Floats, Ints, Limit, Model, Reference, Rows, Scatter
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor, cause_of
from spc.scatter import Classical


@cache
def model_of(seed: int, p: int, components: int | None = None) -> Model:
    """Variables that some causes tie together, with an SPE whose limit is about right."""
    rng, n, causes = np.random.default_rng(seed), 8 * p + 40, min(2, p - 1)
    x = rng.standard_normal((n, causes)) @ rng.standard_normal((causes, p)) + 0.2 * rng.standard_normal((n, p))
    found = fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model
    chart = Spe(components=components)
    limit = Limit(1.3 * float(chart.bound(found.scatter.factor).usual), 0.0027, "given")
    asked = {**found.recipe, "charts": {"t2": {"name": "t2"}, "spe": {"name": "spe", "components": components, "explained": 0.9}}}
    return replace(found, new_limits={**found.new_limits, "spe": (limit,)}, recipe=asked)


def turned(model: Model, order: Ints, scale: Floats) -> Model:
    """The same model with its columns in another order and other units."""
    rows = model.scatter.factor[order] * scale[:, None]
    upper = np.asarray(np.linalg.qr(rows.T, mode="r"))
    factor = (upper * np.where(np.diag(upper) < 0.0, -1.0, 1.0)[:, None]).T
    names = tuple(model.names[int(j)] for j in order)
    return replace(model, names=names, scatter=Scatter(model.scatter.center[order] * scale, factor, model.scatter.n))


def good_rows(model: Model, seed: int, n: int = 1) -> Floats:
    return model.scatter.colour(np.random.default_rng(seed).standard_normal((n, model.p)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(2, 9), size=st.floats(0.0, 30.0))
def test_shares_sum_to_the_statistic_and_go_with_their_columns(seed: int, p: int, size: float) -> None:
    model = model_of(seed % 5, p)
    x = good_rows(model, seed)[0]
    x[seed % p] += size * float(np.sqrt(model.scatter.covariance[seed % p, seed % p]))
    rows, monitor = Rows.of(x[None], model.names), Monitor(model)
    points = monitor.judge(rows)
    found = cause_of(monitor, rows, points, 0, "spe")
    assert found is not None
    value = float(points.tracks["spe"].value[0])
    assert found.value == value
    assert float(found.share.sum()) == pytest.approx(value, rel=1e-9)
    rng = np.random.default_rng(seed + 1)
    order, scale = rng.permutation(p), np.power(10.0, rng.integers(-6, 7, p), dtype=np.float64)
    other = cause(turned(model, order, scale), "spe", x=x[order] * scale)
    assert other.share == pytest.approx(found.share[order], rel=1e-6, abs=1e-7 * max(1.0, value))
    assert (set(other.named), other.kind) == (set(found.named), found.kind)
    assert {frozenset(pair[:2]) for pair in other.pairs} == {frozenset(pair[:2]) for pair in found.pairs}


@pytest.mark.parametrize("j", range(6))
def test_a_variable_that_moves_alone_has_the_whole_of_it(j: int) -> None:
    """The squares of the residuals would not say so: they smear it over the variables that the axes tie to it."""
    model = model_of(1, 6, 2)
    x = model.scatter.center.copy()
    x[j] += 8.0 * float(np.sqrt(model.scatter.covariance[j, j]))
    split = Split.of(model, "spe", x)
    assert split.share[j] == pytest.approx(split.value, rel=1e-9)
    assert np.delete(split.share, j) == pytest.approx(np.zeros(5), abs=1e-9)
    assert split.named == (j,)


def test_the_named_variables_moved_back_bring_it_within_its_limit() -> None:
    model, rng = model_of(2, 8, 2), np.random.default_rng(3)
    chart, limit = Spe(components=2).bound(model.scatter.factor), model.new_limits["spe"][-1].value
    sd, right = np.sqrt(np.diag(model.scatter.covariance)), 0
    for x in good_rows(model, 4, 60):
        chosen = rng.choice(8, int(rng.integers(1, 3)), replace=False)
        x[chosen] += rng.choice([-4.0, 4.0], len(chosen)) * sd[chosen]
        if chart.step({}, model.scatter.whiten(x[None]))[1][0] <= limit:
            continue
        named = list(Split.of(model, "spe", x).named)
        basis = chart.outside.axes[named]  # the smallest SPE that any shift of the named ones leaves
        along = ((x - model.scatter.center) / sd) @ chart.outside.axes
        left = along - np.linalg.lstsq(basis.T, along)[0] @ basis
        assert float(left @ left) <= limit
        right += set(named) == set(chosen.tolist())
    assert right >= 40


def test_a_broken_relation_is_told_as_one() -> None:
    model = model_of(0, 6, 2)
    sd = np.sqrt(np.diag(model.scatter.covariance))
    x = model.scatter.center.copy()
    x[2] += 1.9 * sd[2]  # ordinary by itself
    found = cause(model, "spe", x=x)
    assert found.value > model.new_limits["spe"][-1].value
    assert (found.kind, found.named, found.chart) == ("relation", ("x3",), "spe")
    assert found.pairs[0][0] == "x3"
    said = worded(matter(model, found, x))
    assert said.startswith("x3 is ")
    assert " sd above what " in said
    assert "its own value is ordinary" in said
    assert " über dem, was " in worded(matter(model, found, x), "de")


def test_a_variable_far_out_by_itself_is_told_as_a_level() -> None:
    model = model_of(1, 6, 2)
    x = model.scatter.center.copy()
    x[4] -= 9.0 * float(np.sqrt(model.scatter.covariance[4, 4]))
    found = cause(model, "spe", x=x)
    assert (found.kind, found.named) == ("level", ("x5",))
    assert "x5 is 9.0 sd low" in worded(matter(model, found, x))


def test_of_two_variables_nobody_can_tell_which() -> None:
    model = model_of(3, 2)
    sd = np.sqrt(np.diag(model.scatter.covariance))
    tie = model.scatter.covariance[0, 1] / (sd[0] * sd[1])
    found = cause(model, "spe", x=model.scatter.center + 2.0 * sd * np.array([1.0, -np.sign(tie)]))
    assert found.kind == "relation"
    assert set(found.named) == set(model.names)


def test_a_row_with_a_gap_has_no_spe() -> None:
    model = model_of(1, 6, 2)
    x = good_rows(model, 1)[0]
    x[3] = np.nan
    rows, monitor = Rows.of(x[None], model.names), Monitor(model)
    points = monitor.judge(rows)
    assert np.isnan(points.tracks["spe"].value[0])
    assert not points.tracks["spe"].out[0]
    assert points.notes[0] == "no value for x4: SPE judges complete rows only"
    assert np.isfinite(points.tracks["t2"].value[0])
    assert cause_of(monitor, rows, points, 0, "spe") is None
    with pytest.raises(ValueError, match="complete rows"):
        cause(model, "spe", x=x)


def test_which_charts_are_of_this_kind() -> None:
    model = model_of(1, 6, 2)
    assert is_outside(model, "spe")
    assert not is_outside(model, "t2")
    assert is_outside(replace(model, recipe={"charts": {"q": {"name": "spe"}}}), "q")
