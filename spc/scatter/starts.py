"""Where the search for the minimum covariance determinant begins.

Six deterministic guesses of the scatter (Hubert, Rousseeuw & Verdonck 2012, section 3) and seeded elemental subsets of p + 1 rows
(Rousseeuw & Van Driessen 1999). The six work column by column, so on the columns as they come a mixture of them would start elsewhere.
They are therefore asked in the table's *invariant coordinates*, which units and mixtures of the columns leave alone. With forty variables
and forty per cent in one far group these coordinates can be too blurred to show it where the columns do; so five of the guesses are asked
of the columns as well. Only where nothing but these leads to the optimum can a mixture of the columns end elsewhere.
"""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats, Ints
from spc.scatter.quantiles import median_and_scale
from spc.scatter.ranks import normal_scores, ranks

_TURNS = 8  # of the iteration: it doubles the digits in each


def invariant(z: Floats) -> Floats:
    """The invariant coordinates of z (n, p), each with median 0 and MAD 1: the same, up to sign, for z A + b (Tyler et al. 2009).

    The covariance is whitened away, and the axes are those in which the fourth moments are uncorrelated. Where no covariance exists the
    table is returned as it is.
    """
    y = fourth_moment_axes(z)
    if y is None:
        return z
    center, scale = median_and_scale(y)
    return (y - center) / scale if np.all(scale > 0) else z


def fourth_moment_axes(z: Floats) -> Floats | None:
    """z (n, p) whitened by its mean and covariance, turned so that its fourth moments are uncorrelated; None without a covariance."""
    centred = z - z.mean(axis=0)
    try:
        white = np.linalg.solve(np.linalg.cholesky(centred.T @ centred / len(z)), centred.T).T
    except np.linalg.LinAlgError:
        return None
    length2 = np.einsum("ij,ij->i", white, white)
    _, axes = np.linalg.eigh((white * length2[:, None]).T @ white)
    return np.asarray(white @ axes)


def parted(z: Floats, ends: int) -> Floats:
    """Coordinates (k, n), k ≤ 2·ends, in which the rows of z (n, p) may fall into two parts: of least and of greatest fourth moment.

    Found by the fixed-point iteration w ← E y(wᵀy)³ − 3w (Hyvärinen & Oja 1997) on the whitened rows y, begun at every axis of
    `fourth_moment_axes`. They follow any mixture of the columns, and a group of bad rows makes one of them bimodal however far it is.
    """
    y = fourth_moment_axes(z)
    if y is None:
        return np.zeros((0, len(z)))
    w = np.eye(y.shape[1])
    for _ in range(_TURNS):
        along = y @ w
        w = y.T @ (along * along * along) / len(y) - 3.0 * w
        length = np.sqrt(np.einsum("ij,ij->j", w, w))
        w /= np.where(length > 0, length, 1.0)
    along = y @ w
    squares = along * along
    order = np.argsort(np.einsum("ij,ij->j", squares, squares), kind="stable")
    chosen = [*order[:ends], *order[ends:][-ends:]] if len(order) > ends else [*order]
    return np.ascontiguousarray(along[:, chosen].T)


def deterministic(z: Floats, pairs: bool = True) -> Floats:
    """The six starting scatter matrices (6, p, p) of z (n, p): hyperbolic tangent, Spearman, normal scores, spatial sign, BACON, OGK.

    Without `pairs` the last one, which costs as much as the others together, is left out.
    """
    n = len(z)
    ranked_z = ranks(z)
    norms = np.sqrt(np.einsum("ij,ij->i", z, z))
    signs = z / np.where(norms > 0, norms, 1.0)[:, None]
    central = z[np.argsort(norms, kind="stable")[: (n + 1) // 2]]
    guesses = [
        _correlation(np.tanh(z)),
        _correlation(ranked_z),
        _correlation(normal_scores(ranked_z)),
        signs.T @ signs / n,
        np.atleast_2d(np.cov(central, rowvar=False)),
    ]
    return np.array([*guesses, _pairwise(z)] if pairs else guesses)


def _correlation(y: Floats) -> Floats:
    spread = y.std(axis=0)
    y = (y - y.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(y.T @ y / len(y))


def _pairwise(z: Floats) -> Floats:
    """Gnanadesikan–Kettenring covariances ¼(s²(a + b) − s²(a − b)) of all pairs, with the MAD as scale s (Maronna & Zamar 2002).

    Of at most some 500 rows: it is only a guess, and there are p² medians to be found.
    """
    p = z.shape[1]
    z = z[:: max(1, len(z) // 500)]
    u = np.eye(p)
    for j in range(1, p):
        both = np.concatenate([z[:, :j] + z[:, j : j + 1], z[:, :j] - z[:, j : j + 1]], axis=1)
        scale = median_and_scale(both)[1]
        u[j, :j] = u[:j, j] = 0.25 * (scale[:j] ** 2 - scale[j:] ** 2)
    return u


def ranked(z: Floats, guesses: Floats) -> tuple[Floats, Floats]:
    """Centres (k, p) and scatters (k, p, p) that k guesses of the *shape* lead to.

    Robust variances along each guess's axes, and the median in its coordinates.
    """
    _, axes = np.linalg.eigh(guesses)
    scale = median_and_scale(z @ axes, axis=1)[1][:, None, :]
    widest = np.max(scale, axis=2, keepdims=True)
    scale = np.where(scale > 0, scale, 1e-6 * np.where(widest > 0, widest, 1.0))  # the table is standardised: 1 is its unit
    half = axes * scale
    center = np.einsum("kab,kb->ka", half, np.median(z @ (axes / scale), axis=1))
    return center, np.asarray(half @ half.transpose(0, 2, 1))


def elemental(n: int, p: int, count: int, seed: int) -> Ints:
    """`count` random subsets of p + 1 of n rows, (count, p + 1), the same for the same seed on every machine.

    >>> elemental(10, 2, 3, seed=0).shape
    (3, 3)
    """
    rng = np.random.default_rng([seed, n, p])
    return np.argpartition(rng.random((count, n)), p, axis=1)[:, : p + 1]
