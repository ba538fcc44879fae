"""Whose doing a T² is, and the sentence about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f

from spc.blame import blame, explain, p_value, sentence, smallest_set
from spc.nouns import Dialect, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import Classical

RNG = np.random.default_rng(8)
X = RNG.standard_normal((300, 3)) @ np.linalg.cholesky([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]]).T * [0.05, 0.04, 0.06] + [
    160,
    100,
    0.35,
]
NAMES = ("length_mm", "width_mm", "warp_mm")


def model_of(x: Floats, names: tuple[str, ...] | None = None) -> Model:
    return fit(Reference(Rows.of(x, names), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical())).model


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of(X, NAMES)


def at(model: Model, *sigmas: float) -> Floats:
    return np.asarray(model.scatter.center + np.sqrt(np.diag(model.scatter.covariance)) * np.array(sigmas))


def test_a_variable_out_by_itself(model: Model) -> None:
    words = sentence(model, at(model, 0.1, 0.1, 6.4))
    assert words.startswith("warp_mm is 6.4 sd high (0.7")
    assert "usual 0.3" in words


def test_a_broken_relation_names_the_relation_and_calls_the_value_ordinary(model: Model) -> None:
    words = sentence(model, at(model, 2.0, -1.5, 0.0))
    assert words.startswith("length_mm and width_mm do not go together (length_mm 160.098, 2.0 sd high; width_mm ")
    assert words.endswith("each ordinary by itself): which of the two it is cannot be told.")


def test_a_direction_down(model: Model) -> None:
    assert "warp_mm is 5.0 sd low" in sentence(model, at(model, 0.0, 0.0, -5.0))


def test_a_missing_value_has_no_share_and_the_rest_sums(model: Model) -> None:
    x = at(model, 5.0, 0.0, 1.0)
    x[1] = np.nan
    found = explain(model, x)
    assert set(found.blame) == {"length_mm", "warp_mm"}
    assert sum(found.blame.values()) == pytest.approx(found.t2)
    assert found.ucl == model.new_limits["t2"][1].value
    assert sentence(model, np.full(3, np.nan)) == "No variable has a value."


def test_the_smallest_set_is_what_must_go_until_the_rest_is_inside(model: Model) -> None:
    assert smallest_set(model, at(model, 0.0, 0.0, 6.0)) == ("warp_mm",)
    assert smallest_set(model, at(model, 0.1, 0.1, 0.1)) == ()
    x = at(model, 7.0, 6.5, 6.0)
    gone = smallest_set(model, x)
    assert len(gone) >= 2
    for count in range(len(gone) + 1):  # inside only when all of them are gone
        rest = np.where(np.isin(NAMES, gone[:count]), np.nan, x)
        found = explain(model, rest)
        inside = bool(np.all(np.isnan(rest))) or found.t2 <= found.ucl
        assert inside == (count == len(gone))


def test_p_values_follow_the_law(model: Model) -> None:
    n, p = 300, 3
    factor = p * (n + 1) * (n - 1) / (n * (n - p))
    for value in (5.0, 10.0, 14.5, 30.0):
        assert p_value(model, value, 3) == pytest.approx(f.sf(value / factor, p, n - p), rel=0.06)
    assert p_value(model, 0.0, 3) == 1.0
    assert 0.0 < p_value(model, 1e4, 3) < 1e-7
    assert np.isnan(p_value(model, float("nan"), 0))


def test_conditional_terms_are_differences_of_t2(model: Model) -> None:
    x = at(model, 2.0, -1.0, 0.5)
    found = explain(model, x)
    whole = found.t2
    for j, name in enumerate(NAMES):
        rest = x.copy()
        rest[j] = np.nan
        without = explain(model, rest).t2
        (term,) = [t for t in found.terms if t.variable == name and t.given]
        assert term.value == pytest.approx(whole - without, rel=1e-9)
        n, k = 300, 2
        assert term.p_value == pytest.approx(f.sf(term.value / ((n + 1) * (n - 1) / (n * (n - k - 1))), 1, n - k - 1), rel=1e-9)


@pytest.mark.oracle
def test_shares_are_those_of_shapleyoutlier_on_every_open_table(shared: Path) -> None:
    folder, compared = shared / "oracle", 0
    for path in sorted((folder / "expected").glob("*.decomp.json")):
        expected = json.loads(path.read_text())
        if "shapley_classical" not in expected:
            continue
        name = expected["meta"]["data"]
        classical = json.loads((folder / "expected" / f"{name}.classical.json").read_text())
        x = pd.read_csv(folder / "data" / f"{name}.csv")[classical["columns"]].to_numpy(float)
        found = blame(model_of(x), x)
        want = np.array(expected["shapley_classical"]["phi"])
        assert found.share == pytest.approx(want, rel=1e-8, abs=1e-9 * np.max(np.abs(want))), name
        compared += 1
    assert compared >= 20
