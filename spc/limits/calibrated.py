"""Limits that hold their promise for any estimator, because they are worked out for that estimator, n and p.

When an estimator follows shifts, units and mixtures of its columns (it is affine equivariant), T² of a new normal row depends on the
data only through n and p. So: simulate reference tables, fit each, and average the tail of T² over them; the value whose average tail
is alpha is the limit. No new rows are drawn, and most of the chance is integrated out by hand:

- The table's mean and covariance are independent of its *configuration* Y, the table whitened by them (Basu 1955). Seen from Y, the
  robust fit is a centre b and a scatter near the identity, and a new row is a Student vector with n − q degrees of freedom, spread
  (n + 1)(n − 1)/(n(n − q)): that is the classical F law. So each fit's tail is that of a quadratic form in a Student vector, exact, and
  what is left to simulate is only how the robust fit differs from the classical one.
- An estimator that mixtures of the columns do not leave alone (or that takes gaps) is asked about tables like the one it was fitted to:
  normal rows with the scatter that it found, gaps in the same cells. Nothing can be integrated out beforehand then; but each table is
  fitted classically as well, and since the average tail of *those* fits is known exactly, the luck that both share cancels in the ratio.
- Reference rows take part in their own fit. Their robust distances are simulated, but each comes with its classical T², whose beta law
  is known: the simulated rows are weighted so that their classical distances follow it exactly (post-stratification).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular

from spc.errors import Degenerate
from spc.limits.exact import KnownParameters, NewRow, ReferenceRow, checked_alpha
from spc.limits.packing import APART
from spc.limits.quadratic import tail
from spc.limits.strata import beyond, stratified
from spc.nouns import Bools, Floats, Limit, Scatter

Fitter = Callable[[Floats], Scatter]
_Fits = tuple[Floats, Floats]  # centres (B, p) and factors (B, p, p)
Progress = Callable[[float], None]

TAIL_GRID = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.0027, 0.001, 1e-4, 1e-5, 1e-6, 1e-7)


_ROWS = 40_000  # reference rows to simulate at least: some hundred of them lie beyond the limit for alpha = 0.0027


@dataclass(frozen=True)
class Effort:
    """How many references to simulate: until the relative standard error of alpha = 0.0027 is `error`, from `fewest` to `most`."""

    fewest: int = 60
    most: int = 3000
    error: float = 0.02


@dataclass(frozen=True, eq=False)
class Like:
    """What simulated references are to be like: the lower factor (p, p) of a scatter, and which cells (n, p) are gaps, if any are."""

    factor: Floats
    gaps: Bools | None = None

    @property
    def digest(self) -> str:
        """The same for the same numbers."""
        gaps = b"" if self.gaps is None else np.packbits(self.gaps).tobytes()
        return hashlib.sha256(np.ascontiguousarray(self.factor).tobytes() + gaps).hexdigest()


@dataclass(frozen=True, eq=False)
class Calibration:
    """Simulated fits of one estimator to n normal rows of p variables, from which limits for every alpha follow.

    center (B, p) and factor (B, p, p) of the fits, seen from the tables' classical ones, or, with `like`, from the true parameters;
    inside (m,) the distances of the tables' own (complete) rows, in ascending order, and weight (m,) the share that each stands for;
    classical: with `like` and enough rows, the classical fits of the same tables; answers: limits that were worked out from all this.
    """

    estimator: str
    n: int
    p: int
    center: Floats
    factor: Floats
    inside: Floats
    weight: Floats
    like: bool = False
    classical: _Fits | None = None
    answers: dict[str, float] = field(default_factory=dict, repr=False, metadata=APART)

    @property
    def fits(self) -> int:
        return len(self.center)

    def forms(self, q: int) -> _Fits:
        """λ and b² (B, q) of the forms that T² is when the first q variables are observed."""
        return forms(self.center, self.factor, q)

    def new_row(self, alpha: float, q: int | None = None) -> Limit:
        """The limit for a new row with q variables observed (all p when None)."""
        q = q or self.p
        value = self.quantile(checked_alpha(alpha), q)
        kind = "references like this one" if self.like else "simulated references"
        return Limit(value, alpha, f"calibrated for {self.estimator}: n = {self.n}, {_of(q, self.p)}, {self.fits} {kind}")

    def quantile(self, alpha: float, q: int, start: float | None = None, within: float = 1e-7) -> float:
        """The value above which T² of a new row with q variables observed lies with probability alpha, on average over references.

        It is looked for from `start`, when one is known, until it is known to the share `within` of itself.
        """
        question = f"{alpha!r} {q}"
        if start is None and question in self.answers:
            return self.answers[question]
        usual = start is None

        tails = self.tails_of(q)

        def excess(value: float) -> float:
            ours, control = tails(value)
            return float(np.log(ours.mean() + 1e-300) + control[1] - np.log(alpha))

        if start is None:
            start = NewRow(self.n, q).limit(alpha).value if self.n > q + 1 else 2.0 * KnownParameters(q).limit(alpha).value
        found = root(excess, start, within)
        if usual:
            self.answers[question] = found
        return found

    def tails_of(self, q: int) -> Callable[[float], tuple[Floats, tuple[Floats, float]]]:
        """For a value: P(T² of a new row > value) for each fit (B,), and the control: the classical fits' (B,), log exact − log mean."""
        parts, none = self.forms(q), np.ones(1)
        if not self.like:
            spread2, dof = (self.n + 1) * (self.n - 1) / (self.n * (self.n - q)), self.n - q
            return lambda value: (tail(value, *parts, spread2=spread2, dof=dof), (none, 0.0))
        if self.classical is None:
            return lambda value: (tail(value, *parts), (none, 0.0))
        beside, exact = forms(*self.classical, q), NewRow(self.n, q)

        def both(value: float) -> tuple[Floats, tuple[Floats, float]]:
            control = tail(value, *beside)
            return tail(value, *parts), (control, float(np.log(exact.tail(value) + 1e-300) - np.log(control.mean() + 1e-300)))

        return both

    def error(self, alpha: float) -> float:
        """The standard error of alpha itself, relative, that the finite number of simulated references leaves at its limit."""
        ours, (control, _) = self.tails_of(self.p)(self.quantile(alpha, self.p))
        return float(np.std(ours / ours.mean() - control / control.mean()) / np.sqrt(self.fits))

    def tails(self, alphas: Sequence[float] = TAIL_GRID) -> tuple[tuple[float, float], ...]:
        """Pairs (alpha, value) of the law of a new row."""
        return tuple((alpha, self.quantile(alpha, self.p)) for alpha in alphas)

    def reference_row(self, alpha: float) -> Limit:
        """The limit for a row that is itself in the table; the (larger) one for a new row when alpha is too small to simulate."""
        if checked_alpha(alpha) * len(self.inside) < 25:
            new = self.new_row(alpha)
            return Limit(new.value, alpha, f"{new.law}, taken for a new row: on the safe side for a reference row")
        value = beyond(self.inside, self.weight, alpha)
        words = f"calibrated for {self.estimator}: reference rows, n = {self.n}, p = {self.p}, {self.fits} simulated references"
        return Limit(value, alpha, words)


