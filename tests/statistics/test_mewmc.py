"""Does a moving covariance alarm as often as was asked, also with estimated parameters, and does it see what other charts do not?"""

from __future__ import annotations

import numpy as np
import pytest

from spc.charts import Mewmc
from spc.phase1.chains import Fits, followed
from spc.phase1.laws import Exact
from spc.phase1.shared import shares
from spc.scatter import Classical

pytestmark = pytest.mark.statistics

ALPHA = 1.0 / 100.0
N, P = 80, 3
CHARTS = {"mewmc": Mewmc()}


def real_rate(limit: float, references: int, seed: int) -> tuple[float, float]:
    """False alarms per row over fresh references, each one over its mean run in 40 processes; and the standard error."""
    rng, each = np.random.default_rng(seed), 40
    rates = []
    for _ in range(references):
        scatter = Classical()(rng.standard_normal((N, P)))
        advance, run, alive = Mewmc().lanes(each, P), np.zeros(each), np.ones(each, dtype=bool)
        for _ in range(int(30 / ALPHA)):
            run += alive
            alive &= advance(scatter.whiten(rng.standard_normal((each, P)))) <= limit
            if not alive.any():
                break
        rates.append((each - 1) / run.sum())
    return float(np.mean(rates)), float(np.std(rates) / np.sqrt(references))


def test_it_alarms_as_often_as_was_asked_and_with_the_limit_for_known_parameters_it_would_not() -> None:
    limit = shares(Classical(), CHARTS, Exact(N, P), N, P, ALPHA).limits["mewmc"].value
    found, error = real_rate(limit, 40, 1)
    assert abs(found - ALPHA) < max(3.5 * error, 0.05 * ALPHA)
    known = followed(CHARTS, Fits.known(P), ALPHA, 0).limit_at("mewmc")(ALPHA)
    assert known < limit
    found, error = real_rate(known, 40, 2)
    assert found - 3.5 * error > 1.1 * ALPHA


def test_a_narrower_spread_is_seen_at_once_and_no_far_row_is_there_to_see() -> None:
    limit = followed(CHARTS, Fits.known(P), ALPHA, 0).limit_at("mewmc")(ALPHA)
    z = np.random.default_rng(3).standard_normal((60, 400, P))
    z[:, :, 0] *= 0.3
    advance = Mewmc().lanes(400, P)
    out = np.array([advance(rows) > limit for rows in z])
    assert np.mean(out.any(axis=0)) > 0.95
    assert np.median(np.argmax(out, axis=0)) < 30
