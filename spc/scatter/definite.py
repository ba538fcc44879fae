"""From a symmetric matrix to a factor, in units that do not matter."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from spc.nouns import Floats


def factor_of(matrix: Floats) -> Floats:
    """The lower Cholesky factor of a positive definite matrix (p, p), found on its correlations.

    Raises ArithmeticError when the matrix is not positive definite to rounding; callers make it so first.

    >>> factor_of(np.array([[4.0, 2.0], [2.0, 5.0]])).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    length = np.sqrt(np.diag(matrix))
    lower, info = lapack.dpotrf(matrix / np.outer(length, length), lower=1, clean=1)
    if info or not np.all(np.isfinite(lower)):
        raise ArithmeticError("the matrix is not positive definite")
    return np.asarray(lower * length[:, None])
