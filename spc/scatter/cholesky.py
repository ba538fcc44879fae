"""A regularised precision from regressions of each variable on the few that are nearest to it: modified Cholesky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import BadRecipe
from spc.nouns import Floats, Ints, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.definite import factor_of
from spc.scatter.factor import SINGULAR, Hyperplane, hyperplane
from spc.scatter.shrinkage import unit_variance
from spc.scatter.table import checked

_FOLDS = 5
_MOST = 40  # regressors at most: a chain of neighbours says the rest


@dataclass(frozen=True)
class ModifiedCholesky:
    """Each variable regressed on a few that come before it: Σ⁻¹ = Tᵀ D⁻¹ T, positive definite for any number of variables.

    The idea is Pourahmadi's (1999), with only k regressors each as in the banding of Bickel & Levina (2008). Banding needs an order of
    the variables in which neighbours belong together; the columns of a table have none. So the order is found: first the variable with
    the largest sum of squared correlations, then always the one most correlated with any before it; and each is regressed on the k
    before it that it is most correlated with. Neither depends on units or on the order of the columns. k is what predicts left-out rows
    best (five-fold likelihood, row i in fold i mod 5), 0 … 40, unless `neighbours` gives it. With n well above p it can reach p − 1,
    and the estimate is then the sample covariance. Not robust.

    Called with x (n, p), finite, n ≥ 6; returns a Scatter in the columns' own units. Mixtures of the columns change distances. Raises
    TooFewRows, and Degenerate with the equation when a variable does not vary or is determined by its neighbours.

    >>> rng = np.random.default_rng(1)
    >>> x = np.cumsum(rng.standard_normal((30, 60)), axis=1)
    >>> ModifiedCholesky().fitted_neighbours(x)
    1
    """

    neighbours: int | None = None
    name: ClassVar[str] = "modified_cholesky"
    robust: ClassVar[bool] = False
    equivariance: ClassVar[Equivariance] = "columns"

    def __post_init__(self) -> None:
        if self.neighbours is not None and self.neighbours < 0:
            raise BadRecipe(f"{self.neighbours} is no number of neighbours.", cure="Use 0 or more, or none to have it found.")

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a covariance by modified Cholesky")
        n, p = x.shape
        center, scale, z = unit_variance(x)
        order, before = ordered(z)
        k = self._neighbours(z, before)
        lower = np.zeros((p, p))  # rows and columns in the found order: z = T⁻¹ e
        unmixed = np.eye(p)
        for place, near in enumerate(before):
            use = near[:k]
            slopes, left = _regressed(z, order[place], order[use])
            if left <= SINGULAR:
                raise _determined(x, center, order[np.append(use, place)])
            unmixed[place, use] = -slopes
            lower[place, place] = np.sqrt(left * n / (n - 1 - len(use)))
        lower = solve_triangular(unmixed, lower, lower=True, unit_diagonal=True)
        covariance = np.empty((p, p))
        covariance[np.ix_(order, order)] = lower @ lower.T
        return Scatter(center, factor_of(covariance) * scale[:, None], n, used=np.ones(n, dtype=bool))

    def fitted_neighbours(self, x: Floats) -> int:
        """How many regressors each variable gets at most in the table x (n, p)."""
        z = unit_variance(checked(x, self.rows_needed(np.shape(x)[-1]), "a covariance by modified Cholesky"))[2]
        return self._neighbours(z, ordered(z)[1])

    def _neighbours(self, z: Floats, before: list[Ints]) -> int:
        n, p = z.shape
        most = min(p - 1, _MOST, (n - n // _FOLDS) // 2)
        return min(self.neighbours, p - 1, n - 3) if self.neighbours is not None else _predictive(z, ordered(z)[0], before, most)

    def rows_needed(self, p: int) -> int:
        """Six rows, whatever the number of variables: one more than there are folds."""
        return _FOLDS + 1 + 0 * p


def ordered(z: Floats) -> tuple[Ints, list[Ints]]:
    """The variables of z (n, p) in the order found, and for each place the places before it, most correlated first.

    >>> ordered(np.array([[1.0, 5.0, 1.1], [-1.0, -6.0, 1.0], [2.0, 9.0, 0.0], [-2.0, -8.0, -2.1]]) / [1.6, 7.2, 1.3])[0].tolist()
    [0, 1, 2]
    """
    p = z.shape[1]
    size = np.abs(z.T @ z) / len(z)
    order = [int(np.argmax(np.sum(size**2, axis=0)))]
    reach = size[order[0]].copy()
    reach[order[0]] = -1.0
    for _ in range(p - 1):
        following = int(np.argmax(reach))
        order.append(following)
        reach = np.maximum(reach, size[following])
        reach[order] = -1.0
    places = np.array(order)
    return places, [np.argsort(-size[places[i], places[:i]], kind="stable") for i in range(p)]


def _regressed(z: Floats, variable: int, on: Ints) -> tuple[Floats, float]:
    """Slopes of one variable on others, and the mean square (divisor n) that is left."""
    if len(on) == 0:
        return np.zeros(0), float(np.mean(z[:, variable] ** 2))
    slopes: Floats = np.asarray(np.linalg.lstsq(z[:, on], z[:, variable], rcond=1e-12)[0], dtype=np.float64)
    residual = z[:, variable] - z[:, on] @ slopes
    return slopes, float(np.mean(residual**2))


def _predictive(z: Floats, order: Ints, before: list[Ints], most: int) -> int:
    """The number of neighbours, 0 … most, with the best likelihood of the rows left out."""
    n = len(z)
    fold = np.arange(n) % _FOLDS
    score = np.zeros(most + 1)
    for place, near in enumerate(before):
        y, near_columns = z[:, order[place]], z[:, order[near[:most]]]
        for k in range(_FOLDS):
            score += _padded(_held_out(near_columns[fold != k], y[fold != k], near_columns[fold == k], y[fold == k]), most + 1)
    return int(np.argmin(score))


def _held_out(a: Floats, y: Floats, new_a: Floats, new_y: Floats) -> Floats:
    """Minus twice the log-likelihood of the new rows for 0, 1, … regressors: nested regressions from one orthogonalisation."""
    n = len(y)
    mean, level = a.mean(axis=0), float(y.mean())
    q, r = np.linalg.qr(a - mean)
    size = np.abs(np.diag(r))
    good = size > 1e-9 * np.sqrt(n)  # a column that the ones before it determine adds nothing
    weights = np.where(good, q.T @ (y - level), 0.0)
    turned = np.where(good, solve_triangular(r.T + np.diag(np.where(good, 0.0, 1.0)), (new_a - mean).T, lower=True).T, 0.0)
    predicted = level + np.concatenate([np.zeros((len(new_y), 1)), np.cumsum(turned * weights, axis=1)], axis=1)
    total = float(np.sum((y - level) ** 2))
    left = total - np.concatenate([[0.0], np.cumsum(weights**2)])
    variance = np.maximum(left, 1e-12 * total + 1e-20) / (n - 1.0 - np.arange(len(left)))
    return np.asarray(np.sum((new_y[:, None] - predicted) ** 2, axis=0) / variance + len(new_y) * np.log(variance))


def _padded(values: Floats, length: int) -> Floats:
    """The first variables have fewer before them: with more asked, they use all there are."""
    return np.concatenate([values, np.full(length - len(values), values[-1])])


def _determined(x: Floats, center: Floats, columns: Ints) -> Hyperplane:
    """The equation among a few columns, told among all."""
    few = hyperplane((x - center)[:, columns], center[columns], x[:, columns])
    slopes = np.zeros(x.shape[1])
    slopes[columns] = few.slopes
    return Hyperplane(slopes, few.level, few.count, few.n)
