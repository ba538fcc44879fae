"""A model with SPE beside T²: its limit, its bits, what is judged and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.charts import T2, Chart, Spe
from spc.errors import BadRecipe
from spc.nouns import Column, Dialect, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit, fit_products
from spc.phase2 import Monitor
from spc.phase2.arithmetic import arithmetic_of_limit
from spc.phase2.remembered import arithmetic_of_memory
from spc.scatter import Classical, Known, Mcd

RNG = np.random.default_rng(8)
NAMES = ("a", "b", "c", "d", "e")
TIES = RNG.standard_normal((2, 5))
CHARTS: dict[str, Chart] = {"t2": T2(), "spe": Spe()}


def rows(n: int, rng: np.random.Generator = RNG) -> Floats:
    return np.asarray(rng.standard_normal((n, 2)) @ TIES + 0.3 * rng.standard_normal((n, 5)))


def reference(x: Floats) -> Reference:
    return Reference(Rows.of(x, NAMES), (), Dialect("utf-8", ",", "."), (), "0")


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(reference(rows(120)), Recipe(estimator=Classical(), charts=CHARTS, alpha=0.01)).model


def test_it_shares_the_budget_with_t2_and_says_so(model: Model) -> None:
    t2, spe = model.new_limits["t2"][-1], model.new_limits["spe"][-1]
    assert 0.005 < t2.alpha == spe.alpha < 0.01
    assert "t2 and spe together one false alarm in 100 rows" in spe.law
    assert "times Box's limit" in spe.law
    assert Model.from_json(model.to_json()).new_limits == model.new_limits


def test_the_same_recipe_gives_the_same_limits(model: Model) -> None:
    again = fit(reference(rows(120, np.random.default_rng(9))), Recipe.from_dict(model.recipe)).model
    twice = fit(reference(rows(120, np.random.default_rng(9))), Recipe.from_dict(model.recipe)).model
    assert again.new_limits == twice.new_limits
    assert again.new_limits["spe"] != model.new_limits["spe"]
    assert Recipe.from_dict({"charts": {"t2": {}, "spe": {"components": 2}}}).charts["spe"] == Spe(components=2)


def test_units_of_columns_change_no_judgement(model: Model) -> None:
    x, scale = rows(120, np.random.default_rng(10)), 10.0 ** np.arange(-6, 4, 2)
    new = rows(30, np.random.default_rng(11))
    recipe = Recipe(estimator=Classical(), charts=CHARTS, alpha=0.01)
    tracks = [Monitor(fit(reference(x * s), recipe).model).judge(Rows.of(new * s, NAMES)).tracks["spe"] for s in (np.ones(5), scale)]
    assert tracks[0].value == pytest.approx(tracks[1].value, rel=1e-8)
    assert tracks[0].ucl == pytest.approx(tracks[1].ucl, rel=1e-8)


def test_blocks_of_any_size_have_the_same_bits(model: Model) -> None:
    x = rows(40)
    whole, parts = Monitor(model).judge(Rows.of(x, NAMES)).tracks["spe"].value, Monitor(model)
    assert (
        np.concatenate([parts.judge(Rows.of(x[i : i + 7], NAMES)).tracks["spe"].value for i in range(0, 40, 7)]).tolist() == whole.tolist()
    )


def test_a_row_that_breaks_a_relation_is_out_where_t2_of_few_axes_would_not_be(model: Model) -> None:
    x = rows(1)[0]
    u = x.copy()
    u[0] += 3.0
    points = Monitor(model).judge(Rows.of(np.array([x, u]), NAMES))
    assert points.tracks["spe"].out.tolist() == [False, True]


def test_with_known_parameters_and_with_limits_from_the_rows_themselves() -> None:
    x = rows(600, np.random.default_rng(12))
    known = Known(center=tuple(np.zeros(5)), covariance=tuple(map(tuple, (TIES.T @ TIES + 0.09 * np.eye(5)).tolist())))
    exact = fit(reference(x), Recipe(estimator=known, charts=CHARTS, alpha=0.01)).model.new_limits["spe"][-1]
    assert "known parameters" in exact.law
    own = fit(reference(x), Recipe(estimator=Classical(), charts=CHARTS, alpha=0.01, limit="crossfit")).model.new_limits["spe"][-1]
    assert "cross-fit" in own.law
    assert own.value == pytest.approx(exact.value, rel=0.4)


@pytest.mark.slow
def test_residuals_of_the_row_before_have_one_too() -> None:
    rng, x = np.random.default_rng(13), np.zeros((200, 5))
    noise = rows(200, rng)
    for i in range(1, 200):
        x[i] = 0.5 * x[i - 1] + noise[i]
    found = fit(reference(x), Recipe(estimator=Classical(), charts=CHARTS, alpha=0.01, dynamics="residual")).model
    assert found.new_limits["spe"][-1].value > 0.0
    values = Monitor(found).judge(Rows.of(x[:50], NAMES)).tracks["spe"].value
    assert np.isnan(values[0])
    assert np.isfinite(values[1:]).all()


def test_the_arithmetic_prints_the_number(model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    x = rows(3)
    x[-1, 0] += 2.0
    value = float(Monitor(model).judge(Rows.of(x, NAMES)).tracks["spe"].value[-1])
    shown = arithmetic_of_memory(model, x, "spe")
    exec(shown.snippet, {})  # noqa: S102 - the lines that a person is shown
    assert shown.value == value
    assert float(capsys.readouterr().out) == pytest.approx(value, rel=1e-9)
    assert f"= {value:.6g}" in shown.formula
    assert arithmetic_of_limit(model, "spe").value == model.new_limits["spe"][-1].value


@pytest.mark.slow
def test_an_alpha_of_its_own_stands_outside_the_budget() -> None:
    found = fit(reference(rows(100)), Recipe(estimator=Mcd(), charts={"t2": T2(), "spe": Spe(alpha=0.001)}, alpha=0.01)).model
    assert found.new_limits["t2"][-1].alpha == 0.01
    assert found.new_limits["spe"][-1].alpha == 0.001
    assert "MCD" in found.new_limits["spe"][-1].law


def test_what_has_no_limit_is_refused_in_words() -> None:
    x, labels = rows(60), tuple(f"lot {i // 5}" for i in range(60))
    grouped = Reference(replace(Rows.of(x, NAMES), subgroup=labels), (Column("lot", "subgroup"),), Dialect("utf-8", ",", "."), (), "0")
    with pytest.raises(BadRecipe, match="no limit for spe"):
        fit(grouped, Recipe(estimator=Classical(), charts=CHARTS, subgroup="lot"))
    with pytest.raises(BadRecipe, match="pooled scatter has no limit for spe"):
        fit_products(reference(x), Recipe(estimator=Classical(), charts=CHARTS, product="kind", pool=True))
    with pytest.raises(BadRecipe, match="cannot leave out 5"):
        fit(reference(x), Recipe(estimator=Classical(), charts={"t2": T2(), "spe": Spe(components=5)}))
    with pytest.raises(BadRecipe, match="single rows"):
        Recipe(charts=CHARTS, guarantee=0.9)
    with pytest.raises(BadRecipe, match="spe would share"):
        Recipe(charts=CHARTS, ucl=12.0)
