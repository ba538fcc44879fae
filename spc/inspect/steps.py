"""Where a table changes its level or its spread for good: a search for steps whose overall error rate is held by permutation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spc.errors import TooFewRows
from spc.inspect.core import Core, core
from spc.inspect.ranks import signed_ranks
from spc.nouns import Floats

SHORTEST = 5  # rows between two steps: one or two bad rows are no step
_ROWS = 10_000
_BLOCKS = 500  # rows are taken together so that no more than this many blocks are permuted
_MOST = 8  # stretches
_PRODUCTS = 10  # columns up to which every pair is watched for a change of their correlation
_ALIKE = 0.15  # correlation of neighbouring scores within the stretches from which on no permutation is honest
_ERRORS = 3.3  # or so many standard errors


@dataclass(frozen=True, slots=True)
class Steps:
    """`first` are the rows (from 0) at which a new stretch begins, in order; `p_value` that of the largest step of the whole table.

    `independent` is False when neighbouring rows are alike even within the stretches: then the probability means nothing.
    """

    first: tuple[int, ...]
    p_value: float
    independent: bool = True


def steps(x: Floats, overall: float = 0.05, permutations: int = 199, seed: int = 0) -> Steps:
    """Steps in the level or the spread of rows x (n, p), in order of time; of tables without any, a share `overall` shows one.

    Every split into two stretches of 5 rows or more is judged by the likelihood ratio for a step in the mean, for one in the variances,
    and (up to ten columns) for one in the correlations, of spatial signed ranks rather than of the numbers: a single bad row moves
    nothing. The largest is compared with the largest after permuting the rows, and each stretch is then searched in the same way. The
    error rate is exact for independent rows of any law. Raises TooFewRows. Sources: Sullivan & Woodall 2000 (the ratios), Capizzi &
    Masarotto 2013, 2017 (ranks, permutation, recursive segmentation).

    >>> x = np.random.default_rng(1).normal(size=(60, 2))
    >>> x[40:] += 2.0
    >>> steps(x).first
    (40,)
    """
    x = np.asarray(x, dtype=np.float64)
    spreads = 1.4826 * np.median(np.abs(x - np.median(x, axis=0)), axis=0)
    found = core(x, np.isfinite(x), spreads)
    if found is None:
        raise TooFewRows(f"{len(x)} rows are too few for a search for steps in {x.shape[1]} variables.", cure="Bring more rows.")
    return searched(x, found, overall, permutations, seed)


def searched(x: Floats, c: Core, overall: float, permutations: int = 199, seed: int = 0) -> Steps:
    """The steps in a table x (n, p) of which there is a core; of very long tables every k-th row is looked at."""
    part = x[:, list(c.columns)]
    where = np.flatnonzero(np.isfinite(part).all(axis=1))
    where = where[:: max(1, -(-len(where) // _ROWS))]
    found = _searched(signed_ranks(c.scatter.whiten(part[where])), overall, permutations, seed)
    return Steps(tuple(int(where[k]) for k in found.first), found.p_value, found.independent)


def _searched(scores: Floats, overall: float, permutations: int, seed: int) -> Steps:
    size = -(-len(scores) // _BLOCKS)
    rng = np.random.default_rng(seed)
    p_value, k = _tested(scores, size, overall, permutations, rng)
    if p_value > overall:
        return Steps((), p_value)
    edges, waiting = {0, k, len(scores)}, [(0, k), (k, len(scores))]
    while waiting and len(edges) <= _MOST:
        start, end = waiting.pop(0)
        part = scores[start:end]
        inner, at = _tested(part, -(-len(part) // _BLOCKS), overall, permutations, rng)
        if inner <= overall:
            edges.add(start + at)
            waiting += [(start, start + at), (start + at, end)]
    first = tuple(sorted(edges)[1:-1])
    return Steps(first, p_value, _independent(scores, first))


def _independent(scores: Floats, first: tuple[int, ...]) -> bool:
    """Whether neighbouring rows within the stretches are unlike, in each coordinate of the scores."""
    parts = [part - part.mean(axis=0) for part in np.split(scores, first)]
    products = sum((np.sum(part[1:] * part[:-1], axis=0) for part in parts), np.zeros(scores.shape[1]))
    squares = sum((np.sum(part * part, axis=0) for part in parts), np.zeros(scores.shape[1]))
    correlation = products / np.maximum(squares, 1e-300) + len(parts) / len(scores)
    return bool(np.max(correlation) < max(_ALIKE, _ERRORS / np.sqrt(len(scores))))


def _tested(scores: Floats, size: int, overall: float, permutations: int, rng: np.random.Generator) -> tuple[float, int]:
    """The permutation probability of the largest step, and where it is; the count stops once the answer "none" is certain."""
    n, p = scores.shape
    if n < max(2 * SHORTEST, p + 2):
        return 1.0, 0
    families = [_features(scores), _features(scores**2)]
    if 1 < p <= _PRODUCTS:
        i, j = np.triu_indices(p, 1)
        families.append(_features(scores[:, i] * scores[:, j]))
    features = np.hstack(families)
    ends = tuple(np.cumsum([family.shape[1] for family in families]).tolist())
    m = n // size
    blocks = features[: m * size].reshape(m, size, -1).sum(axis=1) if size > 1 else features
    shortest = -(-SHORTEST // size)
    observed, k = _largest(blocks, size, shortest, ends)
    exceeding, most = 0, int(np.floor(overall * (permutations + 1) + 1e-9)) - 1
    for done in range(1, permutations + 1):
        exceeding += _largest(blocks[rng.permutation(m)], size, shortest, ends)[0] >= observed
        if exceeding > most:
            return (exceeding + 1) / (done + 1), 0
    return (exceeding + 1) / (permutations + 1), _refined(features, k * size, size, ends)


def _features(scores: Floats) -> Floats:
    """Columns of mean 0 and covariance I (divisor n) that span the same space."""
    y = scores - scores.mean(axis=0)
    values, vectors = np.linalg.eigh(y.T @ y / len(y))
    kept = values > 1e-9 * max(float(values[-1]), 1e-300)
    return np.asarray(y @ (vectors[:, kept] / np.sqrt(values[kept])))


def _largest(blocks: Floats, size: int, shortest: int, ends: tuple[int, ...]) -> tuple[float, int]:
    """The largest standardised gain over all splits of blocks (m, q), and before which block; `ends` part its families of columns."""
    m = len(blocks)
    left = np.arange(shortest, m - shortest + 1, dtype=np.float64)
    gains = _gains(np.cumsum(blocks, axis=0)[shortest - 1 : m - shortest], left, m, size, ends)
    k = int(np.argmax(gains))
    return float(gains[k]), k + shortest


def _gains(sums: Floats, left: Floats, m: int, size: int, ends: tuple[int, ...]) -> Floats:
    """Twice the log likelihood ratio of a step after each split, χ² under none, brought to one scale (Wilson & Hilferty 1931)."""
    weight = m / (left * (m - left) * size)
    best = np.full(len(left), -np.inf)
    for start, end in pairwise((0, *ends)):
        part, q = sums[:, start:end], end - start
        if q:
            gain = np.einsum("ij,ij->i", part, part) * weight
            best = np.maximum(best, (np.cbrt(gain / q) - (1.0 - 2.0 / (9 * q))) / np.sqrt(2.0 / (9 * q)))
    return best


def _refined(features: Floats, near: int, size: int, ends: tuple[int, ...]) -> int:
    """The best split row by row, within a block of the one that was found."""
    n = len(features)
    left = np.arange(max(SHORTEST, near - size), min(n - SHORTEST, near + size) + 1)
    sums = np.cumsum(features, axis=0)[left - 1]
    return int(left[np.argmax(_gains(sums, left.astype(np.float64), n, 1, ends))])
