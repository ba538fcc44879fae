"""Do limits hold that were calibrated at references like the fitted one, for estimators that mixtures of the columns disturb?

Each simulated reference is fitted and calibrated as a user's would be, at the scatter that *it* gave; the probability that a good new row
is beyond that limit is then computed at the true scatter.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from spc.limits import KnownParameters, Like, calibrate, tail
from spc.nouns import Floats
from spc.scatter import Estimator, LedoitWolf, Oas, Ogk

pytestmark = [pytest.mark.statistics, pytest.mark.slow]

ALPHA = 0.0027


def related(p: int, r: float) -> Floats:
    """The lower factor of correlations that fall by r from variable to variable."""
    return np.asarray(np.linalg.cholesky(r ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))))


def real_alpha(estimator: Estimator, n: int, truth: Floats, references: int, fits: int) -> tuple[float, float, float]:
    """The probability that T² of a good new row is beyond its limit, its standard error, and the same beyond the χ² limit."""
    rng = np.random.default_rng(1)
    p = len(truth)
    found = []
    for seed in range(references):
        scatter = estimator(rng.standard_normal((n, p)) @ truth.T)
        limit = calibrate(estimator, estimator.name, n, p, like=Like(scatter.factor), seed=seed, fits=fits).new_row(ALPHA).value
        center = solve_triangular(truth, scatter.center, lower=True)
        left, singular, _ = np.linalg.svd(solve_triangular(truth, scatter.factor, lower=True))
        forms = singular[None] ** -2.0, (center @ left)[None] ** 2
        found.append([float(tail(value, *forms)[0]) for value in (limit, KnownParameters(p).limit(ALPHA).value)])
    ours, naive = np.array(found).T
    return float(ours.mean()), float(ours.std() / np.sqrt(references)), float(naive.mean())


@pytest.mark.parametrize("r", [0.0, 0.8])
@pytest.mark.parametrize(
    "estimator, n, p", [(LedoitWolf(), 60, 6), (Oas(), 60, 6), (Ogk(), 80, 4)], ids=lambda one: getattr(one, "name", str(one))
)
def test_limits_like_the_fitted_reference_hold(estimator: Estimator, n: int, p: int, r: float) -> None:
    found, error, naive = real_alpha(estimator, n, related(p, r), 80, 60)
    print(f"{estimator.name}, n = {n}, p = {p}, r = {r}: {100 * found:.3f} % ± {100 * error:.3f}; χ² {100 * naive:.3f} %")
    assert abs(found - ALPHA) < 3.0 * error + 0.0002
    assert naive > 1.5 * ALPHA  # the same test rejects the law that others use
