"""Fits of rows that depend on the ones before: the coefficients, what is refused, what a person is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spc import blame
from spc.errors import BadRecipe, Degenerate, TooFewRows
from spc.limits import NewRow
from spc.limits.residual import NewResidual
from spc.nouns import Exclusion, Floats, Reference
from spc.phase1 import Fit, Recipe, fit
from spc.phase1.again import again
from spc.phase2 import Monitor, blamed, to_explain
from tests.series import MEAN, NAMES, A, reference, rows, turned, var

X = var(400, 1)


def fitted(asked: str, table: Reference | None = None, **more: Any) -> Fit:
    words = {"estimator": "classical", "dynamics": asked, **more}
    return fit(reference(X) if table is None else table, Recipe.from_dict(words))


def test_the_coefficients_of_a_classical_fit_are_those_of_least_squares() -> None:
    dynamics = fitted("residual").model.dynamics
    assert dynamics is not None
    assert dynamics.coefficients is not None
    design = np.column_stack([np.ones(399), X[:-1]])
    ols: Floats = np.linalg.lstsq(design, X[1:], rcond=None)[0]
    assert np.allclose(dynamics.coefficients, ols[1:].T, rtol=1e-8, atol=1e-10)
    charted = again(reference(X), fitted("residual").model).x
    left = X[1:] - design @ ols
    assert np.allclose(charted[1:] - charted[1:].mean(axis=0), left, rtol=1e-6, atol=1e-9)


def test_robust_coefficients_are_near_the_truth_where_bad_rows_ruin_least_squares() -> None:
    bad = X.copy()
    bad[::10] += np.array([0.0, 150.0, -1.5])
    robust, classical = (fitted("residual", reference(bad), estimator=one).model.dynamics for one in ("mcd", "classical"))
    assert robust is not None
    assert classical is not None
    scale = np.outer(1.0 / X.std(axis=0), X.std(axis=0))  # as if all columns had one unit
    assert robust.coefficients is not None
    assert classical.coefficients is not None
    wrong = [float(np.abs((one - A) * scale).max()) for one in (robust.coefficients, classical.coefficients)]
    assert wrong[0] < 0.15
    assert wrong[1] > 0.25
    assert np.abs(robust.center - MEAN).max() < 4.0


def test_residuals_have_no_memory_and_their_limit_allows_for_the_coefficients() -> None:
    found = fitted("residual")
    charted = again(reference(X), found.model).x[1:]
    alike = [np.corrcoef(charted[:-1, j], charted[1:, j])[0, 1] for j in range(3)]
    assert np.abs(alike).max() < 0.12
    assert np.abs([np.corrcoef(X[:-1, j], X[1:, j])[0, 1] for j in range(3)]).min() > 0.25
    limit = found.model.new_limits["t2"][-1]
    assert limit.value == NewResidual(399, 3, 3).limit(0.0027).value
    assert limit.value > NewRow(399, 3).limit(0.0027).value
    assert "residuals" in limit.law


def test_the_review_again_is_that_of_the_fit() -> None:
    holed = X.copy()
    holed[7, 1] = holed[100, :] = np.nan
    for asked in ("residual", "lagged 2"):
        found = fitted(asked, reference(holed), exclusions=[Exclusion(50, "typing slip").to_dict()])
        seen = again(reference(holed), found.model)
        assert np.array_equal(seen.review.t2, found.review.t2, equal_nan=True)
        assert np.array_equal(seen.review.ucl, found.review.ucl, equal_nan=True)
        assert np.array_equal(seen.review.fitted, found.review.fitted)


def test_every_row_that_took_no_part_says_why() -> None:
    holed = X.copy()
    holed[7, 1] = np.nan
    why = {
        asked: {one.row: one.reason for one in fitted(asked, reference(holed), exclusions=[{"row": 50, "reason": "slip"}]).model.excluded}
        for asked in ("residual", "lagged 2")
    }
    assert why["residual"] == {
        1: "1 complete row before it is needed",
        8: "missing temp",
        9: "a row before it took no part",
        50: "slip",
        51: "a row before it took no part",
    }
    assert set(why["lagged 2"]) == {1, 2, 8, 9, 10, 50, 51, 52}


def test_runs_in_a_reference_do_not_touch() -> None:
    table = reference(X)
    at = table.rows.at.copy()
    at[200:] += np.timedelta64(1, "D")
    apart = replace(table, rows=replace(table.rows, at=at))
    assert fitted("residual", apart).model.n == 398
    assert fitted("lagged 3", apart).model.n == 394


def test_units_follow_the_columns_into_the_past() -> None:
    assert fitted("lagged 1").model.units == ("l/min", "", "", "l/min", "", "")
    assert fitted("residual").model.units == ("l/min", "", "")


@pytest.mark.parametrize(
    "words, says",
    [
        ({"dynamics": "lagged 6"}, "no dynamics 'lagged 6'"),
        ({"dynamics": "var"}, "no dynamics 'var'"),
        ({"dynamics": "residual", "subgroup": "lot"}, "subgroups"),
        ({"dynamics": "lagged 1", "product": "kind"}, "several products"),
        ({"dynamics": "lagged 1", "guarantee": 0.9}, "guarantee"),
        ({"dynamics": "residual", "overall": 0.01}, "overall"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(words: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRecipe, match=says):
        Recipe.from_dict(words)


def test_a_recipe_comes_back_as_it_was() -> None:
    asked = Recipe(dynamics="lagged 4")
    assert Recipe.from_dict(asked.to_dict()) == asked
    assert "dynamics" not in Recipe().to_dict()


def test_columns_that_only_drift_are_refused_by_name() -> None:
    grows = var(300, 3)
    grows[:, 1] = 1.02 ** np.arange(300) + 0.01 * grows[:, 1]
    with pytest.raises(Degenerate, match="temp only drift") as told:
        fitted("residual", reference(grows))
    assert told.value.column == "temp"


def test_a_large_root_is_told_with_what_stays_in_sight() -> None:
    slow = var(3000, 4, np.diag([0.2, 0.985, 0.1]))
    (told,) = [one for one in fitted("residual", reference(slow)).model.findings if one.kind == "dynamics"]
    assert told.severity == "amber"
    assert told.columns == ("temp",)
    (calm,) = [one for one in fitted("residual").model.findings if one.kind == "dynamics"]
    assert calm.severity == "note"
    assert calm.columns[0] == "flow"


def test_an_equation_between_a_row_and_the_one_before_is_named() -> None:
    delay = var(300, 5)
    delay[1:, 2] = 2.0 * delay[:-1, 0] + 1.0
    with pytest.raises(Degenerate, match="row before"):
        fitted("lagged 1", reference(delay))


def test_too_few_rows_and_known_parameters_are_refused() -> None:
    with pytest.raises(TooFewRows, match="3 variables"):
        fitted("residual", reference(X[:8]))
    known = {"name": "known", "center": MEAN.tolist(), "covariance": np.eye(3).tolist()}
    with pytest.raises(BadRecipe, match="Known parameters"):
        fitted("lagged 1", estimator=known)


def test_charts_with_memory_are_for_residuals_or_a_limit_from_the_rows() -> None:
    with pytest.raises(BadRecipe, match="stands in 2 lagged rows"):
        fitted("lagged 1", charts=["t2", "mewma"], limit="f")
    limit = fitted("residual", charts=["t2", "mewma"], alpha=0.01).model.new_limits
    assert set(limit) == {"t2", "mewma"}


def test_the_sentence_says_what_the_row_before_implies() -> None:
    new = var(30, 6)
    new[20, 0] += 8.0
    monitor = Monitor(fitted("residual").model)
    block = rows(new)
    monitor.judge(block)
    told = to_explain(monitor, block, 20)
    assert told is not None

    assert "flow is" in blame.sentence(*told[:2])
    assert "sd above what the row before implies (" in blame.sentence(*told[:2])
    share = blamed(monitor, block).share[20]
    assert NAMES[int(np.argmax(share))] == "flow"
    past = Monitor(fitted("lagged 1").model)
    past.judge(block)
    told = to_explain(past, block, 21)
    assert told is not None
    assert "flow (1 row before) is" in blame.sentence(*told[:2])


def test_many_variables_and_few_rows_are_told_how_many_would_do() -> None:
    table = reference(var(30, 7, turned(8, 0.5), np.ones(8), np.zeros(8)), names=tuple("abcdefgh"))
    with pytest.raises(TooFewRows, match=r"dynamics of 8 variables.*At least 33"):
        fitted("residual", table, estimator="mcd")
