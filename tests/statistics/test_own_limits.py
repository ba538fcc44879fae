"""Limits from the reference itself really alarm as often as they say, where the law of normal rows does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spc.limits import NewRow
from spc.limits.crossfit import crossfit
from spc.limits.paretotail import ParetoTail
from spc.nouns import Floats, Scatter
from spc.scatter import Classical

pytestmark = pytest.mark.statistics

ALPHA = 0.01
Draw = Callable[[np.random.Generator, int], Floats]


def alike(phi: float, p: int) -> Draw:
    """Rows of an autoregression of order 1 in each of p columns, with unit variance."""

    def draw(rng: np.random.Generator, n: int) -> Floats:
        e = rng.standard_normal((n, p))
        e[1:] *= np.sqrt(1.0 - phi**2)
        for i in range(1, n):
            e[i] += phi * e[i - 1]
        return e

    return draw


def heavy(rng: np.random.Generator, n: int) -> Floats:
    """Rows of a multivariate t with five degrees of freedom."""
    return rng.standard_normal((n, 4)) / np.sqrt(rng.chisquare(5, (n, 1)) / 5)


def rates(draw: Draw, gap: int, references: int, limit: Callable[[Floats, Scatter, int], float], seed: int = 7) -> float:
    """How often new rows, long after the reference, are beyond a limit, on average over references of 1000 rows."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(references):
        x = draw(rng, 1000)
        scatter = Classical()(x)
        found.append(np.mean(scatter.d2(draw(rng, 5000)) > limit(x, scatter, gap)))
    return float(np.mean(found))


def own(x: Floats, scatter: Scatter, gap: int) -> float:
    return crossfit(x, Classical(), gap=gap).tail().quantile(ALPHA)


def f_law(x: Floats, scatter: Scatter, gap: int) -> float:
    return NewRow(*x.shape).limit(ALPHA).value


def in_sample(x: Floats, scatter: Scatter, gap: int) -> float:
    return ParetoTail.of(scatter.d2(x)).quantile(ALPHA)


def kept(rate: float) -> bool:
    return 0.005 <= rate <= 0.015


def test_cross_fit_keeps_its_promise_where_neighbours_are_alike() -> None:
    assert kept(rate := rates(alike(0.7, 4), 20, 60, own)), rate


@pytest.mark.slow
def test_it_keeps_it_where_the_f_law_breaks_it_because_neighbours_are_very_alike() -> None:
    draw = alike(0.95, 4)
    assert not kept(rates(draw, 50, 60, f_law))
    assert not kept(rates(draw, 50, 60, in_sample))
    assert kept(rate := rates(draw, 50, 60, own)), rate


def test_it_keeps_it_where_the_f_law_breaks_it_because_tails_are_heavy() -> None:
    assert not kept(rates(heavy, 0, 40, f_law))
    assert kept(rate := rates(heavy, 0, 40, own)), rate
