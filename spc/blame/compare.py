"""Two groups of rows side by side: what changed in level, in spread and in the relations between variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, fdtri, ndtr, stdtrit

from spc.errors import Complaint, TooFewRows
from spc.nouns import Floats

_LEAST = 3  # rows for a spread with an interval
_NEAR_ONE = 1.0 - 1e-12  # correlations beyond this have no finite Fisher z


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What is compared of a group of rows: its mean (p,), its covariance (p, p), divisor n − 1, and its n rows."""

    mean: Floats
    covariance: Floats
    n: int

    @property
    def sd(self) -> Floats:
        return np.asarray(np.sqrt(np.diag(self.covariance)))


@dataclass(frozen=True, slots=True)
class Change:
    """One variable: the difference of its level, after − before, in standard deviations of before, and the ratio of its spreads.

    `low`, `high` and `spread_low`, `spread_high` bound them with the confidence that was asked for.
    """

    name: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    spread: float
    spread_low: float
    spread_high: float

    @property
    def moved(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def spread_changed(self) -> bool:
        """Whether the interval of the ratio leaves out 1."""
        return self.spread_low > 1.0 or self.spread_high < 1.0


@dataclass(frozen=True, slots=True)
class Tie:
    """The pair whose correlation changed most; `p_value` is corrected for having looked at all pairs (Bonferroni)."""

    pair: tuple[str, str]
    before: float
    after: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two groups: each variable in the order of the names, the pair that changed most, and all means at once.

    `t2` is the difference of the means in the metric of its own covariance, S₁/n₁ + S₂/n₂, and `p_value` the probability of a larger one
    when nothing changed.
    """

    n_before: int
    n_after: int
    confidence: float
    changes: tuple[Change, ...]
    tie: Tie | None
    t2: float
    p_value: float


def group(x: Floats) -> Group:
    """The mean and covariance of rows x (n, p); rows with a missing value are left out. Raises TooFewRows below three.

    >>> group(np.array([[1.0], [2.0], [3.0], [np.nan]])).n
    3
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    whole = x[~np.isnan(x).any(axis=1)]
    if len(whole) < _LEAST:
        raise TooFewRows(f"A group has {len(whole)} rows with a value for every variable.", cure="Choose a longer period: three at least.")
    center = whole.mean(axis=0)
    centred = whole - center
    return Group(center, np.asarray(centred.T @ centred / (len(whole) - 1)), len(whole))


def compare(names: Sequence[str], before: Group, after: Group, confidence: float = 0.95) -> Comparison:
    """What changed from one group of rows to another.

    Differences of level have Welch's t interval, divided by the standard deviation of `before`; ratios of spread the F interval of two
    normal variances; correlations are compared by Fisher's z; the means together by T² with unequal covariances, whose law is the F of
    Krishnamoorthy & Yu 2004 (Welch's for p = 1, NaN where the rows are too few). All of it takes rows as independent and normal. Raises
    Complaint when a variable of `before` does not vary.

    >>> rng = np.random.default_rng(1)
    >>> a, b = rng.normal(size=(50, 2)), rng.normal(size=(40, 2)) + [0.0, 2.0]
    >>> found = compare(("x", "y"), group(a), group(b))
    >>> [one.moved for one in found.changes], found.p_value < 1e-6
    ([False, True], True)
    """
    sd = before.sd
    for name, one in zip(names, sd, strict=True):
        if not one > 0.0:
            raise Complaint("This variable does not vary in the group before.", cure="Choose another period, or leave it out.", column=name)
    alpha = 1.0 - confidence
    v1, v2 = np.diag(before.covariance) / before.n, np.diag(after.covariance) / after.n
    dof = (v1 + v2) ** 2 / (v1**2 / (before.n - 1) + v2**2 / (after.n - 1))
    difference = after.mean - before.mean
    half = stdtrit(dof, 1.0 - alpha / 2.0) * np.sqrt(v1 + v2)
    ratio = after.sd / sd
    wide = np.sqrt([fdtri(after.n - 1, before.n - 1, level) for level in (1.0 - alpha / 2.0, alpha / 2.0)])
    columns = np.array(
        [
            before.mean,
            after.mean,
            difference / sd,
            (difference - half) / sd,
            (difference + half) / sd,
            ratio,
            ratio / wide[0],
            ratio / wide[1],
        ]
    )
    changes = tuple(Change(name, *(float(v) for v in column)) for name, column in zip(names, columns.T, strict=True))
    t2, p_value = difference_of_means(before, after)
    return Comparison(before.n, after.n, confidence, changes, _tie(names, before, after), t2, p_value)


def difference_of_means(before: Group, after: Group) -> tuple[float, float]:
    """T² = dᵀ(S₁/n₁ + S₂/n₂)⁻¹d of the means' difference d (p,), and its p-value under the modified Nel–van der Merwe law.

    T² ~ νp/(ν − p + 1)·F(p, ν − p + 1) with ν = (p + p²) / Σᵢ (tr(Mᵢ²) + tr(Mᵢ)²)/(nᵢ − 1), Mᵢ = (Sᵢ/nᵢ)(S₁/n₁ + S₂/n₂)⁻¹ (Krishnamoorthy &
    Yu 2004). NaN when the groups have too few rows for p variables.
    """
    p = len(before.mean)
    parts = [before.covariance / before.n, after.covariance / after.n]
    length = np.sqrt(np.diag(parts[0] + parts[1]))
    if before.n + after.n - 2 < p or not np.all(length > 0.0):
        return float("nan"), float("nan")
    parts = [one / np.outer(length, length) for one in parts]
    try:
        lower = np.linalg.cholesky(parts[0] + parts[1])
    except np.linalg.LinAlgError:
        return float("nan"), float("nan")
    z = np.linalg.solve(lower, (after.mean - before.mean) / length)
    t2 = float(z @ z)
    spent = 0.0
    for part, n in zip(parts, (before.n, after.n), strict=True):
        half = np.linalg.solve(lower, part)
        m = np.linalg.solve(lower, half.T)  # L⁻¹ Sᵢ L⁻ᵀ: the traces of Mᵢ
        spent += (float(np.sum(m * m)) + float(np.trace(m)) ** 2) / (n - 1)
    dof = (p + p * p) / spent
    left = dof - p + 1.0
    if left <= 0.0:
        return t2, float("nan")
    return t2, float(fdtrc(p, left, t2 * left / (dof * p)))


def _tie(names: Sequence[str], before: Group, after: Group) -> Tie | None:
    p = len(names)
    if p < 2 or min(before.n, after.n) < 4 or not np.all(after.sd > 0.0):
        return None
    r1, r2 = (one.covariance / np.outer(one.sd, one.sd) for one in (before, after))
    z = np.arctanh(np.clip(r2, -_NEAR_ONE, _NEAR_ONE)) - np.arctanh(np.clip(r1, -_NEAR_ONE, _NEAR_ONE))
    z /= np.sqrt(1.0 / (before.n - 3) + 1.0 / (after.n - 3))
    rows, columns = np.triu_indices(p, 1)
    most = int(np.argmax(np.abs(z[rows, columns])))
    i, j = int(rows[most]), int(columns[most])
    alone = 2.0 * float(ndtr(-abs(z[i, j])))
    return Tie((names[i], names[j]), float(r1[i, j]), float(r2[i, j]), min(1.0, alone * len(rows)))
