"""How probable a distance is: densities and p-values of normal rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, chdtrc, fdtrc

from spc.distances.rows import d2
from spc.distances.said import Center, scatter
from spc.errors import BadRecipe
from spc.limits import NewRow, ReferenceRow
from spc.nouns import Floats


def logpdf(x: ArrayLike, center: Center, covariance: ArrayLike | None = None) -> Floats:
    """The log of the normal density of each row of x (n, p): −½(p·log 2π + log det S + d2), with its unit in log det S.

    >>> logpdf([[0.0]], [0.0], [[1.0]]).round(6).tolist()
    [-0.918939]
    """
    known = scatter(center, covariance)
    return np.asarray(-0.5 * (known.p * np.log(2.0 * np.pi) + known.logdet + d2(x, known)))


def p_value(squared: ArrayLike, p: int, n: int | None = None, *, member: bool = False) -> Floats:
    """P(d2 of a good row > squared) for p variables: the chance of a distance at least as large.

    Without n the parameters are known: χ²(p). With n they are the mean and covariance (divisor n − 1) of n normal rows: F for a new row
    (Tracy, Young & Mason 1992), beta for a row that is a `member` of those n (Gnanadesikan & Kettenring 1972). Robust estimates follow none
    of these: their p-values come with a model, from limits that are calibrated. Raises TooFewRows when n is too small for p.

    >>> p_value([11.829158], 2).round(6).tolist(), p_value([34.59859], 8, n=50).round(6).tolist()
    ([0.0027], [0.0027])
    """
    if p < 1:
        raise BadRecipe(f"p = {p} is not a number of variables.", cure="Give 1 or more.")
    value = np.asarray(squared, dtype=np.float64)
    if n is None:
        if member:
            raise BadRecipe("A row is a member of n rows, and n was not given.", cure="Give n.")
        return np.asarray(chdtrc(p, value))
    if member:
        share = np.clip(value / ReferenceRow(n, p).factor, 0.0, 1.0)
        return np.asarray(betainc((n - p - 1) / 2.0, p / 2.0, 1.0 - share))
    return np.asarray(fdtrc(p, n - p, value / NewRow(n, p).factor))
