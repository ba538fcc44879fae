"""The limit for the largest of the n distances of reference rows, so that a clean reference shows an outlier as rarely as was asked.

A limit per row lets every large reference show outliers. Here the whole reference is judged: the share of clean references of which any
row is beyond the limit is the overall rate (Cerioli 2010). The rows' distances depend on one another, through the fit, so nothing short
of simulation is exact; but plain simulation spends nearly all of its tables on references without any such row. So a row of each table is
moved outwards, and the table weighted by how rare that is:

- The classical T² of a row follows the beta law. For one row its upper tail probability v is drawn from 0 to 1, for three tables in four
  evenly in log v, so that the row mostly is far out: density q(v). The others fall as they may.
- Given that T², the rest of a normal table is as likely as ever, seen from its own mean and covariance: scaling the row's deviation from
  the mean of the others changes no other invariant of the table. Mean, covariance and axes are then drawn anew.
- It might have been any of the rows, so such a table is the mean of q(v) over its rows times as likely as a plain one, and counts one over
  that (importance sampling from a mixture; Owen & Zhou 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.special import betainc, betaincinv

from spc.errors import TooFewRows
from spc.limits.calibrated import Fitter, Like, answered
from spc.limits.exact import ReferenceRow, checked_alpha
from spc.limits.packing import APART
from spc.limits.strata import beyond
from spc.nouns import Floats, Limit

_FITS, _ROWS = (400, 4000), 400_000  # simulated references: so many, and about so many rows in all
_LEAST = 1e-3  # probability, per table, beyond which no row is put on purpose
_PLAIN = 0.25  # share of tables in which no row is


@dataclass(frozen=True, eq=False)
class Overall:
    """The largest distance of a row in each of simulated clean references of n rows (B,), ascending, and what each of them counts (B,)."""

    estimator: str
    n: int
    largest: Floats
    weight: Floats
    like: bool
    answers: dict[str, float] = field(default_factory=dict, repr=False, metadata=APART)

    def rate(self, value: float) -> float:
        """The share of clean references in which any row is beyond the value."""
        return float(np.sum(self.weight[self.largest > value]) / len(self.weight))

    def error(self, value: float) -> float:
        """The standard error of that rate, relative to it, that the finite number of simulated references leaves."""
        counted = np.where(self.largest > value, self.weight, 0.0)
        return float(counted.std() / counted.mean() / np.sqrt(len(counted)))

    def value(self, rate: float) -> float:
        """The value that the largest distance exceeds in this share of clean references."""
        return beyond(self.largest, self.weight / len(self.weight), rate)

    def limit(self, rate: float) -> Limit:
        """The limit for reference rows; raises BadRecipe for a rate that is no probability."""
        value = self.value(checked_alpha(rate))
        kind = "references like this one" if self.like else "simulated references"
        words = f"the largest of {self.n} reference rows is beyond it in {100 * rate:.4g} % of clean references: calibrated for"
        return Limit(value, rate, f"{words} {self.estimator}, {len(self.weight)} {kind}")


def overall(
    fitter: Fitter,
    estimator: str,
    n: int,
    p: int,
    *,
    like: Like | None = None,
    seed: int = 0,
    fits: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Overall:
    """Fit `fitter` to simulated clean tables (n, p), N(0, I) or `like` a given one; the same arguments, the same bits.

    Raises TooFewRows when n ≤ p + 1: the classical law, on which the weights rest, has then no meaning.
    """
    law = ReferenceRow(n, p)
    if like is not None and like.gaps is not None:
        raise TooFewRows("An overall rate is for complete reference rows.", cure="Leave out the rows with gaps, or ask for none.")
    rng = np.random.default_rng([seed, n, p, 1])
    count = fits or int(np.clip(_ROWS / n, *_FITS))
    span = float(np.log(n / _LEAST))
    largest, weight = np.empty(count), np.empty(count)

    def seen(white: Floats) -> Floats:
        return white if like is None else white @ like.factor.T

    for k in range(count):

        def drawn(k: int = k) -> Floats:
            even = (k + rng.random()) / count
            v = even / _PLAIN if even < _PLAIN else float(np.exp(-span * (even - _PLAIN) / (1.0 - _PLAIN)))
            return outlying(rng, n, p, float(betaincinv((n - p - 1) / 2.0, p / 2.0, v)))

        white, scatter = answered(lambda white: fitter(seen(white)), drawn)
        largest[k] = scatter.d2(seen(white)).max()
        weight[k] = 1.0 / np.mean(_density(_probabilities(white, law), span, n))
        if progress is not None:
            progress((k + 1) / count)
    order = np.argsort(largest)
    return Overall(estimator, n, largest[order], weight[order], like is not None)


def _density(v: Floats, span: float, n: int) -> Floats:
    """The density that v is drawn from, against the even one of a plain table."""
    return _PLAIN + (1.0 - _PLAIN) * np.where(v >= _LEAST / n, 1.0 / (span * np.maximum(v, _LEAST / n)), 0.0)


def _probabilities(x: Floats, law: ReferenceRow) -> Floats:
    """For each row of x (n, p), the probability of a classical T² beyond its own."""
    axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[0]
    near = 1.0 - np.sum(axes**2, axis=1) * law.n / (law.n - 1)
    return np.asarray(betainc((law.n - law.p - 1) / 2.0, law.p / 2.0, np.clip(near, 0.0, 1.0)))


def outlying(rng: np.random.Generator, n: int, p: int, left: float) -> Floats:
    """A table (n, p) of rows N(0, I), given that the first has the classical T² (1 − left) · (n − 1)²/n.

    >>> x = outlying(np.random.default_rng(1), 20, 3, 0.25)
    >>> d = (x - x.mean(axis=0))[0]
    >>> round(float(d @ np.linalg.solve(np.cov(x.T), d)) / (19**2 / 20), 6)
    0.75
    """
    x = rng.standard_normal((n, p))
    middle = x[1:].mean(axis=0)
    others = x[1:] - middle
    away = x[0] - middle
    now = float(away @ np.linalg.solve(others.T @ others, away))
    x[0] = middle + away * np.sqrt((1.0 - left) / left * n / (n - 1) / now)
    x -= x.mean(axis=0)
    axes = np.linalg.svd(x, full_matrices=False)[0]
    turn, upper = np.linalg.qr(rng.standard_normal((p, p)))
    lower = np.tril(rng.standard_normal((p, p)), -1)
    lower[np.arange(p), np.arange(p)] = np.sqrt(rng.chisquare(n - 1 - np.arange(p)))
    return np.asarray(rng.standard_normal(p) / np.sqrt(n) + axes @ (turn * np.sign(np.diag(upper))) @ lower.T)
