"""Limits that hold their promise for any estimator, because they are worked out for that estimator, n and p.

When an estimator follows shifts, units and mixtures of its columns (it is affine equivariant), T² of a new normal row depends on the
data only through n and p. So: simulate reference tables, fit each, and average the tail of T² over them; the value whose average tail
is alpha is the limit. No new rows are drawn, and most of the chance is integrated out by hand:

- The table's mean and covariance are independent of its *configuration* Y, the table whitened by them (Basu 1955). Seen from Y, the
  robust fit is a centre b and a scatter near the identity, and a new row is a Student vector with n − q degrees of freedom, spread
  (n + 1)(n − 1)/(n(n − q)): that is the classical F law. So each fit's tail is that of a quadratic form in a Student vector, exact, and
  what is left to simulate is only how the robust fit differs from the classical one.
- Reference rows take part in their own fit. Their robust distances are simulated, but each comes with its classical T², whose beta law
  is known: the simulated rows are weighted so that their classical distances follow it exactly (post-stratification).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import Degenerate
from spc.limits.exact import NewRow, ReferenceRow, checked_alpha
from spc.limits.quadratic import tail
from spc.nouns import Floats, Limit, Scatter

Fitter = Callable[[Floats], Scatter]
Progress = Callable[[float], None]

TAIL_GRID = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.0027, 0.001, 1e-4, 1e-5, 1e-6, 1e-7)


ERROR = 0.02  # relative standard error of alpha = 0.0027 at which a simulation may stop
_FEWEST, _MOST = 60, 3000  # simulated references
_ROWS = 40_000  # reference rows to simulate at least: some hundred of them lie beyond the limit for alpha = 0.0027


@dataclass(frozen=True, eq=False)
class Calibration:
    """Simulated fits of one estimator to n normal rows of p variables, from which limits for every alpha follow.

    center (B, p) and factor (B, p, p) of the fits, seen from the tables' classical ones; inside (B·n,) the distances of the tables' own
    rows, in ascending order, and weight (B·n,) the share that each stands for.
    """

    estimator: str
    n: int
    p: int
    center: Floats
    factor: Floats
    inside: Floats
    weight: Floats

    @property
    def fits(self) -> int:
        return len(self.center)

    def forms(self, q: int) -> tuple[Floats, Floats]:
        """λ and b² (B, q) of the forms that T² is when the first q variables are observed."""
        lower = self.factor[:, :q, :q]
        left, singular, _ = np.linalg.svd(lower)
        shift = np.einsum("kab,ka->kb", left, self.center[:, :q])
        return singular**-2.0, shift**2

    def new_row(self, alpha: float, q: int | None = None) -> Limit:
        """The limit for a new row with q variables observed (all p when None)."""
        q = q or self.p
        value = self.quantile(checked_alpha(alpha), self.forms(q))
        return Limit(value, alpha, f"calibrated for {self.estimator}: n = {self.n}, {_of(q, self.p)}, {self.fits} simulated references")

    def tail(self, value: float, forms: tuple[Floats, Floats]) -> Floats:
        """P(T² of a new row > value) for each simulated fit, given its configuration (B,)."""
        q = forms[0].shape[1]
        return tail(value, *forms, spread2=(self.n + 1) * (self.n - 1) / (self.n * (self.n - q)), dof=self.n - q)

    def quantile(self, alpha: float, forms: tuple[Floats, Floats]) -> float:
        """The value above which T² of a new row lies with probability alpha, on average over references."""

        from scipy.optimize import root_scalar  # noqa: PLC0415 - takes long to load, and not every process calibrates

        def excess(value: float) -> float:
            return float(np.log(np.mean(self.tail(value, forms)) + 1e-300) - np.log(alpha))

        # log tail against value is nearly a straight line, so the secant finds it in a few steps from the classical limit
        start = NewRow(self.n, forms[0].shape[1]).limit(alpha).value
        found = root_scalar(excess, x0=start, x1=1.05 * start, rtol=1e-7)
        if not found.converged or found.root <= 0.0:
            found = root_scalar(excess, bracket=(1e-3 * start, 1e3 * start), rtol=1e-8)
        return float(found.root)

    def error(self, alpha: float) -> float:
        """The standard error of alpha itself, relative, that the finite number of simulated references leaves at its limit."""
        forms = self.forms(self.p)
        tails = self.tail(self.quantile(alpha, forms), forms)
        return float(tails.std() / tails.mean() / np.sqrt(self.fits))

    def tails(self, alphas: Sequence[float] = TAIL_GRID) -> tuple[tuple[float, float], ...]:
        """Pairs (alpha, value) of the law of a new row."""
        forms = self.forms(self.p)
        return tuple((alpha, self.quantile(alpha, forms)) for alpha in alphas)

    def reference_row(self, alpha: float) -> Limit:
        """The limit for a row that is itself in the table; the (larger) one for a new row when alpha is too small to simulate."""
        if checked_alpha(alpha) * len(self.inside) < 25:
            new = self.new_row(alpha)
            return Limit(new.value, alpha, f"{new.law}, taken for a new row: on the safe side for a reference row")
        above = np.cumsum(self.weight[::-1])[::-1]  # the share at or above each distance
        value = float(np.interp(-alpha, -above, self.inside))
        words = f"calibrated for {self.estimator}: reference rows, n = {self.n}, p = {self.p}, {self.fits} simulated references"
        return Limit(value, alpha, words)


def _of(q: int, p: int) -> str:
    return f"p = {p}" if q == p else f"{q} of {p} variables observed"


def calibrate(
    fitter: Fitter, estimator: str, n: int, p: int, *, seed: int = 0, fits: int | None = None, progress: Progress | None = None
) -> Calibration:
    """Fit `fitter` to simulated N(0, I) tables (n, p) and keep what limits need. The same arguments give the same bits.

    Without `fits` it goes on until the limit's own error is 2 % of alpha = 0.0027, within 60 to 3000 references.
    """
    rng = np.random.default_rng([seed, n, p])
    wanted = fits or int(np.clip(_ROWS / n, _FEWEST, _MOST))
    done: list[tuple[Floats, Floats, Floats, Floats]] = []
    shown = 0.0
    while True:
        while len(done) < wanted:
            done.append(_simulated(fitter, rng, n, p))
            if progress is not None:
                shown = max(shown, 0.99 * len(done) / wanted)
                progress(shown)
        found = _gathered(done, estimator, n, p)
        error = 0.0 if fits else found.error(0.0027)
        if error <= ERROR or wanted >= _MOST:
            if progress is not None:
                progress(1.0)
            return found
        wanted = int(min(_MOST, max(1.2 * wanted, 1.05 * wanted * (error / ERROR) ** 2)))


def _simulated(fitter: Fitter, rng: np.random.Generator, n: int, p: int) -> tuple[Floats, Floats, Floats, Floats]:
    """One reference: the fit's centre and factor, its distances of the table's rows, and their classical ones."""
    table = _configuration(rng, n, p)
    scatter = _asked(fitter, table, rng)
    return scatter.center, scatter.factor, scatter.d2(table), np.einsum("ij,ij->i", table, table)


def _gathered(done: list[tuple[Floats, Floats, Floats, Floats]], estimator: str, n: int, p: int) -> Calibration:
    center, factor, inside, classical = (np.array(parts) for parts in zip(*done, strict=True))
    order = np.argsort(inside, axis=None, kind="stable")
    weight = _stratified(classical.reshape(-1), n, p)
    return Calibration(estimator, n, p, center, factor, inside.reshape(-1)[order], weight[order])


def _configuration(rng: np.random.Generator, n: int, p: int) -> Floats:
    """A table of normal rows, moved and mixed so that its mean is 0 and its covariance (divisor n − 1) the identity."""
    x = rng.standard_normal((n, p))
    x -= x.mean(axis=0)
    lower = np.linalg.cholesky(x.T @ x / (n - 1))
    return np.asarray(solve_triangular(lower, x.T, lower=True).T)


def _asked(fitter: Fitter, table: Floats, rng: np.random.Generator) -> Scatter:
    while True:
        try:
            return fitter(table)
        except Degenerate:  # a table of normal rows that the estimator cannot answer: draw another, as a person would
            table[:] = _configuration(rng, *table.shape)


_EDGES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 5e-4, 2e-4, 1e-4, 0.0)


def _stratified(classical: Floats, n: int, p: int) -> Floats:
    """The share that each simulated row stands for, so that classical distances fall between the beta law's quantiles as they should."""
    if n <= p + 1:
        return np.full(len(classical), 1.0 / len(classical))
    own = ReferenceRow(n, p)
    edges = [own.limit(alpha).value for alpha in _EDGES[1:-1]]
    stratum = np.searchsorted(edges, classical)
    counts = np.bincount(stratum, minlength=len(_EDGES) - 1)
    shares = -np.diff(_EDGES)
    return np.asarray((shares / np.maximum(counts, 1))[stratum] / float(np.sum(shares[counts > 0])))
