"""What the search for the minimum covariance determinant makes small."""

from __future__ import annotations

import numpy as np

from spc.nouns import Floats


def subset_objective(rows: Floats) -> float:
    """log det of the covariance (divisor h) of some rows (h, p), computed directly; −inf when they lie on a hyperplane.

    >>> subset_objective(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]))
    0.0
    """
    centred = rows - rows.mean(axis=0)
    sign, value = np.linalg.slogdet(centred.T @ centred / len(rows))
    return float(value) if sign > 0 else -np.inf
