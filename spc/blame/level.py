"""Rows that raised a chart of the covariance: did their level move, or what they scatter like?"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammainc, gammaincc, gammaln, psi

from spc.nouns import Floats, Model

_FEWEST = 3  # rows from which a spread can be told
_ODDS = np.log(20.0)  # a shift is what other charts ring for, and one or two far rows may be either: it must be as much likelier


def shifted(model: Model, z: Floats) -> Floats | None:
    """The whitened values (p,) of a shift of the level when that explains the last of the whitened rows z (n, p) better than another
    covariance does; None when it does not.

    For every number k of last rows both are tested. A level: k·d²(mean) against χ²(p), and every variable's mean, by itself and given the
    others, against χ²(1). A spread: the deviations from that mean by the likelihood ratio of Σ = S (Korin 1968), by their sum of squares,
    and every variable's, by itself and given the others, both sides. The smallest p-value, of variables times their number, has it, but a
    level must be twenty times as unlikely by chance. The values are those of one row as far out as the mean is, √k times it.
    """
    n, p = z.shape
    if n < _FEWEST:
        return z[-1] if n else None
    z, reference = z[::-1], float(max(model.dof, 2))
    sd, lower = model.scatter.sd, model.scatter.factor
    own, given = z @ (lower / sd[:, None]).T, solve_triangular(lower, z.T, lower=True, trans="T").T * model.scatter.conditional_scale
    k = np.arange(1.0, n + 1.0)
    lift = 1.0 + k / reference
    means = [np.cumsum(one, axis=0) / k[:, None] for one in (z, own, given)]
    left = [np.cumsum(one**2, axis=0) - k[:, None] * mean**2 for one, mean in zip((z, own, given), means, strict=True)]
    many = np.log(p)
    level = [_above(k / lift * np.einsum("ij,ij->i", means[0], means[0]), float(p))]
    level += [many + _above(k / lift * np.max(mean**2, axis=1), 1.0) for mean in means[1:]]
    some = slice(_FEWEST - 1, None)
    dof = 1.0 / (1.0 / (k[some] - 1.0) + 1.0 / reference)
    scale = dof / (k[some] - 1.0)
    spread = [_either(scale * left[0][some].sum(axis=1), dof * p)]
    spread += [many + _either(scale * end(one[some], axis=1), dof) for one in left[1:] for end in (np.max, np.min)]
    likeliest = np.min(level, axis=0)
    if float(likeliest.min()) + _ODDS > min(float(np.min(spread)), _korin(z, reference)):
        return None
    best = int(np.argmin(likeliest))
    return np.asarray(np.sqrt(k[best]) * means[0][best])


def _korin(z: Floats, reference: float) -> float:
    """The smallest log p-value of the likelihood ratio for the first 2p + 2 rows and more, each time half as many again."""
    n, p = z.shape
    found, k = 0.0, 2 * p + 2
    while k <= n:
        off = z[:k] - z[:k].mean(axis=0)
        sizes = np.maximum(np.linalg.eigvalsh(off.T @ off / (k - 1)), 1e-300)
        dof = max(1.0 / (1.0 / (k - 1) + 1.0 / reference), p + 1.0)
        mean = p * np.log(0.5 * dof) - float(np.sum(psi(0.5 * (dof - np.arange(p)))))
        free = 0.5 * p * (p + 1)
        found = min(found, float(_above(np.array([np.sum(sizes - np.log(sizes) - 1.0) * free / mean]), free)[0]))
        k = k + max(k // 2, 1)
    return found


def _above(x: Floats, dof: Floats | float) -> Floats:
    """log P(χ² > x), also where the probability itself is too small for a number."""
    half, x = 0.5 * np.asarray(dof), 0.5 * np.maximum(x, 1e-300)
    tail = gammaincc(half, x)
    far = -x + (half - 1.0) * np.log(x) - gammaln(half)
    return np.asarray(np.where(tail > 1e-280, np.log(np.maximum(tail, 1e-300)), np.minimum(far, -600.0)))


def _either(x: Floats, dof: Floats) -> Floats:
    """The log of twice the smaller of both tails of χ²."""
    below = np.log(np.maximum(gammainc(0.5 * dof, 0.5 * np.maximum(x, 0.0)), 1e-300))
    return np.asarray(np.log(2.0) + np.minimum(_above(x, dof), below))
