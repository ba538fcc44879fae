"""Whether neighbouring rows are alike, how many independent rows they are worth, and what that does to the limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import chdtrc, chdtri, fdtrc, ndtr, ndtri

from spc.inspect.measured import Measured
from spc.inspect.memory import Memory
from spc.inspect.sentence import listed, percent
from spc.limits import NewRow
from spc.nouns import Finding

NOMINAL = 0.0027
_GRAVE = 1.5
_FEWEST = 20


def autocorrelation(m: Measured) -> Iterator[Finding]:
    """Columns whose neighbouring rows are alike beyond a few steps, with the effective number of rows; columns that only drift."""
    if m.n < _FEWEST or not m.p:
        return
    m = m.level
    memory = m.memory
    known = memory.known
    limit = memory.limit
    alike = [int(j) for j in np.argsort(-memory.first) if memory.alike[j]]
    if alike:
        yield _told(m, alike, memory)
    swings = [j for j in range(m.p) if memory.first[j] < -limit[j] - 2.0 / max(int(known[j]), 1) and known[j] >= _FEWEST]
    if swings:
        shown = listed([f"{m.names[j]} {memory.first[j]:.2g}" for j in swings])
        text = f"Neighbouring rows are opposite: correlation {shown}. The process is over-adjusted, or two streams alternate in one table."
        yield Finding("alternating", "note", text, "Chart each stream by itself.", tuple(m.names[j] for j in swings))


def _told(m: Measured, alike: list[int], memory: Memory) -> Finding:
    n, p = int(m.complete.sum()), m.p
    worth = max(1, round(n / memory.time_mean))
    shown = listed([f"{m.names[j]} {memory.first[j]:.2f}" for j in alike])
    drifting = [m.names[j] for j in alike if memory.drifts[j]]
    text = f"Neighbouring rows are alike: correlation {shown}. {n} rows are worth about {worth} independent ones."
    grave = bool(drifting)
    if n > p + 2:
        rate = real_rate(n, p, memory)
        about = "about" if worth > 10 * p else "more than"
        grave = grave or rate >= _GRAVE * NOMINAL
        text += f" A limit for {percent(NOMINAL)} false alarms would really give {about} {percent(rate)}, and they come in runs."
    cure = "Collect rows at longer intervals, or over a longer time until enough independent ones are there."
    if drifting:
        few = max(1, round(float(memory.worth[memory.drifts].max())))
        one = len(drifting) == 1
        text += f" {listed(drifting)} only {'drifts' if one else 'drift'}"
        text += f": {n} rows are worth {few} or fewer for {'its level' if one else 'their levels'}."
        cure += f" Leave {'it' if len(drifting) == 1 else 'them'} out of T², or chart what is left after a trend."
    return Finding("autocorrelation", "amber" if grave else "note", text, cure, tuple(m.names[j] for j in alike))


def real_rate(n: int, p: int, memory: Memory, nominal: float = NOMINAL) -> float:
    """The probability that a good new row, long after the reference, is beyond the F limit that was drawn as if n rows were independent.

    The mean varies like one of n / τ_mean rows, the covariance like one of n / τ_scatter rows and is too small by 1 − τ_mean / n, so
    that T² follows (1 + 1/a) / (1 − 1/a) · (n − 1)/n · pν/(ν − p + 1) · F(p, ν − p + 1) with a = n / τ_mean and ν = n / τ_scatter − 1: the
    F law itself when both times are 1. Where few independent rows are left, the times and with them the rate come out too small.
    """
    limit = NewRow(n, p).limit(nominal).value
    a = max(n / memory.time_mean, 2.0)
    nu = max(n / memory.time_scatter - 1.0, p + 0.5)
    factor = (1 + 1 / a) / (1 - 1 / a) * (n - 1) / n * p * nu / (nu - p + 1)
    return float(fdtrc(p, nu - p + 1, limit / factor))


def averaged_rate(memory: Memory, lam: float, nominal: float, *, squares: bool = False) -> float:
    """The share of good rows that a moving average with weight λ really calls out when its limit is that for independent rows.

    Of the whitened rows (squares False): Σ v_j z_j² with the columns' variances v_j, by a scaled χ² with the same mean and variance. Of
    log T² (True): a normal variable with variance v. Columns are taken to be about independent. Source: Box 1954, theorem 3.1.
    """
    if squares:
        return float(ndtr(float(ndtri(nominal)) / memory.averaged_squares(lam) ** 0.5))
    v = memory.averaged(lam)
    h = float(v.sum() ** 2 / np.sum(v**2))
    return float(chdtrc(h, float(chdtri(float(len(v)), nominal)) * h / float(v.sum())))
