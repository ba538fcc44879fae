"""The Mahalanobis family against definitions and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance
from scipy.stats import beta, chi2, f, multivariate_normal

from spc import distances
from spc.errors import BadRecipe, BadTable, Degenerate
from spc.scatter import Classical

RNG = np.random.default_rng(8)
MIX = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.1, -0.3, 0.9]])
X = RNG.normal(size=(40, 3)) @ MIX.T * np.array([1e-3, 1.0, 1e4]) + np.array([5.0, -2.0, 1e5])
CENTER, COVARIANCE = X.mean(axis=0), np.cov(X.T)


def exact(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distances in long double, by elimination: slow and sure."""
    scale = np.sqrt(np.diag(COVARIANCE))
    lower = np.linalg.cholesky(COVARIANCE / np.outer(scale, scale)).astype(np.longdouble)
    diff = ((x[:, None].astype(np.longdouble) - y[None]) / scale).reshape(-1, 3)
    z = np.empty_like(diff)
    for k in range(3):
        z[:, k] = (diff[:, k] - z[:, :k] @ lower[k, :k]) / lower[k, k]
    return np.asarray((z**2).sum(axis=1).reshape(len(x), len(y)))


def test_d2_and_its_root_are_scipys() -> None:
    inverse = np.linalg.inv(COVARIANCE)
    by_scipy = [distance.mahalanobis(row, CENTER, inverse) for row in X]
    assert distances.mahalanobis(X, CENTER, COVARIANCE) == pytest.approx(by_scipy, rel=1e-6)  # scipy needs the inverse, and its rounding
    assert distances.d2(X, CENTER, COVARIANCE) == pytest.approx(np.square(by_scipy), rel=1e-6)
    assert distances.d2(X, CENTER, COVARIANCE) == pytest.approx(exact(X, CENTER[None])[:, 0].astype(float), rel=1e-12)


def test_a_scatter_and_its_center_and_covariance_are_the_same_question() -> None:
    found = Classical()(X)
    assert distances.d2(X, found) == pytest.approx(distances.d2(X, found.center, found.covariance), rel=1e-11)
    assert distances.d2(X, found).tolist() == found.d2(X).tolist()


def test_a_row_with_a_gap_has_no_distance() -> None:
    assert np.isnan(distances.d2([[np.nan, 0.0]], [0.0, 0.0], np.eye(2))).all()


def test_one_row_and_one_column_need_no_brackets() -> None:
    assert distances.d2([3.0, 4.0], [0.0, 0.0], np.eye(2)).tolist() == [25.0]
    assert distances.d2([1.0, 2.0], 0.0, 4.0).tolist() == [0.25, 1.0]


@pytest.mark.parametrize("chunk", [None, 1, 7, 40, 1000])
def test_pairs_of_two_tables_in_any_chunk(chunk: int | None) -> None:
    y = X[:11] + np.array([2e-3, 1.0, -1e4])
    found = distances.pairwise(X, y, CENTER, COVARIANCE, chunk=chunk)
    assert found.shape == (40, 11)
    assert np.allclose(found, exact(X, y).astype(float), rtol=1e-11, atol=0)


def test_rows_that_are_nearly_the_same_keep_their_digits_far_from_the_center() -> None:
    far = X + np.array([1.0, 3000.0, 7e7])  # thousands of standard deviations away
    close = far + np.array([1e-9, 1e-6, 1e-2])
    found = distances.pairwise(far, close, CENTER, COVARIANCE)
    assert np.allclose(np.diag(found), np.diag(exact(far, close)).astype(float), rtol=1e-9, atol=0)
    assert np.diag(distances.pairwise(far, None, CENTER, COVARIANCE)).tolist() == [0.0] * 40
    z = (far - CENTER) @ np.linalg.inv(np.linalg.cholesky(COVARIANCE)).T
    w = (close - CENTER) @ np.linalg.inv(np.linalg.cholesky(COVARIANCE)).T
    plain = (z**2).sum(1) + (w**2).sum(1) - 2 * (z * w).sum(1)
    assert not np.allclose(plain, np.diag(exact(far, close)).astype(float), rtol=1e-3)  # the usual formula loses all of them


