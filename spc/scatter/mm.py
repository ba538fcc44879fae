"""MM-estimates of centre and scatter: the resistance of an S-estimate, nearly the precision of the classical one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Floats, Scatter
from spc.scatter.biweight import tuned_to_efficiency
from spc.scatter.contract import Equivariance
from spc.scatter.mscale import Loss
from spc.scatter.s import fixed_point, settled
from spc.scatter.s_factors import small_sample
from spc.scatter.table import checked


@dataclass(frozen=True)
class Mm:
    """An S-estimate of the size, and the centre and shape that are most precise given that size (Tatsuoka & Tyler 2000).

    The S-estimate decides how large the scatter is and which rows are far; a wider biweight then finds centre and shape from nearly
    all good rows. efficiency: of the shape at the normal (0.95: as precise as the classical estimate from 95 % of the rows; the
    centre is more precise still). It stands as many bad rows as its S-estimate, but bad rows *near* the good ones bias it more: choose
    S or Mcd when those are feared. Called with x (n, p), finite, n > 3p; returns a Scatter in the columns' own units, whose
    `objective` is that of the S-estimate and whose `used` marks the rows with a weight above zero. Raises TooFewRows, BadRecipe, and
    Degenerate with the equation when a share 1 − breakdown of the rows lies on a hyperplane.

    Sources: Tatsuoka & Tyler 2000; tuning: Salibián-Barrera, Van Aelst & Willems 2006, section 3.

    >>> x = np.array([[1.0], [1.1], [1.2], [1.3], [1.4], [1.5], [50.0]])
    >>> s = Mm()(x)
    >>> round(float(s.center[0]), 6), s.used.tolist()
    (1.25, [True, True, True, True, True, True, False])
    """

    efficiency: float = 0.95
    breakdown: float = 0.5
    seed: int = 0
    name: ClassVar[str] = "mm"
    robust: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "affine"

    def __call__(self, x: Floats) -> Scatter:
        if not 0.5 <= self.efficiency < 1.0:
            raise BadRecipe(f"An efficiency of {self.efficiency} makes no MM-estimate.", cure="Use 0.5 to below 1, such as 0.95.")
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a robust covariance (MM)")
        p = x.shape[1]
        found, z, scale = fixed_point(x, self.breakdown, self.seed)
        by = Loss(tuned_to_efficiency(p, self.efficiency), 0.0)
        precise = settled(x, z, by.weights(found.d2), by, math.exp(found.objective / p))
        known = (self.breakdown, self.efficiency) == (0.5, 0.95)
        return precise.scatter(x, scale, small_sample("mm", *x.shape) if known else 1.0)

    def rows_needed(self, p: int) -> int:
        """The fewest rows for p variables: 3p + 1; with fewer, half of the rows lie so near a hyperplane that shapes are an accident."""
        return 3 * p + 1
