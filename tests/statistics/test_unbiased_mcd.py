"""At the normal, the reported covariance is right on average: within 2 %, for few and for many rows.

Every simulated table is whitened by its own mean and covariance first. For an affine equivariant estimator the average over normal
tables is then trace(S)/p times the truth (Basu 1955), with far less noise than from raw tables.
"""

from __future__ import annotations

import numpy as np
import pytest

from spc.limits.calibrated import configuration
from spc.scatter import Estimator, Mcd
from spc.scatter import mcd as second_stage

pytestmark = pytest.mark.statistics


def bias(estimator: Estimator, n: int, p: int, fits: int) -> tuple[float, float]:
    """Average size of the covariance over the truth, and its standard error."""
    rng = np.random.default_rng([11, n, p])
    seen = [float(np.sum(estimator(configuration(rng, n, p)).factor ** 2)) / p for _ in range(fits)]
    return float(np.mean(seen)), float(np.std(seen) / np.sqrt(fits))


@pytest.mark.parametrize("h", [0.5, 0.75])
@pytest.mark.parametrize("n, p, fits", [(20, 2, 400), (60, 4, 120), (200, 8, 30), (1000, 20, 4)])
def test_the_reported_covariance_is_unbiased(n: int, p: int, fits: int, h: float) -> None:
    found, error = bias(Mcd(h=h), n, p, fits)
    assert abs(found - 1.0) < 0.01 + 3.0 * error, (found, error)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("h", [0.5, 0.6, 0.75, 0.9, 1.0])
@pytest.mark.parametrize("n, p", [(20, 2), (40, 2), (30, 3), (20, 4), (70, 4), (45, 7), (80, 12), (300, 12), (60, 20), (1000, 20)])
def test_the_reported_covariance_is_unbiased_within_two_percent(n: int, p: int, h: float) -> None:
    found, error = bias(Mcd(h=h), n, p, int(max(3000 * 20 / n, 40)))
    print(f"n = {n}, p = {p}, h = {h}: {found:.4f} ± {error:.4f}")
    assert abs(found - 1.0) < 0.02 + 2.0 * error


def test_a_wrong_consistency_factor_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    right = second_stage.consistency
    monkeypatch.setattr(second_stage, "consistency", lambda p, kept: right(p, kept) if kept < 0.9 else 1.0)
    found, error = bias(Mcd(), 200, 8, 60)
    assert abs(found - 1.0) > 0.01 + 3.0 * error
