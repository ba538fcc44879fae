"""The classical estimate: arithmetic mean and sample covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.nouns import Floats, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.factor import Hyperplane, factor, hyperplane
from spc.scatter.table import checked


@dataclass(frozen=True)
class Classical:
    """The mean and the sample covariance (divisor n − 1). Efficient for clean normal rows; one bad row can carry it away.

    Called with x (n, p), n > p, finite; returns a Scatter in the columns' own units. Raises TooFewRows when n ≤ p and Degenerate when
    the rows lie on a hyperplane.

    >>> s = Classical()(np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [6.0, 4.0]]))
    >>> s.center.tolist()
    [3.0, 3.0]
    >>> np.round(s.covariance, 3).tolist()
    [[4.667, 2.333], [2.333, 3.333]]
    """

    name: ClassVar[str] = "classical"
    robust: ClassVar[bool] = False
    equivariance: ClassVar[Equivariance] = "affine"

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "the classical covariance")
        center = x.mean(axis=0)
        n = len(x)
        try:
            lower = factor(x - center, n - 1)
        except Hyperplane:
            raise hyperplane(x - center, center, x) from None  # the equation in the columns' own units
        return Scatter(center, lower, n, used=np.ones(n, dtype=bool))

    def rows_needed(self, p: int) -> int:
        """The fewest rows that define a covariance of p variables: p + 1."""
        return p + 1
