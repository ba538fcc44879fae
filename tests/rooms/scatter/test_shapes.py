"""What the estimators of shape do inside: scales, the reduction to the space of the rows, the order of the variables, complaints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spc.errors import BadRecipe, Degenerate
from spc.nouns import Floats
from spc.scatter import Classical, Componentwise, Hyperplane, LedoitWolf, ModifiedCholesky, Mrcd, Oas, Ogk, SuccessiveDifferences, scales
from spc.scatter.cholesky import ordered
from spc.scatter.componentwise import conditioned, consistent
from spc.scatter.guesses import wrapped
from spc.scatter.mrcd import standardised
from spc.scatter.ranks import unit_columns
from spc.scatter.regularised import chosen, intensity, spanned


def chained(n: int, p: int, near: float = 0.7, seed: int = 0) -> tuple[Floats, Floats]:
    """Rows whose variables form a chain, correlation near^|i − j|, and the truth."""
    truth = near ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    return np.random.default_rng([seed, n, p]).standard_normal((n, p)) @ np.linalg.cholesky(truth).T, truth


# ------------------------------------------------------------------------------------------------------------------ scales


@pytest.mark.parametrize("n", [7, 40, 301, 999, 2000])
@pytest.mark.parametrize("digits", [None, 1, 0])
def test_the_search_for_qn_finds_what_laying_out_all_pairs_finds(n: int, digits: int | None) -> None:
    y = np.sort(np.random.default_rng(n).standard_normal(n) * 3.0)
    y = y if digits is None else np.round(y, digits)
    pairs = np.sort(np.abs(np.subtract.outer(y, y))[np.triu_indices(n, 1)])
    for k in (1, len(pairs) // 4, len(pairs) // 2, len(pairs)):
        assert scales._searched(y, k) == pytest.approx(pairs[k - 1], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("kind", scales.SCALES)
def test_a_scale_is_that_of_the_normal_moves_with_the_unit_and_not_with_the_zero(kind: scales.Kind) -> None:
    y = np.random.default_rng(1).standard_normal((3, 20000))
    center, scale = scales.SCALES[kind](y)
    assert scale == pytest.approx(np.ones(3), abs=0.03)
    moved_center, moved = scales.SCALES[kind](100.0 - 1e-3 * y)
    assert moved == pytest.approx(1e-3 * scale, rel=1e-9)
    assert moved_center == pytest.approx(100.0 - 1e-3 * center, rel=1e-12)


@pytest.mark.parametrize("kind", scales.SCALES)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_scale_of_very_few_values_is_a_number(kind: scales.Kind, n: int) -> None:
    assert np.isfinite(scales.SCALES[kind](np.arange(float(n)))[1])
    assert scales.SCALES[kind](np.full(n, 3.5))[1] == 0.0


# -------------------------------------------------------------------------------------------------------------------- MRCD


def test_more_variables_than_rows_are_searched_in_the_space_of_the_rows_with_the_same_result() -> None:
    x, _ = chained(20, 45)
    z = standardised(x)[0]
    w = spanned(z)
    assert w.shape == (20, 19)
    assert np.linalg.norm(w[:, None] - w[None], axis=2) == pytest.approx(np.linalg.norm(z[:, None] - z[None], axis=2), rel=1e-9)
    found = chosen(z, [np.arange(15)], 0.2, 1.3)
    centred = z[found.rows] - z[found.rows].mean(axis=0)
    whole = 0.2 * np.eye(45) + 0.8 * 1.3 * centred.T @ centred / 15
    assert found.objective == pytest.approx(np.linalg.slogdet(whole)[1], rel=1e-10)


@pytest.mark.parametrize("n, p", [(30, 60), (60, 40), (40, 3)])
def test_the_target_is_given_as_much_as_the_condition_number_asks(n: int, p: int) -> None:
    z = standardised(chained(n, p, 0.95)[0])[0]
    rows = np.arange(n // 2)
    rho, starts = intensity(z, [rows], 1.2, 50.0)
    assert [start.tolist() for start in starts] == [rows.tolist()]
    scatter = rho * np.eye(p) + (1.0 - rho) * 1.2 * np.atleast_2d(np.cov(z[rows].T))
    assert np.linalg.cond(scatter) == pytest.approx(50.0, rel=1e-6)


def test_c_steps_never_raise_the_objective_and_no_start_beats_the_answer() -> None:
    x, _ = chained(50, 30, seed=3)
    x[:10] += 5.0
    estimator = Mrcd(rho=0.1)
    best = estimator(x)
    assert best.objective is not None
    assert best.used is not None
    assert not best.used[:10].any()
    z = standardised(x)[0]
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows = np.sort(rng.permutation(np.arange(10, 50))[:38])
        centred = z[rows] - z[rows].mean(axis=0)
        plain = np.linalg.slogdet(0.1 * np.eye(30) + 0.9 * centred.T @ centred / 38)[1]
        assert chosen(z, [rows], 0.1, 1.0).objective <= plain + 1e-9


def test_with_many_rows_it_is_the_unregularised_estimate() -> None:
    x, truth = chained(2000, 4)
    assert Mrcd()(x).covariance == pytest.approx(truth, abs=0.15)
    assert Mrcd(h=1.0)(x).covariance == pytest.approx(Classical()(x).covariance, rel=1e-3, abs=1e-3)


# -------------------------------------------------------------------------------------------------- modified Cholesky and co.


def test_all_neighbours_make_the_sample_covariance() -> None:
    x, _ = chained(60, 5)
    everyone = ModifiedCholesky(neighbours=4)(x)
    precision = np.linalg.inv(everyone.covariance)
    sample = np.linalg.inv(np.cov(x.T))
    assert precision / np.sqrt(np.outer(np.diag(precision), np.diag(precision))) == pytest.approx(
        sample / np.sqrt(np.outer(np.diag(sample), np.diag(sample))), abs=0.03
    )  # but for the degrees of freedom of each regression
    alone = ModifiedCholesky(neighbours=0)(x)
    assert alone.covariance == pytest.approx(np.diag(np.var(x, axis=0, ddof=1)), rel=1e-9, abs=1e-9)


def test_a_shuffled_chain_is_found_and_one_neighbour_is_enough() -> None:
    x, truth = chained(60, 100)
    shuffled = np.random.default_rng(2).permutation(100)
    assert ModifiedCholesky().fitted_neighbours(x[:, shuffled]) == 1
    order, before = ordered(unit_columns(x[:, shuffled]))
    steps = [abs(shuffled[order[i]] - shuffled[order[before[i][0]]]) for i in range(1, 100)]
    assert np.mean(np.array(steps) == 1) > 0.9
    mine = ModifiedCholesky()(x[:, shuffled]).covariance
    wide = LedoitWolf()(x[:, shuffled]).covariance
    true = truth[np.ix_(shuffled, shuffled)]
    assert np.linalg.norm(mine - true) < 0.7 * np.linalg.norm(wide - true)


def test_shrinkage_is_nearer_the_truth_than_the_sample_covariance() -> None:
    for estimator in (LedoitWolf(), Oas()):
        lost = np.zeros(2)
        for seed in range(20):
            x, truth = chained(15, 10, 0.3, seed)
            lost += [np.sum((estimator(x).covariance - truth) ** 2), np.sum((np.cov(x.T) - truth) ** 2)]
        assert lost[0] < 0.6 * lost[1]


def test_a_step_of_the_mean_does_not_swell_successive_differences() -> None:
    x, truth = chained(400, 2)
    x[200:] += 10.0
    assert SuccessiveDifferences()(x).covariance == pytest.approx(truth, abs=0.4)
    assert Classical()(x).covariance.min() > 20.0


def test_correlations_of_wrapped_values_are_made_right_at_the_normal() -> None:
    for r in (-0.9, -0.3, 0.0, 0.5, 0.95):
        x = np.random.default_rng(5).standard_normal((200_000, 2)) @ np.linalg.cholesky(np.array([[1.0, r], [r, 1.0]])).T
        y = unit_columns(wrapped(x))
        assert consistent(y.T @ y)[0, 1] == pytest.approx(r, abs=0.006)


def test_a_correlation_matrix_that_is_none_is_drawn_to_the_identity() -> None:
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    assert np.linalg.eigvalsh(impossible)[0] < 0
    made = conditioned(impossible, 1000.0)
    assert np.linalg.cond(made) == pytest.approx(1000.0, rel=1e-6)
    assert np.diag(made) == pytest.approx(np.ones(3))
    fine = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert np.array_equal(conditioned(fine, 1000.0), fine)


# -------------------------------------------------------------------------------------------------------------- complaints


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Mrcd(h=0.3),
        lambda: Mrcd(rho=1.0),
        lambda: Mrcd(maxcond=1.0),
        lambda: Mrcd(target="ones"),  # type: ignore[arg-type]
        lambda: Ogk(scale="sd"),  # type: ignore[arg-type]
        lambda: Componentwise(scale="sd"),  # type: ignore[arg-type]
        lambda: Componentwise(maxcond=0.5),
        lambda: ModifiedCholesky(neighbours=-1),
    ],
)
def test_a_number_out_of_its_range_is_a_bad_recipe(wrong: Any) -> None:
    with pytest.raises(BadRecipe) as told:
        wrong()
    assert told.value.cure


@pytest.mark.parametrize("estimator", [Ogk(), Mrcd(), Componentwise()], ids=repr)
def test_a_column_with_half_of_its_values_the_same_is_named_with_its_value_and_count(estimator: Any) -> None:
    x, _ = chained(40, 3)
    x[:25, 1] = 7.25
    with pytest.raises(Degenerate, match=r"x2 = 7\.25 in 25 of 40 rows"):
        estimator(x)


def test_ogk_tells_the_equation_that_half_of_the_rows_obey() -> None:
    x, _ = chained(40, 2)
    x[:30, 1] = x[:30, 0] + 3.0  # in the axes of the sum and the difference
    with pytest.raises(Hyperplane, match=r"1·x[12] [+-] 3 in 30 of 40 rows"):
        Ogk()(x)


def test_modified_cholesky_tells_the_equation_among_the_columns_concerned() -> None:
    x, _ = chained(50, 6)
    x[:, 4] = 2.0 * x[:, 1] + 5.0
    with pytest.raises(Hyperplane) as told:
        ModifiedCholesky()(x)
    assert sorted(told.value.columns()) == [1, 4]
    assert told.value.count == 50


def test_successive_differences_tell_the_equation_of_the_rows_with_its_level() -> None:
    x, _ = chained(50, 2)
    with pytest.raises(Hyperplane, match="5 in 50 of 50 rows"):
        SuccessiveDifferences()(np.column_stack([x, x[:, 0] + 5.0]))