def _of(q: int, p: int) -> str:
    return f"p = {p}" if q == p else f"{q} of {p} variables observed"


def root(excess: Callable[[float], float], start: float, within: float = 1e-7) -> float:
    """Where a falling function that is nearly a straight line is 0: by secants from `start`, or, where they stray, inside a bracket."""
    before, here = start, 1.05 * start
    f_before, f_here = excess(before), excess(here)
    for _ in range(30):
        if f_here == f_before:
            break
        step = f_here * (here - before) / (f_here - f_before)
        before, f_before, here = here, f_here, here - step
        if not 0.0 < here < 1e6 * start:
            break
        if abs(step) <= within * here:
            return here
        f_here = excess(here)

    from scipy.optimize import brentq  # noqa: PLC0415 - takes long to load, and is hardly ever needed

    return float(brentq(excess, 1e-3 * start, 1e3 * start, rtol=1e-8))


def forms(center: Floats, factor: Floats, q: int) -> _Fits:
    """λ and b² (B, q) of the quadratic forms of fits with these centres (B, p) and factors (B, p, p), in their first q variables."""
    lower = factor[:, :q, :q]
    left, singular, _ = np.linalg.svd(lower)
    shift = np.einsum("kab,ka->kb", left, center[:, :q])
    return singular**-2.0, shift**2


