"""A model with several charts: one budget, limits for each, memories that survive blocks and gaps."""

from __future__ import annotations

import numpy as np
import pytest

from spc.charts import T2, Chart, Mcusum, Mewma
from spc.errors import BadRecipe
from spc.nouns import Dialect, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase1.chains import Fits, followed
from spc.phase1.laws import Exact
from spc.phase1.shared import shares
from spc.phase2 import Monitor
from spc.scatter import Classical

RNG = np.random.default_rng(8)
NAMES = ("a", "b", "c")
REFERENCE = Reference(Rows.of(RNG.standard_normal((80, 3)), NAMES), (), Dialect("utf-8", ",", "."), (), "0")
CHARTS: dict[str, Chart] = {"t2": T2(), "mewma": Mewma(lam=0.2)}


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(REFERENCE, Recipe(estimator=Classical(), charts=CHARTS, alpha=0.01)).model


def test_each_chart_has_its_share_and_the_model_the_budget(model: Model) -> None:
    t2, mewma = model.new_limits["t2"][-1], model.new_limits["mewma"][-1]
    assert model.alpha == 0.01
    assert 0.005 <= t2.alpha == mewma.alpha < 0.01
    assert "t2 and mewma together one false alarm in 100 rows" in mewma.law
    assert "with known parameters" in mewma.law
    assert Model.from_json(model.to_json()).new_limits == model.new_limits


def test_the_same_recipe_gives_the_same_limits(model: Model) -> None:
    again = fit(REFERENCE, Recipe.from_dict(model.recipe)).model
    assert again.new_limits == model.new_limits
    assert again.digest == model.digest


def test_a_row_with_a_gap_leaves_the_memory_as_it_was(model: Model) -> None:
    x = RNG.standard_normal((6, 3))
    gap = x.copy()
    gap = np.insert(gap, 3, [np.nan, 1.0, 2.0], axis=0)
    whole = Monitor(model).judge(Rows.of(x, NAMES)).tracks["mewma"]
    around = Monitor(model).judge(Rows.of(gap, NAMES)).tracks["mewma"]
    assert np.isnan(around.value[3])
    assert not around.out[3]
    assert np.delete(around.value, 3).tolist() == whole.value.tolist()
    assert np.isfinite(Monitor(model).judge(Rows.of(gap, NAMES)).tracks["t2"].value).all()


def test_blocks_of_any_size_have_the_same_bits(model: Model) -> None:
    x = RNG.standard_normal((50, 3))
    whole = Monitor(model).judge(Rows.of(x, NAMES)).tracks["mewma"].value
    monitor, parts = Monitor(model), []
    for start in range(0, 50, 7):
        parts.append(monitor.judge(Rows.of(x[start : start + 7], NAMES)).tracks["mewma"].value)
        memory = monitor.memory()
        monitor = Monitor(model)
        monitor.restore(memory)
    assert np.concatenate(parts).tolist() == whole.tolist()


def test_a_chart_with_its_own_alpha_stands_outside_the_budget() -> None:
    found = shares(Classical(), {"t2": T2(), "mcusum": Mcusum(alpha=0.01)}, Exact(80, 3), 80, 3, 0.02)
    assert found.alpha["t2"] == pytest.approx(0.02)
    assert found.limits["mcusum"].alpha == 0.01


def test_what_has_no_limit_is_refused_in_words() -> None:
    with pytest.raises(BadRecipe, match="lack t2"):
        fit(REFERENCE, Recipe(charts={"mewma": Mewma()}))
    with pytest.raises(BadRecipe, match="too rare"):
        fit(REFERENCE, Recipe(charts=CHARTS, estimator=Classical(), alpha=1e-7))


def test_a_rare_budget_is_followed_with_several_processes_of_each_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    chart: dict[str, Chart] = {"mewma": Mewma()}
    fits = Fits.drawn(50, 2)
    many = followed(chart, fits, 5e-3, 1)
    monkeypatch.setattr("spc.phase1.chains._NUMBERS", 1.0)  # as if runs were so long that few can be afforded
    few = followed(chart, fits, 5e-3, 1)
    assert (few.fits, few.each) == (300, 4)
    at = few.limit_at("mewma")
    assert at(5e-3) == pytest.approx(many.limit_at("mewma")(5e-3), rel=0.06)
    assert at(0.02) < at(0.01) < at(5e-3)
    assert many.rate({"mewma": at(5e-3)}) == pytest.approx(5e-3, rel=0.15)