def test_pairs_of_nothing_and_pairs_with_gaps() -> None:
    assert distances.pairwise(np.empty((0, 3)), X, CENTER, COVARIANCE).shape == (0, 40)
    assert distances.pairwise(X, np.empty((0, 3)), CENTER, COVARIANCE).shape == (40, 0)
    gap = X[:2].copy()
    gap[0, 1] = np.nan
    assert np.isnan(distances.pairwise(gap, X, CENTER, COVARIANCE)).any(axis=1).tolist() == [True, False]
    assert np.isnan(distances.pairwise(X, gap, CENTER, COVARIANCE)).any(axis=0).tolist() == [True, False]
    with pytest.raises(BadRecipe):
        distances.pairwise(X, None, CENTER, COVARIANCE, chunk=0)


def test_colouring_undoes_whitening_and_gives_noise_a_scatter() -> None:
    found = Classical()(X)
    assert np.allclose(distances.colour(distances.whiten(X, found), found), X, rtol=1e-12)
    assert np.allclose(np.cov(distances.whiten(X, found).T), np.eye(3), atol=1e-9)
    made = distances.colour(np.random.default_rng(1).standard_normal((200_000, 3)), found)
    ratio = np.cov(made.T) / found.covariance
    assert np.allclose(ratio, 1.0, atol=0.05)


def test_the_density_is_scipys() -> None:
    unit = X / np.array([1e-3, 1.0, 1e4])
    center, covariance = unit.mean(axis=0), np.cov(unit.T)
    assert distances.logpdf(unit, center, covariance) == pytest.approx(multivariate_normal(center, covariance).logpdf(unit), rel=1e-9)


def test_p_values_are_those_of_the_three_laws() -> None:
    value = np.array([0.5, 5.0, 14.0])
    n, p = 30, 4
    assert distances.p_value(value, p) == pytest.approx(chi2(p).sf(value))
    assert distances.p_value(value, p, n) == pytest.approx(f(p, n - p).sf(value * n * (n - p) / (p * (n + 1) * (n - 1))))
    assert distances.p_value(value, p, n, member=True) == pytest.approx(beta(p / 2, (n - p - 1) / 2).sf(value * n / (n - 1) ** 2))
    assert float(distances.p_value(1e9, p, n, member=True)) == 0.0
    with pytest.raises(BadRecipe):
        distances.p_value(value, p, member=True)


@pytest.mark.parametrize("pair", [(0, 1), (2, 0), (1, 2)])
def test_every_point_of_the_ellipse_is_at_the_distance_of_its_two_variables(pair: tuple[int, int]) -> None:
    at = list(pair)
    line = distances.ellipse(CENTER, *pair, COVARIANCE, distance=2.5)
    block = COVARIANCE[np.ix_(at, at)]
    assert distances.mahalanobis(line, CENTER[at], block) == pytest.approx([2.5] * len(line), rel=1e-9)
    assert line[0] == pytest.approx(line[-1])


def test_the_level_of_an_ellipse_is_the_share_inside() -> None:
    line = distances.ellipse([0.0, 0.0], 0, 1, np.eye(2), level=0.975)
    assert float(np.hypot(*line[0])) == pytest.approx(np.sqrt(chi2(2).ppf(0.975)))


@pytest.mark.parametrize("level, far", [(1.0, None), (None, 0.0), (0.9, 1.0)])
def test_an_ellipse_of_nothing_is_refused(level: float | None, far: float | None) -> None:
    with pytest.raises(BadRecipe):
        distances.ellipse([0.0, 0.0], 0, 1, np.eye(2), level=level, distance=far)


@pytest.mark.parametrize("pair", [(0, 0), (0, 2), (-1, 0)])
def test_an_ellipse_needs_two_variables_that_are_there(pair: tuple[int, int]) -> None:
    with pytest.raises(BadRecipe):
        distances.ellipse([0.0, 0.0], *pair, np.eye(2))


def test_what_is_no_covariance_is_refused() -> None:
    for wrong in ([[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.2, 1.0]], [[0.0, 0.0], [0.0, 1.0]], [[np.nan, 0.0], [0.0, 1.0]]):
        with pytest.raises(Degenerate):
            distances.d2([[0.0, 0.0]], [0.0, 0.0], wrong)
    for center, covariance in (([0.0], np.eye(2)), ([0.0, 0.0], None), (Classical()(X), COVARIANCE)):
        with pytest.raises(BadTable):
            distances.d2([[0.0, 0.0]], center, covariance)
    with pytest.raises(BadTable):
        distances.d2(X, [0.0, 0.0], np.eye(2))
