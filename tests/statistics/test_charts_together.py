"""Do charts with memory, alone and under one budget, alarm as often as was asked? Fresh references, fresh processes, fits anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from spc.charts import T2, Chart, EwmaLogT2, Mcusum, Mewma
from spc.nouns import Floats
from spc.phase1.chains import Fits, followed
from spc.phase1.laws import Exact, law
from spc.phase1.shared import shares
from spc.runlength import Mcusum as McusumRun
from spc.runlength import Mewma as MewmaRun
from spc.scatter import Classical, Estimator, Mcd

pytestmark = pytest.mark.statistics

ALPHA = 1.0 / 200.0
TOGETHER: dict[str, Chart] = {"t2": T2(), "mewma": Mewma(lam=0.2), "ewma_log_t2": EwmaLogT2(lam=0.2)}


def real_rate(
    estimator: Estimator, charts: Mapping[str, Chart], limits: Mapping[str, float], n: int, p: int, references: int, seed: int
) -> tuple[float, float]:
    """False alarms per row on average over fresh references, each one over its mean run in 40 processes; and the standard error."""
    rng, each = np.random.default_rng(seed), 40
    rates = []
    for _ in range(references):
        scatter = estimator(rng.standard_normal((n, p)))
        lanes = {name: chart.lanes(each, p) for name, chart in charts.items()}
        run = np.zeros(each)
        alive = np.ones(each, dtype=bool)
        for _ in range(int(30 / ALPHA)):
            z: Floats = scatter.whiten(rng.standard_normal((each, p)))
            run += alive
            for name, advance in lanes.items():
                alive &= advance(z) <= limits[name]
            if not alive.any():
                break
        rates.append((each - 1) / run.sum())
    return float(np.mean(rates)), float(np.std(rates) / np.sqrt(references))


def limits_of(estimator: Estimator, charts: Mapping[str, Chart], n: int, p: int) -> dict[str, float]:
    own = law(estimator, "auto", n, p, ALPHA)
    found = shares(estimator, charts, own, n, p, ALPHA)
    return {name: found.limits[name].value if name in found.limits else own.new_row(found.alpha[name], p).value for name in charts}


@pytest.mark.parametrize("estimator, n, p", [(Classical(), 100, 3), pytest.param(Mcd(), 120, 4, marks=pytest.mark.slow)])
def test_charts_together_alarm_as_often_as_was_asked(estimator: Estimator, n: int, p: int) -> None:
    found, error = real_rate(estimator, TOGETHER, limits_of(estimator, TOGETHER, n, p), n, p, 60, 1)
    print(f"{found / ALPHA:.3f} ± {error / ALPHA:.3f}")
    assert abs(found - ALPHA) < max(3.5 * error, 0.05 * ALPHA)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("estimator, n, p", [(Classical(), 50, 4), (Classical(), 200, 4), (Mcd(), 200, 5)])
def test_charts_together_in_a_tight_band(estimator: Estimator, n: int, p: int) -> None:
    found, error = real_rate(estimator, TOGETHER, limits_of(estimator, TOGETHER, n, p), n, p, 1500, 2)
    print(f"{found / ALPHA:.3f} ± {error / ALPHA:.3f}")
    assert abs(found - ALPHA) < 0.03 * ALPHA + 3 * error


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_rare_budget_is_kept_as_well() -> None:
    rate = 1e-4
    charts: dict[str, Chart] = {"t2": T2(alpha=rate), "mewma": Mewma(lam=0.1, alpha=rate)}
    limit = shares(Classical(), charts, Exact(100, 4), 100, 4, rate).limits["mewma"].value
    chains = followed({"mewma": charts["mewma"]}, Fits.drawn(100, 4, seed=77), 0.8 * rate, 5)
    found, error = chains.rate({"mewma": limit}), chains.error({"mewma": limit})
    print(f"{found / rate:.3f} ± {error:.3f}")
    assert abs(found / rate - 1.0) < 0.1 + 3 * error


def test_limits_for_known_parameters_would_not_hold() -> None:
    charts = {"mewma": Mewma(lam=0.1)}
    found, error = real_rate(Classical(), charts, {"mewma": MewmaRun(4, 0.1).limit(1 / ALPHA)}, 50, 4, 60, 3)
    assert found - 3.5 * error > 1.5 * ALPHA


@pytest.mark.slow
def test_a_limit_for_each_alone_would_not_hold_together() -> None:
    own = law(Classical(), "auto", 100, 3, ALPHA)
    alone = {name: shares(Classical(), {"t2": T2(), name: chart}, own, 100, 3, ALPHA) for name, chart in TOGETHER.items() if name != "t2"}
    assert all(one.alpha["t2"] < ALPHA for one in alone.values())
    limits = {"t2": own.new_row(ALPHA, 3).value} | {name: one.limits[name].value for name, one in alone.items()}
    found, error = real_rate(Classical(), TOGETHER, limits, 100, 3, 60, 4)
    assert found - 3.5 * error > 1.1 * ALPHA


@pytest.mark.parametrize("exact", [False, True])
def test_with_known_parameters_a_simulated_mewma_is_that_of_the_integral_equation(exact: bool) -> None:
    chains = followed({"mewma": Mewma(exact=exact)}, Fits.known(4), ALPHA, 0)
    limit = MewmaRun(4, 0.1, exact).limit(1 / ALPHA)
    assert chains.rate({"mewma": limit}) == pytest.approx(ALPHA, rel=3.5 * chains.error({"mewma": limit}))
    assert chains.limit_at("mewma")(ALPHA) == pytest.approx(limit, rel=0.01)


def test_with_known_parameters_a_simulated_mcusum_is_that_of_the_integral_equation() -> None:
    chains = followed({"mcusum": Mcusum()}, Fits.known(3), ALPHA, 0)
    limit = McusumRun(3, 0.5).limit(1 / ALPHA)
    assert chains.rate({"mcusum": limit}) == pytest.approx(ALPHA, rel=3.5 * chains.error({"mcusum": limit}))
