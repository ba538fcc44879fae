"""The Mahalanobis family under the names people look for: distances, whitening, densities, p-values, ellipses.

Every function takes what is known of the scatter in one of two ways: a Scatter (what an estimator answers), or a centre and a covariance.
Distances called `d2` are *squared*; `mahalanobis` is the square root. Nothing is ever inverted, and units do not matter.

>>> import numpy as np
>>> x = np.array([[12.0, 7.0], [10.0, 5.0]])
>>> d2(x, np.array([10.0, 5.0]), np.array([[4.0, 2.0], [2.0, 2.0]])).tolist()
[2.0, 0.0]
"""

from __future__ import annotations

from spc.distances.ellipse import ellipse
from spc.distances.laws import logpdf, p_value
from spc.distances.pairs import pairwise, pairwise_chunks
from spc.distances.rows import colour, d2, mahalanobis, whiten
from spc.distances.said import scatter

__all__ = ["colour", "d2", "ellipse", "logpdf", "mahalanobis", "p_value", "pairwise", "pairwise_chunks", "scatter", "whiten"]
