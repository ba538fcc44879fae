"""The estimators that the reference page offers, and which one a table asks for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from spc.nouns import Column, Dialect, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import ESTIMATORS, Classical
from spc.ui.pages.reference import estimators, fitting
from spc.ui.pages.reference.estimators import AS_BEFORE, OFFERS, Suggestion, suggested


def normal(n: int, p: int) -> Floats:
    return np.random.default_rng(1).standard_normal((n, p))


def gappy(n: int, p: int, rows: int) -> Floats:
    x = normal(n, p)
    x[np.arange(rows), np.arange(rows) % p] = np.nan
    return x


def suggestion(x: Floats) -> Suggestion | None:
    return suggested(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"))


def model(**recipe: Any) -> Model:
    made = fit(Reference(Rows.of(normal(30, 2)), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical())).model
    return dataclasses.replace(made, recipe=recipe) if recipe else made


def test_every_estimator_is_offered_and_makes_a_recipe() -> None:
    assert {one.asked["name"] for one in OFFERS.values()} == set(ESTIMATORS) - {"known"}
    for key, one in OFFERS.items():
        made = Recipe.from_dict(fitting.asked(key, "0.0027", None)).estimator
        assert made.name == one.asked["name"]
        assert len(one.words) <= 45
        assert len(one.help) <= 260
    assert next(iter(OFFERS)) == "mcd"


@pytest.mark.parametrize(
    "x, key, words",
    [
        (normal(60, 3), None, ""),
        (normal(7, 3), None, ""),
        (normal(20, 20), "mrcd", "20 rows of 20 variables are too few for MCD, which needs 41"),
        (normal(6, 3), "mrcd", "which needs 7"),
        (normal(4, 3), None, ""),  # nothing robust does with four rows
        (gappy(100, 4, 20), None, ""),
        (gappy(100, 4, 21), "cellwise", "21 of 100 rows have gaps"),
        (gappy(18, 4, 10), "mrcd", "8 complete rows of 4 variables"),  # too few rows for single values
        (np.full((30, 2), np.nan), None, ""),
    ],
)
def test_a_table_asks_for_what_fits_it(x: Floats, key: str | None, words: str) -> None:
    found = suggestion(x)
    assert (found.key if found else None) == key
    assert words in (found.why if found else "")


def test_a_column_that_is_nearly_empty_does_not_ask_for_cellwise() -> None:
    x = normal(100, 4)
    x[10:, 3] = np.nan
    assert suggestion(x) is None or suggestion(x).key != "cellwise"  # type: ignore[union-attr]


def test_what_is_asked_for_is_counted_without_excluded_rows_and_ignored_columns() -> None:
    x = np.column_stack([normal(30, 4), np.full((30, 1), np.nan)])
    table = Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0")
    assert suggested(table, ignored=["x5"]) is None
    found = suggested(table, range(1, 24), ["x5"])
    assert found is not None
    assert found.why.startswith("7 rows of 4 variables")


def test_what_a_table_asks_for_is_chosen_before_the_first_fit_and_said_why() -> None:
    hint = suggestion(normal(20, 20))
    assert hint is not None
    assert estimators.of(None, hint)[0] == "mrcd"
    assert estimators.of(None)[0] == "mcd"
    assert "Chosen for this table: 20 rows" in str(fitting.helped("mrcd", hint))
    assert "This table asks for MRCD" in str(fitting.helped("mcd", hint))
    assert str(fitting.helped("classical", None)) == str([OFFERS["classical"].help])


def test_the_choice_shows_the_estimator_of_the_model() -> None:
    assert estimators.of(model())[0] == "classical"
    assert estimators.of(model(estimator={"name": "mcd", "h": 0.5, "seed": 0, "basin": "deterministic"}))[0] == "mcd50"
    assert estimators.of(model(estimator={"name": "mcd", "h": 0.6}))[0] == AS_BEFORE
    for key, one in OFFERS.items():
        asked = Recipe.from_dict({"estimator": dict(one.asked)}).to_dict()
        assert estimators.of(model(**asked))[0] == key
    other = dataclasses.replace(model(estimator={"name": "plant:Own"}), estimator="own")
    key, words = estimators.of(other)
    assert (key, words[key]) == (AS_BEFORE, "Robust, OWN, as before")


def test_a_refit_with_the_same_choice_keeps_all_that_the_model_was_asked() -> None:
    other = model(estimator={"name": "mcd", "h": 0.75, "seed": 4, "basin": "deterministic"})
    assert fitting.asked("mcd", "0.01", other)["estimator"] == other.recipe["estimator"]
    assert fitting.asked("mcd50", "0.01", other)["estimator"] == {"name": "mcd", "h": 0.5}


def labelled(*, subgroup: tuple[str, ...] = (), product: tuple[str, ...] = ()) -> Reference:
    rows = dataclasses.replace(Rows.of(normal(30, 2)), subgroup=subgroup, product=product)
    columns = (Column("lot", "subgroup"),) * bool(subgroup) + (Column("grade", "product"),) * bool(product)
    return Reference(rows, columns, Dialect("utf-8", ",", "."), (), "0", "t.csv")


def test_a_table_with_subgroups_can_be_judged_by_their_means() -> None:
    words = str(fitting.groups(None, labelled(subgroup=("a",) * 15 + ("b",) * 15)))
    assert "Means of lot" in words
    assert "hidden=False" in words
    assert "hidden=True" in str(fitting.groups(None, labelled()))
    assert fitting.asked("classical", "0.0027", None, "lot")["subgroup"] == "lot"
    before = model(estimator={"name": "classical"}, subgroup="lot")
    assert fitting.asked("classical", "0.0027", before)["subgroup"] == "lot"
    assert "subgroup" not in fitting.asked("classical", "0.0027", before, "")


def test_a_table_with_several_products_says_what_a_fit_of_all_means_and_what_to_do() -> None:
    (told,) = fitting.products(labelled(product=("A",) * 20 + ("B",) * 9 + ("",)))
    words = str(told)
    assert "2 products by grade: A (20 rows), B (9 rows)" in words
    assert "spc fit t.csv --product grade" in words
    assert fitting.products(labelled(product=("A",) * 30)) == []
    assert fitting.products(labelled()) == []
    assert fitting.products(None) == []
    assert "30 products by grade" in str(fitting.products(labelled(product=tuple(f"p{i}" for i in range(30)))))
