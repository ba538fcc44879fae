"""What a reference asks for, with the reason of each change; what a person chose stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spc.charts import T2, charts_of
from spc.nouns import Dialect, Exclusion, Floats, Reference, Rows
from spc.phase1 import Recipe, Recommendation, fit, recommend
from spc.scatter import Classical, Mcd, Ogk


def table(x: Floats) -> Reference:
    return Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0")


def recommended(x: Floats, **asked: Any) -> Recommendation:
    return recommend(table(x), Recipe(**asked))


def normal(n: int, p: int, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).standard_normal((n, p))


def walk(n: int, seed: int = 4) -> Floats:
    return np.cumsum(np.random.default_rng(seed).standard_normal(n))


def test_a_plain_table_asks_for_a_second_chart_only() -> None:
    found = recommended(normal(200, 3))
    assert found.recipe == Recipe(charts=charts_of({}, ("t2", "ewma_log_t2")))
    (one,) = found.reasons
    assert "within the same false alarms" in one.cure


def test_columns_that_only_drift_are_left_out_and_named() -> None:
    x = np.column_stack([normal(400, 2), walk(400), walk(400, 9)])
    found = recommended(x)
    assert found.recipe.ignore == ("x3", "x4")
    assert "x3, x4 only drift: for their levels 400 rows are worth" in found.reasons[0].text
    assert fit(table(x), replace(found.recipe, charts={"t2": T2()})).model.names == ("x1", "x2")


def test_a_slow_column_whose_level_the_rows_do_know_stays() -> None:
    slow = np.zeros(20_000)
    for i, e in enumerate(np.random.default_rng(5).standard_normal(20_000)):
        slow[i] = 0.95 * slow[i - 1] + e
    assert recommended(np.column_stack([normal(20_000, 1), slow])).recipe.ignore == ()
    assert recommended(np.column_stack([normal(300, 1), slow[:300]])).recipe.ignore == ("x2",)


def test_where_everything_drifts_nothing_is_left_out() -> None:
    assert recommended(np.column_stack([walk(400), walk(400, 9)])).recipe.ignore == ()


def test_a_column_with_one_value_in_half_of_the_rows_asks_for_the_classical_estimate() -> None:
    x = normal(200, 3)
    x[:, 2] = np.where(np.arange(200) % 5 < 3, 32.0, 31.0 + np.round(x[:, 2]))
    found = recommended(x)
    assert found.recipe.estimator == Classical()
    assert "x3 has the same value in half of the rows or more" in found.reasons[0].text
    assert recommended(x, estimator=Ogk()).recipe.estimator == Ogk()  # a person chose it


def test_excluded_rows_say_nothing_of_the_estimator() -> None:
    x = normal(100, 3)
    x[:60, 1] = 7.0
    out = tuple(Exclusion(row, "sensor") for row in range(1, 61))
    assert recommended(x, exclusions=out).recipe.estimator == Mcd()
    assert recommended(x).recipe.estimator == Classical()


@pytest.mark.parametrize(
    "asked",
    [
        {"alpha": 1e-6},
        {"guarantee": 0.9},
        {"overall": 0.01},
        {"ucl": 20.0},
        {"limit": "bootstrap"},
        {"charts": charts_of({}, ("t2", "mewma"))},
    ],
)
def test_no_chart_is_added_where_it_could_not_share_or_others_were_chosen(asked: dict[str, Any]) -> None:
    assert recommended(normal(200, 3), **asked).recipe == Recipe(**asked)


def test_few_rows_do_not_stand_for_what_a_moving_average_adds_up() -> None:
    assert set(recommended(normal(49, 5)).recipe.charts) == {"t2"}
    assert set(recommended(normal(80, 5)).recipe.charts) == {"t2", "ewma_log_t2"}


def test_asking_again_changes_nothing_more() -> None:
    x = np.column_stack([normal(400, 2), walk(400)])
    once = recommended(x).recipe
    again = recommend(table(x), once)
    assert again.recipe == once
    assert again.reasons == ()
