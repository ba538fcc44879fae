"""The multivariate exponentially weighted moving covariance: a spread or a relation that changes and lasts adds up, up or down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from spc.charts.contract import Lanes
from spc.charts.smoothed import smoothed, weight
from spc.errors import BadRecipe
from spc.nouns import Floats

_FEW = 8  # variables up to which all rows are eliminated side by side; more are left to LAPACK, matrix after matrix
_CELLS = 1 << 17  # numbers that are worked on at a time, so that they stay near
_USUAL = 0.1
_LARGEST = float(np.finfo(np.float64).max)
_FARTHEST = 1e75  # standard deviations beyond which a row counts as this far out: its square must stay a number


@dataclass(frozen=True)
class Mewmc:
    """tr C − log|C| − p with C ← λzzᵀ + (1 − λ)C of whitened rows z, from C = I (Hawkins & Maboudou-Tchao 2008, Technometrics 50, 155).

    It is 0 for C = I, and twice the Kullback-Leibler divergence of N(0, C) from N(0, I): it grows with a wider and with a narrower spread,
    with a relation that breaks, and with a shift, whose rows are far out, too. lam: λ, the weight of the newest row; None takes 0.1, or
    so much less that C rests on twice as many rows as there are variables, λ = 2/(2p + 1). alpha: false alarms per row; None takes the
    recipe's. Raises BadRecipe for a λ outside 0 to 1, and, once p is known, for one whose rows, (2 − λ)/λ in number, are not more than
    p: C is then hardly a covariance, and the chart shows how badly it is conditioned.

    >>> state, values = Mewmc(lam=0.5).step(Mewmc().start(2), np.array([[2.0, 0.0], [0.0, 2.0]]))
    >>> values.round(6).tolist(), state
    ([0.776856, 0.465926], {'C': [1.25, 0.0, 2.25]})
    """

    lam: float | None = None
    alpha: float | None = None
    name: ClassVar[str] = "mewmc"
    title: ClassVar[str] = "MEWMC"

    def __post_init__(self) -> None:
        if self.lam is not None:
            weight(self.lam, "MEWMC")

    def weight_for(self, p: int) -> float:
        """λ for p variables.

        >>> Mewmc().weight_for(4), round(Mewmc().weight_for(20), 4)
        (0.1, 0.0488)
        """
        if self.lam is None:
            return min(_USUAL, 2.0 / (2.0 * p + 1.0))
        if (2.0 - self.lam) / self.lam <= p:
            raise BadRecipe(
                f"A MEWMC with λ = {self.lam:g} remembers about {(2.0 - self.lam) / self.lam:.3g} rows: too few for the covariance of "
                f"{p} variable{'' if p == 1 else 's'}.",
                cure=f"Use λ ≤ {min(_USUAL, 2.0 / (2.0 * p + 1.0)):.2g}, which is twice as many rows as variables, or leave λ out.",
            )
        return self.lam

    def start(self, p: int) -> dict[str, Any]:
        """The memory before the first row: the lower triangle of C = I, row by row."""
        self.weight_for(p)
        return {"C": packed(np.eye(p)).tolist()}

    def step(self, state: dict[str, Any], z: Floats) -> tuple[dict[str, Any], Floats]:
        """The statistic of each whitened row z (n, p), and the memory after them."""
        n, p = z.shape
        lam, c, values = self.weight_for(p), np.array(state["C"]), np.empty(n)
        (i, j), some = np.tril_indices(p), max(_CELLS // (p * p), 1)
        for first in range(0, n, some):
            rows = np.clip(z[first : first + some], -_FARTHEST, _FARTHEST)
            every = smoothed(rows[:, i] * rows[:, j], c, lam)
            values[first : first + some], c = _divergence(np.ascontiguousarray(every.T), p), every[-1]
        for k in np.flatnonzero(np.abs(z).max(axis=1, initial=0.0) > _FARTHEST):  # C stays a matrix, and what is shown is the truth
            values[k] = min(lam * float(np.einsum("i,i->", z[k], z[k])), _LARGEST)
        return {"C": c.tolist()}, values

    def lanes(self, count: int, p: int) -> Lanes:
        """The same for `count` processes side by side."""
        lam, (i, j) = self.weight_for(p), np.tril_indices(p)
        c = np.repeat(packed(np.eye(p))[:, None], count, axis=1)

        def advance(z: Floats) -> Floats:
            nonlocal c
            columns = np.clip(np.ascontiguousarray(z.T), -_FARTHEST, _FARTHEST)
            c *= 1.0 - lam
            c += lam * columns[i] * columns[j]
            return _divergence(c, p)

        return advance


def packed(c: Floats) -> Floats:
    """The lower triangle of a symmetric matrix (p, p), row by row.

    >>> packed(np.array([[1.0, 2.0], [2.0, 3.0]])).tolist()
    [1.0, 2.0, 3.0]
    """
    return np.asarray(c[np.tril_indices(len(c))])


def unpacked(lower: Floats) -> Floats:
    """The symmetric matrix (p, p) of such a triangle.

    >>> unpacked(np.array([1.0, 2.0, 3.0])).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    p = int(np.sqrt(2.0 * len(lower)))
    c = np.zeros((p, p))
    c[np.tril_indices(p)] = lower
    return c + np.tril(c, -1).T


