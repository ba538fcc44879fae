"""The small-sample factor of the reweighted MCD."""

from __future__ import annotations

from functools import cache

import numpy as np

from spc.scatter.mcd_factors import BIAS, RATIOS, SHARES, VARIABLES


@cache
def mcd_bias(n: int, p: int, share: float) -> float:
    """How many times the true covariance the reweighted MCD of n normal rows is on average; share: h as a fraction, 0.5 … 1.

    Simulated on a grid, and interpolated in log n, log p and the share, so that it is continuous in all three; it tends to 1 for many
    rows, and for a share of 1, where nothing is left out. Its purpose is that of Pison, Van Aelst & Willems 2002.

    >>> round(mcd_bias(50, 2, 0.5), 3), mcd_bias(50, 2, 1.0)
    (1.067, 1.0)
    """
    ratio = n / p
    wide = np.log(min(max(p, VARIABLES[0]), VARIABLES[-1]))
    at_share = [float(np.interp(wide, np.log(VARIABLES), [_in_rows(row, ratio) for row in block])) for block in BIAS]
    return float(np.exp(np.interp(share, [*SHARES, 1.0], [*at_share, 0.0])))


def _in_rows(row: tuple[float, ...], ratio: float) -> float:
    """The logarithm of the bias for n / p; beyond the grid it falls with 1/n."""
    value = float(np.interp(np.log(ratio), np.log(RATIOS), np.log(row)))
    return value * min(1.0, RATIOS[-1] / ratio)
