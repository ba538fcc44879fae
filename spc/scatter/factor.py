"""The Cholesky factor of a covariance, and the answer in words when there is none."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from spc.errors import Degenerate
from spc.nouns import Floats

SINGULAR = 1e-13  # a direction whose variance is below this share of its columns' own is rounding, not variance


class Hyperplane(Degenerate):
    """`count` of `n` rows satisfy Σ slope_j x_j = level: the equation, for whoever knows the columns' names."""

    def __init__(self, slopes: Floats, level: float, count: int, n: int) -> None:
        self.slopes, self.level, self.count, self.n = slopes, level, count, n
        names = [f"x{j + 1}" for j in range(len(slopes))]
        super().__init__(self.words(names), cure="Drop one of these columns, or check the sensor.")

    def columns(self) -> list[int]:
        """The positions of the columns that take part, largest share first."""
        return [int(j) for j in np.argsort(-np.abs(self.slopes)) if abs(self.slopes[j]) > 0]

    def words(self, names: list[str]) -> str:
        """The equation solved for its leading column: "temp_2 = 0.98·temp_1 + 3 in 212 of 400 rows".

        >>> Hyperplane(np.array([-0.98, 1.0]), 3.0, 212, 400).words(["temp_1", "temp_2"])
        'temp_2 = 0.98·temp_1 + 3 in 212 of 400 rows: these rows have no scatter of their own.'
        """
        order = self.columns()
        lead = order[0]
        slopes = -self.slopes / self.slopes[lead]
        terms = [f"{slopes[j]:.6g}·{names[j]}" for j in order[1:]]
        level = self.level / self.slopes[lead]
        if not terms or abs(level) > 1e-9 * max(1.0, float(np.max(np.abs(slopes)))):
            terms.append(f"{level:.6g}")
        right = " + ".join(terms).replace("+ -", "- ")
        return f"{names[lead]} = {right} in {self.count} of {self.n} rows: these rows have no scatter of their own."


def factor(centred: Floats, divisor: float) -> Floats:
    """The lower Cholesky factor of centredᵀ centred / divisor, computed on columns of unit length so that units do not matter.

    Raises Hyperplane (a Degenerate) when a column, given the ones before it, has a share of variance below 1e-13.
    """
    length = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    if np.all(length > 0):
        unit = centred / length
        lower = factor_of(unit.T @ unit, 1.0)
        if lower is not None:
            return np.asarray(lower * (length / np.sqrt(divisor))[:, None])
    raise hyperplane(centred, np.zeros(centred.shape[1]), centred)


def factor_of(products: Floats, divisor: float) -> Floats | None:
    """The lower Cholesky factor of sums of products (p, p) over a divisor, or None when a direction has no variance of its own."""
    length = np.sqrt(np.diag(products))
    if not np.all(length > 0):
        return None
    lower, info = lapack.dpotrf(products / np.outer(length, length), lower=1, clean=1)
    if info != 0 or float(np.min(np.diag(lower))) ** 2 <= SINGULAR:
        return None
    return np.asarray(lower * (length / np.sqrt(divisor))[:, None])


def inverse_of(lower: Floats) -> Floats:
    """L⁻¹ of a lower Cholesky factor, lower triangular."""
    return np.tril(lapack.dtrtri(lower, lower=1)[0])


def hyperplane(subset: Floats, center: Floats, x: Floats) -> Hyperplane:
    """The hyperplane on which the centred `subset` (m, p) lies, and how many rows of x (n, p) lie on it too."""
    length = np.sqrt(np.mean(subset * subset, axis=0))
    constant = np.flatnonzero(length <= 1e-12 * np.maximum(np.max(np.abs(x), axis=0), np.finfo(float).tiny))
    p = subset.shape[1]
    slopes = np.zeros(p)
    if len(constant):
        slopes[constant[0]] = 1.0
        spread = np.abs(x - center)[:, constant[0]]
        tolerance = 1e-9 * max(float(np.max(spread)), np.finfo(float).tiny)
    else:
        _, _, right = np.linalg.svd(subset / length, full_matrices=True)
        direction = right[-1]
        direction = np.where(np.abs(direction) > 1e-6 * np.max(np.abs(direction)), direction, 0.0)
        slopes = direction / length
        spread = np.abs((x - center) @ slopes)
        tolerance = 1e-6 * float(np.linalg.norm(direction))
    return Hyperplane(slopes, float(center @ slopes), int(np.sum(spread <= tolerance)), len(x))
