"""Do the limits keep their promise? Fresh normal references and rows, and the share of good rows that is called bad.

For every simulated fit the probability that a good new row is beyond the limit is computed exactly, not by drawing rows, so that a few
hundred fits tell α = 0.27 % from 0.31 %.
"""

from __future__ import annotations

import numpy as np
import pytest

from spc.limits import KnownParameters, NewRow, ReferenceRow, tail
from spc.limits.calibrated import calibrate
from spc.nouns import Floats
from spc.phase1.laws import law
from spc.scatter import Classical, Estimator, Mcd

pytestmark = pytest.mark.statistics

ALPHA = 0.0027


def real_alpha(estimator: Estimator, n: int, p: int, value: float, fits: int, seed: int) -> tuple[float, float]:
    """The probability that T² of a good new row is beyond `value`, and its standard error, from raw simulated references."""
    rng = np.random.default_rng(seed)
    found = [estimator(rng.standard_normal((n, p))) for _ in range(fits)]
    left, singular, _ = np.linalg.svd(np.array([one.factor for one in found]))
    shift = np.einsum("ka,kab->kb", np.array([one.center for one in found]), left)
    shares = tail(value, singular**-2.0, shift**2)
    return float(shares.mean()), float(shares.std() / np.sqrt(fits))


@pytest.mark.parametrize("n, p", [(30, 2), (50, 8), (200, 6)])
def test_classical_limits_hold(n: int, p: int) -> None:
    found, error = real_alpha(Classical(), n, p, NewRow(n, p).limit(ALPHA).value, 3000, 1)
    assert abs(found - ALPHA) < max(3.5 * error, 0.0001), found


@pytest.mark.parametrize("n, p, fits", [pytest.param(200, 6, 500, marks=pytest.mark.slow), (100, 3, 500)])
def test_robust_limits_hold(n: int, p: int, fits: int) -> None:
    value = law(Mcd(), "auto", n, p, ALPHA).new_row(ALPHA, p).value
    found, error = real_alpha(Mcd(), n, p, value, fits, 2)
    print(f"n = {n}, p = {p}: {100 * found:.3f} % ± {100 * error:.3f}")
    assert abs(found - ALPHA) < max(3.5 * error, 0.0002), found


@pytest.mark.slow
def test_classical_limits_hold_for_many_variables() -> None:
    for n, p, fits in ((200, 10, 3000), (1000, 50, 1000)):
        found, error = real_alpha(Classical(), n, p, NewRow(n, p).limit(ALPHA).value, fits, 1)
        print(f"classical, n = {n}, p = {p}: {100 * found:.4f} % ± {100 * error:.4f}")
        assert abs(found - ALPHA) < max(3.5 * error, 0.0001), found


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("h", [0.5, 0.75])
@pytest.mark.parametrize("n, p", [(30, 2), (50, 8), (120, 4), (200, 10), (400, 10)])
def test_robust_limits_hold_in_a_tight_band(n: int, p: int, h: float) -> None:
    value = law(Mcd(h=h), "auto", n, p, ALPHA).new_row(ALPHA, p).value
    found, error = real_alpha(Mcd(h=h), n, p, value, 4000, 3)
    print(f"n = {n}, p = {p}, h = {h}: {100 * found:.3f} % ± {100 * error:.3f}")
    assert 0.0023 - 2 * error < found < 0.0031 + 2 * error, found


def test_the_same_test_rejects_a_wrong_law() -> None:
    for wrong in (KnownParameters(8).limit(ALPHA).value, NewRow(50, 8).limit(ALPHA).value):
        found, error = real_alpha(Mcd(), 50, 8, wrong, 300, 4)
        assert found - 3.5 * error > 1.3 * ALPHA


def test_calibration_gives_back_the_exact_laws_for_classical_estimates() -> None:
    found = calibrate(Classical(), "classical", 40, 4, fits=500)
    for alpha in (0.05, 0.0027, 1e-6):
        for q in (1, 2, 4):
            assert found.new_row(alpha, q).value == pytest.approx(NewRow(40, q).limit(alpha).value, rel=1e-6)
    assert found.reference_row(0.01).value == pytest.approx(ReferenceRow(40, 4).limit(0.01).value, rel=0.01)


def test_reference_rows_are_flagged_as_often_as_promised() -> None:
    n, p = 100, 3
    limit = law(Mcd(), "auto", n, p, 0.01).reference_row(0.01).value
    rng = np.random.default_rng(6)
    flagged = np.mean([np.mean(_own(Mcd(), rng.standard_normal((n, p))) > limit) for _ in range(300)])
    assert 0.0085 < flagged < 0.0115, flagged


def _own(estimator: Estimator, x: Floats) -> Floats:
    return estimator(x).d2(x)
