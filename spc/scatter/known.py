"""Parameters that are declared known: nothing is estimated, and the limit is the chi-squared one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import lapack

from spc.errors import BadRecipe
from spc.nouns import Floats, Scatter


@dataclass(frozen=True)
class Known:
    """A centre and a covariance that come from elsewhere (a standard, a design, years of data) and are taken as exact.

    center (p,) and covariance (p, p) in the columns' own units. Raises BadRecipe when they do not fit each other or the table, or when
    the covariance is not positive definite.

    >>> Known(center=(0.0, 0.0), covariance=((1.0, 0.5), (0.5, 1.0)))(np.array([[1.0, 1.0]])).d2(np.array([[1.0, 1.0]])).round(6).tolist()
    [1.333333]
    """

    center: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    name: ClassVar[str] = "known"
    robust: ClassVar[bool] = False

    def __call__(self, x: Floats) -> Scatter:
        center, covariance = np.array(self.center, dtype=float), np.array(self.covariance, dtype=float)
        p = np.shape(x)[1]
        if center.shape != (p,) or covariance.shape != (p, p):
            raise BadRecipe(
                f"Known parameters are for {center.shape[0]} variables; the table has {p}.",
                cure="Give one mean per charted column and a square covariance, in the order of the columns.",
            )
        scale = np.sqrt(np.diag(covariance))
        good = bool(np.all(np.isfinite(covariance)) and np.all(scale > 0) and np.allclose(covariance, covariance.T, rtol=1e-9))
        lower, info = lapack.dpotrf(covariance / np.outer(scale, scale), lower=1, clean=1) if good else (covariance, 1)
        if info != 0:
            raise BadRecipe(
                "The known covariance is not a symmetric, positive definite matrix.", cure="Check its entries: variances on the diagonal."
            )
        return Scatter(center, lower * scale[:, None], len(x), used=np.zeros(len(x), dtype=bool))

    def rows_needed(self, p: int) -> int:
        """No rows are needed: nothing is estimated."""
        return 0 * p
