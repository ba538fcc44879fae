"""How far each row is from a centre, and the coordinates in which that is the plain distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spc.distances.said import Center, scatter, table
from spc.nouns import Floats


def d2(x: ArrayLike, center: Center, covariance: ArrayLike | None = None) -> Floats:
    """The *squared* Mahalanobis distance (x − m)ᵀ S⁻¹ (x − m) of each row of x (n, p), (n,), without unit (Mahalanobis 1936).

    `center` is a Scatter, or (p,) with the covariance (p, p). A row with a missing value has no distance: NaN. Raises BadTable for shapes
    that do not fit and Degenerate for a covariance that is not positive definite.

    >>> d2([[3.0, 4.0]], [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]).tolist()
    [25.0]
    """
    known = scatter(center, covariance)
    return known.d2(table(x, known.p))


def mahalanobis(x: ArrayLike, center: Center, covariance: ArrayLike | None = None) -> Floats:
    """The Mahalanobis distance √d2 of each row of x (n, p).

    >>> mahalanobis([[3.0, 4.0]], [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]).tolist()
    [5.0]
    """
    return np.asarray(np.sqrt(d2(x, center, covariance)))


def whiten(x: ArrayLike, center: Center, covariance: ArrayLike | None = None) -> Floats:
    """z = L⁻¹(x − m) with S = L Lᵀ for each row of x (n, p): uncorrelated, unit variance, and ‖z‖² = d2.

    >>> whiten([[12.0, 7.0]], [10.0, 5.0], [[4.0, 2.0], [2.0, 2.0]]).tolist()
    [[1.0, 1.0]]
    """
    known = scatter(center, covariance)
    return known.whiten(table(x, known.p))


def colour(z: ArrayLike, center: Center, covariance: ArrayLike | None = None) -> Floats:
    """x = m + L z for each row of z (n, p): undoes `whiten`, and gives independent noise a scatter.

    >>> colour([[1.0, 1.0]], [10.0, 5.0], [[4.0, 2.0], [2.0, 2.0]]).tolist()
    [[12.0, 7.0]]
    """
    known = scatter(center, covariance)
    return known.colour(table(z, known.p, "z"))
