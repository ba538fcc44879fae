"""The moving covariance: its formula, its bits, rows that are out of this world, weights that are too large, and run lengths for p = 1."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr

from spc.charts import Mewmc, check
from spc.charts.mewmc import packed, unpacked
from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.phase1.chains import Fits, followed


def by_definition(z: Floats, lam: float) -> list[float]:
    """tr C − log|C| − p, row after row, with a matrix at a time."""
    c, found = np.eye(z.shape[1]), []
    for row in z:
        c = (1.0 - lam) * c + lam * np.outer(row, row)
        found.append(float(np.trace(c) - np.linalg.slogdet(c)[1] - len(c)))
    return found


@pytest.mark.parametrize("p", [1, 2, 5, 8, 9, 23])
def test_the_statistic_is_that_of_the_definition(p: int) -> None:
    z = 1.3 * np.random.default_rng(p).standard_normal((120, p))
    chart = Mewmc()
    _, values = chart.step(chart.start(p), z)
    np.testing.assert_allclose(values, by_definition(z, chart.weight_for(p)), rtol=1e-11, atol=1e-12)
    assert not np.allclose(values, by_definition(z, 0.9 * chart.weight_for(p)), rtol=1e-3)


@pytest.mark.parametrize("p", [1, 2, 8, 9, 40])
def test_blocks_of_any_size_have_the_bits_of_single_rows_and_memory_goes_through_json(p: int) -> None:
    z = np.random.default_rng(p).standard_normal((150, p))
    chart = Mewmc()
    state, whole = chart.step(chart.start(p), z)
    piece, found = chart.start(p), []
    for first, last in ((0, 1), (1, 3), (3, 100), (100, 100), (100, 150)):
        piece, values = chart.step(json.loads(json.dumps(piece)), z[first:last])
        found += values.tolist()
    assert found == whole.tolist()
    assert piece == state
    check(Mewmc(lam=0.05))


def test_side_by_side_with_many_variables() -> None:
    rng, chart = np.random.default_rng(1), Mewmc()
    z = rng.standard_normal((30, 3, 12))
    advance = chart.lanes(3, 12)
    beside = np.array([advance(rows) for rows in z])
    for k in range(3):
        np.testing.assert_allclose(beside[:, k], chart.step(chart.start(12), z[:, k])[1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("p", [2, 12])
@pytest.mark.parametrize("far", [1e9, 1e60, 1e200])
def test_a_row_out_of_this_world_gives_a_large_number_and_is_forgotten(p: int, far: float) -> None:
    rng, chart = np.random.default_rng(3), Mewmc()
    z = rng.standard_normal((30, p))
    z[10] *= far
    state, values = chart.step(chart.start(p), z)
    assert np.isfinite(values).all()
    assert values[10] > 1e15
    assert (np.diff(values[10:]) < 0).all()
    json.dumps(state, allow_nan=False)
    single = chart.start(p)
    for row, value in zip(z, values, strict=True):
        single, one = chart.step(single, row[None])
        assert one[0] == value


def test_no_rows_no_change() -> None:
    state, values = Mewmc().step(Mewmc().start(3), np.empty((0, 3)))
    assert state == Mewmc().start(3)
    assert len(values) == 0


@pytest.mark.parametrize("lam", [0.0, -0.1, 1.1, math.nan])
def test_a_weight_that_is_none(lam: float) -> None:
    with pytest.raises(BadRecipe, match="MEWMC"):
        Mewmc(lam=lam)


def test_a_weight_that_leaves_too_few_rows_for_the_variables_is_refused_in_words() -> None:
    with pytest.raises(BadRecipe, match="remembers about 9 rows: too few for the covariance of 9 variables") as wrong:
        Mewmc(lam=0.2).start(9)
    assert "λ ≤ 0.1" in wrong.value.cure
    with pytest.raises(BadRecipe):
        Mewmc(lam=0.2).lanes(5, 9)
    assert Mewmc(lam=0.2).start(8)
    for p in range(1, 60):  # what it takes by itself is never refused, and rests on twice as many rows as variables
        lam = Mewmc().weight_for(p)
        assert (2.0 - lam) / lam >= 2 * p - 1e-9
        assert Mewmc(lam=lam).weight_for(p) == lam


def test_packing() -> None:
    c = np.array([[2.0, 0.5, 0.1], [0.5, 3.0, 0.2], [0.1, 0.2, 4.0]])
    assert packed(c).tolist() == [2.0, 0.5, 3.0, 0.1, 0.2, 4.0]
    assert unpacked(packed(c)).tolist() == c.tolist()


def run_of_squares(lam: float, limit: float, states: int = 600) -> float:
    """Mean run of an EWMA of squares of normal rows, from 1, until x − log x − 1 > limit: a Markov chain (Brook & Evans 1972)."""

    def over(x: float) -> float:
        return x - math.log(x) - 1.0 - limit

    low, high = brentq(over, 1e-300, 1.0), brentq(over, 1.0, 1e3)
    edges = np.linspace(low, high, states + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    root = np.sqrt(np.maximum(edges[None] - (1.0 - lam) * middle[:, None], 0.0) / lam)
    law = 2.0 * ndtr(root) - 1.0
    runs = np.linalg.solve(np.eye(states) - np.diff(law, axis=1), np.ones(states))
    begin = np.diff(2.0 * ndtr(np.sqrt(np.maximum(edges - (1.0 - lam), 0.0) / lam)) - 1.0)
    return float(1.0 + begin @ runs)


@pytest.mark.parametrize("lam", [0.1, 0.3])
def test_the_run_length_of_one_variable_is_that_of_a_moving_average_of_squares(lam: float) -> None:
    chains = followed({"mewmc": Mewmc(lam=lam)}, Fits.known(1), 1.0 / 200.0, 0)
    limit = brentq(lambda h: run_of_squares(lam, h) - 200.0, 0.05, 5.0, xtol=1e-4)
    error = chains.error({"mewmc": limit})
    assert chains.rate({"mewmc": limit}) == pytest.approx(1.0 / 200.0, rel=3.5 * error)
    assert chains.rate({"mewmc": 0.9 * limit}) > (1.0 + 3.5 * error) / 200.0
