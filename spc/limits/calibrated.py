"""Limits that hold their promise for any estimator, because they are worked out for that estimator, n and p.

When an estimator follows shifts, units and mixtures of its columns (it is affine equivariant), T² of a new normal row depends on the
data only through n and p. So: simulate reference tables from N(0, I), fit each, and average the exact tail of T² given the fit. The
value whose average tail is alpha is the limit (Gandy & Kvaløy 2013; Jensen, Jones-Farmer, Champ & Woodall 2006). Reference rows take
part in their own fit and have another law: the simulated tables' own distances give it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

from spc.errors import Degenerate
from spc.limits.exact import checked_alpha
from spc.limits.quadratic import tail
from spc.nouns import Floats, Limit, Scatter

Fitter = Callable[[Floats], Scatter]
Progress = Callable[[float], None]

TAIL_GRID = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.0027, 0.001, 1e-4, 1e-5, 1e-6, 1e-7)


def fits_needed(n: int, p: int) -> int:
    """How many simulated references make the limit's own error small: about 2 % of alpha at α = 0.0027.

    The tail given a fit varies more between fits when there are few rows per variable, so more fits are needed there.
    """
    return int(np.clip(400 * (1.0 + 40.0 * (p + 1) / n), 400, 4000))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Simulated fits of one estimator to n normal rows of p variables, from which limits for every alpha follow.

    precision (B, p, p) and center (B, p) of the fits; inside (sorted) the pooled distances of the tables' own rows.
    """

    estimator: str
    n: int
    p: int
    center: Floats
    factor: Floats
    inside: Floats

    @property
    def fits(self) -> int:
        return len(self.center)

    def forms(self, q: int) -> tuple[Floats, Floats]:
        """λ and b² (B, q) of the forms that T² is when the first q variables are observed."""
        lower = self.factor[:, :q, :q]
        left, singular, _ = np.linalg.svd(lower)
        shift = np.einsum("kab,ka->kb", left, self.center[:, :q])
        return singular**-2.0, shift**2

    def new_row(self, alpha: float, q: int | None = None) -> Limit:
        """The limit for a new row with q variables observed (all p when None)."""
        q = q or self.p
        value = self.quantile(checked_alpha(alpha), self.forms(q))
        return Limit(value, alpha, f"calibrated for {self.estimator}: n = {self.n}, {_of(q, self.p)}, {self.fits} simulated references")

    def quantile(self, alpha: float, forms: tuple[Floats, Floats]) -> float:
        """The value above which T² of a new row lies with probability alpha, on average over references."""
        weight, shift2 = forms

        def excess(log_value: float) -> float:
            return float(np.log(np.mean(tail(np.exp(log_value), weight, shift2)) + 1e-300) - np.log(alpha))

        start = np.log(chdtri(weight.shape[1], alpha))
        low, high = start - 1.0, start + 1.0
        while excess(low) < 0:
            low -= 1.0
        while excess(high) > 0:
            high += 1.0
        return float(np.exp(brentq(excess, low, high, xtol=1e-10)))

    def tails(self, alphas: Sequence[float] = TAIL_GRID) -> tuple[tuple[float, float], ...]:
        """Pairs (alpha, value) of the law of a new row."""
        forms = self.forms(self.p)
        return tuple((alpha, self.quantile(alpha, forms)) for alpha in alphas)

    def reference_row(self, alpha: float) -> Limit:
        """The limit for a row that is itself in the table; the (larger) one for a new row when alpha is too small to simulate."""
        beyond = checked_alpha(alpha) * len(self.inside)
        if beyond < 25:
            new = self.new_row(alpha)
            return Limit(new.value, alpha, f"{new.law}, taken for a new row: on the safe side for a reference row")
        value = float(np.quantile(self.inside, 1.0 - alpha, method="linear"))
        return Limit(value, alpha, f"calibrated for {self.estimator}: reference rows, n = {self.n}, p = {self.p}, {self.fits} simulated references")


def _of(q: int, p: int) -> str:
    return f"p = {p}" if q == p else f"{q} of {p} variables observed"


def calibrate(fitter: Fitter, estimator: str, n: int, p: int, *, seed: int = 0, fits: int | None = None, progress: Progress | None = None) -> Calibration:
    """Fit `fitter` to simulated N(0, I) tables (n, p) and keep what limits need. The same arguments give the same bits."""
    fits = fits or fits_needed(n, p)
    rng = np.random.default_rng([seed, n, p, fits])
    center, factor = np.empty((fits, p)), np.empty((fits, p, p))
    inside = np.empty((fits, n))
    for k in range(fits):
        scatter, x = _one(fitter, rng, n, p)
        center[k], factor[k] = scatter.center, scatter.factor
        inside[k] = scatter.d2(x)
        if progress is not None:
            progress((k + 1) / fits)
    return Calibration(estimator, n, p, center, factor, np.sort(inside, axis=None))


def _one(fitter: Fitter, rng: np.random.Generator, n: int, p: int) -> tuple[Scatter, Floats]:
    while True:
        x = rng.standard_normal((n, p))
        try:
            return fitter(x), x
        except Degenerate:  # a table of normal rows that the estimator cannot answer: draw another, as a person would
            continue