def _divergence(lower: Floats, p: int) -> Floats:
    """tr C − log|C| − p (n,) of matrices whose triangles are the columns of `lower` (p(p + 1)/2, n).

    Sums run pivot by pivot, so that a matrix has the same bits among others as by itself.
    """
    pivots = _eliminated(lower, p) if p <= _FEW else _factored(lower, p)
    for lost in np.flatnonzero(~(pivots > 0.0).all(axis=0)):
        pivots[:, lost] = _clipped(lower[:, lost])
    value = np.zeros(lower.shape[1])
    for k in range(p):
        value += (lower[k * (k + 3) // 2] - 1.0) - np.log(pivots[k])
    return value


def _eliminated(lower: Floats, p: int) -> Floats:
    """The pivots (p, n) of Gaussian elimination, for all matrices side by side: their product is the determinant."""
    i, j = np.tril_indices(p)
    a = np.zeros((p, p, lower.shape[1]))
    a[i, j] = lower
    with np.errstate(all="ignore"):  # a pivot that is lost in rounding is seen by its sign
        for k in range(p - 1):
            column = a[k + 1 :, k].copy()
            a[k + 1 :, k + 1 :] -= (column / a[k, k])[:, None] * column[None]
    return np.ascontiguousarray(a[np.arange(p), np.arange(p)])


def _factored(lower: Floats, p: int) -> Floats:
    """The same from Cholesky factors: squares of their diagonals; NaN where rounding has left no such factor."""
    i, j = np.tril_indices(p)
    pivots = np.empty((p, lower.shape[1]))
    some = max(_CELLS // (p * p), 1)
    for first in range(0, lower.shape[1], some):
        part = lower[:, first : first + some]
        a = np.zeros((part.shape[1], p, p))
        a[:, i, j] = part.T
        with np.errstate(invalid="ignore"):
            try:
                factor = np.linalg.cholesky(a)
            except np.linalg.LinAlgError:
                factor = np.array([_factor(one) for one in a])
        pivots[:, first : first + some] = np.diagonal(factor, axis1=1, axis2=2).T ** 2
    return pivots


def _factor(c: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.cholesky(c))
    except np.linalg.LinAlgError:
        return np.full_like(c, np.nan)


def _clipped(lower: Floats) -> Floats:
    """The eigenvalues (p,) of a matrix in which one row so far out counts that the others are lost in rounding: none below the rounding."""
    values = np.linalg.eigvalsh(unpacked(lower))
    return np.asarray(np.maximum(values, np.finfo(np.float64).eps * values[-1]))
