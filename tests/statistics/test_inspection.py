"""What findings promise: how seldom they speak of nothing, and whether the false alarms that they foretell are those that come.

Fresh tables with a fixed seed. The bands are those of counting: a check that speaks twice as often as promised, or a consequence that is
off by half, falls out of them. The `slow` ones ask the same more closely.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from spc.inspect import CHECKS, Measured, steps
from spc.inspect.autocorrelation import real_rate as rate_of_memory
from spc.inspect.changes import real_rate as rate_of_changes
from spc.inspect.memory import remembered
from spc.inspect.normality import bulk, real_rate
from spc.limits import NewRow
from spc.nouns import Floats, Rows
from spc.phase1.distribution_free import distribution_free
from spc.scatter import Classical

pytestmark = pytest.mark.statistics

ALPHA = 0.0027
NEW = ("collinear", "normality", "autocorrelation", "changes", "missing")


def spoken(n: int, p: int, tables: int, seed: int) -> Counter[str]:
    """How many of some clean normal tables have a finding of each kind."""
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for _ in range(tables):
        measured = Measured.of(Rows.of(rng.standard_normal((n, p))), ())
        found.update({finding.kind for name in NEW for finding in CHECKS[name](measured)})
    return found


def at_most(share: float, tables: int) -> float:
    """A count that is passed once in a thousand when the true share is at most this."""
    return share * tables + 3.1 * math.sqrt(share * tables) + 1.0


@pytest.mark.parametrize("n, p, tables", [(30, 2, 60), (60, 5, 40), (200, 6, 30)])
def test_clean_tables_have_no_new_finding(n: int, p: int, tables: int) -> None:
    found = spoken(n, p, tables, 1)
    assert all(count <= at_most(0.01, tables) for count in found.values()), found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("n, p, tables", [(30, 2, 1500), (50, 20, 500), (100, 10, 600), (200, 6, 800), (1000, 2, 300), (1000, 20, 100)])
def test_clean_tables_have_no_new_finding_counted_closely(n: int, p: int, tables: int) -> None:
    found = spoken(n, p, tables, 2)
    print(n, p, {kind: f"{count / tables:.4f}" for kind, count in found.items()})
    assert all(count <= at_most(0.01, tables) for count in found.values()), found


# ---------------------------------------------------------------------------------------------------------------- exact promises


def normal(rng: np.random.Generator, n: int, p: int) -> Floats:
    return rng.standard_normal((n, p))


def t3(rng: np.random.Generator, n: int, p: int) -> Floats:
    return rng.standard_normal((n, p)) / np.sqrt(rng.chisquare(3, (n, 1)) / 3)


def lognormal(rng: np.random.Generator, n: int, p: int) -> Floats:
    return np.exp(rng.standard_normal((n, p)))


LAWS = [normal, t3, lognormal]


def band(share: float, tables: int) -> tuple[float, float]:
    half = 3.3 * math.sqrt(share * (1 - share) / tables)
    return share - half, share + half


@pytest.mark.parametrize("n, p, tables", [(50, 3, 150), (200, 6, 60)])
def test_steps_hold_their_overall_error_rate(n: int, p: int, tables: int) -> None:
    rng = np.random.default_rng(3)
    share = float(np.mean([bool(steps(normal(rng, n, p), 0.05).first) for _ in range(tables)]))
    low, high = band(0.05, tables)
    assert low < share < high


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n, p, tables", [(50, 3, 2000), (200, 6, 1000)])
def test_steps_hold_their_overall_error_rate_whatever_the_law(
    law: Callable[[np.random.Generator, int, int], Floats], n: int, p: int, tables: int
) -> None:
    rng = np.random.default_rng(4)
    share = float(np.mean([bool(steps(law(rng, n, p), 0.05).first) for _ in range(tables)]))
    low, high = band(0.05, tables)
    print(f"{law.__name__} n = {n}, p = {p}: {share:.4f}")
    assert low < share < high


@pytest.mark.parametrize("law", LAWS)
def test_distribution_free_holds_its_overall_false_alarm_probability(law: Callable[[np.random.Generator, int, int], Floats]) -> None:
    rng = np.random.default_rng(5)
    share = float(np.mean([not distribution_free(law(rng, 30, 2), permutations=39).stable for _ in range(80)]))
    low, high = band(0.05, 80)
    assert low < share < high


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("size", [1, 4])
def test_distribution_free_counted_closely(law: Callable[[np.random.Generator, int, int], Floats], size: int) -> None:
    rng = np.random.default_rng(6)
    label = None if size == 1 else np.repeat(np.arange(20), size).tolist()
    n = 40 if size == 1 else 20 * size
    share = float(np.mean([not distribution_free(law(rng, n, 3), permutations=59, subgroup=label).stable for _ in range(1000)]))
    low, high = band(0.05, 1000)
    print(f"{law.__name__}, subgroups of {size}: {share:.4f}")
    assert low < share < high


def test_a_promise_that_is_not_kept_falls_out_of_the_band() -> None:
    """Rows that depend on each other: the permutation is wrong, and the same count shows it."""
    rng = np.random.default_rng(7)
    alarms = [not distribution_free(wandering(rng, 0.6, 30, 2), permutations=39).stable for _ in range(60)]
    assert np.mean(alarms) > band(0.05, 60)[1]


# ------------------------------------------------------------------------------------------------ consequences in false alarms


def wandering(rng: np.random.Generator, rho: float, n: int, p: int) -> Floats:
    x = rng.standard_normal((n + 100, p))
    for t in range(1, len(x)):
        x[t] = rho * x[t - 1] + math.sqrt(1 - rho**2) * x[t]
    return x[100:]


@pytest.mark.parametrize("rho, n, p, within", [(0.3, 200, 6, 1.25), (0.6, 200, 6, 1.4), (0.6, 1000, 6, 1.25), (0.9, 1000, 6, 1.5)])
def test_what_alike_rows_cost(rho: float, n: int, p: int, within: float) -> None:
    """Fresh AR(1) references, classical fit, F limit: the share of good rows beyond it, exactly for each fit, against the foretold."""
    rng = np.random.default_rng(8)
    foretold, real = [], []
    for _ in range(25):
        x = wandering(rng, rho, n, p)
        middle = np.median(x, axis=0)
        memory = remembered(x, middle, 1.4826 * np.median(np.abs(x - middle), axis=0))
        foretold.append(rate_of_memory(n, p, memory))
        fit = Classical()(x)
        good = rng.standard_normal((20_000, p))
        real.append(float(np.mean(fit.d2(good) > NewRow(n, p).limit(ALPHA).value)))
    ratio = float(np.median(foretold) / np.mean(real))
    print(f"rho = {rho}, n = {n}: foretold {100 * np.median(foretold):.2f} %, real {100 * np.mean(real):.2f} %")
    assert 1 / within < ratio < within
    assert np.mean(real) > ALPHA


@pytest.mark.parametrize("freedom, within", [(3, 1.4), (5, 1.5), (10, 1.8)])
def test_what_heavy_tails_cost(freedom: int, within: float) -> None:
    rng = np.random.default_rng(9)

    def rows(n: int) -> Floats:
        return np.asarray(rng.standard_normal((n, 5)) / np.sqrt(rng.chisquare(freedom, (n, 1)) / freedom))

    foretold, real = [], []
    limit = NewRow(500, 5).limit(ALPHA).value
    for _ in range(12):
        core = Measured.of(Rows.of(rows(500)), ()).core
        assert core is not None
        inside, cut = bulk(core)
        foretold.append(real_rate(core.d2[inside], cut, limit, 5))
        real.append(float(np.mean(core.scatter.d2(rows(20_000)) > limit)))
    ratio = float(np.mean(foretold) / np.mean(real))
    print(f"t({freedom}): foretold {100 * np.mean(foretold):.2f} %, real {100 * np.mean(real):.2f} %")
    assert 1 / within < ratio < within


def test_what_a_skewed_bulk_costs_lies_between_the_two_numbers_that_are_told() -> None:
    rng = np.random.default_rng(10)
    limit = NewRow(600, 4).limit(ALPHA).value
    low, high, real = [], [], []
    for _ in range(12):
        core = Measured.of(Rows.of(np.exp(0.5 * rng.standard_normal((600, 4)))), ()).core
        assert core is not None
        inside, cut = bulk(core)
        low.append(real_rate(core.d2[inside], cut, limit, 4))
        high.append(float(np.mean(core.d2 > limit)))
        real.append(float(np.mean(core.scatter.d2(np.exp(0.5 * rng.standard_normal((20_000, 4)))) > limit)))
    assert 0.8 * np.mean(low) < np.mean(real) < 1.3 * np.mean(high)
    assert np.mean(real) > 5 * ALPHA


def test_what_a_step_costs() -> None:
    rng = np.random.default_rng(11)
    foretold, real = [], []
    shift = np.array([2.0, 0.0, 0.0])
    for _ in range(20):
        before, after = rng.standard_normal((150, 3)), rng.standard_normal((50, 3)) + shift
        rate = rate_of_changes([before, after])
        assert rate is not None
        foretold.append(rate)
        fit = Classical()(np.vstack([before, after]))
        good = rng.standard_normal((20_000, 3)) + shift
        real.append(float(np.mean(fit.d2(good) > NewRow(200, 3).limit(ALPHA).value)))
    assert np.mean(foretold) == pytest.approx(np.mean(real), rel=0.35)


def test_how_far_off_a_near_relation_alarms() -> None:
    """A row that is good but for one column is beyond the limit from about the told distance on."""
    rng = np.random.default_rng(12)
    x = rng.standard_normal((500, 3))
    x[:, 2] = x[:, 0] + x[:, 1] + 0.05 * x[:, 2]
    finding = next(iter(CHECKS["collinear"](Measured.of(Rows.of(x), ()))))
    told = float(finding.text.split("; ")[1].split(" off it alarms")[0])
    fit = Classical()(x)
    row = fit.center + np.array([0.0, 0.0, 1.0]) * told
    limit = NewRow(500, 3).limit(ALPHA).value
    assert fit.d2(row)[0] == pytest.approx(limit, rel=0.25)
