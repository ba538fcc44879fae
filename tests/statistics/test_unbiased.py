"""Is the covariance that is reported right on average for normal rows, from 20 rows to 1000?

Every entry of the mean covariance is compared with the truth, in units of the two standard deviations. Estimators that shrink are
biased by design and left out: what they lose in bias they gain in variance.
"""

from __future__ import annotations

import numpy as np
import pytest

from spc.nouns import Floats
from spc.scatter import Classical, Componentwise, Estimator, Mrcd, Ogk, SuccessiveDifferences
from spc.scatter.corrections import consistency
from spc.scatter.unbiased import ogk_factor

pytestmark = pytest.mark.statistics

ASKED: list[Estimator] = [Classical(), SuccessiveDifferences(), Ogk(), Ogk(scale="mad"), Mrcd(), Mrcd(h=0.5), Componentwise()]
BAND = 0.02


def band(estimator: Estimator) -> float:
    """The MRCD of half the rows has no more than 3 % to promise."""
    return 0.03 if isinstance(estimator, Mrcd) and estimator.h < 0.6 else BAND


def means(estimator: Estimator, n: int, p: int, fits: int, near: float) -> tuple[Floats, Floats, Floats]:
    """The mean covariance over simulated references, its standard errors, and the truth: variance 1, correlation near^|i − j|."""
    truth = near ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    root = np.linalg.cholesky(truth)
    rng = np.random.default_rng([n, p, fits])
    found = np.array([estimator(rng.standard_normal((n, p)) @ root.T).covariance for _ in range(fits)])
    return found.mean(axis=0), found.std(axis=0) / np.sqrt(fits), truth


def off(estimator: Estimator, n: int, p: int, fits: int, near: float) -> float:
    """By how much the mean variance is off, beyond three standard errors; and no entry may be far off."""
    mean, error, truth = means(estimator, n, p, fits, near)
    assert np.all(np.abs(mean - truth) < 2 * BAND + 4.5 * error), np.round(mean - truth, 3)
    variance = float(np.mean(np.diag(mean)))
    return max(abs(variance - 1.0) - 3.0 * float(np.mean(np.diag(error))) / np.sqrt(p), 0.0)


@pytest.mark.parametrize("estimator", ASKED, ids=repr)
@pytest.mark.parametrize("n, p, fits", [(20, 2, 200), (50, 5, 50), (200, 8, 8)])
def test_variances_are_right_on_average(estimator: Estimator, n: int, p: int, fits: int) -> None:
    assert off(estimator, n, p, fits, 0.0) < band(estimator)


def whole(estimator: Estimator, n: int, p: int, near: float) -> bool:
    """Whether the target has no part in the MRCD: with few rows of related variables per variable it shrinks, as it is meant to."""
    return not isinstance(estimator, Mrcd) or near == 0.0 or estimator.h * n >= 10 * p


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ASKED, ids=repr)
@pytest.mark.parametrize("n, p", [(20, 2), (20, 5), (25, 3), (40, 10), (50, 2), (60, 20), (100, 5), (300, 10), (1000, 4)])
@pytest.mark.parametrize("near", [0.0, 0.6])
def test_variances_and_covariances_are_right_on_average(estimator: Estimator, n: int, p: int, near: float) -> None:
    if not whole(estimator, n, p, near):
        pytest.skip("the target has a part in this estimate")
    assert off(estimator, n, p, int(min(3000, 60000 / (n * p)) + 30), near) < band(estimator)


def test_a_wrong_factor_is_noticed() -> None:
    mean, error, _ = means(Ogk(), 50, 5, 200, 0.0)
    variance = float(np.mean(np.diag(mean))) / ogk_factor(50, 5, "tau")
    for wrong in (1.0, consistency(5, 0.9) * 1.06, consistency(5, 0.9) * 0.94):
        assert abs(variance * wrong - 1.0) - 3.0 * float(np.mean(np.diag(error))) / np.sqrt(5) > BAND / 4, wrong
