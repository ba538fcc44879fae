"""How many bad rows or cells does each robust estimator stand? As many as theory says, and not more: the test must be able to fail.

A clean reference has variance about 1; an estimate has broken down when the covariance of the good rows, seen in its units, is blown up
or shrunk by more than a factor of 30, or its centre is more than 10 standard deviations away.
"""

from __future__ import annotations

import numpy as np
import pytest

from spc.nouns import Floats
from spc.scatter import Classical, Componentwise, Estimator, LedoitWolf, ModifiedCholesky, Mrcd, Oas, Ogk, SuccessiveDifferences

pytestmark = pytest.mark.statistics


def good_rows(n: int, p: int, seed: int = 1) -> Floats:
    rng = np.random.default_rng([seed, n, p])
    return rng.standard_normal((n, p)) @ np.linalg.cholesky(0.5 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))).T


def stands(estimator: Estimator, x: Floats) -> bool:
    """Whether the fit to x still describes rows of unit variances around 0."""
    scatter = estimator(x)
    variances = np.diag(scatter.covariance)
    values = np.linalg.eigvalsh(scatter.covariance)
    return bool(np.max(np.abs(scatter.center)) < 10 and variances.max() < 30 and variances.min() > 1 / 30 and values[-1] < 30 * scatter.p)


def with_a_cluster(share: float, far: float, n: int = 100, p: int = 5) -> Floats:
    x = good_rows(n, p)
    bad = round(share * n)
    x[:bad] = far * np.ones(p) + 0.1 * x[:bad]
    return x


@pytest.mark.parametrize("far", [100.0, 1e4, 1e8])
@pytest.mark.parametrize(
    "estimator, share",
    [(Ogk(), 0.4), (Ogk(scale="qn"), 0.4), (Ogk(scale="mad"), 0.4), (Mrcd(), 0.25), (Mrcd(h=0.5), 0.4), (Componentwise(), 0.4)],
    ids=repr,
)
def test_a_far_cluster_of_rows_is_left_out(estimator: Estimator, share: float, far: float) -> None:
    x = with_a_cluster(share, far)
    assert stands(estimator, x)
    if not isinstance(estimator, Componentwise):
        scatter = estimator(x)
        assert scatter.used is not None
        assert not scatter.used[: round(share * 100)].any()
        assert scatter.d2(x[: round(share * 100)]).min() > 100


def test_how_far_is_far_for_ogk() -> None:
    """Its pairwise scales are what a cluster has to be seen through: Qn is the sharper eye, tau the quicker one."""
    assert stands(Ogk(scale="qn"), with_a_cluster(0.4, 20.0))
    assert not stands(Ogk(scale="tau"), with_a_cluster(0.4, 20.0))
    assert stands(Ogk(scale="tau"), with_a_cluster(0.2, 20.0))


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_cluster_is_left_out_of_more_variables_than_rows(share: float) -> None:
    x = with_a_cluster(share, 5.0, n=60, p=120)
    assert stands(Mrcd(), x)
    used = Mrcd()(x).used
    assert used is not None
    assert not used[: round(share * 60)].any()


@pytest.mark.parametrize("estimator, share", [(Ogk(), 0.55), (Mrcd(), 0.35), (Mrcd(h=0.5), 0.55), (Componentwise(), 0.55)], ids=repr)
def test_beyond_the_breakdown_point_they_fall(estimator: Estimator, share: float) -> None:
    assert not stands(estimator, with_a_cluster(share, 1e6))


@pytest.mark.parametrize("estimator", [Classical(), LedoitWolf(), Oas(), SuccessiveDifferences(), ModifiedCholesky()], ids=repr)
def test_one_bad_row_carries_the_others_away(estimator: Estimator) -> None:
    assert not estimator.robust
    assert not stands(estimator, with_a_cluster(0.01, 1e6))


def with_bad_cells(share: float, far: float, n: int = 100, p: int = 8) -> Floats:
    """In every column another set of rows is bad, so that hardly a row is whole."""
    x = good_rows(n, p, seed=2)
    rng = np.random.default_rng(3)
    for j in range(p):
        x[rng.permutation(n)[: round(share * n)], j] = far
    return x


@pytest.mark.parametrize("far", [20.0, 1e3, 1e8])
@pytest.mark.parametrize("scale", ["tau", "qn", "mad"])
@pytest.mark.parametrize("share", [0.2, 0.4])
def test_bad_cells_in_half_of_every_column_leave_the_componentwise_estimate_standing(share: float, scale: str, far: float) -> None:
    x = with_bad_cells(share, far)
    assert np.mean((x == far).any(axis=1)) > 0.7
    assert stands(Componentwise(scale=scale), x)  # type: ignore[arg-type]
    cells = Componentwise(scale=scale)(x).cells  # type: ignore[arg-type]
    assert cells is not None
    assert not cells[x == far].any()
    assert cells[x != far].mean() > 0.97


def test_bad_cells_in_every_row_are_too_much_for_an_estimator_of_rows() -> None:
    assert not stands(Mrcd(), with_bad_cells(0.2, 1e6))
