"""A centre and a scatter matrix, and the distances that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import lapack

from spc.nouns.arrays import Bools, Floats

_BLOCK = 2048  # rows whitened at a time: a block of float64 at p = 50 stays in the second-level cache
_TILE = 32  # rows in every single matrix product: see _product
_FAR, _MOST = 500, 1000  # powers of two beyond which a row is scaled before it is multiplied, and to which it is shortened
_LARGEST = float(np.finfo(np.float64).max)


def _product(rows: Floats, matrix: Floats, center: Floats | float = 0.0) -> Floats:
    """(rows − center) @ matrix, always in products of the same shape.

    BLAS sums in an order that depends on the shape of the product, so the same row in another block would differ in its last bit. In
    tiles of 32 rows a row taken alone and in a block of a million gives the same bits.

    A row that is too far out for the product to be a number keeps its direction and is shortened to what is one.
    """
    n, p = rows.shape
    full = -(-n // _TILE) * _TILE
    padded = np.empty((full, p))
    np.subtract(rows, center, out=padded[:n])
    padded[n:] = 0.0
    if not math.isfinite(np.vdot(padded, padded)):  # one number for all of them, and no such row as good as ever
        return _shortened(padded, matrix)[:n]
    return np.asarray((padded.reshape(-1, _TILE, p) @ matrix).reshape(full, matrix.shape[1])[:n])


def _shortened(padded: Floats, matrix: Floats) -> Floats:
    """The same product of rows some of which are far out: those are scaled by powers of two, which changes none of their digits."""
    rows = np.clip(padded, -_LARGEST, _LARGEST)  # an infinite value is the largest number there is
    power = np.frexp(np.fmax.reduce(np.abs(rows), axis=1, initial=0.0))[1]
    power[power <= _FAR] = 0
    found = (np.ldexp(rows, -power[:, None]).reshape(-1, _TILE, rows.shape[1]) @ matrix).reshape(len(rows), -1)
    room = _MOST - np.frexp(np.fmax.reduce(np.abs(found), axis=1, initial=0.0))[1]
    return np.asarray(np.ldexp(found, np.minimum(power, np.maximum(room, 0))[:, None]))


@dataclass(frozen=True, eq=False)
class Scatter:
    """A centre and the lower Cholesky factor L of a scatter matrix S = L Lᵀ. Nothing in the house ever inverts S.

    center (p,), factor (p, p) lower triangular, both in the columns' own units; n rows were offered to the fit, `used` (n,) says which
    entered the final estimate; h and objective (log det of the h-subset's covariance, divisor h) for estimators that have them; cells
    (n, p): which cells entered, for estimators that judge cell by cell; rival: another answer to the same question, nearly as good by
    the estimator's own measure, that disagrees about which rows are bad.
    """

    center: Floats
    factor: Floats
    n: int
    used: Bools | None = None
    h: int | None = None
    objective: float | None = None
    cells: Bools | None = None
    rival: Scatter | None = None

    @property
    def p(self) -> int:
        return int(self.center.shape[0])

    @property
    def rank(self) -> int:
        return self.p

    @cached_property
    def covariance(self) -> Floats:
        """S = L Lᵀ, (p, p), in products of the columns' units."""
        return np.asarray(self.factor @ self.factor.T)

    @cached_property
    def logdet(self) -> float:
        """log det S = 2 Σ log L_jj."""
        return float(2.0 * np.sum(np.log(np.diag(self.factor))))

    @cached_property
    def _whitener(self) -> Floats:
        """L⁻ᵀ, contiguous: what centred rows are multiplied by."""
        inverse, info = lapack.dtrtri(self.factor, lower=1)
        if info:  # pragma: no cover - a Scatter is only ever built from a factor with a positive diagonal
            raise ValueError("the factor has a zero on its diagonal")
        return np.ascontiguousarray(inverse.T)

    def whiten(self, x: Floats) -> Floats:
        """z = L⁻¹(x − m) for each row of x (n, p): uncorrelated, unit variance, no unit.

        It is finite where x is a number: beyond 1e301 standard deviations a row keeps its direction only.

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.whiten(np.array([[12.0, 7.0]])).tolist()
        [[1.0, 1.0]]
        """
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        return _product(x, self._whitener, self.center)

    def colour(self, z: Floats) -> Floats:
        """x = m + L z for each row of z (n, p): undoes `whiten`.

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.colour(np.array([[1.0, 1.0]])).tolist()
        [[12.0, 7.0]]
        """
        z = np.atleast_2d(np.asarray(z, dtype=np.float64))
        return _product(z, self.factor.T) + self.center

    def solve(self, x: Floats) -> Floats:
        """S⁻¹(x − m) for each row of x (n, p), in one over the columns' units: the gradient of half the squared distance.

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.solve(np.array([[12.0, 7.0]])).tolist()
        [[0.0, 1.0]]
        """
        return _product(self.whiten(x), self._whitener.T)

    @cached_property
    def sd(self) -> Floats:
        """The standard deviation (p,) of each variable by itself: √S_jj, in the column's unit."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @cached_property
    def correlation(self) -> Floats:
        """S scaled to a unit diagonal, (p, p)."""
        return np.asarray(self.covariance / np.outer(self.sd, self.sd))

    @cached_property
    def unit_precision(self) -> tuple[Floats, Floats]:
        """L⁻ᵀ scaled by `conditional_scale`, (p, p), and its product with itself: S⁻¹ scaled to a unit diagonal."""
        unit = self._whitener * self.conditional_scale[:, None]
        return unit, np.asarray(unit @ unit.T)

    @cached_property
    def conditional_scale(self) -> Floats:
        """The standard deviation (p,) of each variable when the others are given: 1 / √[S⁻¹]_jj, in the column's unit."""
        return np.asarray(1.0 / np.sqrt(np.sum(self._whitener**2, axis=1)))

    def d2(self, x: Floats) -> Floats:
        """The *squared* distance (x − m)ᵀ S⁻¹ (x − m) = ‖L⁻¹(x − m)‖² of each row of x (n, p).

        >>> s = Scatter(np.array([10.0, 5.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=50)
        >>> s.d2(np.array([[12.0, 7.0]])).tolist()
        [2.0]
        """
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        out = np.empty(x.shape[0])
        for start in range(0, x.shape[0], _BLOCK):
            z = self.whiten(x[start : start + _BLOCK])
            np.einsum("ij,ij->i", z, z, out=out[start : start + _BLOCK])
        return out

    def part(self, seen: Bools) -> Scatter:
        """The scatter of a subset of the variables, `seen` (p,): its block of S, factored anew.

        >>> whole = Scatter(np.array([0.0, 1.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), n=9)
        >>> whole.part(np.array([False, True])).covariance.round(12).tolist()
        [[2.0]]
        """
        if bool(np.all(seen)):
            return self
        block = self.covariance[np.ix_(seen, seen)]
        length = np.sqrt(np.diag(block))
        lower, info = lapack.dpotrf(block / np.outer(length, length), lower=1, clean=1)
        if info:  # pragma: no cover - a principal block of a positive definite matrix is positive definite
            raise ArithmeticError("a part of the scatter has no factor")
        return Scatter(self.center[seen], lower * length[:, None], self.n)

    def to_dict(self) -> dict[str, Any]:
        return {
            "center": self.center.tolist(),
            "covariance": self.covariance.tolist(),
            "factor": self.factor.tolist(),
            "logdet": self.logdet,
            "n": self.n,
            "h": self.h,
            "objective": self.objective,
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Scatter:
        return cls(np.array(d["center"]), np.array(d["factor"]), int(d["n"]), None, d.get("h"), d.get("objective"))
