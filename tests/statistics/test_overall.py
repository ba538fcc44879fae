"""Clean references show an outlier as rarely as was asked: fresh normal tables, fitted, and the share with any row beyond the limit."""

from __future__ import annotations

import numpy as np
import pytest

from spc.limits import ReferenceRow
from spc.limits.overall import overall
from spc.nouns import Floats
from spc.scatter import Classical, Estimator, Mcd

pytestmark = pytest.mark.statistics


def largest(estimator: Estimator, n: int, p: int, references: int, seed: int) -> Floats:
    """The largest T² of a row in each of fresh clean references, fitted as they are."""
    rng = np.random.default_rng(seed)
    return np.array([estimator(x).d2(x).max() for x in (rng.standard_normal((n, p)) for _ in range(references))])


def agrees(found: float, rate: float, references: int, relative: float) -> bool:
    """Whether a share found in so many references is the rate, given the relative error of the limit's own rate."""
    return abs(found - rate) < 3.0 * np.hypot(np.sqrt(rate * (1 - rate) / references), relative * rate)


@pytest.mark.parametrize("n, p", [(30, 2), (50, 8), (120, 4)])
def test_the_overall_rate_of_classical_distances_is_right(n: int, p: int) -> None:
    simulated = overall(Classical(), "classical", n, p)
    fresh = largest(Classical(), n, p, 4000, 1)
    for rate in (0.01, 0.05):
        value = simulated.value(rate)
        found = float(np.mean(fresh > value))
        assert simulated.error(value) < 0.08
        assert agrees(found, rate, len(fresh), simulated.error(value)), found
        each = ReferenceRow(n, p).limit(1.0 - (1.0 - rate) ** (1.0 / n)).value  # as if rows were independent: close, for classical ones
        assert value == pytest.approx(each, rel=0.02)


@pytest.mark.slow
def test_the_overall_rate_of_robust_distances_is_right() -> None:
    simulated = overall(Mcd(), "mcd", 30, 2, fits=1000)
    value = simulated.value(0.05)
    fresh = largest(Mcd(), 30, 2, 1000, 2)
    assert agrees(float(np.mean(fresh > value)), 0.05, len(fresh), simulated.error(value))
    wrong = ReferenceRow(30, 2).limit(1.0 - 0.95 ** (1.0 / 30)).value
    assert not agrees(float(np.mean(fresh > wrong)), 0.05, len(fresh), 0.1)  # the same test rejects the classical law


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("n, p", [(30, 2), (50, 8), (120, 4)])
def test_the_overall_rate_of_robust_distances_is_right_in_a_tight_band(n: int, p: int) -> None:
    simulated = overall(Mcd(), "mcd", n, p)
    fresh = largest(Mcd(), n, p, 8000, 3)
    for rate in (0.01, 0.05):
        value = simulated.value(rate)
        found = float(np.mean(fresh > value))
        print(
            f"n = {n}, p = {p}: {100 * found:.2f} % of clean references at nominal {100 * rate:g} %, ± {100 * simulated.error(value):.0f} %"
        )
        assert agrees(found, rate, len(fresh), simulated.error(value)), found
