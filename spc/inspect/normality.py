"""Whether the bulk of the rows is normal, and what the limits would really do if it is not."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import betainc, gammaln, ndtr

from spc.inspect.core import Core
from spc.inspect.measured import Measured
from spc.inspect.multinormal import henze_zirkler, mardia
from spc.inspect.sentence import percent
from spc.limits import NewRow
from spc.nouns import Bools, Finding, Floats

NOMINAL = 0.0027  # the false-alarm probability whose real size is told
_LEVEL = 0.002  # for each of the three tests; together less than one clean table in a hundred
_OUTLIERS = 0.5  # good rows that are called outliers, on average, in a table of any size
_SHARE = 0.1  # more rows beyond than this are a heavy tail, not outliers
_ALIKE = 1.5  # rows that are worth one, from which on only every so many-th is asked
_FEWEST = 20  # rows; with fewer the tests find nothing
_GRAVE = 2.0  # from so many times the promised rate on, it is more than a note
_SHAPES = np.concatenate([np.geomspace(1.5, 100.0, 40), [1e5]])  # degrees of freedom that are tried for the tail


def normality(m: Measured) -> Iterator[Finding]:
    """Mardia's and Henze and Zirkler's tests of the rows that a robust fit does not call outliers.

    A few rows far off are no sign of another law: they are found by the chart, and are left out here; so are steps of the level. Where
    neighbouring rows are alike, only as many rows are asked as are worth one each. What
    stays is asked; the real false-alarm rate follows from how fast the robust distances of these rows thin out.
    """
    m = m.level
    c = m.core
    if c is None or len(c.x) < max(_FEWEST, 3 * c.x.shape[1]):
        return
    n, p = c.x.shape
    inside, cut = bulk(c)
    stride = math.ceil(m.memory.time_mean * len(c.x) / max(int(m.complete.sum()), 1)) if m.memory.time_mean > _ALIKE else 1
    x = c.x[inside][::stride]  # rows that are alike are no evidence twice
    if len(x) < max(_FEWEST, 2 * p + 2):
        return
    found = mardia(x)
    heavy = float(ndtr(-found.kurtosis.statistic))
    tests = {"skewness": found.skewness.p_value, "kurtosis": heavy, "Henze–Zirkler": henze_zirkler(x).p_value}
    failed = {name: value for name, value in tests.items() if value < _LEVEL}
    if failed:
        limit = NewRow(n, p).limit(NOMINAL).value
        rates = real_rate(c.d2[inside], cut, limit, p), float(np.mean(c.d2 > limit))
        yield _told(m, c, failed, _which(x), rates, int((~inside).sum()))


def _told(
    m: Measured, c: Core, failed: dict[str, float], which: tuple[int, float, float], rates: tuple[float, float], left: int
) -> Finding:
    k, skewness, excess = which
    name = m.names[c.columns[k]]
    shown = ", ".join(f"{test} p {'= ' + format(value, '.1g') if value > 1e-9 else '< 1e-9'}" for test, value in failed.items())
    shape = "skewed" if "skewness" in failed else "heavy-tailed" if "kurtosis" in failed else "of another shape"
    worst = f", above all {name} (skewness {skewness:+.2g}, excess kurtosis {excess:+.2g})"
    text = f"The bulk of the rows is not normal but {shape}{worst}: {shown}."
    rate, whole = rates
    if max(rates) > 1.3 * NOMINAL:
        text += f" A normal limit for {percent(NOMINAL)} false alarms would really give about {percent(rate)}"
        text += f"; {percent(whole)} if the {left} rows far out, left aside here, are good ones." if left and whole > 1.2 * rate else "."
        cure = "Transform a skewed column (its logarithm, for one), or look for two kinds of rows in one table; else expect that rate."
    else:
        text += f" A normal limit for {percent(NOMINAL)} false alarms does not give more than that."
        cure = "T² needs no change; only probabilities of very rare rows are not to be trusted."
    return Finding("normality", "amber" if max(rates) >= _GRAVE * NOMINAL else "note", text, cure, (name,))


def _which(x: Floats) -> tuple[int, float, float]:
    """The column farthest from normal, with its skewness and excess kurtosis."""
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    skewness, excess = np.mean(z**3, axis=0), np.mean(z**4, axis=0) - 3.0
    k = int(np.argmax(np.maximum(skewness**2 / 6.0, excess**2 / 24.0)))
    return k, float(skewness[k]), float(excess[k])


def bulk(c: Core) -> tuple[Bools, float]:
    """Which rows of a core are no outliers, and the squared distance beyond which a row is one.

    The limit is one that half a good row passes on average. When more than a tenth of the rows lies beyond it,
    that is how the process is: then only what is far beyond them would be an outlier, and all rows are kept.
    """
    n, p = c.x.shape
    used = n if c.scatter.used is None else int(c.scatter.used.sum())
    cut = NewRow(max(used, p + 2), p).limit(_OUTLIERS / n).value
    inside = c.d2 <= cut
    if np.mean(~inside) > _SHARE:
        return np.ones(n, dtype=bool), float("inf")
    return inside, cut


def real_rate(d2: Floats, cut: float, limit: float, p: int) -> float:
    """The probability that a good row is beyond `limit`, from the squared distances d2 (k,) of rows that all lie within `cut`.

    Fitted is s·p·F(p, ν), the law of the distances of a multivariate t with ν degrees of freedom (χ² as ν grows), truncated at the
    cut, by maximum likelihood in ν with the scale s from the median: heavy and light tails are a matter of ν.
    """
    d2 = np.sort(d2[d2 > 0])
    best = (-np.inf, 0.0)
    for shape in _SHAPES:
        scale = _scale(d2, cut, p, float(shape))
        f = d2 / (scale * p)
        logs = 0.5 * p * np.log(p / shape) + (0.5 * p - 1) * np.log(f) - 0.5 * (p + shape) * np.log1p(p * f / shape)
        logs -= gammaln(0.5 * p) + gammaln(0.5 * shape) - gammaln(0.5 * (p + shape)) + np.log(scale * p)
        likelihood = float(np.sum(logs)) - len(d2) * np.log(max(_below(cut, p, float(shape), scale), 1e-300))
        if likelihood > best[0]:
            best = (likelihood, 1.0 - _below(limit, p, float(shape), scale))
    return best[1]


def _below(value: float, p: int, shape: float, scale: float) -> float:
    """P(s·p·F(p, ν) ≤ value)."""
    if not np.isfinite(value):
        return 1.0
    f = value / (scale * p)
    return float(betainc(0.5 * p, 0.5 * shape, p * f / (p * f + shape)))


def _scale(d2: Floats, cut: float, p: int, shape: float) -> float:
    """The scale with which the median of the truncated law is that of the rows."""
    middle = float(np.median(d2))
    low, high = 1e-3, 1e3
    for _ in range(40):
        scale = float(np.sqrt(low * high))
        if _below(middle, p, shape, scale) > 0.5 * _below(cut, p, shape, scale):
            low = scale
        else:
            high = scale
    return float(np.sqrt(low * high))
