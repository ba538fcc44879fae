"""The orthogonalised Gnanadesikan–Kettenring estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import chdtri

from spc.errors import BadRecipe
from spc.nouns import Bools, Floats, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.factor import Hyperplane, factor, hyperplane
from spc.scatter.scales import SCALES, Kind
from spc.scatter.table import checked
from spc.scatter.unbiased import ogk_factor

_CELLS = 4_000_000  # numbers in one block of pairwise sums and differences


@dataclass(frozen=True)
class Ogk:
    """Robust covariances of all pairs of columns, made positive definite in robust principal axes, then reweighted (Maronna & Zamar 2002).

    Two iterations; the rows within the 90 % point of χ²_p, rescaled by the median distance, enter the mean and covariance, which is
    multiplied by a factor that makes it right on average over n normal rows (R's `covOGK` reports it without). No search, so it is quick
    for many columns. It stands up to nearly half of the rows being bad when they are far enough away.

    scale: the robust scale that everything is made of, "tau" (quick, the default), "qn" or "mad". With 40 % of the rows in one cluster
    tau is rid of them from 50 standard deviations on, Qn from 20; with 20 % both are.

    Called with x (n, p), finite, n > 2p; returns a Scatter in the columns' own units whose `used` marks the rows kept. Units, shifts
    and the order of the columns change no distance; mixtures of the columns may. Raises TooFewRows, and Degenerate with the equation
    when half of the rows lie on a hyperplane that it meets.

    >>> x = np.column_stack([[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 50.0], [3.0, 2.0, 3.5, 2.5, 3.1, 2.9, 2.8]])
    >>> s = Ogk()(x)
    >>> s.center.round(6).tolist(), s.used.tolist()
    ([1.25, 2.833333], [True, True, True, True, True, True, False])
    """

    scale: Kind = "tau"
    name: ClassVar[str] = "ogk"
    robust: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "columns"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise BadRecipe(f"There is no scale named {self.scale}.", cure=f"Use one of {', '.join(SCALES)}.")

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a robust covariance (OGK)")
        n, p = x.shape
        used = kept_rows(x, self.scale)
        kept = x[used]
        mean = kept.mean(axis=0)
        try:
            lower = factor(kept - mean, len(kept) - 1)
        except Hyperplane:
            raise hyperplane(kept - mean, mean, x) from None
        return Scatter(mean, lower * np.sqrt(ogk_factor(n, p, self.scale)), n, used=used)

    def rows_needed(self, p: int) -> int:
        """The fewest rows for p variables: 2p + 1, so that the half of the rows that is kept for certain spans the space."""
        return 2 * p + 1


def kept_rows(x: Floats, scale: Kind) -> Bools:
    """Which rows of x (n, p) are within the scaled 90 % ellipsoid of the estimate before reweighting."""
    d2 = raw_distances(x, scale)
    p = x.shape[1]
    return np.asarray(d2 <= np.median(d2) * float(chdtri(p, 0.1)) / float(chdtri(p, 0.5)))


def raw_distances(x: Floats, scale: Kind) -> Floats:
    """Squared distances (n,) from the estimate before reweighting: robust z-scores in twice orthogonalised axes, squared and summed."""
    measure = SCALES[scale]
    center = np.median(x, axis=0)
    z = np.ascontiguousarray((x - center).T)  # one variable per row: medians along contiguous memory
    for _ in range(2):
        spread = measure(z)[1]
        if np.any(spread <= 0):
            raise _flat(x, z, int(np.argmin(spread)))
        z = z / spread[:, None]
        _, axes = np.linalg.eigh(pairwise(z, scale))
        z = np.ascontiguousarray(axes.T @ z)
    location, spread = measure(z)
    if np.any(spread <= 0):
        raise _flat(x, z, int(np.argmin(spread)))
    return np.asarray(np.sum(((z - location[:, None]) / spread[:, None]) ** 2, axis=0))


def pairwise(z: Floats, scale: Kind) -> Floats:
    """Gnanadesikan–Kettenring covariances ¼(s²(a + b) − s²(a − b)) of all pairs of rows of z (p, n), with 1 on the diagonal."""
    p, n = z.shape
    u = np.eye(p)
    first, second = np.triu_indices(p, 1)
    step = max(1, _CELLS // n)
    for start in range(0, len(first), step):
        i, j = first[start : start + step], second[start : start + step]
        a, b = z[i], z[j]
        u[i, j] = u[j, i] = 0.25 * (SCALES[scale](a + b)[1] ** 2 - SCALES[scale](a - b)[1] ** 2)
    return u


def _flat(x: Floats, z: Floats, axis: int) -> Exception:
    """The hyperplane on which the rows lie whose score on one axis is the median one."""
    score = z[axis]
    off = np.abs(score - np.median(score))
    member = off <= 1e-9 * max(float(np.max(off)), np.finfo(float).tiny)
    center = x[member].mean(axis=0)
    return hyperplane(x[member] - center, center, x)
