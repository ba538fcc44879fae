"""The minimum regularised covariance determinant estimator, for tables with more variables than rows and for all others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Bools, Floats, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.corrections import consistency
from spc.scatter.definite import factor_of
from spc.scatter.factor import Hyperplane
from spc.scatter.guesses import starting_subsets
from spc.scatter.ranks import rank_correlation
from spc.scatter.regularised import Subset, chosen, intensity
from spc.scatter.scales import qn
from spc.scatter.table import checked
from spc.scatter.unbiased import mrcd_factor


@dataclass(frozen=True)
class Mrcd:
    """The h rows whose covariance, mixed with a target so that it can be inverted, has the smallest determinant (Boudt et al. 2020).

    Works for any number of variables p, also p > n: on columns centred by the median and divided by Qn the scatter is
    ρT + (1 − ρ)·c·S_h, where S_h is the covariance of h rows, c its consistency factor, T the target: "identity", or "equicorrelation"
    with the mean rank correlation of the columns (then their signs matter). ρ is the smallest that keeps the condition number of the
    starting subsets at `maxcond` (or the given `rho`); with many rows per variable it is 10⁻⁶ and the estimate the unweighted MCD of the
    standardised columns. The search is deterministic: C-steps to the fixed point from the starts of the paper alone, since with few rows
    per variable lower determinants can be had by taking a cluster of bad rows in.

    h: a fraction of the rows, ½ … 1; 0.75 stands up to 25 % of bad rows. Called with x (n, p), finite, n ≥ 5; returns a Scatter in the
    columns' own units; `used` marks the h = ⌈fraction · n⌉ rows, `objective` is log det of the scatter before the factor that makes it
    right for small n, in the columns' units: what rrcov's CovMrcd calls `crit`. Units, shifts and the order of the columns change no
    distance; mixtures of the columns do, since the target is tied to the columns. Raises TooFewRows, BadRecipe, and Degenerate when
    half of a column's values are the same.

    Sources: Boudt, Rousseeuw, Vanduffel & Verdonck 2020; Hubert, Rousseeuw & Verdonck 2012 (starts).

    >>> s = Mrcd()(np.random.default_rng(1).standard_normal((20, 40)))
    >>> s.covariance.shape, int(s.used.sum()), s.h
    ((40, 40), 15, 15)
    """

    h: float = 0.75
    target: Literal["identity", "equicorrelation"] = "identity"
    rho: float | None = None
    maxcond: float = 50.0
    name: ClassVar[str] = "mrcd"
    robust: ClassVar[bool] = True
    regularised: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "columns"

    def __post_init__(self) -> None:
        if not 0.5 <= self.h <= 1.0:
            raise BadRecipe(f"h = {self.h} is not a share of the rows that an MRCD can rest on.", cure="Use a fraction from 0.5 to 1.")
        if self.rho is not None and not 0.0 < self.rho < 1.0:
            raise BadRecipe(
                f"rho = {self.rho} is not a share of the target.", cure="Use a number between 0 and 1, or none to have it found."
            )
        if self.target not in ("identity", "equicorrelation"):
            raise BadRecipe(f"There is no target named {self.target}.", cure="Use identity or equicorrelation.")
        if not self.maxcond > 1.0:
            raise BadRecipe(f"maxcond = {self.maxcond} is no condition number.", cure="Use a number above 1, such as 50.")

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a regularised robust covariance (MRCD)")
        n, p = x.shape
        size = math.ceil(self.h * n - 1e-9)
        z, center, scale = standardised(x)
        root, w = _in_the_target(z, self.target)
        starts = starting_subsets(w, size)
        c = consistency(p, size / n)
        rho, starts = (self.rho, starts) if self.rho is not None else intensity(w, starts, c, self.maxcond)
        best = chosen(w, starts, rho, c)
        return self._answer(z, center, scale, root, best, rho, c)

    def _answer(self, z: Floats, center: Floats, scale: Floats, root: Floats | None, best: Subset, rho: float, c: float) -> Scatter:
        """The scatter in the columns' units, with the divisor h − 1."""
        n, p = z.shape
        used = _mask(best, n)
        kept = z[used]
        mean = kept.mean(axis=0)
        target = np.eye(p) if root is None else root @ root
        h = len(kept)
        lower = factor_of(rho * target + (1.0 - rho) * c / max(h - 1, 1) * (kept - mean).T @ (kept - mean)) * scale[:, None]
        objective = 2.0 * float(np.sum(np.log(np.diag(lower))))
        return Scatter(center + scale * mean, lower * math.sqrt(mrcd_factor(n, p, self.h)), n, used=used, h=h, objective=objective)

    def rows_needed(self, p: int) -> int:
        """Five rows, whatever the number of variables: with fewer, no half of them says anything of the other half."""
        return 5 + 0 * p


def _mask(best: Subset, n: int) -> Bools:
    used = np.zeros(n, dtype=bool)
    used[best.rows] = True
    return used


def standardised(x: Floats) -> tuple[Floats, Floats, Floats]:
    """x centred by its medians and divided by Qn, with both; raises Degenerate when half of a column's values are the same."""
    n, p = x.shape
    first = np.median(x, axis=0)
    spread = qn(np.ascontiguousarray((x - first).T))[1]
    largest = np.max(np.abs(x), axis=0)
    flat = np.flatnonzero(spread <= 1e-13 * largest)
    if len(flat):
        j = int(flat[0])
        values, counts = np.unique(x[:, j], return_counts=True)
        raise Hyperplane(np.eye(p)[j], float(values[np.argmax(counts)]), int(counts.max()), n)
    return (x - first) / spread, first, spread


def _in_the_target(z: Floats, target: str) -> tuple[Floats | None, Floats]:
    """The symmetric root R of the target T = R R, and z R⁻¹, in whose coordinates the target is the identity (None: it is)."""
    p = z.shape[1]
    if target == "identity" or p == 1:
        return None, z
    correlations = rank_correlation(z)
    level = float(np.sum(correlations) - np.trace(correlations)) / (p * (p - 1))
    level = min(max(level, min(0.0, -1.0 / (p - 1) + 0.01)), 0.99)
    along, across = math.sqrt(1.0 + (p - 1) * level), math.sqrt(1.0 - level)
    root = across * np.eye(p) + (along - across) / p
    inverse = np.eye(p) / across + (1.0 / along - 1.0 / across) / p
    return root, z @ inverse
