"""How near an incident is to known causes: units and the order of columns change nothing, chance is held, the sign counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spc.blame.alike import CHANCE, Way, alike, by_chance, pooled, widest
from spc.nouns import Floats, Scatter


def way(direction: Floats, size: float, rows: int, rng: np.random.Generator) -> Way:
    """The mean of some rows that are shifted so."""
    unit = direction / np.linalg.norm(direction)
    mean = size * unit + rng.standard_normal(len(unit)) / np.sqrt(rows)
    return Way(mean, rows * float(mean @ mean))


@pytest.mark.parametrize("p", [2, 3, 6, 20])
def test_the_law_of_the_cosine_of_a_random_direction(p: int) -> None:
    rng = np.random.default_rng(p)
    z = rng.standard_normal((200_000, p))
    cosine = z[:, 0] / np.linalg.norm(z, axis=1)
    for limit in (-0.4, 0.1, 0.5, 0.8):
        assert by_chance(limit, p) == pytest.approx(np.mean(cosine > limit), abs=0.004)


@pytest.mark.parametrize("p", [3, 6, 20])
def test_random_incidents_look_like_none_as_often_as_was_promised(p: int) -> None:
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        known = [[way(rng.standard_normal(p), 5.0, 8, rng)] for _ in range(5)]
        hits += bool(alike(way(rng.standard_normal(p), 5.0, 8, rng), known))
    assert hits / 400 <= CHANCE + 0.03


@pytest.mark.parametrize("p", [4, 8, 20])
def test_the_same_fault_is_recognised_and_its_opposite_is_not(p: int) -> None:
    rng = np.random.default_rng(3)
    found, opposite = 0, 0
    for _ in range(200):
        truth = rng.standard_normal((4, p))
        known = [[way(one, 5.0, 6, rng)] for one in truth]
        nears = alike(way(truth[2], 4.0, 4, rng), known)
        found += bool(nears) and nears[0].place == 2
        opposite += any(near.place == 2 for near in alike(way(-truth[2], 4.0, 4, rng), known))
    assert found / 200 >= 0.85
    assert opposite == 0


def test_an_incident_whose_direction_is_hardly_known_is_mostly_not_named() -> None:
    rng = np.random.default_rng(5)
    truth = rng.standard_normal(10)
    known = [[way(truth, 6.0, 10, rng)]]
    named = [bool(alike(way(truth, 1.0, 2, rng), known)) for _ in range(200)]
    assert np.mean(named) < 0.4


def test_several_incidents_make_a_better_known_direction_and_unlike_ones_stay_apart() -> None:
    rng = np.random.default_rng(9)
    truth = rng.standard_normal(12)
    unit = truth / np.linalg.norm(truth)
    single, together = [], []
    for _ in range(100):
        cases = [way(truth, 6.0, 1, rng) for _ in range(8)]
        (one,) = pooled(cases)
        together.append(float(one.unit @ unit))
        single.append(float(cases[0].unit @ unit))
    assert np.mean(single) < 0.9
    assert np.mean(together) > 0.95
    other = way(rng.standard_normal(12), 9.0, 9, rng)
    assert len(pooled([way(truth, 5.0, 9, rng), other])) == 2


@given(seed=st.integers(0, 10_000), p=st.integers(2, 7))
def test_units_mixtures_and_the_order_of_columns_change_nothing(seed: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    factor = np.asarray(np.linalg.cholesky(np.cov(rng.standard_normal((p, 5 * p))) + 0.1 * np.eye(p)), dtype=np.float64)
    scatter = Scatter(rng.standard_normal(p), factor, 100)
    scale = 10.0 ** rng.uniform(-6, 6, p)
    order = rng.permutation(p)
    other_covariance = (scatter.covariance * np.outer(scale, scale))[np.ix_(order, order)]
    sd = np.sqrt(np.diag(other_covariance))
    other = Scatter((scatter.center * scale)[order], np.linalg.cholesky(other_covariance / np.outer(sd, sd)) * sd[:, None], 100)
    shifts = rng.standard_normal((4, p)) @ scatter.factor.T * 4.0
    shifts[1] = shifts[0] + 0.1 * shifts[1]

    def nears(one: Scatter, moved: Floats) -> list[tuple[int, float]]:
        z = one.whiten(one.center + moved)
        ways = [Way(row, 9.0 * float(row @ row)) for row in z]
        return [(near.place, round(near.similarity, 6)) for near in alike(ways[0], [[ways[1]], [ways[2]], [ways[3]]])]

    assert nears(scatter, shifts) == nears(other, (shifts * scale)[:, order])


def test_of_one_variable_the_sign_is_compared() -> None:
    higher, lower = Way(np.array([8.0]), 64.0), Way(np.array([-5.0]), 50.0)
    assert [near.place for near in alike(Way(np.array([9.0]), 81.0), [[lower], [higher]])] == [1]
    assert [near.place for near in alike(Way(np.array([-2.0]), 12.0), [[lower], [higher]])] == [0]
    assert alike(Way(np.array([9.0]), 81.0), [[lower]]) == []
    assert alike(Way(np.array([9.0]), 81.0), [[Way(np.array([8.0]), 64.0, spread=True)]]) == []


def wider(axis: Floats, size: float, rows: int, rng: np.random.Generator) -> Way:
    """Rows whose spread along an axis is `size` times the ordinary."""
    unit = axis / np.linalg.norm(axis)
    z = rng.standard_normal((rows, len(axis)))
    return widest(z + (size - 1.0) * (z @ unit)[:, None] * unit)


@pytest.mark.parametrize("p", [4, 8, 20])
def test_a_spread_along_the_same_axis_is_recognised_and_one_along_another_is_not(p: int) -> None:
    rng = np.random.default_rng(p)
    found, wrong = 0, 0
    for _ in range(150):
        truth = rng.standard_normal((4, p))
        known = [[wider(one, 5.0, 15, rng), wider(one, 4.0, 25, rng)] for one in truth[:3]]
        nears = alike(wider(truth[2], 4.0, 12, rng), known)
        found += bool(nears) and nears[0].place == 2
        wrong += bool(alike(wider(truth[3], 4.0, 12, rng), known))
    assert found / 150 >= 0.85
    assert wrong / 150 <= CHANCE + 0.05


def test_a_spread_is_never_like_a_level_and_a_cause_may_have_both() -> None:
    rng = np.random.default_rng(2)
    axis = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    spread, level = wider(axis, 5.0, 30, rng), Way(6.0 * axis, 100.0)
    assert alike(spread, [[level]]) == alike(level, [[spread]]) == []
    assert [near.place for near in alike(spread, [[level, wider(axis, 5.0, 30, rng)]])] == [0]
    assert [near.place for near in alike(level, [[level, wider(axis, 5.0, 30, rng)]])] == [0]
    assert [one.spread for one in pooled([spread, level, level])] == [False, True]
    turned = Way(-spread.shift, spread.t2, spread=True)
    (one,) = pooled([spread, turned])
    assert abs(float(one.unit @ spread.unit)) == pytest.approx(1.0)


@pytest.mark.parametrize("p, rows", [(3, 12), (8, 20), (20, 15)])
def test_how_well_an_axis_is_known_is_how_near_it_is_to_the_truth(p: int, rows: int) -> None:
    rng = np.random.default_rng(p)
    axis = np.eye(p)[0]
    ways = [wider(axis, 4.0, rows, rng) for _ in range(300)]
    assert np.mean([one.sure for one in ways]) == pytest.approx(np.mean([abs(one.unit[0]) for one in ways]), abs=0.03)
    same = [bool(alike(widest(2.0 * rng.standard_normal((rows, p))), [[widest(2.0 * rng.standard_normal((rows, p)))]])) for _ in range(200)]
    assert np.mean(same) <= CHANCE + 0.03  # all wider alike have no axis in common
