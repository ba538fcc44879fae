"""Do limits of subgroups and of pooled products keep their promise? Simulated references of unequal sizes, exact tails for new points."""

from __future__ import annotations

import numpy as np
import pytest

from spc.limits.agreement import box_m, box_tail, trace, trace_tail
from spc.limits.exact import NewRow
from spc.limits.grouped import calibrate_subgroups
from spc.limits.pooled import PooledExact, calibrate_pooled
from spc.limits.quadratic import tail
from spc.limits.subgroups import NewRowPooled, NewSubgroup, ReferenceRowPooled, ReferenceSubgroup
from spc.nouns import Floats, Ints, Scatter
from spc.scatter import Classical, Mcd
from spc.scatter.within import group_centers, means, pooled, robust

pytestmark = pytest.mark.statistics
SIZES = (2, 3, 3, 4, 5, 5, 5, 6, 8, 9)
GROUP = np.repeat(np.arange(len(SIZES)), SIZES)
N, M, P = len(GROUP), len(SIZES), 3


def _asked(x: Floats, group: Ints) -> Scatter:
    return robust(Mcd(), x, group)


def real_alpha(found: list[Scatter], k: int, value: float) -> tuple[float, float]:
    """P(T² of the mean of k good new rows > value) and its standard error, averaged over fits to N(0, I)."""
    left, singular, _ = np.linalg.svd(np.array([one.factor for one in found]))
    shift = np.einsum("ka,kab->kb", np.array([one.center for one in found]), left)
    shares = tail(value, singular**-2.0, k * shift**2)
    return float(shares.mean()), float(shares.std() / np.sqrt(len(found)))


def own_t2(x: Floats, found: Scatter) -> Floats:
    return np.asarray(np.bincount(GROUP) * found.d2(means(x, GROUP)))


@pytest.mark.parametrize("k", [1, 2, 5, 9, 20])
def test_new_subgroups_of_any_size_alarm_as_promised(k: int) -> None:
    rng = np.random.default_rng(k)
    found = [pooled(rng.standard_normal((N, P)), GROUP) for _ in range(3000)]
    alpha, error = real_alpha(found, k, NewSubgroup(N, M, k, P).limit(0.0027).value)
    assert abs(alpha - 0.0027) < max(3.5 * error, 1e-4), alpha
    wrong, error = real_alpha(found, k, NewSubgroup(N, 1, k, P).limit(0.0027).value)  # as if the groups had cost no degrees of freedom
    assert wrong - 3.5 * error > 0.0027


def test_reference_subgroups_of_every_size_are_flagged_as_often_as_promised() -> None:
    rng = np.random.default_rng(1)
    limits = np.array([ReferenceSubgroup(N, M, k, P).limit(0.05).value for k in SIZES])
    out = np.array([own_t2(x, pooled(x, GROUP)) > limits for x in (rng.standard_normal((N, P)) for _ in range(6000))])
    assert np.all(np.abs(out.mean(axis=0) - 0.05) < 4.0 * np.sqrt(0.05 * 0.95 / 6000)), out.mean(axis=0)


def test_the_calibration_gives_back_the_exact_laws_for_classical_estimates() -> None:
    found = calibrate_subgroups(pooled, "classical", SIZES, P, fits=1500)
    assert found.bias == pytest.approx(1.0, abs=0.01)
    for k, q in ((1, 3), (5, 3), (9, 1), (20, 2)):
        assert found.new_subgroup(0.0027, k, q).value == pytest.approx(NewSubgroup(N, M, k, q).limit(0.0027).value, rel=0.01)
    assert found.reference_subgroup(0.01, 5).value == pytest.approx(ReferenceSubgroup(N, M, 5, P).limit(0.01).value, rel=0.02)
    pool = calibrate_pooled(lambda x, g: (means(x, g), pooled(x, g)), "classical", (20, 40), P, fits=300)
    exact = PooledExact((20, 40), P)
    for i in (0, 1):
        assert pool.new_row(i, 0.0027, 2).value == pytest.approx(exact.new_row(i, 0.0027, 2).value, rel=1e-6)
        assert pool.reference_row(i, 0.01).value == pytest.approx(exact.reference_row(i, 0.01).value, rel=0.04)


