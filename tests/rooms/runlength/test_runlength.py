"""Run lengths: against laws in closed form, against simulated charts, and what is not computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.runlength import Chain, Mcusum, Memoryless, Mewma, RunLength

Step = Callable[[Floats, Floats, int], tuple[Floats, Floats]]


def simulated(step: Step, limit: float, p: int, shift: float, runs: int = 10_000, longest: int = 4000) -> Floats:
    """Run lengths of that many charts, side by side, with the rows drawn anew."""
    rng = np.random.default_rng(11)
    state, alive, found = np.zeros((runs, p)), np.arange(runs), np.zeros(runs)
    for row in range(1, longest):
        z = rng.standard_normal((len(alive), p))
        z[:, 0] += shift
        state, value = step(state, z, row)
        out = value > limit
        found[alive[out]] = row
        state, alive = state[~out], alive[~out]
        if not len(alive):
            return found
    raise AssertionError("a run did not end")


def mewma(lam: float, exact: bool) -> Step:
    def step(y: Floats, z: Floats, row: int) -> tuple[Floats, Floats]:
        y = lam * z + (1 - lam) * y
        variance = lam / (2 - lam) * (1 - (1 - lam) ** (2 * row) if exact else 1)
        return y, np.asarray((y * y).sum(1) / variance)

    return step


def mcusum(k: float) -> Step:
    def step(s: Floats, z: Floats, row: int) -> tuple[Floats, Floats]:
        s = s + z
        size = np.linalg.norm(s, axis=1)
        s = s * np.clip(1 - k / size, 0, None)[:, None]
        return s, np.asarray(np.linalg.norm(s, axis=1))

    return step


def agrees(found: RunLength, runs: Floats) -> None:
    error = runs.std() / np.sqrt(len(runs))
    assert abs(found.arl - runs.mean()) < 4 * error
    assert found.sd == pytest.approx(runs.std(), rel=0.05)
    for probability, row in found.quantiles.items():
        band = 4 * np.sqrt(probability * (1 - probability) / len(runs))
        assert (runs <= row).mean() >= probability - band
        assert (runs <= row - 1).mean() < probability + band


@pytest.mark.statistics
@pytest.mark.parametrize("p,lam,exact,shift", [(3, 0.2, False, 0.0), (3, 0.2, False, 1.0), (3, 0.2, True, 0.5), (1, 0.1, True, 1.0)])
def test_mewma_is_what_simulated_charts_do(p: int, lam: float, exact: bool, shift: float) -> None:
    chart = Mewma(p, lam, exact)
    limit = chart.limit(80.0)
    agrees(chart.run_length(limit, shift), simulated(mewma(lam, exact), limit, p, shift))


@pytest.mark.statistics
@pytest.mark.parametrize("p,k,shift", [(4, 0.5, 0.0), (4, 0.5, 1.0), (1, 0.25, 0.5), (2, 1.0, 2.0)])
def test_mcusum_is_what_simulated_charts_do(p: int, k: float, shift: float) -> None:
    chart = Mcusum(p, k)
    limit = chart.limit(80.0)
    agrees(chart.run_length(limit, shift), simulated(mcusum(k), limit, p, shift))


@pytest.mark.statistics
def test_the_steady_state_is_that_of_charts_that_ran_before_the_shift() -> None:
    chart = Mewma(2, 0.1)
    limit, rng = chart.limit(200.0), np.random.default_rng(5)
    step, y = mewma(0.1, False), np.zeros((20_000, 2))
    for row in range(80):  # in control; the ones that alarmed are left out
        y, value = step(y, rng.standard_normal(y.shape), row)
        y = y[value <= limit]
    runs, n = [], 0
    while len(y):
        n += 1
        y, value = step(y, rng.normal((1.0, 0.0), 1.0, y.shape), n)
        runs += [n] * int((value > limit).sum())
        y = y[value <= limit]
    found = chart.run_length(limit, 1.0)
    assert abs(found.steady - np.mean(runs)) < 4 * np.std(runs) / np.sqrt(len(runs))
    assert found.steady < found.arl - 0.2  # it starts away from the centre, and so it is quicker


@pytest.mark.parametrize("p", [1, 2, 7, 60])
@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_a_mewma_without_memory_is_the_chi_squared_chart(p: int, shift: float) -> None:
    plain = Memoryless(p)
    limit = plain.limit(150.0)
    assert Mewma(p, 1.0).limit(150.0) == pytest.approx(limit, rel=1e-7)
    for exact in (False, True):
        found, known = Mewma(p, 1.0, exact).run_length(limit, shift), plain.run_length(limit, shift)
        assert (found.arl, found.sd, found.steady) == pytest.approx((known.arl, known.sd, known.arl), rel=1e-5)
        assert found.quantiles == known.quantiles


def test_the_run_length_of_t2_is_geometric() -> None:
    found = Memoryless(3).run_length(Memoryless(3).limit(370.0))
    assert (found.arl, found.sd) == pytest.approx((370.0, np.sqrt(370.0 * 369.0)))
    alarm = 1 / 370
    for probability, row in found.quantiles.items():
        assert 1 - (1 - alarm) ** row >= probability > 1 - (1 - alarm) ** (row - 1)


def test_the_exact_variance_needs_a_limit_of_its_own() -> None:
    usual = Mewma(2, 0.1).limit(200.0)
    assert Mewma(2, 0.1, exact=True).run_length(usual).arl == pytest.approx(187, abs=1)  # not the 200 that were promised
    assert Mewma(2, 0.1, exact=True).limit(200.0) == pytest.approx(8.7846, abs=1e-4)


@pytest.mark.parametrize("chart", [Mewma(4, 0.1), Mewma(25, 0.05), Mewma(2, 0.1, exact=True), Mcusum(4, 0.5), Memoryless(4)])
def test_a_limit_gives_back_its_arl(chart: Mewma | Mcusum | Memoryless) -> None:
    found = chart.run_length(chart.limit(370.0))
    assert found.arl == pytest.approx(370.0, rel=1e-7)
    assert found.error < 1e-3


def test_the_stated_error_is_the_size_of_the_real_one() -> None:
    """Knoth 2017: with too few nodes a small λ and a small shift go wrong unnoticed; 155 was printed where 65.8 is right."""
    found = Mewma(2, 0.05).run_length(7.34727747558987, 0.25)
    assert abs(found.arl - 65.829559) < 1e-4
    assert found.error < 1e-3


def test_quantiles_far_out_are_written_down_without_walking_there() -> None:
    limit = Mewma(2, 0.1).limit(1e6)
    found = Mewma(2, 0.1).run_length(limit)
    assert found.quantiles[0.5] == pytest.approx(1e6 * np.log(2.0), rel=1e-3)
    assert Chain(np.array([[1 - 1e-6]]), np.array([1.0])).quantile(0.95) == int(np.ceil(np.log(0.05) / np.log1p(-1e-6)))


def test_a_huge_shift_is_found_at_once() -> None:
    for chart in (Mewma(3, 0.2), Mcusum(3), Memoryless(3)):
        found = chart.run_length(8.0, 100.0)
        assert (found.arl, found.sd, set(found.quantiles.values())) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-6), {1})


@pytest.mark.parametrize(
    "ask,said",
    [
        (lambda: Mewma(0), "variables"),
        (lambda: Mcusum(201), "variables"),
        (lambda: Mewma(2, 0.0), "λ = 0"),
        (lambda: Mewma(2, float("nan")), "λ = nan"),
        (lambda: Mcusum(2, -1.0), "k = -1"),
        (lambda: Mewma(2).limit(1.0), "ARL₀ of 1 "),
        (lambda: Mcusum(2).limit(float("inf")), "ARL₀ of inf"),
        (lambda: Memoryless(2).limit(float("nan")), "ARL₀ of nan"),
        (lambda: Mcusum(2, 4.0).limit(5.0), "waits longer than 5 rows"),
        (lambda: Mewma(2).run_length(-3.0), "not a limit"),
        (lambda: Mewma(2).run_length(5.0, -1.0), "size of a shift"),
        (lambda: Mewma(2).run_length(500.0), "waits longer"),
        (lambda: Mewma(4, 0.01, exact=True).run_length(10.0, 0.5), "not computed for the exact variance"),
        (lambda: Mcusum(2).run_length(100.0), "waits longer"),
        (lambda: Memoryless(2).run_length(5000.0), "No row"),
    ],
)
def test_what_has_no_run_length_is_refused_with_a_cure(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(BadRecipe, match=said) as refused:
        ask()
    assert refused.value.cure
