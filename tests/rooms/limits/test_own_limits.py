from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.errors import TooFewRows
from spc.limits.bootstrap import bootstrap
from spc.limits.crossfit import crossfit
from spc.limits.paretotail import ParetoTail, moments, rows_needed
from spc.limits.smooth import Smooth
from spc.nouns import Floats, Scatter
from spc.scatter import Classical

SAMPLES = st.tuples(st.integers(0, 10_000), st.integers(120, 3000), st.floats(-0.3, 0.5))


def pareto(seed: int, n: int, shape: float) -> Floats:
    u = np.random.default_rng(seed).random(n)
    return -np.log(u) if shape == 0 else (u**-shape - 1.0) / shape


@settings(max_examples=60, deadline=None)
@given(SAMPLES, st.floats(1e-3, 1e3), st.floats(-100.0, 100.0))
def test_units_and_shifts_of_the_values_carry_over_to_the_tail(sample: tuple[int, int, float], unit: float, shift: float) -> None:
    values = pareto(*sample)
    plain, other = ParetoTail.of(values), ParetoTail.of(unit * values + shift)
    for alpha in (0.3, 0.05, 0.001):
        assert other.quantile(alpha) == pytest.approx(unit * plain.quantile(alpha) + shift, rel=1e-6, abs=1e-7 * (abs(shift) + unit))
    assert other.shape == pytest.approx(plain.shape, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_a_smaller_alpha_never_has_a_smaller_limit_and_the_tail_undoes_the_quantile(sample: tuple[int, int, float]) -> None:
    tail = ParetoTail.of(pareto(*sample))
    alphas = np.geomspace(0.9, 1e-7, 60)
    limits = np.array([tail.quantile(float(alpha)) for alpha in alphas])
    assert np.all(np.diff(limits) >= 0)
    for alpha in (0.05 * tail.share, 0.5 * tail.share):
        assert tail.tail(tail.quantile(alpha)) == pytest.approx(alpha, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_no_value_of_the_sample_lies_beyond_the_end_of_its_tail(sample: tuple[int, int, float]) -> None:
    tail = ParetoTail.of(pareto(*sample))
    if tail.shape < 0:
        assert tail.threshold - tail.scale / tail.shape >= tail.values[-1] * (1 - 1e-9)


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3])
def test_the_moments_find_the_parameters_of_a_generalised_pareto_sample(shape: float) -> None:
    found = np.array([moments(np.sort(3.0 * pareto(seed, 2000, shape))) for seed in range(50)])
    assert found.mean(axis=0) == pytest.approx([3.0, shape], abs=0.05)


def test_rows_beside_a_block_take_no_part_in_its_fit_and_rows_left_out_of_the_table_count() -> None:
    x = np.random.default_rng(2).normal(size=(100, 2))
    x[:, 0] = at = np.flatnonzero(np.arange(120) % 6 != 0)  # the first column is the row's place
    asked: list[Floats] = []

    def fitter(rows: Floats) -> Scatter:
        asked.append(rows[:, 0])
        return Classical()(rows)

    found = crossfit(x, fitter, gap=7, at=at)
    assert found.blocks == len(asked) == 10
    for k, rest in enumerate(asked):
        mine = at[found.where[found.block == k]]
        assert np.abs(rest[:, None] - mine).min() > 7
        others = np.setdiff1d(at, rest)
        assert np.all((others >= mine.min() - 7) & (others <= mine.max() + 7))


def test_no_block_crosses_a_break() -> None:
    x = np.random.default_rng(2).normal(size=(150, 2))
    found = crossfit(x, Classical(), breaks=(50,))
    assert not set(found.block[:50]) & set(found.block[50:])


def test_a_table_that_is_too_short_to_leave_a_block_out_is_refused() -> None:
    with pytest.raises(TooFewRows, match="leave out a block"):
        crossfit(np.random.default_rng(2).normal(size=(12, 4)), Classical(), gap=4)


def test_rows_with_a_gap_are_not_scored() -> None:
    x = np.random.default_rng(2).normal(size=(100, 2))
    x[7, 1] = np.nan
    found = crossfit(x, lambda rows: Classical()(rows[~np.isnan(rows).any(axis=1)]))
    assert len(found.t2) == 99
    assert 7 not in found.where


def test_fewer_rows_or_a_smaller_alpha_need_more() -> None:
    assert rows_needed(0.0027) > rows_needed(0.01) > rows_needed(0.05)
    assert rows_needed(0.01, worth=3.0) == pytest.approx(3 * rows_needed(0.01), abs=3)


def test_the_kernel_limit_is_the_point_its_own_tail_names() -> None:
    smooth = Smooth.of(np.random.default_rng(4).chisquare(5, 700))
    for alpha in (0.2, 0.01, 1e-4):
        assert smooth.tail(smooth.quantile(alpha)) == pytest.approx(alpha, rel=1e-6)


def test_the_same_seed_draws_the_same_bootstrap_and_another_one_another() -> None:
    x = np.random.default_rng(4).normal(size=(300, 3))
    one, again, other = (bootstrap(x, Classical(), length=4, replicates=5, seed=seed).quantile(0.01) for seed in (1, 1, 2))
    assert one == again != other
