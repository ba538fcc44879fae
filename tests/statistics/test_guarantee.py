"""Is a guarantee kept? Fresh normal references, and the share of them whose real false-alarm probability is at most alpha.

Nothing of the machinery that made the limit is used: each reference is a table of raw normal rows, fitted as it is, and the probability
that a good new row is beyond the limit is computed exactly for that fit.
"""

from __future__ import annotations

import numpy as np
import pytest

from spc.limits import tail
from spc.phase1.guarantee import fewest, with_guarantee
from spc.phase1.laws import law
from spc.scatter import Classical, Estimator, Mcd

pytestmark = pytest.mark.statistics

ALPHA, CONFIDENCE = 0.0027, 0.9


def limits(estimator: Estimator, n: int, p: int, q: int) -> tuple[float, float]:
    """The guaranteed limit and the one on average, for q of p variables observed."""
    usual = law(estimator, "auto", n, p, ALPHA)
    sure = with_guarantee(law(estimator, "auto", n, p, ALPHA, fewest=fewest(CONFIDENCE, n)), CONFIDENCE, estimator, n, p)
    return sure.new_row(ALPHA, q).value, usual.new_row(ALPHA, q).value


def kept(estimator: Estimator, n: int, p: int, q: int, values: tuple[float, ...], references: int, seed: int) -> list[float]:
    """For each value, the share of references for which T² of a good new row, q variables observed, is beyond it at most alpha often."""
    rng = np.random.default_rng(seed)
    found = [estimator(rng.standard_normal((n, p))) for _ in range(references)]
    left, singular, _ = np.linalg.svd(np.array([one.factor[:q, :q] for one in found]))
    shift = np.einsum("ka,kab->kb", np.array([one.center[:q] for one in found]), left)
    return [float(np.mean(tail(value, singular**-2.0, shift**2) <= ALPHA)) for value in values]


@pytest.mark.parametrize("n, p, q", [(30, 2, 2), (50, 8, 3)])
def test_a_guarantee_of_classical_limits_is_kept(n: int, p: int, q: int) -> None:
    sure, usual = kept(Classical(), n, p, q, limits(Classical(), n, p, q), 3000, 1)
    assert abs(sure - CONFIDENCE) < 0.02, sure
    assert usual < 0.75  # the same test rejects the limit that is right on average


def test_a_guarantee_of_robust_limits_is_kept() -> None:
    n, p, references = 60, 3, 500
    sure, usual = kept(Mcd(), n, p, p, limits(Mcd(), n, p, p), references, 2)
    assert abs(sure - CONFIDENCE) < 0.02 + 2.0 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / references), sure
    assert usual < 0.8


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("n, p, q", [(30, 2, 2), (50, 8, 8), (50, 8, 3), (120, 4, 4), (200, 6, 6)])
def test_a_guarantee_of_robust_limits_is_kept_in_a_tight_band(n: int, p: int, q: int) -> None:
    sure, usual = kept(Mcd(), n, p, q, limits(Mcd(), n, p, q), 3000, 3)
    print(f"n = {n}, p = {p}, q = {q}: {100 * sure:.2f} % of references keep to alpha; with the usual limit {100 * usual:.1f} %")
    assert abs(sure - CONFIDENCE) < 0.02, sure


@pytest.mark.slow
@pytest.mark.parametrize("confidence", [0.5, 0.75, 0.99])
def test_other_confidences_hold_as_well(confidence: float) -> None:
    value = with_guarantee(law(Classical(), "auto", 50, 4, ALPHA), confidence, Classical(), 50, 4).new_row(ALPHA, 4).value
    (share,) = kept(Classical(), 50, 4, 4, (value,), 8000, 4)
    assert abs(share - confidence) < 0.02
