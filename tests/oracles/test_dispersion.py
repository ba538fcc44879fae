"""The law of a subgroup's likelihood ratio against integrals that know nothing of it: one variable, and two by their eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, fdtr, fdtrc, gammaln

from spc.limits.likelihood import Spreads, known_limit
from spc.phase1.means import ExactMeans
from spc.phase1.spreads import drawn


def known(p: int) -> Spreads:
    return Spreads(np.zeros((1, p)), np.eye(p)[None], 1)


def ends(value: float, dof: int) -> tuple[float, float]:
    """The two variance ratios r at which ν (r − log r − 1) has a value."""

    def over(log_r: float) -> float:
        return float(dof * (np.expm1(log_r) - log_r) - value)

    return float(np.exp(brentq(over, -value / dof - 1.0, 0.0, xtol=1e-14))), float(np.exp(brentq(over, 0.0, 20.0, xtol=1e-14)))


@pytest.mark.parametrize("k", [2, 3, 8, 60, 400])
@pytest.mark.parametrize("value", [2.0, 9.0, 16.0, 30.0])
@pytest.mark.parametrize("variance", [0.5, 1.0, 1.7])
def test_one_variable_against_the_chi_squared_law_of_a_variance(k: int, value: float, variance: float) -> None:
    dof, (low, high) = k - 1, ends(value, k - 1)
    wanted = float(chdtr(dof, dof * variance * low) + chdtrc(dof, dof * variance * high))
    found = Spreads(np.zeros((1, 1)), np.full((1, 1, 1), np.sqrt(variance)), 1).tails(value, k)[0]
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_one_variable_with_an_estimated_variance_against_the_f_law() -> None:
    means = ExactMeans(n=60, groups=15, p=1)
    fits = drawn(means, 1, 0)
    for k in (2, 4, 9):
        limit = fits.value(0.01, k)
        low, high = ends(limit, k - 1)
        exact = float(fdtr(k - 1, 45, low) + fdtrc(k - 1, 45, high))
        assert exact == pytest.approx(0.01, rel=4.0 * fits.error(0.01, k))
        assert fits.error(0.01, k) < 0.01


def two_variables(value: float, dof: int) -> float:
    """P(W > value) for p = 2 and Σ known: the density of the eigenvalues of a Wishart matrix (Anderson 2003, theorem 13.3.2), integrated.

    Along the sum s and the ratio q = λ₂/λ₁ of the eigenvalues of νS; within W ≤ value for each q an interval of s.
    """
    # π^{p²/2} / (2^{pν/2} Γ_p(ν/2) Γ_p(p/2)), Γ_p(p/2) = π and Γ_p(ν/2) = π^{1/2} Γ(ν/2) Γ((ν−1)/2)
    log_const = 0.5 * np.log(np.pi) - dof * np.log(2.0) - gammaln(dof / 2.0) - gammaln((dof - 1.0) / 2.0)

    def inside(q: float) -> float:
        share = q / (1.0 + q) ** 2  # λ₁λ₂ = s² · share

        def w(s: float) -> float:
            return float(s - dof * np.log(s * s * share / dof**2) - 2.0 * dof)

        least = 2.0 * dof
        if w(least) >= value:
            return 0.0
        low, high = brentq(lambda s: w(s) - value, 1e-9, least), brentq(lambda s: w(s) - value, least, 1e4)
        # ∫ e^{−s/2} (s² share)^{(ν−3)/2} · s(1−q)/(1+q) · s/(1+q)² ds = gamma integrals of order ν
        whole = gammaln(float(dof)) + dof * np.log(2.0)
        part = chdtr(2.0 * dof, high) - chdtr(2.0 * dof, low)
        return float(np.exp(whole + 0.5 * (dof - 3.0) * np.log(share)) * (1.0 - q) / (1.0 + q) ** 3 * part)

    return 1.0 - float(np.exp(log_const) * quad(inside, 0.0, 1.0, epsabs=1e-13, limit=400)[0])


@pytest.mark.parametrize("k", [4, 6, 12, 40])
def test_two_variables_against_the_integral_over_eigenvalues(k: int) -> None:
    for value in (4.0, 10.0, 18.0):
        assert known(2).tails(value, k)[0] == pytest.approx(two_variables(value, k - 1), rel=1e-5, abs=1e-8)


def test_for_very_many_rows_it_is_chi_squared_and_for_few_it_is_not() -> None:
    for p in (1, 2, 5):
        assert known(p).value(0.01, 20_000) == pytest.approx(known_limit(0.01, p), rel=1e-3)
        assert known(p).value(0.01, p + 3) > 1.09 * known_limit(0.01, p)
