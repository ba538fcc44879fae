"""S and MM estimates: what they stand, what they cost, and what leaves them alone."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadRecipe, Degenerate, TooFewRows
from spc.nouns import Floats
from spc.scatter import Estimator, Mm, S, check
from spc.scatter.biweight import location_efficiency, shape_efficiency, tuned_to_breakdown, tuned_to_efficiency
from spc.scatter.mscale import Loss, squared_scale

BOTH: list[Estimator] = [S(), Mm()]


def normal(n: int, p: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((n, p))


@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
def test_the_contract_holds(estimator: Estimator) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
@pytest.mark.parametrize("n, p", [(100, 2), (200, 5), (400, 10)])
def test_forty_percent_in_a_far_cluster_have_no_say(estimator: Estimator, n: int, p: int) -> None:
    x = normal(n, p, 1)
    bad = int(0.4 * n)
    x[:bad] += 1e4  # nearer, the smallest determinant is that of a scatter stretched over both groups
    answer, clean = estimator(x), estimator(x[bad:])
    assert answer.used is not None
    assert not answer.used[:bad].any()
    assert answer.used[bad:].mean() > 0.9
    assert np.max(np.abs(answer.center)) < 0.5
    size = np.exp((answer.logdet - clean.logdet) / p)  # the bad rows' loss counts, so the scatter is larger, but bounded
    assert 1.0 < size < 8.0


@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
def test_a_share_above_the_breakdown_moves_it(estimator: Estimator) -> None:
    x = normal(100, 2, 2)
    x[:60] = 1e6 + x[:60]
    assert np.max(np.abs(estimator(x).center)) > 1e5


def test_bad_rows_without_limit_move_nothing_further() -> None:
    x = normal(100, 3, 3)
    answers = []
    for far in (1e4, 1e8):
        x[:30] = far * (1.0 + 0.01 * normal(30, 3, 4))
        answers.append(S()(x))
    assert answers[0].covariance == pytest.approx(answers[1].covariance, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
def test_units_from_a_billionth_to_a_billion_change_no_distance(estimator: Estimator) -> None:
    x = normal(80, 4, 5) @ np.array([[1.0, 0.9, 0.2, 0.0], [0.0, 0.5, 0.1, 0.3], [0.0, 0.0, 1.0, 0.4], [0.0, 0.0, 0.0, 0.2]])
    x[:10] += 6.0
    units, shift = np.array([1e-9, 1.0, 1e9, 1e3]), np.array([3e-9, -50.0, 1e10, 0.0])
    plain, scaled = estimator(x), estimator(x * units + shift)
    assert scaled.d2(x * units + shift) == pytest.approx(plain.d2(x), rel=1e-7)
    assert scaled.objective == pytest.approx(plain.objective + 2.0 * np.log(units).sum(), abs=1e-8)


@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
def test_a_mixture_of_dirty_columns_changes_no_distance(estimator: Estimator) -> None:
    x = normal(150, 5, 6)
    x[:50] = 4.0 + 0.1 * x[:50]
    mixture = normal(5, 5, 7)
    assert estimator(x @ mixture).d2(x @ mixture) == pytest.approx(estimator(x).d2(x), rel=1e-6)


def test_the_scale_of_the_answer_is_the_one_asked_for() -> None:
    x = normal(60, 3, 8)
    for share in (0.5, 0.25):
        answer = S(breakdown=share)(x)
        by = Loss(tuned_to_breakdown(3, share), share)
        assert answer.objective is not None
        d2 = answer.d2(x) * np.exp((answer.logdet - answer.objective) / 3)
        assert by.mean(d2) == pytest.approx(share, abs=1e-9)
        weights = by.weights(d2)[:, None] / by.weights(d2).sum()
        centred = x - answer.center
        assert np.sum(weights * centred, axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
        shape = (weights * centred).T @ centred
        assert shape / np.cbrt(np.linalg.det(shape)) == pytest.approx(
            answer.covariance / np.cbrt(np.linalg.det(answer.covariance)), abs=1e-8
        )


def test_mm_keeps_the_objective_of_s_and_lowers_its_own_loss() -> None:
    x = normal(70, 4, 9)
    first, second = S()(x), Mm()(x)
    assert second.objective == pytest.approx(first.objective, abs=1e-9)
    assert first.objective is not None
    by = Loss(tuned_to_efficiency(4, 0.95), 0.0)
    held = np.exp(first.objective / 4)
    losses = [by.mean(one.d2(x) * np.exp(one.logdet / 4) / held) for one in (first, second)]
    assert losses[1] < losses[0]


def test_half_of_the_rows_on_a_hyperplane_is_answered_with_its_equation() -> None:
    x = normal(100, 3, 10)
    x[:60, 2] = 2.0 * x[:60, 0] - 1.0
    for estimator in BOTH:
        with pytest.raises(Degenerate, match=r"x3 = 2·x1 - 1 in 60 of 100 rows|x1 = 0\.5·x3 \+ 0\.5 in 60 of 100 rows"):
            estimator(x)


def test_what_cannot_be_asked_is_said() -> None:
    with pytest.raises(TooFewRows, match="7 complete rows"):
        S()(normal(7, 4, 11))
    with pytest.raises(BadRecipe, match="breakdown"):
        S(breakdown=0.6)(normal(30, 2, 11))
    with pytest.raises(BadRecipe, match="efficiency"):
        Mm(efficiency=1.0)(normal(30, 2, 11))


def test_a_large_table_is_searched_by_a_sample_and_answered_from_all_rows() -> None:
    x = normal(4000, 4, 12)
    x[:1200] += 30.0
    answer = S()(x)
    assert answer.used is not None
    assert not answer.used[:1200].any()
    by = Loss(tuned_to_breakdown(4, 0.5), 0.5)
    assert answer.objective is not None
    assert by.mean(answer.d2(x) * np.exp((answer.logdet - answer.objective) / 4)) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("p", [1, 2, 5, 20])
def test_tuning_constants_attain_what_they_are_for(p: int) -> None:
    d2 = np.random.default_rng(13).chisquare(p, 400_000)
    c = tuned_to_breakdown(p, 0.5)
    assert Loss(c, 0.5).mean(d2) == pytest.approx(0.5, abs=0.003)
    assert squared_scale(d2[None], c, 0.5)[0] == pytest.approx(1.0, abs=0.01)
    wide = tuned_to_efficiency(p, 0.95)
    assert (location_efficiency if p == 1 else shape_efficiency)(p, wide) == pytest.approx(0.95, abs=1e-9)
    assert location_efficiency(p, wide) >= 0.949


@pytest.mark.statistics
@pytest.mark.parametrize("p", [2, 5])
def test_the_centre_of_mm_is_nearly_as_precise_as_the_mean(p: int) -> None:
    rng = np.random.default_rng(14)
    tables = [rng.standard_normal((100, p)) for _ in range(30)]
    mean = np.var([x.mean(axis=0) for x in tables])
    assert 0.9 <= mean / np.var([Mm()(x).center for x in tables]) < 1.1
    assert mean / np.var([S()(x).center for x in tables[:15]]) < 0.9


def test_small_clean_tables_always_have_an_answer() -> None:
    rng = np.random.default_rng(15)
    for _ in range(25):
        x = rng.standard_normal((10, 3))
        assert np.all(np.isfinite(Mm()(x).factor))


def on_average(estimator: Estimator, n: int, p: int, tables: int) -> tuple[float, float]:
    """The mean variance in the covariance of normal tables, the classical one as control variate, and its standard error."""
    rng = np.random.default_rng([n, p, 16])
    found = []
    for _ in range(tables):
        x = rng.standard_normal((n, p))
        found.append((np.var(x, axis=0, ddof=1).mean(), np.trace(estimator(x).covariance) / p))
    plain, ours = np.array(found).T
    ours = ours - np.cov(plain, ours)[0, 1] / np.var(plain) * (plain - 1.0)
    return float(ours.mean()), float(ours.std() / np.sqrt(tables))


@pytest.mark.statistics
@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
@pytest.mark.parametrize("n, p, tables", [(22, 5, 30), (60, 4, 25), (65, 20, 8)])
def test_the_covariance_of_clean_rows_is_right_on_average(estimator: Estimator, n: int, p: int, tables: int) -> None:
    mean, error = on_average(estimator, n, p, tables)
    assert error < 0.025
    assert mean == pytest.approx(1.0, abs=0.02 + 2.0 * error)


@pytest.mark.slow
@pytest.mark.statistics
@pytest.mark.parametrize("estimator", BOTH, ids=lambda one: one.name)
@pytest.mark.parametrize(
    "n, p, tables", [(20, 2, 600), (20, 4, 500), (30, 6, 250), (40, 10, 120), (100, 2, 150), (200, 15, 20), (1000, 2, 25)]
)
def test_the_covariance_of_clean_rows_is_right_on_average_for_many_sizes(estimator: Estimator, n: int, p: int, tables: int) -> None:
    mean, error = on_average(estimator, n, p, tables)
    assert error < 0.02
    assert mean == pytest.approx(1.0, abs=0.02 + 2.0 * error)
