"""The laws of T² of residuals: what is left of a row when the row before it has been allowed for by coefficients that were estimated.

For a regression with a constant on k normal regressors, fitted to n rows, T² of a new residual (with the covariance of the n residuals,
divisor n − 1) is, given the leverage h of its regressors, (n − 1)(1 + h) q/(n − k − q) · F(q, n − k − q); and h follows a law of its own:
1/n + (n + 1)/n · k/(n − k) · F(k, n − k). On average 1 + h is about (n + k + 1)/n, which is the factor of Lütkepohl 2005, eq. 3.5.13; but
with few rows its scatter counts, and it is integrated here. A row that is itself among the n keeps the law that it has without a
regression, (n − 1)²/n · Beta(q/2, (n − q − 1)/2): the law of 1 − h makes up for the fewer degrees of freedom, exactly.

For a VAR(1) the regressors are the rows before, and depend on one another: with few rows the law holds nearly, and other estimators than
the classical one have none. `Simulated` tells how much oftener the tail is exceeded then.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_discrete_lyapunov, solve_triangular
from scipy.special import betaincinv, fdtrc

from spc.errors import Degenerate, TooFewRows
from spc.limits.calibrated import Fitter, Progress, forms, root
from spc.limits.exact import NewRow, checked_alpha
from spc.limits.quadratic import tail
from spc.nouns import Floats, Limit

_ERROR = 0.03  # references of an estimator are simulated until alpha = 0.0027 has this relative error,
_FEWEST, _MOST, _CELLS = 40, 600, 6e5  # or until there are so many, or about so many numbers in all of them
_STEP, _REACH = 0.25, 35.0  # of the trapezoid rule for the leverage, in the logit of its probability: exact to ten digits


def _levels() -> tuple[Floats, Floats]:
    """Upper probabilities of the leverage, and their weights."""
    logit = np.arange(-_REACH, _REACH + _STEP, _STEP)
    upper = 1.0 / (1.0 + np.exp(logit))
    weight = upper * (1.0 - upper)
    return upper, weight / weight.sum()


@dataclass(frozen=True)
class NewResidual:
    """T² of a new row's residual, q of its variables observed, after a regression on k variables that was fitted to n rows.

    Raises TooFewRows when n ≤ k + q. Source: Anderson 2003, sections 5.2 and 8.2; the leverage as Hotelling's T² of a new row.

    >>> round(NewResidual(100, 4, 4).limit(0.0027).value, 2), round(NewRow(100, 4).limit(0.0027).value, 2)
    (19.95, 18.24)
    """

    n: int
    q: int
    k: int

    def __post_init__(self) -> None:
        if self.n <= self.k + self.q:
            raise TooFewRows(
                f"{self.n} rows with a row before them give no limit for residuals of {self.q} variables.",
                cure=f"At least {self.k + self.q + 1} are needed; {10 * self.k} is a good start. Or leave out columns.",
            )

    def limit(self, alpha: float) -> Limit:
        start = NewRow(self.n - self.k, self.q).limit(checked_alpha(alpha)).value
        value = root(lambda u: float(np.log(self.tail(u) + 1e-300) - np.log(alpha)), start)
        return Limit(value, alpha, f"F law of residuals: n = {self.n}, q = {self.q}, {self.k} coefficients for each")

    def tail(self, value: float) -> float:
        """P(T² > value)."""
        upper, weight = _levels()
        small = betaincinv((self.n - self.k) / 2.0, self.k / 2.0, upper)  # F = (n − k)/k · (1 − y)/y with y ~ Beta at its lower end
        leverage = 1.0 / self.n + (self.n + 1) / self.n * (1.0 - small) / small
        dof = self.n - self.k - self.q
        return float(weight @ fdtrc(self.q, dof, value * dof / (self.q * (self.n - 1) * (1.0 + leverage))))


@dataclass(frozen=True, eq=False)
class Simulated:
    """Fits of two kinds to the same simulated references: centres and factors (B, p), (B, p, p) as a new residual sees them.

    `ours` are those whose tail is asked for, `control` those whose average tail is known to be that of `NewResidual`.
    """

    ours: tuple[Floats, Floats]
    control: tuple[Floats, Floats]

    def ratio(self) -> Callable[[float], float]:
        """From a value to how many times as often a new residual's T² exceeds it than with the classical fits of independent rows."""
        p = self.ours[0].shape[1]
        ours, control = forms(*self.ours, p), forms(*self.control, p)
        return lambda value: float(tail(value, *ours).mean() / tail(value, *control).mean())

    def error(self, value: float) -> float:
        """The relative standard error of that ratio."""
        p = self.ours[0].shape[1]
        ours, control = tail(value, *forms(*self.ours, p)), tail(value, *forms(*self.control, p))
        return float(np.std(ours / ours.mean() - control / control.mean()) / np.sqrt(len(ours)))