def calibrate(
    fitter: Fitter,
    estimator: str,
    n: int,
    p: int,
    *,
    like: Like | None = None,
    seed: int = 0,
    fits: int | None = None,
    effort: Effort = Effort(),
    progress: Progress | None = None,
) -> Calibration:
    """Fit `fitter` to simulated tables (n, p), N(0, I) or `like` a given one, and keep what limits need. The same arguments, the same bits.

    Without `fits` it goes on as `effort` says: until the limit's own error is 2 % of alpha = 0.0027, within 60 to 3000 references.
    """
    rng = np.random.default_rng([seed, n, p])
    wanted = fits or int(np.clip(_ROWS / n, effort.fewest, effort.most))
    done: list[_Simulated] = []
    shown = 0.0
    while True:
        while len(done) < wanted:
            done.append(_simulated(fitter, rng, n, p) if like is None else _alike(fitter, rng, n, p, like))
            if progress is not None:
                shown = max(shown, 0.99 * len(done) / wanted)
                progress(shown)
        found = _gathered(done, estimator, n, p, like)
        error = 0.0 if fits else found.error(0.0027)
        if error <= effort.error or wanted >= effort.most:
            if progress is not None:
                progress(1.0)
            return found
        wanted = int(min(effort.most, max(1.2 * wanted, 1.05 * wanted * (error / effort.error) ** 2)))


@dataclass(frozen=True, eq=False)
class _Simulated:
    """One reference: the fit's centre and factor, its distances of the table's complete rows, their classical ones, the classical fit."""

    center: Floats
    factor: Floats
    inside: Floats
    classical_inside: Floats
    classical: tuple[Floats, Floats] | None = None


def _simulated(fitter: Fitter, rng: np.random.Generator, n: int, p: int) -> _Simulated:
    def drawn() -> Floats:
        return configuration(rng, n, p)

    table, scatter = answered(fitter, drawn)
    return _Simulated(scatter.center, scatter.factor, scatter.d2(table), np.einsum("ij,ij->i", table, table))


def _alike(fitter: Fitter, rng: np.random.Generator, n: int, p: int, like: Like) -> _Simulated:
    """A reference like a given one, seen from its true parameters."""

    def drawn() -> Floats:
        table = rng.standard_normal((n, p)) @ like.factor.T
        return table if like.gaps is None else np.where(like.gaps, np.nan, table)

    table, scatter = answered(fitter, drawn)
    center = solve_triangular(like.factor, scatter.center, lower=True)
    factor = np.tril(solve_triangular(like.factor, scatter.factor, lower=True))
    rows = table[~np.isnan(table).any(axis=1)]
    if like.gaps is not None or n <= p + 1:
        return _Simulated(center, factor, scatter.d2(rows), np.empty(0))
    white = solve_triangular(like.factor, rows.T, lower=True).T
    mean = white.mean(axis=0)
    lower = np.linalg.cholesky((white - mean).T @ (white - mean) / (n - 1))
    own = np.sum(solve_triangular(lower, (white - mean).T, lower=True) ** 2, axis=0)
    return _Simulated(center, factor, scatter.d2(rows), own, (mean, lower))


def _gathered(done: list[_Simulated], estimator: str, n: int, p: int, like: Like | None) -> Calibration:
    center, factor = np.array([one.center for one in done]), np.array([one.factor for one in done])
    inside = np.concatenate([one.inside for one in done])
    own = np.concatenate([one.classical_inside for one in done])
    order = np.argsort(inside, kind="stable")
    weight = np.full(len(inside), 1.0 / max(len(inside), 1))
    if len(own) and n > p + 1:
        weight = stratified(own, lambda alpha: ReferenceRow(n, p).limit(alpha).value)
    beside = [one.classical for one in done if one.classical is not None]
    classical = (np.array([mean for mean, _ in beside]), np.array([lower for _, lower in beside])) if beside else None
    return Calibration(estimator, n, p, center, factor, inside[order], weight[order], like is not None, classical)


def configuration(rng: np.random.Generator, n: int, p: int) -> Floats:
    """A table of normal rows, moved and mixed so that its mean is 0 and its covariance (divisor n − 1) the identity."""
    return whitened(rng.standard_normal((n, p)))


def whitened(x: Floats) -> Floats:
    """The rows of x (n, p) seen from their own mean and covariance."""
    x = x - x.mean(axis=0)
    lower = np.linalg.cholesky(x.T @ x / (len(x) - 1))
    return np.asarray(solve_triangular(lower, x.T, lower=True).T)


def answered(fitter: Fitter, drawn: Callable[[], Floats]) -> tuple[Floats, Scatter]:
    """The first table drawn that the estimator has an answer to, and that answer."""
    while True:
        table = drawn()
        try:
            return table, fitter(table)
        except Degenerate:  # a table of normal rows that the estimator cannot answer: draw another, as a person would
            continue
