"""The scatter of successive differences: what is left of the variance when steps and trends of the mean are taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.errors import Degenerate
from spc.nouns import Floats, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.factor import factor, hyperplane
from spc.scatter.table import checked


@dataclass(frozen=True)
class SuccessiveDifferences:
    """The mean, and half the mean square of the differences between each row and the next: VᵀV / (2(n − 1)) (Holmes & Mergen 1993).

    The rows must be in the order of time. Unbiased for independent rows of one covariance even when their mean steps now and then or
    drifts slowly, which the sample covariance takes for variance (Sullivan & Woodall 1996); about two thirds as efficient as that when
    nothing moves. Too small when neighbouring rows are alike for other reasons (autocorrelation). Not robust.

    Called with x (n, p), finite, n > p; returns a Scatter in the columns' own units; mixtures of the columns change no distance. Raises
    TooFewRows, and Degenerate with the equation when the rows lie on a hyperplane.

    >>> x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [6.0, 4.0]])
    >>> SuccessiveDifferences()(x).covariance.round(4).tolist()
    [[1.8333, 0.0], [0.0, 3.0]]
    """

    name: ClassVar[str] = "successive_differences"
    robust: ClassVar[bool] = False
    equivariance: ClassVar[Equivariance] = "affine"

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a covariance of successive differences")
        n = len(x)
        center = x.mean(axis=0)
        if np.any(np.ptp(x, axis=0) <= 1e-13 * np.max(np.abs(x), axis=0)):
            raise hyperplane(x - center, center, x)
        try:
            lower = factor(np.diff(x, axis=0), 2.0 * (n - 1))
        except Degenerate:
            raise hyperplane(x - center, center, x) from None  # the equation of the rows, with its level, not of the differences
        return Scatter(center, lower, n, used=np.ones(n, dtype=bool))

    def rows_needed(self, p: int) -> int:
        """The fewest rows that have p differences: p + 1."""
        return p + 1
