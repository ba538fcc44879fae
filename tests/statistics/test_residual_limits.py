"""Limits for rows that depend on the ones before: what really alarms, for residuals of a VAR(1) and for lagged rows.

Nothing is drawn beyond the references: a new residual of a process whose coefficients are known is normal given the fit, and so is a new
lagged row, so that each fit's share of false alarms is the tail of a quadratic form.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov, solve_triangular

from spc.limits import NewRow, tail
from spc.limits.calibrated import forms
from spc.limits.residual import NewResidual, regression
from spc.nouns import Dynamics, Floats, Scatter
from spc.phase1 import Fit, Recipe, fit
from spc.phase1.laws import law
from spc.phase1.regressed import Regressed, regressed
from spc.phase2 import Monitor
from spc.scatter import Classical, Estimator, Mcd
from tests.series import MEAN, SD, A, reference, rows, turned, var

pytestmark = pytest.mark.statistics

ALPHA = 0.0027
NAMES = tuple("abcdefgh")


def seen(scatter: Scatter, mean: Floats, covariance: Floats, ucl: float) -> float:
    """P(T² > ucl) for normal rows of this mean and covariance, judged by this fit."""
    lower = np.linalg.cholesky(covariance)
    center = solve_triangular(lower, scatter.center - mean, lower=True)
    factor = np.tril(solve_triangular(lower, scatter.factor, lower=True))
    return float(tail(ucl, *forms(center[None], factor[None], len(mean)))[0])


@lru_cache(maxsize=8)
def references(estimator: Estimator, n: int, p: int, count: int) -> tuple[list[tuple[Floats, Floats, Scatter]], list[Floats]]:
    """Coefficients, past centre and residual scatter of `count` references, and the stacked factors: the regression done here once more."""
    found, factors = [], []
    for k in range(count):
        x = var(n + 1, 1000 + k, turned(p, 0.8), np.ones(p), np.zeros(p))
        whole = estimator(np.hstack([x[:-1], x[1:]]))
        past, matrix = regression(whole.center, whole.factor)
        found.append((matrix, past, estimator(x[1:] - (x[:-1] - past) @ matrix.T)))
        factors.append(whole.factor)
    return found, factors


def laws(estimator: Estimator, n: int, p: int, count: int, pool: int) -> list[Regressed]:
    """The limits as they are found for the first `pool` references."""
    found, factors = references(estimator, n, p, count)
    single = law(estimator, "auto", n, p, ALPHA)
    made = []
    for (matrix, past, scatter), factor in list(zip(found, factors, strict=True))[:pool]:
        dynamics = Dynamics(NAMES[:p], 0, None, past, np.ones(p), matrix)
        made.append(regressed(single, estimator, dynamics, scatter, n, factor))
    return made


def real(estimator: Estimator, n: int, p: int, count: int, limits: list[float]) -> tuple[float, float]:
    """False alarms per new row, on average over references and limits, with the standard error."""
    truth = turned(p, 0.8)
    spread = np.asarray(solve_discrete_lyapunov(truth, np.eye(p)), dtype=np.float64)
    rates = []
    for k, (matrix, past, scatter) in enumerate(references(estimator, n, p, count)[0]):
        wrong = truth - matrix
        rates.append(seen(scatter, matrix @ past, np.eye(p) + wrong @ spread @ wrong.T, limits[k % len(limits)]))
    return float(np.mean(rates)), float(np.std(rates) / np.sqrt(count))


def promised(estimator: Estimator, n: int, p: int, count: int, pool: int) -> tuple[float, float]:
    limits = [one.new_row(ALPHA, p).value for one in laws(estimator, n, p, count, pool)]
    return real(estimator, n, p, count, limits)


@pytest.mark.parametrize("n, p, count", [(100, 4, 400), (400, 2, 150)])
def test_classical_residuals_alarm_as_often_as_promised(n: int, p: int, count: int) -> None:
    rate, error = promised(Classical(), n, p, count, 3)
    assert error < 0.00015
    assert 0.0023 <= rate <= 0.0031


def test_residuals_of_a_robust_fit_alarm_about_as_often_as_promised() -> None:
    rate, error = promised(Mcd(), 400, 2, 80, 2)
    assert error < 0.0002
    assert 0.0021 <= rate <= 0.0034


def test_the_law_of_single_rows_is_rejected_for_residuals() -> None:
    rate, error = real(Classical(), 100, 4, 400, [NewRow(100, 4).limit(ALPHA).value])
    assert rate - 3 * error > 0.0035


def test_the_average_factor_of_the_textbooks_is_rejected_with_few_rows() -> None:
    """Dof reduced by the p regressors, times (n + p + 1)/(n + 1): right on average, but the leverage varies."""
    textbook = (100 + 8 + 1) / (100 + 1) * NewRow(100 - 8, 8).limit(ALPHA).value
    assert NewResidual(100, 8, 8).tail(textbook) > 0.0045
    assert NewResidual(4000, 8, 8).tail((4000 + 9) / 4001 * NewRow(4000 - 8, 8).limit(ALPHA).value) == pytest.approx(ALPHA, rel=0.03)


@pytest.mark.slow
def test_the_law_of_independent_residuals_is_exact() -> None:
    rng = np.random.default_rng(3)
    n, p, limit, rates = 40, 3, NewResidual(40, 3, 3).limit(0.01).value, []
    for _ in range(1000):
        x = rng.normal(size=(n, 2 * p))
        whole = Classical()(x)
        past, matrix = regression(whole.center, whole.factor)
        scatter = Classical()(x[:, p:] - (x[:, :p] - past) @ matrix.T)
        rates.append(seen(scatter, matrix @ past, np.eye(p) + matrix @ matrix.T, limit))
    assert np.mean(rates) == pytest.approx(0.01, abs=3.5 * float(np.std(rates) / np.sqrt(1000)))
    assert np.std(rates) / np.sqrt(1000) < 0.0005


def heavy(n: int, seed: int) -> Floats:
    """Rows with the dynamics of `tests.series` and innovations with the tails of a t with five degrees of freedom."""
    rng = np.random.default_rng([seed, 5])
    noise = rng.normal(size=(n, 3)) * SD / np.sqrt(rng.chisquare(5, (n, 1)) / 5)
    x = np.zeros((n, 3))
    for t in range(1, n):
        x[t] = A @ x[t - 1] + noise[t]
    return MEAN + x


def test_residuals_that_are_not_normal_take_a_limit_from_the_rows() -> None:
    found: dict[str, list[float]] = {"auto": [], "f": []}
    for seed in range(5):
        for limit, rates in found.items():
            words = {"estimator": "classical", "dynamics": "residual", "limit": limit, "alpha": 0.01}
            model = fit(reference(heavy(1000, seed)), Recipe.from_dict(words)).model
            assert ("cross-fit" in model.new_limits["t2"][-1].law) is (limit == "auto")
            rates.append(float(np.mean(Monitor(model).judge(rows(heavy(10_000, 100 + seed))).tracks["t2"].out)))
    assert 0.0075 < np.mean(found["auto"]) < 0.0135
    assert np.mean(found["f"]) > 0.03


@pytest.mark.slow
@pytest.mark.parametrize("p", [2, 4, 8])
@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize("estimator", [Classical(), Mcd()], ids=["classical", "mcd"])
def test_residuals_alarm_as_often_as_promised(estimator: Estimator, n: int, p: int) -> None:
    count = {100: 500, 400: 200}[n]
    rate, error = promised(estimator, n, p, count, 5)
    print(f"{estimator.name} n = {n} p = {p}: {100 * rate:.4f} % ± {100 * error:.4f}")
    assert 0.0023 <= rate <= 0.0031


def lagged(n: int, largest: float, seed: int, limit: str = "auto") -> tuple[float, Fit]:
    """What really alarms of new rows beside the row before, p = 3, and the fit."""
    p = 3
    matrix = turned(p, largest) if largest else np.zeros((p, p))
    x = var(n, seed, matrix, np.ones(p), np.zeros(p))
    words = {"estimator": "classical", "dynamics": "lagged 1", "limit": limit}
    found = fit(reference(x, timed=False, names=NAMES[:p]), Recipe.from_dict(words))
    spread = solve_discrete_lyapunov(matrix, np.eye(p))
    both = np.block([[spread, matrix @ spread], [spread @ matrix.T, spread]])
    return seen(found.model.scatter, np.zeros(2 * p), both, found.model.new_limits["t2"][-1].value), found


@pytest.mark.parametrize("largest", [0.0, 0.8])
def test_lagged_rows_of_a_long_reference_alarm_as_often_as_promised(largest: float) -> None:
    rates = [lagged(2000, largest, seed)[0] for seed in range(8)]
    assert 0.0023 <= np.mean(rates) <= 0.0031