@pytest.mark.slow
def test_robust_limits_hold_for_unequal_sizes_and_the_scatter_is_unbiased() -> None:
    law = calibrate_subgroups(_asked, "mcd", SIZES * 2, P, fits=150)
    group = np.repeat(np.arange(2 * M), SIZES * 2)
    rng = np.random.default_rng(77)
    found = []
    for _ in range(150):
        one = _asked(rng.standard_normal((len(group), P)), group)
        found.append(Scatter(one.center, one.factor / np.sqrt(law.bias), one.n))
    for k in (2, 5, 9):
        alpha, error = real_alpha(found, k, law.new_subgroup(0.0027, k, P).value)
        assert abs(alpha - 0.0027) < 3.5 * np.hypot(error, 0.06 * 0.0027), (k, alpha)
    assert np.mean([np.trace(one.covariance) / P for one in found]) == pytest.approx(1.0, abs=0.03)


def test_a_limit_is_a_straight_line_in_the_size() -> None:
    law = calibrate_subgroups(_asked, "mcd", (5,) * 12, 2, fits=100)
    one, four, twelve = (law.new_subgroup(0.0027, k, 2).value for k in (1, 4, 12))
    assert one + (twelve - one) * 3 / 11 == pytest.approx(four, rel=1e-4)


def test_rows_of_a_pooled_product_alarm_as_promised() -> None:
    sizes, rng = (15, 40), np.random.default_rng(3)
    group = np.repeat([0, 1], sizes)
    limit = [NewRowPooled(55, 2, n, P).limit(0.01).value for n in sizes]
    own = [ReferenceRowPooled(55, 2, n, P).limit(0.01).value for n in sizes]
    tables = rng.standard_normal((3000, 55, P))
    center = np.array([means(x, group) for x in tables])
    factor = np.array([pooled(x, group).factor for x in tables])
    left, singular, _ = np.linalg.svd(factor)
    new_out = [tail(limit[i], singular**-2.0, np.einsum("ka,kab->kb", center[:, i], left) ** 2).mean() for i in (0, 1)]
    z = np.linalg.solve(factor, np.swapaxes(tables - center[:, group], 1, 2))
    own_out = [np.mean(np.sum(z[:, :, group == i] ** 2, axis=1) > own[i]) for i in (0, 1)]
    assert new_out == pytest.approx([0.01, 0.01], rel=0.05)
    assert own_out == pytest.approx([0.01, 0.01], rel=0.12)
    assert NewRow(40, P).limit(0.01).value > limit[1]  # what pooling buys


def test_box_and_the_trace_test_reject_as_often_as_they_say() -> None:
    rng, dof, n = np.random.default_rng(0), (19, 34, 59), (20, 35, 60)
    scatters, centers = [], []
    for _ in range(1500):
        found = [Classical()(rng.standard_normal((k, P))) for k in n]
        scatters.append(box_tail(box_m(found, dof), P, dof)[0])
        centers.append(trace_tail(trace(found, n, dof), P, 3, sum(dof))[0])
    assert 0.033 < np.mean(np.array(scatters) < 0.05) < 0.067
    assert 0.033 < np.mean(np.array(centers) < 0.05) < 0.067


def test_robust_centres_of_groups_are_unbiased_and_stand_one_bad_row() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(40), 5)
    x = rng.standard_normal((200, 2))
    clean = group_centers(x, group, Scatter(np.zeros(2), np.eye(2), 200))
    x[::5] += 1000.0
    moved = group_centers(x, group, Scatter(np.zeros(2), np.eye(2), 200))
    assert np.max(np.abs(moved - clean)) < 2.0
