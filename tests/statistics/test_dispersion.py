"""Does the dispersion of subgroups alarm as often as was asked, by itself and together with T², and does it see what T² does not?"""

from __future__ import annotations

import numpy as np
import pytest

from spc.charts import T2, Chart, Dispersion
from spc.limits.grouped import calibrate_subgroups
from spc.limits.likelihood import known_limit
from spc.limits.subgroups import NewSubgroup
from spc.nouns import Floats, Ints, Scatter
from spc.phase1.means import ExactMeans, MeanLaw
from spc.phase1.spreads import Shared, drawn, shared
from spc.scatter import Mcd
from spc.scatter.within import pooled, robust

pytestmark = pytest.mark.statistics
SIZES = (4, 5, 5, 6, 6, 6, 6, 7, 8, 6)
GROUP = np.repeat(np.arange(len(SIZES)), SIZES)
N, M, P, ALPHA = len(GROUP), len(SIZES), 3, 0.02
BOTH: dict[str, Chart] = {"t2": T2(), "dispersion": Dispersion()}
LAW = MeanLaw(ExactMeans(N, M, P), 6, 8)


@pytest.fixture(scope="module")
def limits() -> Shared:
    return shared(BOTH, LAW, P, ALPHA, 0, "classical")


def subgroups(rng: np.random.Generator, k: int, references: int, each: int) -> tuple[Floats, Floats]:
    """T² and the dispersion (references, each) of good new subgroups of k rows, with a pooled fit to a fresh reference for each line."""
    t2, spread = np.empty((references, each)), np.empty((references, each))
    for i in range(references):
        fit = pooled(rng.standard_normal((N, P)), GROUP)
        z = fit.whiten(rng.standard_normal((each * k, P))).reshape(each, k, P)
        t2[i] = k * np.sum(z.mean(axis=1) ** 2, axis=1)
        away = z - z.mean(axis=1, keepdims=True)
        c = np.einsum("gka,gkb->gab", away, away) / (k - 1)
        spread[i] = (k - 1) * (np.trace(c, axis1=1, axis2=2) - np.linalg.slogdet(c)[1] - P)
    return t2, spread


def rate(out: np.ndarray) -> tuple[float, float]:
    each = out.mean(axis=1)
    return float(each.mean()), float(each.std() / np.sqrt(len(each)))


@pytest.mark.parametrize("k", [4, 5, 6, 8])
def test_subgroups_of_any_size_alarm_as_promised_and_by_the_chi_squared_law_far_too_often(limits: Shared, k: int) -> None:
    _, spread = subgroups(np.random.default_rng(k), k, 2000, 30)
    asked = limits.alpha["dispersion"]
    found, error = rate(spread > dict(limits.by_size["dispersion"])[k])
    assert abs(found - asked) < 3.5 * error, (found, asked)
    wrong, error = rate(spread > known_limit(asked, P))
    assert wrong - 3.5 * error > 1.5 * asked


def test_both_charts_together_alarm_as_often_as_was_asked(limits: Shared) -> None:
    t2, spread = subgroups(np.random.default_rng(99), 6, 3000, 30)
    ucl = NewSubgroup(N, M, 6, P).limit(limits.alpha["t2"]).value
    found, error = rate((t2 > ucl) | (spread > limits.limits["dispersion"].value))
    assert abs(found - ALPHA) < 3.5 * error, (found, error)
    assert limits.alpha["t2"] == pytest.approx(limits.alpha["dispersion"])
    assert ALPHA / 2 < limits.alpha["t2"] < ALPHA / 2 * 1.1


def test_a_broken_relation_and_a_spread_that_t2_of_the_mean_does_not_see(limits: Shared) -> None:
    rng = np.random.default_rng(5)
    fit = pooled(rng.standard_normal((N, P)) @ _tied().T, GROUP)
    k, out = 8, {"t2": 0, "dispersion": 0}
    ucl = NewSubgroup(N, M, k, P).limit(limits.alpha["t2"]).value
    for _ in range(400):
        z = fit.whiten(rng.standard_normal((k, P)))  # the same variances, and no relation
        out["t2"] += k * float(np.sum(z.mean(axis=0) ** 2)) > ucl
        out["dispersion"] += Dispersion().of(z) > dict(limits.by_size["dispersion"])[k]
    assert out["dispersion"] > 300
    assert out["t2"] < 0.7 * out["dispersion"]


def _tied() -> Floats:
    return np.asarray(np.linalg.cholesky(0.1 * np.eye(P) + 0.9), dtype=np.float64)


def _asked(x: Floats, group: Ints) -> Scatter:
    return robust(Mcd(), x, group)


@pytest.mark.slow
def test_the_limit_for_a_robust_scatter_holds_too() -> None:
    sizes, k = SIZES * 2, 6
    group = np.repeat(np.arange(2 * M), sizes)
    means = calibrate_subgroups(_asked, "mcd", sizes, P, fits=150)
    fits = drawn(means, P, 0)
    limit, rng, spread = fits.value(ALPHA, k), np.random.default_rng(11), []
    for _ in range(150):
        one = _asked(rng.standard_normal((2 * N, P)), group)
        fit = Scatter(one.center, one.factor / np.sqrt(means.bias), one.n)
        z = fit.whiten(rng.standard_normal((200 * k, P))).reshape(200, k, P)
        spread.append([Dispersion().of(rows) for rows in z])
    found, error = rate(np.array(spread) > limit)
    assert abs(found - ALPHA) < 3.5 * np.hypot(error, ALPHA * fits.error(ALPHA, k)), (found, error)
