"""Is a guarantee kept? Fresh normal references, and the share of them whose real false-alarm probability is at most alpha.

Nothing of the machinery that made the limit is used: each reference is a table of raw normal rows, fitted as it is, and the probability
that a good new row is beyond the limit is computed exactly for that fit.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solve_triangular

from spc.limits import Guaranteed, Like, calibrate, tail
from spc.nouns import Floats
from spc.phase1.guarantee import fewest, with_guarantee
from spc.phase1.laws import law
from spc.phase1.likeness import likeness
from spc.scatter import Cellwise, Classical, Estimator, Mcd, Mrcd, Ogk

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


@pytest.mark.slow
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


LEVELS = np.array([0.0, 0.4, 0.7, 0.85, 0.95])


def related(p: int, r: float) -> Floats:
    """The lower factor of correlations that fall by r from variable to variable."""
    return np.asarray(np.linalg.cholesky(r ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))))


def sure_limit(estimator: Estimator, n: int, factor: Floats, fits: int, seed: int = 0) -> float:
    """The guaranteed limit for references of n rows with this scatter."""
    found = calibrate(estimator, estimator.name, n, len(factor), like=Like(factor), fits=fits, seed=seed)
    return Guaranteed(found, CONFIDENCE).quantile(ALPHA, len(factor))


def drawn(estimator: Estimator, n: int, truth: Floats, references: int) -> tuple[list[Floats], Floats, Floats]:
    """Of fresh references what others are to be like (factors), and the λ and b² of their fits' forms seen from the truth."""
    rng = np.random.default_rng(5)
    tables = [rng.standard_normal((n, len(truth))) @ truth.T for _ in range(references)]
    found = [estimator(x) for x in tables]
    alike = [likeness(estimator, one, x).factor for one, x in zip(found, tables, strict=True)]
    lower = np.array([np.tril(solve_triangular(truth, one.factor, lower=True)) for one in found])
    left, singular, _ = np.linalg.svd(lower)
    center = np.array([solve_triangular(truth, one.center, lower=True) for one in found])
    return alike, singular**-2.0, np.einsum("ka,kab->kb", center, left) ** 2


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("estimator, fits, references", [(Ogk(), 1600, 3000), (Mrcd(), 1600, 3000), (Cellwise(), 800, 1500)])
def test_a_guarantee_is_kept_by_estimators_that_mixtures_disturb(estimator: Estimator, fits: int, references: int) -> None:
    """Two variables: the limit depends on their correlation alone, and every reference gets that of the one that was fitted."""
    n = 30
    curve = PchipInterpolator(np.arctanh(LEVELS), np.log([sure_limit(estimator, n, related(2, r), fits) for r in LEVELS]))
    for r in (0.0, 0.8):
        alike, weight, shift2 = drawn(estimator, n, related(2, r), references)
        fitted = [min(abs(one[1, 0]) / float(np.hypot(*one[1])), LEVELS[-1]) for one in alike]
        share = float(np.mean(tail(np.exp(curve(np.arctanh(fitted))), weight, shift2) <= ALPHA))
        print(f"{estimator.name}, n = {n}, p = 2, r = {r}: {100 * share:.2f} % of {references} references keep to alpha")
        assert abs(share - CONFIDENCE) < 0.02 + 2.0 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / references)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("estimator, references", [(Ogk(), 3000), (Mrcd(), 2000), (Cellwise(), 1200)])
def test_a_guarantee_is_kept_for_many_variables(estimator: Estimator, references: int) -> None:
    """The limits that the first of the references get, at their fitted scatters, each judged at all of the references."""
    n, p = 50, 8
    alike, weight, shift2 = drawn(estimator, n, related(p, 0.8), references)
    values = [sure_limit(estimator, n, one, 500, k) for k, one in enumerate(alike[:8])]
    share = float(np.mean([np.mean(tail(value, weight, shift2) <= ALPHA) for value in values]))
    print(f"{estimator.name}, n = {n}, p = {p}: {100 * share:.2f} % of {references} references keep to alpha")
    assert abs(share - CONFIDENCE) < 0.02 + 2.0 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / references)


@pytest.mark.slow
@pytest.mark.parametrize("confidence", [0.5, 0.75, 0.99])
def test_other_confidences_hold_as_well(confidence: float) -> None:
    value = with_guarantee(law(Classical(), "auto", 50, 4, ALPHA), confidence, Classical(), 50, 4).new_row(ALPHA, 4).value
    (share,) = kept(Classical(), 50, 4, 4, (value,), 8000, 4)
    assert abs(share - confidence) < 0.02
