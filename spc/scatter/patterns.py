"""Rows of which only some cells are kept: what the kept cells of each row say about its other cells, under one centre and scatter.

Rows with the same cells kept share a *pattern*. For each pattern the scatter matrix is held swept on its kept cells o (Goodnight 1979):
−S_oo⁻¹ in the block of o, the regression coefficients of the other cells m on o beside it, and their conditional covariance in the block
of m. One more cell kept or given up is one sweep, a change of rank one.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from spc.nouns import Bools, Floats, Ints

LOG_2PI = float(np.log(2.0 * np.pi))
_GATHER = 4_000_000  # numbers copied at a time when every row has its own pattern


class Patterns:
    """The rows x (n, p), centred (NaN where missing), with the cells `kept` (n, p), under the scatter s (p, p)."""

    def __init__(self, x: Floats, kept: Bools, s: Floats) -> None:
        self.x, self.kept = x, kept.copy()
        self.seen = np.where(kept, x, 0.0)  # centred values, 0 where nothing is kept
        lower, info = lapack.dpotrf(s, lower=1, clean=1)
        if info:  # pragma: no cover - the eigenvalues of s have a floor
            raise ArithmeticError("a scatter without a factor")
        inverse, _ = lapack.dtrtri(lower, lower=1)
        _, first, self.of = np.unique(np.packbits(kept, axis=1), axis=0, return_index=True, return_inverse=True)
        self.of = self.of.reshape(-1)
        patterns = kept[first]
        self.swept = np.repeat(-(inverse.T @ inverse)[None], len(patterns), axis=0)
        self.logdet = np.full(len(patterns), 2.0 * float(np.sum(np.log(np.diag(lower)))))
        for j in range(x.shape[1]):
            self._sweep(np.flatnonzero(~patterns[:, j]), j)

    def _sweep(self, which: Ints, j: int) -> None:
        """Turn cell j of some patterns from kept to not kept, or back: the same arithmetic does both."""
        if len(which):
            self.swept[which], pivot = swept(self.swept[which], j)
            self.logdet[which] += np.log(np.abs(pivot))

    def expected(self, j: int) -> tuple[Floats, Floats]:
        """What each row's other kept cells predict for column j (n,), about the centre, and the variances (n,)."""
        column = self.swept[:, :, j]
        pivot = column[:, j][self.of]
        product = np.einsum("ij,ij->i", column[self.of], self.seen)
        kept = self.kept[:, j]
        return np.where(kept, self.seen[:, j] - product / pivot, product), np.where(kept, -1.0 / pivot, pivot)

    def conditional(self, j: int) -> tuple[Floats, Floats]:
        """Residuals (n,) of column j from what each row's *other* kept cells predict, and their variances (n,)."""
        expected, variance = self.expected(j)
        return self.x[:, j] - expected, variance

    def flip(self, rows: Ints, j: int) -> None:
        """Keep cell j of these rows where it was not kept, and give it up where it was."""
        if not len(rows):
            return
        old, of = np.unique(self.of[rows], return_inverse=True)
        fresh, pivot = swept(self.swept[old], j)
        self.of[rows] = len(self.swept) + of.reshape(-1)
        self.swept = np.concatenate([self.swept, fresh])
        self.logdet = np.concatenate([self.logdet, self.logdet[old] + np.log(np.abs(pivot))])
        self.kept[rows, j] ^= True
        self.seen[rows, j] = np.where(self.kept[rows, j], self.x[rows, j], 0.0)

    def filled(self) -> tuple[Floats, Floats, Floats]:
        """The rows (n, p) with their expected values where nothing is kept; Σ over rows of the conditional covariances (p, p) of
        those cells; and each row's squared distance (n,) in its kept cells."""
        n, p = self.x.shape
        product = np.empty((n, p))
        block = max(_GATHER // (p * p), 1)
        for start in range(0, n, block):
            part = slice(start, start + block)
            product[part] = (self.swept[self.of[part]] @ self.seen[part, :, None])[:, :, 0]
        d2 = -np.einsum("ij,ij->i", product, self.seen)
        count = np.bincount(self.of, minlength=len(self.swept)).astype(float)
        lacking = np.zeros((len(self.swept), p))
        lacking[self.of] = ~self.kept
        left = np.einsum("k,kij,ki,kj->ij", count, self.swept, lacking, lacking, optimize=True)
        return np.where(self.kept, self.seen, product), left, d2

    def minus_twice_loglik(self, d2: Floats) -> float:
        """−2 log likelihood of all kept cells at the normal, from each row's squared distance."""
        return float(np.sum(d2) + np.sum(self.logdet[self.of]) + LOG_2PI * np.sum(self.kept))


def swept(a: Floats, j: int) -> tuple[Floats, Floats]:
    """Matrices a (k, p, p) swept on variable j, and the pivots (k,): positive ones take it in, negative ones put it back.

    >>> once, _ = swept(np.array([[[2.0, 1.0], [1.0, 3.0]]]), 0)
    >>> once.tolist()
    [[[-0.5, 0.5], [0.5, 2.5]]]
    >>> swept(once, 0)[0].tolist()
    [[[2.0, 1.0], [1.0, 3.0]]]
    """
    beside = a[:, :, j]
    pivot = beside[:, j]
    out = a - beside[:, :, None] * (beside / pivot[:, None])[:, None, :]
    scaled = beside / np.abs(pivot)[:, None]
    out[:, :, j] = scaled
    out[:, j, :] = scaled
    out[:, j, j] = -1.0 / pivot
    return out, pivot
