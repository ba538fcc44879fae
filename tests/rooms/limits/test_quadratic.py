"""The tail of a quadratic form against laws that are known, and against plain simulation where none is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, f, ncx2

from spc.limits import tail

ALPHAS = np.array([0.1, 0.01, 0.0027, 1e-5, 1e-7])


@pytest.mark.parametrize("p", [1, 2, 3, 10, 50, 200])
def test_equal_weights_are_chi_squared(p: int) -> None:
    value = chi2.isf(ALPHAS, p)
    assert tail(value, np.ones((5, p)), np.zeros((5, p))) == pytest.approx(ALPHAS, rel=1e-9)


@pytest.mark.parametrize("p", [1, 2, 5, 30])
def test_a_moved_centre_is_noncentral_chi_squared(p: int) -> None:
    value = ncx2.isf(ALPHAS, p, 0.7 * p)
    assert tail(value, np.ones((5, p)), np.full((5, p), 0.7)) == pytest.approx(ncx2.sf(value, p, 0.7 * p), rel=1e-8)


@pytest.mark.parametrize("p, dof", [(1, 9), (2, 5), (2, 28), (8, 42), (6, 194), (50, 950)])
def test_a_student_vector_gives_f(p: int, dof: int) -> None:
    value = p * f.isf(ALPHAS, p, dof)
    assert tail(value, np.ones((5, p)), np.zeros((5, p)), dof=dof) == pytest.approx(f.sf(value / p, p, dof), rel=1e-6)


def test_unequal_weights_a_moved_centre_and_few_degrees_of_freedom_against_simulation() -> None:
    rng = np.random.default_rng(1)
    weight, b = np.array([[0.3, 1.0, 4.0]]), np.array([[0.2, -0.4, 0.5]])
    t = rng.standard_normal((2_000_000, 3)) / np.sqrt(rng.chisquare(12, (2_000_000, 1)) / 12)
    drawn = np.sum((1.1 * t - b) ** 2 * weight, axis=1)
    for value in (10.0, 40.0, 80.0, 150.0):
        seen = np.mean(drawn > value)
        found = tail(value, weight, b**2, spread2=1.21, dof=12)[0]
        assert abs(found - seen) < 4 * np.sqrt(seen / 2_000_000)


def test_a_form_whose_generating_function_ends_early_is_still_right() -> None:
    # a large offset and few degrees of freedom: the function exists on a short stretch only
    rng = np.random.default_rng(2)
    t = rng.standard_normal(2_000_000) / np.sqrt(rng.chisquare(3, 2_000_000) / 3)
    seen = np.mean((t - 3.0) ** 2 > 12.0)
    assert tail(12.0, np.ones((1, 1)), np.full((1, 1), 9.0), dof=3)[0] == pytest.approx(seen, rel=0.01)
