"""Column by column: median and robust scale, with robust correlations of the pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.definite import factor_of
from spc.scatter.factor import Hyperplane
from spc.scatter.guesses import wrapped
from spc.scatter.ranks import unit_columns
from spc.scatter.scales import SCALES, Kind
from spc.scatter.table import checked
from spc.scatter.unbiased import scale_factor

# cor(ψ(x), ψ(y)) = Σ a_k r^k for the wrapping function ψ and normal x, y of correlation r: ψ's squared Hermite coefficients for
# k = 1, 3, … 9 by quadrature, and what is left to 1 as the last
_WRAPPED = (0.9436303, 0.0530633, 0.0002411, 0.0005801, 0.0007259, 0.0017593)


@dataclass(frozen=True)
class Componentwise:
    """Medians, robust scales, correlations of wrapped values: the plain fallback, left standing by bad cells, up to half of them.

    Every cell is judged in its own column alone, so a bad cell does not spoil its row: far values are wrapped to 0 before the
    correlations are formed (Raymaekers & Rousseeuw 2021), which are then made consistent at the normal and, if need be, mixed with the
    identity until their condition number is `maxcond`. Rows that are bad only in how their cells go together are not seen. Works for
    more variables than rows. scale: "tau" (quick, the default), "qn" or "mad"; variances are right on average over n normal rows.

    Called with x (n, p), finite, n ≥ 5; returns a Scatter in the columns' own units whose `cells` marks the cells within four robust
    standard deviations, and `used` the rows of which at least half are. Units, shifts and the order of the columns change no distance;
    mixtures do. Raises TooFewRows, and Degenerate when half of a column's values are the same.

    >>> x = np.column_stack([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.0, 1.0, 4.0, 3.0, 6.0, 900.0]])
    >>> s = Componentwise()(x)
    >>> s.center.tolist()
    [3.5, 3.5]
    """

    scale: Kind = "tau"
    maxcond: float = 1000.0
    name: ClassVar[str] = "componentwise"
    robust: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "columns"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise BadRecipe(f"There is no scale named {self.scale}.", cure=f"Use one of {', '.join(SCALES)}.")
        if not self.maxcond > 1.0:
            raise BadRecipe(f"maxcond = {self.maxcond} is no condition number.", cure="Use a number above 1, such as 1000.")

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "robust scales and correlations")
        n = len(x)
        center, scale = center_and_scale(x, self.scale)
        z = (x - center) / scale
        cells = np.abs(z) < 4.0  # what lies beyond is wrapped to 0
        y = unit_columns(wrapped(z))
        correlation = conditioned(consistent(y.T @ y), self.maxcond)
        lower = factor_of(correlation) * (scale * np.sqrt(scale_factor(n, self.scale)))[:, None]
        return Scatter(center, lower, n, used=np.mean(cells, axis=1) >= 0.5, cells=cells)

    def rows_needed(self, p: int) -> int:
        """Five rows, whatever the number of variables."""
        return 5 + 0 * p


def center_and_scale(x: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """The medians and robust scales of the columns of x (n, p); raises Degenerate when half of a column's values are the same."""
    center = np.median(x, axis=0)
    scale = SCALES[kind](np.ascontiguousarray((x - center).T))[1]
    flat = np.flatnonzero(scale <= 1e-13 * np.max(np.abs(x), axis=0))
    if len(flat):
        j = int(flat[0])
        values, counts = np.unique(x[:, j], return_counts=True)
        raise Hyperplane(np.eye(x.shape[1])[j], float(values[np.argmax(counts)]), int(counts.max()), len(x))
    return center, scale


def consistent(correlation: Floats) -> Floats:
    """The normal correlations r for which wrapped values have these, Σ a_k r^k, by Newton's method; 1 on the diagonal."""
    wanted = np.clip(correlation, -1.0, 1.0)
    r = wanted.copy()
    for _ in range(6):
        square, value, slope = r * r, np.zeros_like(r), np.zeros_like(r)
        for k in reversed(range(len(_WRAPPED))):  # Horner's scheme in r²
            value = value * square + _WRAPPED[k]
            slope = slope * square + (2 * k + 1) * _WRAPPED[k]
        r = np.clip(r - (value * r - wanted) / slope, -1.0, 1.0)
    np.fill_diagonal(r, 1.0)
    return np.asarray(r)


def conditioned(correlation: Floats, maxcond: float) -> Floats:
    """The correlations mixed with just so much of the identity that the condition number is at most `maxcond`."""
    values = np.linalg.eigvalsh(correlation)
    excess = float(values[-1]) - maxcond * float(values[0])
    share = excess / (maxcond - 1.0 + excess) if excess > 0 else 0.0
    return np.asarray((1.0 - share) * correlation + share * np.eye(len(correlation)))
