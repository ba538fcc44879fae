"""From a reference to a model: guards, exclusions, missing values, laws, and complaints that name columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spc.errors import BadModel, BadRecipe, Degenerate, TooFewRows
from spc.nouns import Column, Dialect, Exclusion, Finding, Floats, Model, Reference, Rows
from spc.phase1 import Fit, Recipe, fit
from spc.phase2 import Monitor
from spc.scatter import Classical, Known, Mcd

RNG = np.random.default_rng(12)
MIX = np.array([[1.0, 0.8, 0.1], [0.0, 0.6, -0.3], [0.0, 0.0, 0.9]])
X = RNG.standard_normal((120, 3)) @ MIX * [0.05, 0.06, 1.2] + [160.0, 0.35, 35.0]
NAMES = ("length_mm", "warp_mm", "copper_um")


def fitted(x: Floats, names: tuple[str, ...] = NAMES, **asked: Any) -> Fit:
    recipe = Recipe(**{"estimator": Classical(), **asked})
    return fit(Reference(Rows.of(x, names), (), Dialect("utf-8", ",", "."), (), "0"), recipe)


def test_a_model_survives_json_to_the_last_bit() -> None:
    model = fitted(X).model
    again = Model.from_json(model.to_json())
    assert again.to_json() == model.to_json()
    assert again.scatter.d2(X).tobytes() == model.scatter.d2(X).tobytes()


def test_an_altered_model_is_refused() -> None:
    text = fitted(X).model.to_json()
    with pytest.raises(BadModel, match="changed after it was written"):
        Model.from_json(text.replace('"alpha": 0.0027', '"alpha": 0.01', 1))
    with pytest.raises(BadModel, match="version 99"):
        Model.from_json(text.replace('"version": 1', '"version": 99', 1))
    with pytest.raises(BadModel, match="not a model file"):
        Model.from_json("[1, 2")


def test_the_same_reference_and_recipe_give_the_same_digest_and_another_gives_another() -> None:
    assert fitted(X).model.digest == fitted(X.copy()).model.digest
    assert fitted(X).model.digest != fitted(X, alpha=0.01).model.digest
    moved = X.copy()
    moved[7, 1] += 1e-9
    assert fitted(X).model.digest != fitted(moved).model.digest


def test_a_constant_column_becomes_a_guard() -> None:
    model = fitted(np.column_stack([X, np.full(120, 23.5)]), (*NAMES, "fixture_C")).model
    assert model.names == NAMES
    assert [(g.name, g.level) for g in model.guards] == [("fixture_C", 23.5)]
    assert "fixture_C is 23.5 in all 120 rows" in model.findings[-1].text


def test_a_copy_in_other_units_becomes_a_guard_with_its_equation_and_limits_stay_finite() -> None:
    model = fitted(np.column_stack([X, X[:, 0] / 25.4 + 1.0]), (*NAMES, "length_inch")).model
    (guard,) = model.guards
    assert guard.name == "length_inch"
    assert dict(guard.slopes) == pytest.approx({"length_mm": 1 / 25.4}, rel=1e-6)
    assert guard.level == pytest.approx(1.0, rel=1e-4)
    assert model.new_limits["t2"][-1].value == pytest.approx(fitted(X).model.new_limits["t2"][-1].value)
    assert model.findings[-1].columns == ("length_inch", "length_mm")


def test_a_sum_of_columns_is_a_guard_too() -> None:
    model = fitted(np.column_stack([X, X @ [1.0, 2.0, 0.0] + 3.0]), (*NAMES, "total")).model
    assert dict(model.guards[0].slopes) == pytest.approx({"length_mm": 1.0, "warp_mm": 2.0}, rel=1e-5)


def test_a_varying_column_with_the_role_guard_must_stay_in_its_range() -> None:
    columns = tuple(Column(name, "guard" if name == "copper_um" else "measurement") for name in NAMES)
    reference = Reference(Rows.of(X, NAMES), columns, Dialect("utf-8", ",", "."), (), "0")
    model = fit(reference, Recipe(estimator=Classical())).model
    assert model.names == ("length_mm", "warp_mm")
    (guard,) = model.guards
    low, high = float(X[:, 2].min()), float(X[:, 2].max())
    rows = np.array([[160.0, 0.35, value] for value in (low, high, low - 0.01, high + 0.01)])
    assert Monitor(model).judge(Rows.of(rows, NAMES)).tracks["guard"].out.tolist() == [False, False, True, True]
    assert guard.name == "copper_um"


def test_what_the_inspection_said_of_a_guard_is_not_said_again() -> None:
    told = Finding("constant", "amber", "fixture_C is constant", "", ("fixture_C",))
    names = (*NAMES, "fixture_C")
    reference = Reference(Rows.of(np.column_stack([X, np.full(120, 23.5)]), names), (), Dialect("utf-8", ",", "."), (told,), "0")
    assert fit(reference, Recipe(estimator=Classical())).model.findings == (told,)


def test_rows_with_a_missing_value_are_not_fitted_but_judged() -> None:
    x = X.copy()
    x[4, 1] = np.nan
    found = fitted(x)
    assert found.model.n == 119
    assert [(e.row, e.reason) for e in found.model.excluded] == [(5, "missing warp_mm")]
    assert not found.review.fitted[4]
    assert np.isfinite(found.review.t2[4])
    assert found.review.ucl[4] == found.model.new_limits["t2"][1].value  # two variables observed


def test_excluded_rows_are_new_rows_with_their_reason_kept() -> None:
    found = fitted(X, exclusions=(Exclusion(3, "typing slip", "x10", "Ada"),))
    assert found.model.n == 119
    assert found.model.excluded == (Exclusion(3, "typing slip", "x10", "Ada"),)
    assert found.review.ucl[2] == found.model.new_limits["t2"][-1].value
    assert found.review.ucl[0] == found.model.reference_limits["t2"].value
    assert found.review.ucl[2] > found.review.ucl[0]


def test_more_than_a_tenth_excluded_is_a_finding() -> None:
    many = tuple(Exclusion(k, "start-up") for k in range(1, 15))
    assert any(f.kind == "excluded" and "12 %" in f.text for f in fitted(X, exclusions=many).model.findings)
    assert not any(f.kind == "excluded" for f in fitted(X, exclusions=many[:5]).model.findings)


@pytest.mark.parametrize(
    "asked, complaint, words",
    [
        ({"exclusions": (Exclusion(500, "x"),)}, BadRecipe, "rows 1 to 120"),
        ({"exclusions": (Exclusion(5, " "),)}, BadRecipe, "needs a reason"),
        ({"ignore": ("lenght_mm",)}, BadRecipe, "no such column"),
        ({"ignore": NAMES}, BadRecipe, "No column is left"),
        ({"limit": "chi2"}, BadRecipe, "known parameters"),
        ({"limit": "f", "estimator": Mcd()}, BadRecipe, "not for mcd"),
        ({"limit": "chi2", "estimator": Mcd()}, BadRecipe, "known parameters"),
        ({"limit": "exact"}, BadRecipe, "no limit called"),
        ({"alpha": 0.0}, BadRecipe, "not a probability"),
        ({"alpha": 27.0}, BadRecipe, "not a probability"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(asked: dict[str, Any], complaint: type[Exception], words: str) -> None:
    with pytest.raises(complaint, match=words):
        fitted(X, **asked)


def test_most_rows_on_a_hyperplane_is_answered_with_names_and_equation() -> None:
    x = X.copy()
    x[:100, 1] = 0.002 * x[:100, 0] + 0.1
    with pytest.raises(Degenerate, match=r"(warp_mm = 0\.002·length_mm|length_mm = 500·warp_mm).* in 100 of 120 rows"):
        fitted(x, estimator=Mcd())


def test_too_few_rows_says_how_many_would_do() -> None:
    with pytest.raises(TooFewRows, match=r"6 complete rows .* At least 7 are needed"):
        fitted(X[:6], estimator=Mcd())


def test_known_parameters_give_chi_squared_for_every_row() -> None:
    known = Known(center=(160.0, 0.35, 35.0), covariance=((0.0025, 0.0, 0.0), (0.0, 0.0036, 0.0), (0.0, 0.0, 1.44)))
    model = fitted(X, estimator=known).model
    assert model.new_limits["t2"][2].law == "χ²(3)"
    assert model.reference_limits["t2"].value == pytest.approx(14.1564, abs=1e-3)


def test_recipes_go_through_plain_words_and_unknown_words_are_refused() -> None:
    recipe = Recipe(estimator=Mcd(h=0.5), alpha=0.001, ignore=("a",), exclusions=(Exclusion(3, "slip"),))
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    with pytest.raises(BadRecipe, match="Did you mean 'mcd'"):
        Recipe.from_dict({"estimator": "mdc"})
    with pytest.raises(BadRecipe, match="Did you mean 'alpha'"):
        Recipe.from_dict({"alhpa": 0.1})
    with pytest.raises(BadRecipe, match="does not take"):
        Recipe.from_dict({"estimator": {"name": "mcd", "size": 3}})


def test_progress_is_reported_while_a_limit_is_simulated() -> None:
    told: list[float] = []
    x = np.random.default_rng(1).standard_normal((300, 1))
    recipe = Recipe(estimator=Mcd(h=0.9))  # not in the table
    fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), recipe, lambda share, words: told.append(share))
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert 0.0 < told[0] < 0.5
    assert len(told) >= 60
