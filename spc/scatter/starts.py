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
from spc.scatter.ranks import normal_scores, ranks, unit_columns

_FLAT = 1e-6  # of the widest axis: narrower than that is rounding
_PAIRS = 512  # of columns at a time
_TURNS = 8  # of the iteration: it doubles the digits in each


def invariant(y: Floats) -> Floats:
    """The invariant coordinates of a table, each with median 0 and MAD 1, from its `fourth_moment_axes` y (n, p)."""
    center, scale = median_and_scale(y)
    return (y - center) / np.where(scale > 0, scale, 1.0)


def fourth_moment_axes(z: Floats) -> Floats | None:
    """z (n, p) whitened by its mean and covariance, turned so that its fourth moments are uncorrelated; None without a covariance.

    Up to sign and order the same for z A + b (Tyler et al. 2009).
    """
    centred = z - z.mean(axis=0)
    try:
        white = np.linalg.solve(np.linalg.cholesky(centred.T @ centred / len(z)), centred.T).T
    except np.linalg.LinAlgError:
        return None
    length2 = np.einsum("ij,ij->i", white, white)
    _, axes = np.linalg.eigh((white * length2[:, None]).T @ white)
    return np.asarray(white @ axes)


def parted(y: Floats, ends: int) -> Floats:
    """Coordinates (k, n), k ≤ 2·ends, in which the rows of a table may fall into two parts: of least and of greatest fourth moment.

    Found by the fixed-point iteration w ← E y(wᵀy)³ − 3w (Hyvärinen & Oja 1997) on its `fourth_moment_axes` y (n, p), begun at each of
    them. They follow any mixture of the columns, and a group of bad rows makes one of them bimodal however far it is.
    """
    w = np.eye(y.shape[1])
    for _ in range(_TURNS):
        along = y @ w
        w = y.T @ (along * along * along) / len(y) - 3.0 * w
        w /= np.sqrt(np.einsum("ij,ij->j", w, w)) + np.finfo(float).tiny
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
        _covariance(central),
    ]
    return np.array([*guesses, _pairwise(z)] if pairs else guesses)


def _covariance(y: Floats) -> Floats:
    y = y - y.mean(axis=0)
    return np.asarray(y.T @ y / len(y))


def _correlation(y: Floats) -> Floats:
    y = unit_columns(y)
    return np.asarray(y.T @ y)


def _pairwise(z: Floats) -> Floats:
    """Gnanadesikan–Kettenring covariances ¼(s²(a + b) − s²(a − b)) of all pairs, with the MAD as scale s (Maronna & Zamar 2002).

    Of at most some 200 rows: it is only a guess, and there are p² medians to be found.
    """
    p = z.shape[1]
    columns = np.ascontiguousarray(z[:: max(1, len(z) // 200)].T)
    u = np.eye(p)
    first, second = np.tril_indices(p, -1)
    for at in range(0, len(first), _PAIRS):
        a, b = first[at : at + _PAIRS], second[at : at + _PAIRS]
        plus, minus = (median_and_scale(both, axis=1)[1] for both in (columns[a] + columns[b], columns[a] - columns[b]))
        u[a, b] = u[b, a] = 0.25 * (plus * plus - minus * minus)
    return u


def guessed_distances(z: Floats, guesses: Floats) -> Floats:
    """Squared distances (m, n) of the rows of z (n, p) by m guesses (m, p, p) of the *shape*.

    Robust centres and variances along each guess's axes stand for its own.
    """
    _, axes = np.linalg.eigh(guesses)
    along = axes.transpose(0, 2, 1) @ z.T
    center, scale = median_and_scale(along, axis=2)
    widest = np.max(scale, axis=1, keepdims=True)
    scale = np.maximum(scale, _FLAT * np.where(widest > 0, widest, 1.0))  # the table is standardised: 1 is its unit
    along -= center[:, :, None]
    along /= scale[:, :, None]
    return np.asarray(np.einsum("kan,kan->kn", along, along))


def elemental(n: int, p: int, count: int, seed: int) -> Ints:
    """`count` random subsets of p + 1 of n rows, (count, p + 1), the same for the same seed on every machine.

    >>> elemental(10, 2, 3, seed=0).shape
    (3, 3)
    """
    draws = np.random.default_rng([seed, n, p]).random((count, p + 1))
    order, each = np.tile(np.arange(n), (count, 1)), np.arange(count)
    for j in range(p + 1):  # the beginning of a shuffle, of all at once
        k = j + (draws[:, j] * (n - j)).astype(np.intp)
        order[each, j], order[each, k] = order[each, k], order[each, j]
    return order[:, : p + 1]
