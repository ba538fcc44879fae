"""A limit that is given: its alpha is that of the law that would have given it, and the limit stays as it was, to the bit."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spc.errors import BadRecipe
from spc.limits import KnownParameters, NewRow, calibrate
from spc.nouns import Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase1.given import RAREST, alpha_of
from spc.phase1.laws import ChiSquared, Exact, law
from spc.phase2.arithmetic import arithmetic_of_limit
from spc.reference import read
from spc.runlength.budget import Budget
from spc.scatter import Classical, Mcd


def table(n: int = 120, p: int = 3, seed: int = 1, **columns: str) -> Reference:
    x = np.random.default_rng(seed).standard_normal((n, p))
    names = [f"v{j}" for j in range(p)]
    lines = [",".join([*columns, *names])]
    for i, row in enumerate(x):
        told = {"time": f"2025-01-01T{i // 60:02d}:{i % 60:02d}:00Z", "lot": f"L{i // 4}"}
        lines.append(",".join([*(told[name] for name in columns), *(f"{v:.9f}" for v in row)]))
    roles: dict[str, Any] = dict(columns)
    return read("\n".join(lines).encode(), name="t.csv", roles=roles)


@pytest.mark.parametrize("alpha", [0.3, 0.01, 0.0027, 1e-6, 1e-11])
def test_the_exact_laws_are_turned_round_to_the_last_digits(alpha: float) -> None:
    assert alpha_of(Exact(50, 8), NewRow(50, 8).limit(alpha).value, 8) == pytest.approx(alpha, rel=1e-10)
    assert alpha_of(ChiSquared(4), KnownParameters(4).limit(alpha).value, 4) == pytest.approx(alpha, rel=1e-10)


@pytest.mark.parametrize("alpha", [0.2, 0.0027, 1e-4])
def test_a_table_is_turned_round(alpha: float) -> None:
    tabled = law(Mcd(h=0.75), "auto", 120, 4, alpha)
    assert alpha_of(tabled, tabled.new_row(alpha, 4).value, 4) == pytest.approx(alpha, rel=1e-8)


def test_a_simulation_is_turned_round() -> None:
    simulated = calibrate(Classical(), "classical", 60, 2)
    assert alpha_of(simulated, simulated.new_row(1e-4, 2).value, 2) == pytest.approx(1e-4, rel=1e-5)


@pytest.mark.parametrize("asked", [{"estimator": "classical"}, {"estimator": "mcd"}, {"estimator": "mcd", "limit": "crossfit"}])
def test_the_limit_is_as_given_and_alpha_gives_it_back(asked: dict[str, Any]) -> None:
    one = table(400)
    given = fit(one, Recipe.from_dict({**asked, "ucl": 13.7})).model
    assert given.new_limits["t2"][-1].value == 13.7
    assert given.alpha == given.new_limits["t2"][0].alpha == given.new_limits["t2"][-1].alpha
    again = fit(one, Recipe.from_dict({**asked, "alpha": given.alpha})).model
    assert again.new_limits["t2"][-1].value == pytest.approx(13.7, rel=1e-7)
    assert again.reference_limits["t2"].value == given.reference_limits["t2"].value
    assert fit(one, Recipe.from_dict(given.recipe)).model.digest == given.digest
    assert Model.from_json(given.to_json()).digest == given.digest


def test_the_means_of_subgroups_too() -> None:
    one = table(time="time", lot="subgroup")
    given = fit(one, Recipe.from_dict({"estimator": "classical", "subgroup": "lot", "ucl": 15.25}, one.rows.between(True))).model
    assert given.new_limits["t2"][-1].value == 15.25
    again = fit(one, Recipe.from_dict({"estimator": "classical", "subgroup": "lot", "alpha": given.alpha})).model
    assert again.new_limits["t2"][-1].value == pytest.approx(15.25, rel=1e-9)
    said = Budget.kept(given)
    assert (said.every, said.point) == (240.0, "subgroup")
    assert f"one in {1 / given.alpha:.0f} subgroups" in said.words


@pytest.mark.slow
def test_a_limit_beyond_the_table_is_simulated() -> None:
    rare = fit(table(60, 2), Recipe.from_dict({"ucl": 90.0})).model
    assert "simulated references" in rare.new_limits["t2"][-1].law
    assert RAREST < rare.alpha < 1e-6


def test_rates_are_told_in_time_and_under_the_rule_of_the_watch() -> None:
    one = table(time="time")
    model = fit(one, Recipe.from_dict({"estimator": "classical", "ucl": 13.0, "watch": "2 of 3"}, one.rows.interval)).model
    said = Budget.kept(model)
    assert (said.alpha, said.every, str(said.watch)) == (model.alpha, 60.0, "2 of 3")
    assert said.arl0 > 10 / model.alpha


def test_the_arithmetic_of_a_given_limit_is_that_of_its_alpha() -> None:
    for estimator in ("classical", {"name": "known", "center": [0, 0, 0], "covariance": np.eye(3).tolist()}):
        model = fit(table(), Recipe.from_dict({"estimator": estimator, "ucl": 14.5})).model
        shown = arithmetic_of_limit(model)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(shown.snippet, {})  # noqa: S102 - our own lines, which people are shown
        assert shown.value == model.alpha == pytest.approx(float(out.getvalue()), rel=1e-12)
        assert "α of the given" in shown.what


@pytest.mark.parametrize(
    "words, told",
    [
        ({"ucl": 14, "alpha": 0.01}, "ucl and alpha"),
        ({"ucl": 14, "budget": {"arl0": 370}}, "ucl and budget"),
        ({"ucl": "much"}, "'much'"),
        ({"ucl": -1}, "-1 is not a limit"),
        ({"ucl": 14, "charts": ["t2", "mewma"]}, "mewma"),
        ({"ucl": 14, "charts": {"t2": {"alpha": 0.01}}}, "chart t2"),
        ({"ucl": 14, "guarantee": 0.9}, "guarantee"),
        ({"ucl": 14, "product": "x", "pool": True}, "pooled"),
    ],
)
def test_what_a_given_limit_cannot_be_beside_is_refused(words: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRecipe) as wrong:
        Recipe.from_dict(words)
    assert told in str(wrong.value)
    assert wrong.value.cure


def test_a_limit_that_means_nothing_is_refused_with_those_that_do() -> None:
    for ucl, told in ((0.5, "of the good points"), (1e6, "less often")):
        with pytest.raises(BadRecipe, match=told) as wrong:
            fit(table(), Recipe(estimator=Classical(), ucl=ucl))
        assert "every second point" in (wrong.value.cure or "")


def test_the_time_between_subgroups_is_that_of_their_last_rows() -> None:
    one = table(time="time", lot="subgroup")
    assert (one.rows.between(False), one.rows.between(True)) == (60.0, 240.0)
    assert replace(one.rows, subgroup=()).between(True) == 60.0
    assert Rows.of(np.zeros((3, 1))).between(True) is None
