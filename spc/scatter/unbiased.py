"""What shape estimators are multiplied by, so that the variances that they report are right on average over n normal rows.

The numbers were fitted to what scripts/make_shape_factors.py prints; every factor is continuous in n and p.
"""

from __future__ import annotations

from spc.scatter.corrections import consistency
from spc.scatter.scales import Kind


def ogk_factor(n: int, p: int, kind: Kind) -> float:
    """The factor of the reweighted OGK with divisor (rows kept − 1): that of the nearest 90 % of normal rows, and a little for small n.

    Within 1 % for n ≥ 20. The scale matters little, since the median distance rescales what is cut off; the MAD, which knows the shape
    less well, keeps rows that are a little too near.

    >>> round(ogk_factor(50, 3, "tau"), 4)
    1.2565
    """
    return consistency(p, 0.9) / ((1.0 - 0.75 / (p * p * n)) * (1.0 - (0.9 / n if kind == "mad" else 0.0)))


def mrcd_factor(n: int, p: int, h: float) -> float:
    """The factor of the MRCD with divisor (h-subset's rows − 1): a little below 1, since the scale of the columns is taken from all rows.

    Within 2 % for h = 0.75 and 3 % for h = 0.5, for n ≥ 20 and p from 2 to 20 as far as p < n/2.

    >>> round(mrcd_factor(50, 3, 0.75), 4)
    0.9695
    """
    cut = 1.0 - h
    return 1.0 / float(1.0 + 12.0 * cut**1.5 * (1.0 + 1.0 / p - 6.0 * cut / p**2) / (n + 137.0 * cut**2.3))


_SQUARES = {"tau": (-1.7, 1.0), "qn": (0.65, 2.4), "mad": (-0.3, -2.0)}  # E s² − 1 over n normal values, in 1/n and 1/n²


def scale_factor(n: int, kind: Kind) -> float:
    """What the square of a robust scale is multiplied by: 1 / E s², to 1 % for n ≥ 12 (published factors are for s, not for s²).

    >>> round(scale_factor(50, "tau"), 4)
    1.0348
    """
    first, second = _SQUARES[kind]
    return 1.0 / (1.0 + first / n + second / n**2)