def of_dependent_rows(coefficients: Floats, n: int, seed: int = 0, most: int = 2000) -> Simulated:
    """Classical fits to VAR(1) processes with these coefficients (p, p) and N(0, I) innovations, beside those of the innovations alone.

    The processes are stationary from their first row on; n rows have a row before them.
    """
    p = len(coefficients)
    rng = np.random.default_rng([seed, n, p, 7])
    count = int(np.clip(3e6 / (n * p), _FEWEST, most))
    spread = np.asarray(solve_discrete_lyapunov(coefficients, np.eye(p)), dtype=np.float64)
    noise = rng.standard_normal((n + 1, count, p))
    rows = noise.copy()
    rows[0] = noise[0] @ cholesky(spread, lower=True).T
    for t in range(1, n + 1):
        rows[t] += rows[t - 1] @ coefficients.T
    return Simulated(_classical(rows, coefficients, spread), _classical(noise, np.zeros((p, p)), np.eye(p)))


def of_estimator(fitter: Fitter, n: int, p: int, like: Floats | None = None, seed: int = 0, progress: Progress | None = None) -> Simulated:
    """Fits of an estimator to n independent rows beside their regressors, and the classical ones.

    `like` is the lower factor (2p, 2p) of regressors and rows when the estimator is not affine equivariant; else both are N(0, I).
    """
    rng = np.random.default_rng([seed, n, p, 8])
    lower = np.eye(2 * p) if like is None else like
    found: list[tuple[Floats, ...]] = []
    most = int(np.clip(_CELLS / (n * p), _FEWEST, _MOST))
    wanted = min(80, most)
    while True:
        table = rng.standard_normal((n, 2 * p)) @ lower.T
        with suppress(Degenerate):  # normal rows that the estimator cannot answer: draw others
            whole = fitter(table)
            center, matrix = regression(whole.center, whole.factor)
            rest = fitter(table[:, p:] - (table[:, :p] - center) @ matrix.T)
            found.append((*_of_new(lower, center, matrix, rest.center, rest.factor), *_of_table(table, lower)))
        if progress is not None:
            progress(min(0.99, len(found) / wanted))
        if len(found) >= wanted:
            parts = [np.array(part) for part in zip(*found, strict=True)]
            made = Simulated((parts[0], parts[1]), (parts[2], parts[3]))
            error = made.error(NewResidual(n, p, p).limit(0.0027).value)
            if error <= _ERROR or wanted >= most:
                return made
            wanted = int(min(most, max(1.2 * wanted, 1.05 * wanted * (error / _ERROR) ** 2)))


def regression(center: Floats, factor: Floats) -> tuple[Floats, Floats]:
    """From the centre (2p,) and lower factor (2p, 2p) of rows behind their regressors: those' centre (p,) and the coefficients (p, p).

    With S₁₁ = L₁₁L₁₁ᵀ and S₂₁ = L₂₁L₁₁ᵀ the coefficients S₂₁S₁₁⁻¹ are L₂₁L₁₁⁻¹ (Rousseeuw, Van Aelst, Van Driessen & Agulló 2004).

    >>> regression(np.zeros(2), np.array([[2.0, 0.0], [1.0, 3.0]]))[1].tolist()
    [[0.5]]
    """
    p = len(center) // 2
    return center[:p], np.asarray(solve_triangular(factor[:p, :p], factor[p:, :p].T, lower=True, trans="T").T)


def _of_new(lower: Floats, past: Floats, matrix: Floats, center: Floats, factor: Floats) -> tuple[Floats, Floats]:
    """A fit to x − A(z − past) as a new such row sees it, whose (z, x) has centre 0 and this lower factor."""
    mixed = np.hstack([-matrix, np.eye(len(matrix))]) @ lower
    seen = cholesky(mixed @ mixed.T, lower=True)
    shift = solve_triangular(seen, center - matrix @ past, lower=True)
    return np.asarray(shift), np.asarray(np.tril(solve_triangular(seen, factor, lower=True)))


def _of_table(table: Floats, lower: Floats) -> tuple[Floats, Floats]:
    past, matrix = regression(*_moments(table))
    p = len(matrix)
    return _of_new(lower, past, matrix, *_moments(table[:, p:] - (table[:, :p] - past) @ matrix.T))


def _moments(table: Floats) -> tuple[Floats, Floats]:
    return np.asarray(table.mean(axis=0)), np.asarray(cholesky(np.cov(table.T).reshape(table.shape[1], -1), lower=True))


def _classical(rows: Floats, coefficients: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Classical fits to `count` processes at once, rows (n + 1, count, p), as a new residual of each sees them."""
    z, x = np.moveaxis(rows[:-1], 0, 1), np.moveaxis(rows[1:], 0, 1)
    past, center = z.mean(axis=1), x.mean(axis=1)
    z, x = z - past[:, None], x - center[:, None]
    matrix = np.linalg.solve(np.einsum("bti,btj->bij", z, z), np.einsum("bti,btj->bij", z, x))  # transposed
    rest = x - z @ matrix
    factor = np.linalg.cholesky(np.einsum("bti,btj->bij", rest, rest) / (z.shape[1] - 1))
    wrong = coefficients.T - matrix
    seen = np.linalg.cholesky(np.eye(z.shape[2]) + np.einsum("bji,jk,bkl->bil", wrong, spread, wrong))
    shift = np.linalg.solve(seen, (center - np.einsum("bi,bij->bj", past, matrix))[:, :, None])[:, :, 0]
    return shift, np.tril(np.linalg.solve(seen, factor))
