"""T², its limits and the classical scatter against R (stats::mahalanobis, the beta and F laws) on every open table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spc.limits import KnownParameters, NewRow, ReferenceRow
from spc.nouns import Dialect, Floats, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from spc.scatter import Classical

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def tables(shared: Path) -> dict[str, tuple[Floats, dict[str, Any]]]:
    folder = shared / "oracle"
    found = {}
    for path in sorted((folder / "expected").glob("*.classical.json")):
        expected = json.loads(path.read_text())
        if "d2" not in expected:
            continue  # subgroups
        name = expected["meta"]["data"]
        x = pd.read_csv(folder / "data" / f"{name}.csv")[expected["columns"]].to_numpy(float)
        assert x.shape == (expected["m"], expected["p"]), name
        found[name] = x, expected
    assert len(found) >= 20
    return found


def _model(x: Floats, recipe: Recipe) -> Any:
    return fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), recipe)


def test_judge_is_the_squared_distance_of_r(tables: dict[str, Any]) -> None:
    for name, (x, expected) in tables.items():
        found = _model(x, Recipe(estimator=Classical()))
        points = Monitor(found.model).judge(Rows.of(x))
        assert points.tracks["t2"].value == pytest.approx(expected["d2"], rel=1e-10), name
        assert found.review.t2 == pytest.approx(expected["d2"], rel=1e-10), name


def test_mean_covariance_and_determinant_are_those_of_r(tables: dict[str, Any]) -> None:
    for name, (x, expected) in tables.items():
        scatter = Classical()(x)
        assert scatter.center == pytest.approx(expected["mean"], rel=1e-12), name
        assert scatter.covariance == pytest.approx(np.array(expected["cov"]), rel=1e-9, abs=1e-13 * np.max(np.abs(expected["cov"]))), name
        assert scatter.logdet == pytest.approx(expected["logdet_cov"], abs=1e-8), name


def test_limits_are_those_of_r_at_every_alpha(tables: dict[str, Any]) -> None:
    compared = 0
    for name, (x, expected) in tables.items():
        n, p = x.shape
        for limits in expected["limits"].values():
            alpha = limits["alpha"]
            assert ReferenceRow(n, p).limit(alpha).value == pytest.approx(limits["phase1_beta"], rel=1e-10), name
            assert NewRow(n, p).limit(alpha).value == pytest.approx(limits["phase2_F"], rel=1e-10), name
            assert KnownParameters(p).limit(alpha).value == pytest.approx(limits["chi2"], rel=1e-10), name
            compared += 1
    assert compared >= 100


def test_a_fit_at_any_alpha_carries_these_limits(tables: dict[str, Any]) -> None:
    x, expected = tables["wood_x"]
    limits = expected["limits"]["alpha_0.0027"]
    model = _model(x, Recipe(estimator=Classical(), alpha=0.0027)).model
    assert model.new_limits["t2"][-1].value == pytest.approx(limits["phase2_F"], rel=1e-10)
    assert model.reference_limits["t2"].value == pytest.approx(limits["phase1_beta"], rel=1e-10)
