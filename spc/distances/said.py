"""A scatter as people have it: one of ours, or a centre and a covariance from anywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import lapack

from spc.errors import BadTable, Degenerate
from spc.nouns import Floats, Scatter

Center = Scatter | ArrayLike


def scatter(center: Center, covariance: ArrayLike | None = None, n: int = 0) -> Scatter:
    """A Scatter from a centre (p,) and a covariance (p, p), factored on columns of unit variance; a Scatter is returned as it is.

    n is the number of rows behind the estimate, when it is one. Raises BadTable when the two do not fit each other, and Degenerate when
    the covariance is not symmetric and positive definite.

    >>> scatter([0.0, 0.0], [[4.0, 2.0], [2.0, 2.0]]).factor.tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    if isinstance(center, Scatter):
        if covariance is not None:
            raise BadTable("A Scatter has its covariance already.", cure="Pass a Scatter alone, or a centre and a covariance.")
        return center
    if covariance is None:
        raise BadTable("A centre alone has no scatter.", cure="Pass its covariance as well, or a Scatter.")
    mean = np.atleast_1d(np.asarray(center, dtype=np.float64))
    square = np.atleast_2d(np.asarray(covariance, dtype=np.float64))
    if mean.ndim != 1 or square.shape != (len(mean), len(mean)):
        raise BadTable(
            f"A centre of shape {mean.shape} and a covariance of shape {square.shape} do not fit each other.",
            cure="Pass p means and a (p, p) covariance.",
        )
    return Scatter(mean, _factor(square), n)


def _factor(square: Floats) -> Floats:
    scale = np.sqrt(np.maximum(np.diag(square), 0.0))
    good = bool(np.all(np.isfinite(square)) and np.all(scale > 0))
    unit = square / np.outer(scale, scale) if good else square
    if good and np.allclose(unit, unit.T, rtol=0.0, atol=1e-9):
        lower, info = lapack.dpotrf(unit, lower=1, clean=1)
        if info == 0:
            return np.asarray(lower * scale[:, None])
    raise Degenerate(
        "The covariance is not a symmetric, positive definite matrix.",
        cure="Check its entries: variances on the diagonal, and no column that is a combination of others.",
    )


def table(x: ArrayLike, p: int, what: str = "x") -> Floats:
    """Rows (n, p) as float64: a single row may come as (p,), and a single column as (n,). Raises BadTable for another width."""
    rows = np.asarray(x, dtype=np.float64)
    if rows.ndim == 0 or (rows.ndim == 1 and p == 1):
        rows = rows.reshape(-1, 1)
    elif rows.ndim == 1:
        rows = rows.reshape(1, -1)
    if rows.ndim != 2 or rows.shape[1] != p:
        raise BadTable(f"{what} has the shape {np.shape(x)}; the scatter has {p} variables.", cure=f"Pass an (n, {p}) array.")
    return rows
