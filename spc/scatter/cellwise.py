"""The cellwise minimum covariance determinant estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spc.errors import BadRecipe, BadTable, Degenerate, TooFewRows
from spc.nouns import Bools, Floats, Scatter
from spc.scatter.cellsteps import FLOOR, TRIMMED, Fit, best, conditional_variances
from spc.scatter.contract import Equivariance
from spc.scatter.ddc import location_and_scale
from spc.scatter.factor import Hyperplane
from spc.scatter.patterns import Patterns

_TOGETHER = 10  # rows in which two columns both have a value, at the least
_SAME = 1e-6  # values of standardised columns that differ by less are the same
_SMALL = np.array([1.9501, -0.0357, 0.0497, -1.0477, 0.647, -0.6946])  # of the whole, then of the conditional variances


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a table (n, p): flagged, and what the rest of its row lets expect of each, in the columns' units.

    `flagged` is False where a cell is missing; `expected` has the prediction from the row's other kept cells for every cell, `sd` the
    standard deviation of a good cell about it.
    """

    flagged: Bools
    expected: Floats
    sd: Floats


@dataclass(frozen=True)
class Cellwise:
    """Centre and scatter from the cells that are good, when single cells, not whole rows, are bad or missing (cellMCD).

    Cells are flagged one by one: the likelihood of the cells kept is largest, each flagged cell costs a penalty, and in every column at
    least the share `h` of the cells present is kept. With 20 bad cells in 100 and ten columns hardly a row is without one; estimators
    that set rows aside then have nothing left, this one has. Takes tables with missing cells (NaN), missing at random.
    It follows units and the order of columns, not their mixtures: a mixture of columns spreads a bad cell.

    h: share of each column's cells that must be kept, 0.5 … 1. deep: search further; that finds lower objectives, in small tables mostly
    by flagging more good cells, so it is no better estimate there. Called with x (n, p); returns a Scatter in the columns' own units
    whose `cells` (n, p) marks the cells that the estimate rests on, and `used` the rows of whose present cells at least half are kept.
    `objective` is the penalised −2 log likelihood on standardised columns, comparable between fits of the same table. Raises
    TooFewRows below 5p rows, BadTable when a column is less than half full, Degenerate when columns are collinear.

    Source: Raymaekers & Rousseeuw 2023 (the estimator), Rousseeuw & Van den Bossche 2018 (the start).

    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((60, 1)) * [1.0, 1.0] + 0.3 * rng.standard_normal((60, 2))
    >>> x[3, 0], x[4, 1] = 25.0, np.nan
    >>> Cellwise()(x).cells[2:6].tolist()
    [[True, True], [False, True], [True, False], [True, True]]
    """

    h: float = 0.75
    deep: bool = False
    name: ClassVar[str] = "cellwise"
    robust: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "columns"
    missing: ClassVar[bool] = True

    def __call__(self, x: Floats) -> Scatter:
        x, center, scale = self._standardised(x)
        fit, kept = self._fitted(x, center, scale)
        lower = scale[:, None] * np.linalg.cholesky(_unbiased(fit))
        count = kept.sum(axis=1)
        used = np.asarray((count > 0) & (2 * count >= (~np.isnan(x)).sum(axis=1)))
        return Scatter(center + scale * fit.mean, lower, len(x), used=used, objective=fit.objective, cells=kept)

    def cells(self, x: Floats) -> Cells:
        """Which cells of x (n, p) are flagged, and what they should have been."""
        x, center, scale = self._standardised(x)
        fit, kept = self._fitted(x, center, scale)
        rows = Patterns((x - center) / scale - fit.mean, kept, _unbiased(fit))
        expected, sd = np.empty_like(x), np.empty_like(x)
        for j in range(x.shape[1]):
            expected[:, j], variance = rows.expected(j)
            sd[:, j] = np.sqrt(variance)
        return Cells(~kept & ~np.isnan(x), center + scale * (fit.mean + expected), sd * scale)

    def rows_needed(self, p: int) -> int:
        """The fewest rows for p variables: 5p, and 10 at least; below, cells and correlations cannot be told apart."""
        return max(5 * p, 10)

    def _standardised(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """The table, and its columns' robust locations and scales."""
        if not 0.5 <= self.h <= 1.0:
            raise BadRecipe(f"h = {self.h} is no share of the cells that a cellwise estimate can keep.", cure="Use 0.5 to 1.")
        x = _checked(x, self.rows_needed(np.shape(x)[-1]))
        center, scale = location_and_scale(x)
        for j in range(x.shape[1]):
            present = x[~np.isnan(x[:, j]), j]
            middle = float(np.median(present))
            count = int(np.sum(np.abs(present - middle) <= 1e-13 * abs(middle)))
            if count >= self.h * len(present):
                raise Hyperplane(np.eye(x.shape[1])[j], middle, count, len(x))
            if not scale[j] > 0.0:
                center[j], scale[j] = middle, 1.2533141373155001 * float(np.mean(np.abs(present - middle)))
        return x, center, scale

    def _fitted(self, x: Floats, center: Floats, scale: Floats) -> tuple[Fit, Bools]:
        """The fit of the rows that have a value, on standardised columns, and the cells kept in all rows."""
        z = (x - center) / scale
        some = ~np.isnan(z).all(axis=1)
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                fit = best(z[some], self.h, self.deep)
        except ArithmeticError as flat:
            raise Degenerate(
                "The cells that lie close together have no scatter of their own in some direction.",
                cure="Drop a column that follows from the others, or take an estimator that judges whole rows, such as mcd.",
            ) from flat
        kept = np.zeros(z.shape, dtype=bool)
        kept[some] = fit.kept
        if fit.flat < FLOOR:
            _not_flat(z, kept, np.linalg.eigh(fit.s)[1][:, 0], center, scale)
        return fit, kept


def _not_flat(z: Floats, kept: Bools, direction: Floats, center: Floats, scale: Floats) -> None:
    """Raise Hyperplane when half of the rows, in their kept cells, agree in this direction to the last digits."""
    direction = np.where(np.abs(direction) > 1e-2 * np.max(np.abs(direction)), direction, 0.0)
    rows = kept[:, direction != 0.0].all(axis=1)
    along = np.where(kept, z, 0.0)[rows] @ direction
    level = float(np.median(along)) if len(along) else 0.0
    count = int(np.sum(np.abs(along - level) <= _SAME))
    if 2 * count >= len(z):
        slopes = direction / scale
        raise Hyperplane(slopes, float(slopes @ center) + level, count, len(z))


def _checked(x: Floats, rows_needed: int) -> Floats:
    """The table as float64 (n, p), NaN where missing; raises BadTable and TooFewRows."""
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0:
        raise BadTable(f"An estimator needs a table of rows and columns, not an array of shape {x.shape}.", cure="Pass an (n, p) array.")
    wrong = np.argwhere(np.isinf(x))
    if len(wrong):
        row, column = (int(k) for k in wrong[0])
        raise BadTable(
            f"The value is {x[row, column]}, not a finite number.", cure="Leave the cell empty.", row=row + 1, column=str(column + 1)
        )
    present = ~np.isnan(x)
    n, p = int(present.any(axis=1).sum()), x.shape[1]
    if n < rows_needed:
        raise TooFewRows(
            f"{n} rows with values are too few for a cellwise covariance of {p} variables.",
            cure=f"At least {rows_needed} are needed: collect more rows or chart fewer variables.",
        )
    count = present.sum(axis=0)
    least = int(np.argmin(count))
    if count[least] < max(n / 2, rows_needed / 2):
        raise BadTable(
            f"Only {count[least]} of {n} rows have a value: too few to say how it goes with the others.",
            cure="Ignore the column.",
            column=str(least + 1),
        )
    together = present.T.astype(float) @ present
    a, b = (int(k) for k in np.unravel_index(int(np.argmin(together)), together.shape))
    if together[a, b] < _TOGETHER:
        raise BadTable(
            f"Columns {a + 1} and {b + 1} have values together in only {together[a, b]:.0f} rows: their correlation cannot be known.",
            cure="Ignore one of them.",
            column=str(b + 1),
        )
    return x


def _unbiased(fit: Fit) -> Floats:
    """The scatter as it would be had good cells not been cut off: the cut takes (1 − k) of every column's conditional variance.

    A good cell's residual, given its row, is uncorrelated with the other cells, and so is what is left of it inside the cut: only the
    diagonal shrinks. What small tables lack beyond that was found by simulation (scripts/make_cellwise_factors.py); n there is the mean
    number of cells kept in a column. Variances are then right on average within 2 % from n = 5p on, covariances of columns with
    correlations near ½ within 5 % (good cells are flagged where they weaken a correlation).
    """
    s = fit.s
    for _ in range(50):
        s = fit.s + (1.0 - TRIMMED) * np.diag(conditional_variances(s))
    terms = np.array(small_terms(float(fit.kept.sum(axis=0).mean()), len(s)))
    k = len(terms)
    return np.asarray((1.0 + terms @ _SMALL[:k]) * s + float(terms @ _SMALL[k:]) * np.diag(conditional_variances(s)))


def small_terms(n: float, p: int) -> tuple[float, float, float]:
    """What the small-sample parts are linear in: 1/n, p/n, (p/n)².

    >>> small_terms(100, 20)
    (0.01, 0.2, 0.04)
    """
    return 1.0 / n, p / n, (p / n) ** 2
