"""What S and MM estimates are multiplied by so that they are right on average in small normal tables, too.

The tuning constants are right for many rows. How far a covariance is off with few was simulated (scripts/make_s_factors.py) and, for
seven numbers of variables, written as a cubic in p/n; between these it is interpolated in 1/p, above 20 variables held. The simulated
values have standard errors of about 0.3 %, near n = 3p of a few per cent; below 12 rows the factor is held.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

Kind = Literal["s", "mm"]
_FEWEST = 12
_VARIABLES = (1, 2, 3, 5, 8, 12, 20)
_CUBICS: dict[Kind, tuple[tuple[float, float, float], ...]] = {
    "s": (
        (-2.634, 28.88, -376.929),  # p = 1
        (0.084, 4.24, 15.509),  # p = 2
        (0.022, 0.531, 16.29),  # p = 3
        (0.014, -1.562, 12.506),  # p = 5
        (-0.001, -0.664, 3.95),  # p = 8
        (-0.015, -0.198, 1.071),  # p = 12
        (-0.018, -0.008, 0.123),  # p = 20
    ),
    "mm": (
        (-2.634, 28.88, -376.929),  # p = 1
        (-0.704, -0.85, -11.277),  # p = 2
        (-0.256, -3.524, 8.999),  # p = 3
        (-0.09, -2.024, 6.959),  # p = 5
        (-0.07, -0.231, 0.806),  # p = 8
        (-0.024, -0.216, 0.851),  # p = 12
        (-0.008, -0.008, 0.31),  # p = 20
    ),
}


def small_sample(kind: Kind, n: int, p: int) -> float:
    """1 over the mean of the estimated variances, for n normal rows of p variables with variance 1.

    >>> round(small_sample("s", 100_000, 4), 3)
    1.0
    """
    x = p / max(n, _FEWEST)
    logs = [((cubic[2] * x + cubic[1]) * x + cubic[0]) * x for cubic in _CUBICS[kind]]
    return math.exp(-float(np.interp(-1.0 / p, [-1.0 / k for k in _VARIABLES], logs)))
