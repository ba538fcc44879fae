"""The interval for rows in runs holds the true rate where the one for independent rows does not."""

from __future__ import annotations

import numpy as np
import pytest

from spc.replay.counts import Clumps
from spc.replay.intervals import clustered_share, share

RUNS, N, RATE = 400, 4000, 0.02

pytestmark = pytest.mark.statistics


def coverage(phi: float) -> tuple[float, float]:
    """How often each interval holds the true share of an AR(1) series beyond its own limit."""
    rng = np.random.default_rng(7)
    e = rng.standard_normal((RUNS, N + 200))
    z = np.empty_like(e)
    z[:, 0] = e[:, 0]
    for t in range(1, z.shape[1]):
        z[:, t] = phi * z[:, t - 1] + np.sqrt(1 - phi**2) * e[:, t]
    out = z[:, 200:] > 2.0537489106318225  # the upper 2 % point of the normal law
    plain = runs = 0
    for one in out:
        clumps = Clumps(3)
        clumps.take(one)
        plain += RATE in share(clumps.hits, clumps.n)
        runs += RATE in clustered_share(clumps.hits, clumps.n, clumps.effect)
    return plain / RUNS, runs / RUNS


def test_independent_rows_lose_little() -> None:
    plain, runs = coverage(0.0)
    assert 0.93 <= plain <= 1.0
    assert 0.93 <= runs <= 1.0


@pytest.mark.parametrize("phi, least", [(0.7, 0.90), (0.95, 0.88)])
def test_rows_that_follow_each_other(phi: float, least: float) -> None:
    plain, runs = coverage(phi)
    print(plain, runs)
    assert plain < 0.85
    assert runs >= least
