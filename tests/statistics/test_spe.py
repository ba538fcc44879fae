"""Does SPE alarm as often as was asked, alone and beside T²? Fresh references, fits anew, the rate of each fit exact or counted."""

from __future__ import annotations

import numpy as np
import pytest

from spc.charts import T2, BoundSpe, Chart, Spe, bound
from spc.limits.outside import box
from spc.limits.quadratic import tail
from spc.nouns import Floats, Scatter
from spc.phase1.laws import law
from spc.phase1.likeness import likeness
from spc.phase1.shared import shares
from spc.scatter import Classical, Estimator, Mcd

pytestmark = pytest.mark.statistics

ALPHA = 0.01


def truth(p: int, seed: int = 1) -> Floats:
    """The lower factor of p variables that two causes tie together."""
    rng = np.random.default_rng(seed)
    ties = rng.standard_normal((p, 2))
    return np.asarray(np.linalg.cholesky(ties @ ties.T + np.diag(rng.uniform(0.1, 0.4, p))))


def rate_of(chart: BoundSpe, scatter: Scatter, lower: Floats, limit: float) -> float:
    """P(SPE of a new row > limit) for one fit, from its quadratic form."""
    axes = chart.outside.axes.T / np.sqrt(np.diag(scatter.covariance))
    left, singular, _ = np.linalg.svd(axes @ lower, full_matrices=False)
    shift = left.T @ (axes @ scatter.center) / singular
    return float(tail(limit, singular[None] ** 2, shift[None] ** 2)[0])


def rates(estimator: Estimator, n: int, p: int, references: int, seed: int) -> dict[str, tuple[float, float]]:
    """The real rate and its standard error over references: of the limit, of that for known parameters, of the quantile of the own rows."""
    lower, rng = truth(p), np.random.default_rng(seed)
    found: dict[str, list[float]] = {"ours": [], "known": [], "own": []}
    for _ in range(references):
        x = rng.standard_normal((n, p)) @ lower.T
        scatter = estimator(x)
        chart = Spe(components=2).bound(scatter.factor)
        charts: dict[str, Chart] = {"t2": T2(alpha=ALPHA), "spe": BoundSpe(chart.outside, 2, alpha=ALPHA)}
        made = shares(estimator, charts, law(estimator, "auto", n, p, ALPHA), n, p, ALPHA, like=likeness(estimator, scatter, x))
        own = float(np.quantile(chart.step({}, scatter.whiten(x))[1], 1.0 - ALPHA))
        usual = float(box(chart.outside.weight, ALPHA))
        for name, limit in (("ours", made.limits["spe"].value), ("known", usual), ("own", own)):
            found[name].append(rate_of(chart, scatter, lower, limit))
    return {name: (float(np.mean(one)), float(np.std(one) / np.sqrt(references))) for name, one in found.items()}


@pytest.mark.parametrize(
    "estimator, n, p, references",
    [
        (Classical(), 60, 5, 60),
        pytest.param(Classical(), 150, 10, 100, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param(Classical(), 60, 5, 600, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param(Mcd(), 100, 5, 40, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
def test_the_limit_keeps_its_promise_and_cheaper_ones_do_not(estimator: Estimator, n: int, p: int, references: int) -> None:
    found = rates(estimator, n, p, references, 2)
    print({name: f"{rate / ALPHA:.3f} ± {error / ALPHA:.3f}" for name, (rate, error) in found.items()})
    rate, error = found["ours"]
    assert abs(rate - ALPHA) < 0.05 * ALPHA + 3.5 * error
    for cheaper in ("known", "own"):  # χ²-type with parameters taken for known, and the quantile of the rows of the fit
        rate, error = found[cheaper]
        assert rate - 3.5 * error > ALPHA


@pytest.mark.slow
def test_together_with_t2_the_budget_is_kept() -> None:
    n, p, budget, references, drawn = 80, 5, 0.02, 16, 20_000
    lower, rng = truth(p), np.random.default_rng(3)
    together, apart = [], []
    for _ in range(references):
        x = rng.standard_normal((n, p)) @ lower.T
        scatter = Classical()(x)
        charts = {"t2": T2(), "spe": bound(Spe(components=2), scatter.factor)}
        own = law(Classical(), "f", n, p, budget)
        made = shares(Classical(), charts, own, n, p, budget, like=likeness(Classical(), scatter, x))
        assert budget / 2 < made.alpha["t2"] == made.alpha["spe"] < budget
        z = scatter.whiten(rng.standard_normal((drawn, p)) @ lower.T)
        t2, spe = (chart.step({}, z)[1] for chart in charts.values())
        together.append(np.mean((t2 > own.new_row(made.alpha["t2"], p).value) | (spe > made.limits["spe"].value)))
        apart.append(np.mean(t2 > own.new_row(budget, p).value) + np.mean(spe > made.limits["spe"].value))
    found, error = float(np.mean(together)), float(np.std(together) / np.sqrt(references))
    print(f"{found / budget:.3f} ± {error / budget:.3f}")
    assert abs(found - budget) < 0.05 * budget + 3.5 * error
    assert np.mean(apart) > 1.2 * budget
