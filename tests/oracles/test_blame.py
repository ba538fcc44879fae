"""A T² taken apart against R: ShapleyOutlier, every Mason–Young–Tracy term by its own definition, Hawkins' and Runger's statistics, MSQC.

MSQC's values of T² on subsets are right; its limits and p-values for them are of another law and are not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f

from spc.blame import blame, explain
from spc.blame.sets import Rest
from spc.nouns import Dialect, Floats, Model, Reference, Rows, Scatter
from spc.phase1 import Recipe, fit
from spc.scatter import Classical

pytestmark = pytest.mark.oracle


def tables(shared: Path, key: str) -> Iterator[tuple[str, dict[str, Any], Floats]]:
    """The open tables whose file of decompositions has an entry: name, file, rows."""
    folder = shared / "oracle"
    for path in sorted((folder / "expected").glob("*.decomp.json")):
        expected = json.loads(path.read_text())
        if key in expected:
            name = expected["meta"]["data"]
            columns = json.loads((folder / "expected" / f"{name}.classical.json").read_text())["columns"]
            yield name, expected, pd.read_csv(folder / "data" / f"{name}.csv")[columns].to_numpy(float)


def model_of(x: Floats) -> Model:
    return fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model


def near(found: Any, wanted: Any, name: str) -> None:
    wanted = np.array(wanted, dtype=float)
    assert np.asarray(found) == pytest.approx(wanted, rel=1e-8, abs=1e-9 * max(1.0, float(np.max(np.abs(wanted))))), name


def test_shares_from_a_robust_scatter_are_those_of_shapleyoutlier(shared: Path) -> None:
    compared = 0
    for name, expected, x in tables(shared, "shapley_mcd_deterministic"):
        theirs = expected["shapley_mcd_deterministic"]
        cov = np.array(theirs["cov"])
        if np.linalg.cond(cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))) > 1e6:
            continue  # the file's 15 digits of the matrix do not determine ten of the shares
        scatter = Scatter(np.array(theirs["center"]), np.linalg.cholesky(cov), len(x))
        found = blame(replace(model_of(x), scatter=scatter), x)
        near(found.share, theirs["phi"], name)
        compared += 1
    assert compared >= 15


def test_distances_by_oneself_and_from_the_others(shared: Path) -> None:
    for name, expected, x in tables(shared, "hawkins_regression_adjusted_z"):
        found = blame(model_of(x), x)
        near(found.given, expected["hawkins_regression_adjusted_z"], name)
        near(found.given**2, expected["runger_d_i"], name)
        near(found.sigma**2, expected["univariate_t2"], name)


def test_every_term_given_any_others(shared: Path) -> None:
    """All subsets: the term of a variable given some others is what it takes away once all the rest have been set aside."""
    compared = 0
    for name, expected, x in tables(shared, "myt_classical"):
        scatter = model_of(x).scatter
        for row in expected["myt_classical"]:
            whole = Rest.of(scatter, x[row["obs"] - 1][None])
            for term in row["conditional_terms"]:
                j, known = term["var"] - 1, {k - 1 for k in term["given"]}
                rest = whole.all_without(tuple(k for k in range(scatter.p) if k != j and k not in known))
                near([rest.gains[j]], [term["t2"]], name)
                compared += 1
            for subset in row["unconditional_subsets"]:
                rest = whole.all_without(tuple(k for k in range(scatter.p) if k + 1 not in subset["vars"]))
                assert rest.d2 == pytest.approx(subset["t2"], rel=1e-8, abs=1e-8 * row["t2"]), name
    assert compared > 3000


def test_the_terms_that_are_shown_with_their_f_law(shared: Path) -> None:
    for name, expected, x in tables(shared, "myt_classical"):
        n, p = x.shape
        model = model_of(x)
        for row in expected["myt_classical"]:
            theirs = {(t["var"], len(t["given"])): t["t2"] for t in row["conditional_terms"] if len(t["given"]) in (0, p - 1)}
            for term in explain(model, x[row["obs"] - 1]).terms:
                k = len(term.given)
                near([term.value], [theirs[model.names.index(term.variable) + 1, k]], name)
                factor = (n + 1) * (n - 1) / (n * (n - k - 1))
                assert term.p_value == pytest.approx(f.sf(term.value / factor, 1, n - k - 1), rel=1e-7, abs=1e-300), name
                assert term.ucl == pytest.approx(factor * f.isf(model.alpha, 1, n - k - 1), rel=1e-7), name


def test_t2_of_subsets_is_that_of_msqc(shared: Path) -> None:
    compared = 0
    for name, _, x in tables(shared, "myt_classical"):
        path = shared / "oracle" / "expected" / f"{name}.peercharts.json"
        if not path.exists():
            continue
        chart = json.loads(path.read_text()).get("MSQC", {}).get("alpha_0.0027", {}).get("t2_phase1", {})
        scatter = model_of(x).scatter
        d2 = scatter.d2(x)
        for table in chart.get("decomposition") or []:
            full = table[-1][0]
            whole = Rest.of(scatter, x[int(np.argmin(np.abs(d2 - full)))][None])
            assert whole.d2 == pytest.approx(full, rel=1e-7), name
            for value, _, _, *variables in table:
                rest = whole.all_without(tuple(k for k in range(scatter.p) if k + 1 not in variables))
                assert rest.d2 == pytest.approx(value, rel=1e-6, abs=1e-8 * full), name
                compared += 1
    assert compared > 30
