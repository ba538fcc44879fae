"""Quantiles of distances against those of the law that they should follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from spc.nouns import Floats, Limit

_EXACT = 1000  # up to so many rows every quantile is asked of the law; beyond, the law is interpolated between this many


class Law(Protocol):
    """A law of T² that can say beyond which value a share alpha of the rows lies (spc.limits has them)."""

    def limit(self, alpha: float) -> Limit: ...


@dataclass(frozen=True, eq=False)
class QQ:
    """Sorted distances `observed` (n,) against `theoretical` (n,), with the band `low` … `high` in which each of them should lie."""

    theoretical: Floats
    observed: Floats
    low: Floats
    high: Floats


def qq(d2: Floats, law: Law, level: float = 0.95) -> QQ:
    """Squared distances d2 (n,) against their law at (i − ½)/n, and for each the band that holds it with probability `level`.

    The band is pointwise: the i-th smallest of n probabilities follows Beta(i, n + 1 − i). For the classical distances of the
    reference's own rows the law is `spc.limits.ReferenceRow(n, p)` (Gnanadesikan & Kettenring 1972; Small 1978), for new rows
    `NewRow(n, p)`, and for known parameters `KnownParameters(p)`. NaN in d2 are left out.

    >>> from spc.limits import KnownParameters
    >>> found = qq(np.array([3.0, 0.5, 1.2]), KnownParameters(2))
    >>> found.theoretical.round(3).tolist(), found.observed.tolist()
    ([0.365, 1.386, 3.584], [0.5, 1.2, 3.0])
    """
    observed = np.sort(np.asarray(d2, dtype=np.float64).ravel())
    observed = observed[np.isfinite(observed)]
    n = len(observed)
    i = np.arange(1, n + 1)
    tail = (1.0 - level) / 2.0
    return QQ(
        _quantiles(law, 1.0 - (i - 0.5) / n),
        observed,
        _quantiles(law, betaincinv(n + 1 - i, i, 1.0 - tail)),
        _quantiles(law, betaincinv(n + 1 - i, i, tail)),
    )


def _quantiles(law: Law, upper: ArrayLike) -> Floats:
    """The law's values beyond which the shares `upper` lie."""
    upper = np.asarray(upper, dtype=np.float64)
    if len(upper) <= _EXACT:
        return np.array([law.limit(float(alpha)).value for alpha in upper])
    logit = np.log(upper / (1.0 - upper))
    grid = np.linspace(logit.min(), logit.max(), _EXACT)
    known = [law.limit(float(1.0 / (1.0 + np.exp(-g)))).value for g in grid]
    return np.asarray(np.interp(logit, grid, known))
