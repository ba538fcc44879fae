"""The covariance of a subgroup against the reference's: its formula, what changes nothing, rows that have no spread, rows from afar."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spc.charts import Dispersion
from spc.charts.contract import takes_together
from spc.errors import BadRecipe


@pytest.mark.parametrize("k, p", [(2, 1), (5, 4), (8, 3), (40, 12)])
def test_the_statistic_is_that_of_the_definition(k: int, p: int) -> None:
    rng = np.random.default_rng(k)
    lower = np.tril(rng.standard_normal((p, p)), -1) + 2.0 * np.eye(p)
    x = rng.standard_normal((k, p)) @ lower.T
    ratio = np.linalg.solve(lower @ lower.T, np.atleast_2d(np.cov(x.T)))  # in the variables' own units, with nothing whitened
    wanted = (k - 1) * (np.trace(ratio) - np.log(np.linalg.det(ratio)) - p)
    assert Dispersion().of(np.asarray(np.linalg.solve(lower, x.T).T, dtype=np.float64)) == pytest.approx(wanted, rel=1e-9)


def test_a_spread_twice_as_wide_and_one_half_as_wide_are_both_seen() -> None:
    z = np.random.default_rng(1).standard_normal((20, 2))
    z = np.linalg.solve(np.linalg.cholesky(np.cov(z.T)), z.T).T
    assert Dispersion().of(z) == pytest.approx(0.0, abs=1e-9)
    assert Dispersion().of(2.0 * z) == pytest.approx(19 * 2 * (4.0 - math.log(4.0) - 1.0), rel=1e-9)
    assert Dispersion().of(0.5 * z) == pytest.approx(19 * 2 * (0.25 - math.log(0.25) - 1.0), rel=1e-9)


@pytest.mark.parametrize("z", [np.ones((6, 2)), np.array([[0.0, 0.0]] * 5 + [[1e300, 0.0]]), np.arange(12.0).reshape(6, 2)])
def test_rows_that_are_all_alike_on_a_line_or_out_of_this_world_have_a_number(z: np.ndarray) -> None:
    value = Dispersion().of(z)
    assert math.isfinite(value)
    assert value > 100.0
    assert np.linalg.eigvalsh(Dispersion().covariance(z))[0] > 0.0


def test_no_more_rows_than_variables_have_no_covariance() -> None:
    with pytest.raises(ValueError, match="more rows"):
        Dispersion().of(np.zeros((3, 3)))


def test_single_rows_are_refused_in_words() -> None:
    assert takes_together(Dispersion())
    for ask in (lambda: Dispersion().step({}, np.zeros((1, 2))), lambda: Dispersion().lanes(3, 2)):
        with pytest.raises(BadRecipe, match="a single row has none"):
            ask()
