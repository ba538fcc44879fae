"""A limit from resampled references: how much larger T² of new rows is than that of the rows a fit was made from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spc.errors import TooFewRows
from spc.limits.paretotail import ParetoTail
from spc.nouns import Bools, Floats, Ints, Scatter

REPLICATES = 60
Fitter = Callable[[Floats], Scatter]


@dataclass(frozen=True, eq=False)
class Bootstrapped:
    """The law of the reference's own distances `own`, and of each resampled fit: its own rows `inside`, the whole reference `outside`."""

    own: ParetoTail
    inside: tuple[ParetoTail, ...]
    outside: tuple[ParetoTail, ...]
    length: int

    def optimism(self, alpha: float) -> float:
        """By how much, in logarithms, the limit of a resampled fit's own rows is too small for the reference it was drawn from."""
        pairs = zip(self.outside, self.inside, strict=True)
        return float(np.mean([math.log(new.quantile(alpha) / old.quantile(alpha)) for new, old in pairs]))

    def quantile(self, alpha: float) -> float:
        """The limit for new rows: the quantile of the reference's own distances, corrected for that optimism."""
        return self.own.quantile(alpha) * math.exp(self.optimism(alpha))

    def error(self, alpha: float) -> float:
        """Its standard error: how much the quantile varies from one resampled reference to the next."""
        spread = float(np.std([math.log(old.quantile(alpha)) for old in self.inside], ddof=1))
        return self.quantile(alpha) * spread


def bootstrap(
    x: Floats,
    fitter: Fitter,
    *,
    length: int = 1,
    replicates: int = REPLICATES,
    kept: Bools | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Bootstrapped:
    """Resample the rows of x (n, p), complete, in blocks of `length` neighbours (1: row by row), and fit each resampled table.

    Rows that are not `kept` (n,) take part in the fits, and their distances are not counted. Sources: Künsch 1989 (moving blocks);
    Efron 1983 (optimism).

    >>> from spc.scatter import Classical
    >>> x = np.random.default_rng(1).normal(size=(400, 3))
    >>> found = bootstrap(x, Classical())
    >>> round(found.own.quantile(0.01), 1), round(found.quantile(0.01), 1)
    (12.4, 13.1)
    """
    n = len(x)
    if not 1 <= length <= n // 2:
        raise TooFewRows(f"{n} rows cannot be resampled in blocks of {length}.", cure="Bring a longer reference.")
    kept = np.ones(n, dtype=bool) if kept is None else kept
    rng = np.random.default_rng([seed, n, length])
    inside, outside = [], []
    for k in range(replicates):
        drawn = _drawn(rng, n, length)
        d2 = fitter(x[drawn]).d2(x)
        inside.append(ParetoTail.of(d2[drawn][kept[drawn]]))
        outside.append(ParetoTail.of(d2[kept]))
        if progress is not None:
            progress((k + 1) / replicates)
    return Bootstrapped(ParetoTail.of(fitter(x).d2(x)[kept]), tuple(inside), tuple(outside), length)


def _drawn(rng: np.random.Generator, n: int, length: int) -> Ints:
    starts = rng.integers(0, n - length + 1, size=-(-n // length))
    return np.asarray((starts[:, None] + np.arange(length)).ravel()[:n])
