"""Recipes that ask for a guarantee or an overall rate: the limits of the model, the words of the recipe, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spc.errors import BadRecipe
from spc.limits import ReferenceRow
from spc.phase1 import Recipe, fit
from spc.phase1.guarantee import Guarantee, with_guarantee
from spc.phase1.laws import Larger, law
from spc.reference import read
from spc.scatter import Classical, Known, Mcd

TABLE = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards" / "phase1_reference.csv"
ASIDE = ("thickness_mm", "hole_pitch_mm", "warp_mm", "copper_um")  # two variables are quicker


def test_a_model_with_a_guarantee_has_larger_limits_for_new_rows_only() -> None:
    reference, plain = read(TABLE), Recipe(estimator=Classical(), limit="f", ignore=ASIDE)
    usual, sure = fit(reference, plain).model, fit(reference, replace(plain, guarantee=0.9)).model
    pairs = list(zip(usual.new_limits["t2"], sure.new_limits["t2"], strict=True))
    assert all(1.02 * one.value < other.value < 1.2 * one.value for one, other in pairs)
    assert sure.new_limits["t2"][-1].law.startswith("at most 0.27 % with 90 % confidence for this very reference")
    assert sure.reference_limits == usual.reference_limits
    at_limit = np.interp(0.0027, *zip(*sorted(sure.tails["t2"]), strict=True))
    assert at_limit == pytest.approx(sure.new_limits["t2"][-1].value, rel=1e-4)


def test_a_model_with_an_overall_rate_calls_fewer_reference_rows_outliers() -> None:
    reference, plain = read(TABLE), Recipe(estimator=Classical(), limit="f", ignore=ASIDE)
    model = fit(reference, replace(plain, overall=0.01)).model
    own, n, p = model.reference_limits["t2"], model.n, model.p
    assert own.value == pytest.approx(ReferenceRow(n, p).limit(1.0 - 0.99 ** (1.0 / n)).value, rel=0.03)
    assert own.law.startswith(f"the largest of {n} reference rows is beyond it in 1 % of clean references")
    assert model.new_limits == fit(reference, plain).model.new_limits


def test_the_words_go_into_the_recipe_and_back_only_when_said() -> None:
    assert {"guarantee", "overall"}.isdisjoint(Recipe().to_dict())
    asked = Recipe(guarantee=0.95, overall=0.05)
    assert Recipe.from_dict(asked.to_dict()) == asked


@pytest.mark.parametrize("words", [{"guarantee": 1.0}, {"guarantee": 0.9, "subgroup": "lot"}, {"overall": 0.0}, {"guarantee": "much"}])
def test_what_cannot_be_promised_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(BadRecipe):
        Recipe.from_dict(words)


def test_known_parameters_need_no_guarantee() -> None:
    known = Known(center=(0.0,), covariance=((1.0,),))
    usual = law(known, "auto", 50, 1, 0.0027)
    assert with_guarantee(usual, 0.9, known, 50, 1) is usual


def test_a_guarantee_is_carried_to_many_rows() -> None:
    usual = law(Mcd(h=0.6), "auto", 9000, 2, 0.0027)
    assert isinstance(usual, Larger)
    sure = with_guarantee(usual, 0.9, Mcd(h=0.6), 9000, 2)
    assert isinstance(sure, Guarantee)
    ratio = sure.new_row(0.0027, 2).value / usual.new_row(0.0027, 2).value
    at_few = sure.sample.quantile(0.0027, 2) / usual.at.quantile(0.0027, 2)
    assert np.log(ratio) == pytest.approx(np.log(at_few) * np.sqrt(4000 / 9000), rel=1e-6)
    assert "carried to n = 9000" in sure.new_row(0.0027, 2).law
