"""Do several groups of normal rows have one covariance, and one mean? The classical tests, with the laws that approximate them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, fdtrc

from spc.nouns import Floats, Scatter


def box_m(scatters: Sequence[Scatter], dof: Sequence[int]) -> float:
    """Box's M = ν ln|S| − Σ ν_i ln|S_i| with S = Σ ν_i S_i / ν (Box 1949); computed in units of S, so that columns' units do not matter."""
    pooled = _pooled(scatters, dof)
    relative = [2.0 * float(np.sum(np.log(np.diag(np.linalg.solve(pooled, one.factor))))) for one in scatters]
    return -float(np.dot(dof, relative))


def box_tail(statistic: float, p: int, dof: Sequence[int]) -> tuple[float, str]:
    """P(M > statistic) for normal rows of equal covariance, and the law in words: Box's F approximation, or his χ² where that has no fit.

    >>> tail, words = box_tail(146.66325, 4, (49, 49, 49))
    >>> tail < 1e-10, words
    (True, "Box's F(20, 77567) approximation")
    """
    nu, groups = np.asarray(dof, dtype=float), len(dof)
    c1 = float((np.sum(1.0 / nu) - 1.0 / nu.sum()) * (2 * p**2 + 3 * p - 1) / (6.0 * (p + 1) * (groups - 1)))
    c2 = float((np.sum(1.0 / nu**2) - 1.0 / nu.sum() ** 2) * (p - 1) * (p + 2) / (6.0 * (groups - 1)))
    a = p * (p + 1) * (groups - 1) / 2.0
    if abs(c2 - c1**2) < 1e-12:
        return float(chdtrc(a, statistic * (1.0 - c1))), f"Box's χ²({a:g}) approximation"
    b = (a + 2.0) / abs(c2 - c1**2)
    if c2 > c1**2:
        ratio = statistic * (1.0 - c1 - a / b) / a
    else:
        scale = b / (1.0 - c1 + 2.0 / b)
        if statistic >= scale:
            return 0.0, f"Box's F({a:g}, {b:.0f}) approximation"
        ratio = b * statistic / (a * (scale - statistic))
    return float(fdtrc(a, b, max(ratio, 0.0))), f"Box's F({a:g}, {b:.0f}) approximation"


def trace(scatters: Sequence[Scatter], n: Sequence[int], dof: Sequence[int]) -> float:
    """Σ n_i (m_i − m)ᵀ S⁻¹ (m_i − m) with the pooled S: how far the centres lie apart (Lawley 1938, Hotelling 1951)."""
    center = np.array([one.center for one in scatters])
    away = center - np.average(center, axis=0, weights=n)
    z = np.linalg.solve(_pooled(scatters, dof), away.T)
    return float(np.sum(np.asarray(n) * np.einsum("ji,ji->i", z, z)))


def trace_tail(statistic: float, p: int, groups: int, dof: int) -> tuple[float, str]:
    """P(trace > statistic) for normal rows of equal mean: exact T² for two groups, else the F approximation of Pillai & Samson 1959."""
    if groups == 2:
        return float(fdtrc(p, dof - p + 1, statistic * (dof - p + 1) / (p * dof))), f"F({p}, {dof - p + 1})"
    s = min(p, groups - 1)
    m, big = (abs(p - groups + 1) - 1) / 2.0, (dof - p - 1) / 2.0
    first, second = s * (2 * m + s + 1), 2.0 * (s * big + 1)
    if big <= 0:
        return float("nan"), "too few rows"
    return float(fdtrc(first, second, statistic / dof * second / (s * first))), f"F({first:g}, {second:g}) approximation"


def _pooled(scatters: Sequence[Scatter], dof: Sequence[int]) -> Floats:
    """The lower factor of Σ ν_i S_i / ν."""
    stacked = np.hstack([np.sqrt(nu / sum(dof)) * one.factor for one, nu in zip(scatters, dof, strict=True)])
    upper = np.linalg.qr(stacked.T, mode="r")
    return np.asarray((upper * np.sign(np.diag(upper))[:, None]).T)
