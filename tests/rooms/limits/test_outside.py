"""The limit of SPE: exact where an exact law is known, and the forms of the fits against rows drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import chdtri

from spc.charts import Spe
from spc.limits.outside import Refitted, box
from spc.nouns import Floats
from spc.phase1.chains import Fits
from spc.phase1.outside import Calibrated


def lower_of(rng: np.random.Generator, p: int) -> Floats:
    return np.asarray(np.linalg.cholesky(np.cov(rng.standard_normal((p, 3 * p)))), dtype=np.float64)


def test_with_equal_weights_the_usual_limit_is_the_chi_squared_one() -> None:
    assert box(np.full((3, 4), 2.5), 0.01).tolist() == pytest.approx([2.5 * chdtri(4, 0.01)] * 3, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 0.0027, 1e-6])
def test_with_known_parameters_the_limit_is_the_quantile_of_the_form(alpha: float) -> None:
    chart = Spe(components=2).bound(np.eye(5))
    assert Calibrated.of(chart, Fits.known(5)).limit(alpha, "").value == pytest.approx(chdtri(3, alpha), rel=1e-6)


def test_for_two_variables_whole_tables_and_new_rows_agree() -> None:
    """Two standardised variables have one contrast whatever their correlation: SPE is half the square of their difference."""
    n, tables, alpha, rho = 30, 60_000, 0.02, 0.9
    lower = np.array([[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]])
    fits = Fits.classical(n, 2, 4000, np.random.default_rng(3))
    ratio = Calibrated.of(Spe(components=1).bound(lower), replace(fits, truth=lower)).ratio(alpha)
    x = np.random.default_rng(8).standard_normal((tables, n + 1, 2)) @ lower.T
    mean, sd = x[:, 1:].mean(axis=1), x[:, 1:].std(axis=1, ddof=1)
    seen = np.einsum("kia,kib->kab", *2 * [(x[:, 1:] - mean[:, None]) / sd[:, None]])[:, 0, 1] / (n - 1)
    new = (x[:, 0] - mean) / sd
    spe = 0.5 * (new[:, 0] - new[:, 1]) ** 2
    share = float(np.mean(spe > ratio * (1.0 - seen) * chdtri(1, 0.0027)))
    assert abs(share - alpha) < 4.0 * np.sqrt(alpha / tables)
    known = float(np.mean(spe > (1.0 - seen) * chdtri(1, alpha)))
    assert known > 1.2 * alpha  # the limit for known parameters would not hold


def test_each_fits_tail_is_that_of_rows_drawn_at_random() -> None:
    rng = np.random.default_rng(4)
    fits = replace(Fits.classical(20, 4, 2, rng), truth=lower_of(rng, 4))
    chart = Spe(components=2).bound(fits.factors)
    found = Refitted.of(chart.outside.rest, fits.center, fits.factor, chart.usual, 2)
    u = rng.standard_normal((200_000, 4))
    for k in range(2):
        z = np.linalg.solve(fits.factor[k], (u - fits.center[k]).T).T
        spe = np.sum((z @ chart.outside.rest[k].T) ** 2, axis=1)
        for ratio in (0.3, 1.0):
            tail = float(found.tails(ratio)[k])
            share = float(np.mean(spe > ratio * chart.usual[k]))
            assert abs(share - tail) < 4.0 * np.sqrt(tail / len(u))


def test_luck_that_fits_share_is_counted_once() -> None:
    one = Fits.classical(30, 4, 40, np.random.default_rng(6))
    chart = Spe(components=2).bound(np.eye(4))
    once = Calibrated.of(chart, one)
    twice = Calibrated.of(chart, Fits(np.tile(one.center, (2, 1)), np.tile(one.factor, (2, 1, 1)), seen_on=40))
    assert twice.error(0.01) == pytest.approx(once.error(0.01), rel=1e-6)


def test_between_two_rates_the_quick_limit_is_the_exact_one() -> None:
    lower = lower_of(np.random.default_rng(2), 5)
    found = Calibrated.of(Spe().bound(lower), replace(Fits.classical(50, 5, 200, np.random.default_rng(6)), truth=lower))
    quick = found.between(0.001, 0.004)
    assert [quick(rate) for rate in (0.001, 0.0013, 0.0031, 0.004)] == pytest.approx(
        [found.ratio(rate) for rate in (0.001, 0.0013, 0.0031, 0.004)], rel=1e-3
    )
