"""The distances between the rows of two tables, in chunks, and right for rows that are nearly the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from spc.distances.said import Center, scatter, table
from spc.errors import BadRecipe
from spc.nouns import Floats, Scatter

CELLS = 2_000_000  # distances in a chunk, when nothing is said: 16 MB
_NEAR = 1e-3  # below this share of ‖z‖² + ‖w‖² the product formula has lost three digits, and the rows are subtracted first
_PAIRS = 65_536  # near pairs that are subtracted at a time


def pairwise(x: ArrayLike, y: ArrayLike | None, center: Center, covariance: ArrayLike | None = None, *, chunk: int | None = None) -> Floats:
    """The *squared* distances (x_i − y_j)ᵀ S⁻¹ (x_i − y_j), (n, m), between the rows of x (n, p) and of y (m, p; None: those of x).

    Only the covariance matters; `center` is a Scatter, or any (p,) with the covariance. `chunk` rows of x are worked on at a time, which
    bounds what is needed beside the answer. Pairs that are close to each other are subtracted before they are squared: the same row twice
    is at distance 0, not at some rounding.

    >>> pairwise([[0.0, 0.0], [3.0, 4.0]], None, [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]).tolist()
    [[0.0, 25.0], [25.0, 0.0]]
    """
    known = scatter(center, covariance)
    rows = table(x, known.p)
    others = rows if y is None else table(y, known.p, "y")
    out = np.empty((len(rows), len(others)))
    for start, block in pairwise_chunks(rows, others, known, chunk=chunk):
        out[start : start + len(block)] = block
    return out


def pairwise_chunks(
    x: ArrayLike, y: ArrayLike | None, center: Center, covariance: ArrayLike | None = None, *, chunk: int | None = None
) -> Iterator[tuple[int, Floats]]:
    """`pairwise` one chunk after another, for tables whose distances do not fit into memory: (first row, distances (chunk, m)).

    >>> [(start, block.tolist()) for start, block in pairwise_chunks([[0.0], [2.0]], [[1.0]], [0.0], [[1.0]], chunk=1)]
    [(0, [[1.0]]), (1, [[1.0]])]
    """
    known = scatter(center, covariance)
    rows = table(x, known.p)
    others = rows if y is None else table(y, known.p, "y")
    size = max(1, CELLS // max(len(others), 1)) if chunk is None else chunk
    if size < 1:
        raise BadRecipe(f"chunk = {chunk} is not a number of rows.", cure="Leave it out, or give 1 or more.")
    origin = others.mean(axis=0) if len(others) and np.all(np.isfinite(others)) else known.center
    moved = Scatter(origin, known.factor, known.n)  # differences do not depend on it, their rounding does
    white = moved.whiten(others)
    length = np.einsum("ij,ij->i", white, white)
    for start in range(0, len(rows), size):
        yield start, _block(rows[start : start + size], others, moved, white, length)


def _block(rows: Floats, others: Floats, moved: Scatter, white: Floats, length: Floats) -> Floats:
    """‖z‖² + ‖w‖² − 2 zᵀw where that keeps its digits, and the difference itself where it does not."""
    z = moved.whiten(rows)
    total = np.einsum("ij,ij->i", z, z)[:, None] + length
    out = np.asarray(total - 2.0 * (z @ white.T))
    near, beside = np.nonzero(~(out > _NEAR * total))  # also what is not a number
    origin = Scatter(np.zeros(moved.p), moved.factor, moved.n)
    for start in range(0, len(near), _PAIRS):
        i, j = near[start : start + _PAIRS], beside[start : start + _PAIRS]
        out[i, j] = origin.d2(rows[i] - others[j])
    return out
