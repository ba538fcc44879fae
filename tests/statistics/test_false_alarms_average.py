"""Real false alarms of estimators that mixtures of the columns disturb, on average over references: 0.23 to 0.31 % for 0.27 % promised.

Their limits are calibrated at the scatter that was fitted, not at the true one. The average over references of so small a probability is
mostly chance: one tight reference counts as much as fifty others. So it is measured against the limit that is calibrated at the *true*
scatter, whose average is 0.27 % by construction, in the same fresh references: the ratio of both averages is what the fitted scatter does.
With two variables a limit depends on their correlation alone, and is calibrated for a few of them instead of for every reference.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solve_triangular

from spc.limits import KnownParameters, Like, calibrate, tail
from spc.nouns import Floats
from spc.phase1.likeness import likeness
from spc.scatter import Cellwise, Estimator, Mrcd, Ogk

pytestmark = [pytest.mark.statistics, pytest.mark.timeout(1800)]

ALPHA = 0.0027
LEVELS = np.array([0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97])


def related(p: int, r: float) -> Floats:
    """The lower factor of correlations that fall by r from variable to variable."""
    return np.asarray(np.linalg.cholesky(r ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))))


def calibrated(estimator: Estimator, n: int, factor: Floats, fits: int, seed: int) -> tuple[float, float]:
    """The limit for references of n rows with this scatter, and the relative error of its alpha."""
    found = calibrate(estimator, estimator.name, n, len(factor), like=Like(factor), fits=fits, seed=seed)
    return found.new_row(ALPHA).value, found.error(ALPHA)


@pytest.mark.parametrize("estimator, count", [(Ogk(), 150), (Mrcd(), 100), pytest.param(Cellwise(), 90, marks=pytest.mark.slow)])
def test_limits_at_the_true_scatter_hold(estimator: Estimator, count: int) -> None:
    """Quick: simulated references of two seeds; the classical fits of the second take most of the chance out of its mean."""
    n, p = 60, 3
    truth = related(p, 0.5)
    value, limit_error = calibrated(estimator, n, truth, count, 1)
    fresh = calibrate(estimator, estimator.name, n, p, like=Like(truth), fits=count, seed=2)
    ours, (control, offset) = fresh.tails_of(p)(value)
    found = float(ours.mean() * np.exp(offset))
    error = found * float(np.hypot(np.std(ours / ours.mean() - control / control.mean()) / np.sqrt(count), limit_error))
    print(f"{estimator.name}: {100 * found:.3f} % ± {100 * error:.3f}")
    assert abs(found - ALPHA) < 3.0 * error
    wrong = float(fresh.tails_of(p)(KnownParameters(p).limit(ALPHA).value)[0].mean())
    assert wrong > 1.5 * ALPHA + 3.0 * error  # the same test rejects the law that others use


def ratio(limit: Callable[[Floats, int], float], oracle: float, estimator: Estimator, n: int, truth: Floats, count: int) -> Floats:
    """Real alarms (count, 2) of fresh references with the limit that each gets, from the scatter to simulate at, and with the oracle's."""
    rng, out = np.random.default_rng(5), []
    for k in range(count):
        x = rng.standard_normal((n, len(truth))) @ truth.T
        scatter = estimator(x)
        alike = likeness(estimator, scatter, x).factor
        left, singular, _ = np.linalg.svd(np.tril(solve_triangular(truth, scatter.factor, lower=True)))
        shift = (solve_triangular(truth, scatter.center, lower=True) @ left) ** 2
        out.append([float(tail(value, singular[None] ** -2.0, shift[None])[0]) for value in (limit(alike, k), oracle)])
    return np.array(out)


def told(what: str, pairs: Floats, oracle_error: float) -> tuple[float, float]:
    """The real alpha and its standard error."""
    ours, oracle = pairs.T
    real = ALPHA * float(ours.mean() / oracle.mean())
    spread = float(np.std(ours / ours.mean() - oracle / oracle.mean())) / np.sqrt(len(pairs))
    error = real * float(np.hypot(spread, oracle_error))
    print(f"{what}: {100 * real:.3f} % ± {100 * error:.3f}")
    return real, error


@pytest.mark.slow
@pytest.mark.parametrize("r", [0.0, 0.8])
@pytest.mark.parametrize("estimator, fits, count", [(Ogk(), 1500, 3000), (Mrcd(), 1000, 2000), (Cellwise(), 800, 2000)])
def test_two_variables(estimator: Estimator, fits: int, count: int, r: float) -> None:
    n = 30
    limits = [calibrated(estimator, n, related(2, level), fits, 1)[0] for level in LEVELS]
    curve = PchipInterpolator(np.arctanh(LEVELS), np.log(limits))

    def limit(alike: Floats, _: int) -> float:
        b, c = alike[1]
        return float(np.exp(curve(min(np.arctanh(abs(b) / np.hypot(b, c)), np.arctanh(LEVELS[-1])))))

    oracle = float(np.exp(curve(np.arctanh(r))))  # from the same simulated tables: their luck cancels
    real, error = told(f"{estimator.name}, n = {n}, p = 2, r = {r}", ratio(limit, oracle, estimator, n, related(2, r), count), 0.0)
    assert 0.0023 - 2.0 * error < real < 0.0031 + 2.0 * error


@pytest.mark.slow
@pytest.mark.parametrize("r", [0.0, 0.8])
@pytest.mark.parametrize(
    "estimator, n, p, fits, count, most",
    [
        (Ogk(), 50, 8, 300, 100, 3000),
        (Ogk(), 200, 10, 60, 60, 400),
        (Mrcd(), 50, 8, 200, 80, 3000),
        (Mrcd(), 200, 10, 30, 30, 400),
        (Mrcd(), 1000, 50, 8, 10, 60),
        (Cellwise(), 50, 8, 80, 40, 1500),
        (Cellwise(), 200, 10, 30, 30, 400),
    ],
)
def test_many_variables(estimator: Estimator, n: int, p: int, fits: int, count: int, most: int, r: float) -> None:
    truth = related(p, r)
    oracle, oracle_error = calibrated(estimator, n, truth, most, 10_000)
    pairs = ratio(lambda alike, k: calibrated(estimator, n, alike, fits, k)[0], oracle, estimator, n, truth, count)
    real, error = told(f"{estimator.name}, n = {n}, p = {p}, r = {r}", pairs, oracle_error)
    assert 0.0023 - 2.0 * error < real < 0.0031 + 2.0 * error
