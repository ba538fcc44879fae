"""Which limit "auto" takes, that it says why, and that a person can have another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spc.charts import charts_of
from spc.errors import BadRecipe
from spc.nouns import Dialect, Finding, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase1.own import breaks
from spc.scatter import Classical


def model(x: Floats, **asked: Any) -> Model:
    recipe = Recipe(**{"estimator": Classical(), "alpha": 0.01, **asked})
    return fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), recipe).model


def told(found: Model) -> list[Finding]:
    return [one for one in found.findings if one.kind.startswith("limit")]


def normal(n: int, p: int = 4, seed: int = 5) -> Floats:
    return np.random.default_rng(seed).standard_normal((n, p))


def heavy(n: int) -> Floats:
    return normal(n) / np.sqrt(np.random.default_rng(6).chisquare(4, (n, 1)) / 4)


def alike(n: int, phi: float) -> Floats:
    x = normal(n)
    for i in range(1, n):
        x[i] = phi * x[i - 1] + np.sqrt(1 - phi**2) * x[i]
    return x


def test_normal_independent_rows_keep_the_exact_law_without_a_word() -> None:
    found = model(normal(800))
    assert "F(4, 796)" in found.new_limits["t2"][-1].law
    assert not told(found)


def test_heavy_tails_take_the_limit_from_the_rows_and_say_why() -> None:
    found = model(heavy(1500))
    (one,) = told(found)
    assert "cross-fit" in found.new_limits["t2"][-1].law
    assert "standard error" in found.new_limits["t2"][-1].law
    assert one.severity == "note"
    assert "not normal" in one.text
    assert found.new_limits["t2"][-1].value > 1.2 * model(heavy(1500), limit="f").new_limits["t2"][-1].value


def test_alike_neighbours_take_it_from_the_rows_too() -> None:
    found = model(alike(6000, 0.98), alpha=0.05)
    assert "cross-fit" in found.new_limits["t2"][-1].law
    assert "neighbouring rows are alike" in told(found)[0].text


def test_a_reference_too_short_for_that_keeps_the_law_and_says_how_many_rows_would_do() -> None:
    found = model(heavy(200))
    (one,) = told(found)
    assert "F(4, 196)" in found.new_limits["t2"][-1].law
    assert one.severity == "amber"
    assert "The 200 rows are too few for a limit of their own; 2" in one.text


def test_a_limit_of_its_own_from_few_rows_is_better_than_a_law_that_is_wrong_by_more_than_its_noise() -> None:
    found = model(alike(400, 0.9), alpha=0.0027)
    assert "cross-fit" in found.new_limits["t2"][-1].law
    assert "400 rows are few for that; " in told(found)[0].text


def test_charts_with_memory_add_up_what_neighbours_share() -> None:
    x = alike(1000, 0.25)
    alone, beside = model(x), model(x, charts=charts_of({}, ("t2", "mewma")))
    assert "F(4, 996)" in alone.new_limits["t2"][-1].law
    assert not told(alone)
    assert "cross-fit" in beside.new_limits["mewma"][-1].law
    assert "MEWMA adds up what neighbouring rows share" in told(beside)[0].text
    assert "cross-fit" not in model(normal(1000), charts=charts_of({}, ("t2", "mewma", "ewma_log_t2"))).new_limits["mewma"][-1].law


def test_spe_adds_nothing_up() -> None:
    beside = model(alike(1000, 0.25), charts=charts_of({}, ("t2", "spe")))
    assert "cross-fit" not in beside.new_limits["spe"][-1].law
    assert not told(beside)


@pytest.mark.parametrize("asked", [{"guarantee": 0.9}, {"overall": 0.05}])
def test_a_guarantee_or_an_overall_rate_keeps_the_law_and_says_that_it_does_not_hold(asked: dict[str, float]) -> None:
    (one,) = told(model(heavy(1500), **asked))
    assert one.severity == "amber"
    assert "A guarantee or an overall rate rests on it" in one.text


def test_bad_rows_in_a_normal_reference_do_not_change_the_law() -> None:
    x = normal(1000)
    x[::10] += [5.0, -5.0, 0.0, 4.0]
    found = model(x, estimator=Recipe().estimator)
    assert found.new_limits["t2"][-1].law.startswith("calibrated")
    assert not told(found)


def test_a_cross_fit_limit_is_not_moved_by_a_tenth_of_bad_rows_and_names_them() -> None:
    x = normal(2000)
    clean = model(x, limit="crossfit", estimator=Recipe().estimator).new_limits["t2"][-1].value
    x[::10] += [9.0, -9.0, 0.0, 9.0]
    found = model(x, limit="crossfit", estimator=Recipe().estimator)
    assert found.new_limits["t2"][-1].value == pytest.approx(clean, rel=0.15)
    (one,) = (one for one in told(found) if one.kind == "limit_aside")
    assert set(one.rows) == set(range(1, 2001, 10))


@pytest.mark.parametrize("kind, word", [("crossfit", "cross-fit"), ("bootstrap", "bootstrap"), ("kde", "kernel")])
def test_each_kind_can_be_asked_for_and_is_close_to_the_exact_law_where_that_holds(kind: str, word: str) -> None:
    found = model(normal(2000), limit=kind)
    exact = model(normal(2000), limit="f")
    assert word in found.new_limits["t2"][-1].law
    for q in range(4):
        assert found.new_limits["t2"][q].value == pytest.approx(exact.new_limits["t2"][q].value, rel=0.15)
    assert found.reference_limits["t2"].value < found.new_limits["t2"][-1].value
    values = [value for _, value in found.tails["t2"]]
    assert values == sorted(values)


def test_asked_for_with_few_rows_it_warns_with_the_error_and_the_rows_that_would_do() -> None:
    (one,) = told(model(normal(150), limit="crossfit", alpha=0.0027))
    assert one.severity == "amber"
    assert "standard error" in one.text
    assert "rows would do" in one.cure


def test_few_rows_per_variable_are_said_to_be_few() -> None:
    found = model(normal(330, p=40), limit="crossfit", alpha=0.05)
    (one,) = told(found)
    assert one.kind == "limit_thin"
    assert "rows would do" in one.cure


def test_a_misspelt_kind_is_refused() -> None:
    with pytest.raises(BadRecipe, match="no limit called"):
        Recipe(limit="crosfit")


def test_a_leap_in_time_is_a_break() -> None:
    times = np.datetime64("2026-01-01", "us") + np.arange(100) * np.timedelta64(60, "s")
    times[40:] += np.timedelta64(1, "D")
    times[70:] -= np.timedelta64(3, "D")
    assert breaks(times) == (40, 70)
    assert breaks(np.full(5, np.datetime64("NaT", "us"))) == ()


def test_too_few_rows_that_are_alike_may_be_judged_by_what_the_row_before_does_not_imply() -> None:
    (one,) = told(model(alike(100, 0.6), alpha=0.0005))
    assert "neighbouring rows are alike" in one.text
    assert "dynamics 'residual'" in one.cure
    assert "dynamics" not in told(model(heavy(200)))[0].cure
