"""Limits with a guarantee: "with 90 % confidence at most alpha for this very reference", where the usual limit promises alpha on average.

A reference is one draw. Some give a limit that alarms more often than alpha, some less, and with few rows they differ by factors. The
guaranteed limit is the smallest that keeps to alpha in the asked share of all references (Gandy & Kvaløy 2013): for each simulated
reference the tail of T² of a new row is computed exactly, and the value is sought at which that share of the tails is at most alpha.

For an affine equivariant estimator a fit is known from its configuration, the table whitened by its own mean and covariance (see
`calibrated`). For the average the mean and covariance are integrated out; here they are part of the luck. They are independent of the
configuration, the mean N(0, I/n) and the covariance Wishart with n − 1 degrees of freedom, so each configuration serves with many draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from spc.errors import BadRecipe
from spc.limits.calibrated import Calibration, forms, root
from spc.limits.exact import KnownParameters, NewRow, checked_alpha
from spc.limits.quadratic import tail
from spc.nouns import Floats, Ints, Limit

_Tails = Callable[[float, Ints | None], Floats]  # for a limit: the tails of all references, or of some

_DRAWS = 8000  # references that a guarantee is read from: the confidence itself is then known to 0.3 points
_FEWEST = 2000  # of them at least, for many variables
_STRATA = np.linspace(0.0, 1.0, 21)[1:-1]


def checked_confidence(confidence: float) -> float:
    """A confidence from 50 % to 99.9 %; raises BadRecipe otherwise.

    >>> checked_confidence(0.9)
    0.9
    """
    if not 0.5 <= confidence <= 0.999:
        raise BadRecipe(f"guarantee = {confidence} is not a confidence from 0.5 to 0.999.", cure="0.9 is usual.")
    return float(confidence)


def classical(n: int, p: int) -> Calibration:
    """The calibration of the mean and covariance themselves, for n rows of p variables: nothing about it is simulated.

    >>> round(classical(50, 8).new_row(0.0027).value, 4)
    34.5986
    """
    nothing = np.empty(0)
    return Calibration("the mean and covariance", n, p, np.zeros((1, p)), np.eye(p)[None], nothing, nothing)


def guaranteed(found: Calibration, alpha: float, confidence: float, q: int | None = None) -> Limit:
    """The limit whose false-alarm probability is at most alpha in the share `confidence` of all references; q of p variables observed.

    Raises BadRecipe for an alpha or a confidence out of range. Source: Gandy & Kvaløy 2013; the tails as in `tail`.

    >>> limit = guaranteed(classical(50, 2), 0.0027, 0.9)
    >>> bool(16.1 < limit.value < 16.6), limit.law[:62]
    (True, 'at most 0.27 % with 90 % confidence for this very reference: c')
    """
    return Guaranteed(found, checked_confidence(confidence)).new_row(alpha, q)


@dataclass(frozen=True, eq=False)
class Guaranteed:
    """The references of a calibration, drawn out with their means and covariances, from which guaranteed limits for every alpha follow."""

    found: Calibration
    confidence: float
    _kept: dict[int, tuple[_Tails, Floats]] = field(default_factory=dict, repr=False)

    def new_row(self, alpha: float, q: int | None = None) -> Limit:
        """The limit for a new row with q variables observed (all p when None)."""
        q = q or self.found.p
        return Limit(self.quantile(checked_alpha(alpha), q), alpha, f"{said(alpha, self.confidence)}: {self._from(q)}")

    def quantile(self, alpha: float, q: int) -> float:
        """The value above which T² of a new row lies with probability at most alpha, in the share `confidence` of references."""
        question = f"{self.confidence!r} sure {alpha!r} {q}"
        if question not in self.found.answers:
            self.found.answers[question] = self._quantile(alpha, q)
        return self.found.answers[question]

    def _quantile(self, alpha: float, q: int) -> float:
        tails, weight = self._drawn(q)
        value = 1.1 * _start(self.found.n, q, alpha)
        for _ in range(4):
            near, below = _near(tails(value, None), weight, self.confidence)
            value = root(partial(self._excess, tails, weight, near, below, alpha), value, within=1e-5)
            if abs(float(np.sum(weight[tails(value, None) <= alpha])) - self.confidence) <= max(1e-3, 2.0 * float(weight.max())):
                break
        return value

    def _excess(self, tails: _Tails, weight: Floats, near: Ints, below: float, alpha: float, value: float) -> float:
        """How far the tail at the asked share of references is above alpha, in logarithms, from those of them that are near it."""
        return float(np.log(_quantile(tails(value, near), weight[near], below, self.confidence) + 1e-300) - np.log(alpha))

    def share(self, value: float, alpha: float, q: int | None = None) -> float:
        """The share of references whose false-alarm probability with this limit is at most alpha."""
        tails, weight = self._drawn(q or self.found.p)
        return float(np.sum(weight[tails(value, None) <= alpha]))

    def _drawn(self, q: int) -> tuple[_Tails, Floats]:
        """The tails (k,) of the references as a function of the limit, and the share (k,) that each reference stands for."""
        if q not in self._kept:
            drawn = _alike if self.found.like else _affine
            self._kept.clear()  # one number of variables after the other
            self._kept[q] = drawn(self.found, q)
        return self._kept[q]

    def _from(self, q: int) -> str:
        found = self.found
        kind = f"{found.fits} references like this one" if found.like else f"{_count(found.p, found.fits)} simulated references"
        seen = f"p = {q}" if q == found.p else f"{q} of {found.p} variables observed"
        return f"calibrated for {found.estimator}: n = {found.n}, {seen}, {kind}"


def said(alpha: float, confidence: float) -> str:
    """The promise in words.

    >>> said(0.0027, 0.9)
    'at most 0.27 % with 90 % confidence for this very reference'
    """
    return f"at most {100 * alpha:.4g} % with {100 * confidence:.4g} % confidence for this very reference"


def _affine(found: Calibration, q: int) -> tuple[_Tails, Floats]:
    k = _count(found.p, found.fits)
    mean, lower = _means_and_factors(found.n, q, k, seed=found.fits)
    each = np.arange(k) % found.fits
    center = mean + np.einsum("kab,kb->ka", lower, found.center[each, :q])
    parts = forms(center, lower @ found.factor[each, :q, :q], q)
    return _tails(*parts), np.full(k, 1.0 / k)


def _tails(weight: Floats, shift2: Floats) -> _Tails:
    return lambda value, some: tail(value, weight, shift2) if some is None else tail(value, weight[some], shift2[some])


def _alike(found: Calibration, q: int) -> tuple[_Tails, Floats]:
    parts = forms(found.center, found.factor, q)
    return _tails(*parts), _weight(found, q)


def _weight(found: Calibration, q: int) -> Floats:
    """The share that each fit stands for, so that the tails of its table's classical fit are spread as they are known to be.

    The classical estimate sees most of the same luck, and its tails can be drawn as often as one likes (post-stratification).
    """
    k = found.fits
    if found.classical is None:
        return np.full(k, 1.0 / k)
    value = NewRow(found.n, q).limit(0.0027).value
    many = tail(value, *forms(*_means_and_factors(found.n, q, _count(q, 1), seed=k), q))
    stratum = np.searchsorted(np.quantile(many, _STRATA), tail(value, *forms(*found.classical, q)))
    counts = np.bincount(stratum, minlength=len(_STRATA) + 1)
    return np.asarray((1.0 / counts[counts > 0].size) / counts[stratum])


def _means_and_factors(n: int, q: int, k: int, seed: int) -> tuple[Floats, Floats]:
    """k means (k, q) and lower covariance factors (k, q, q) of n rows N(0, I): Bartlett 1933. The same arguments, the same bits."""
    rng = np.random.default_rng([seed, n, q, k])
    mean = rng.standard_normal((k, q)) / np.sqrt(n)
    lower = np.tril(rng.standard_normal((k, q, q)), -1)
    j = np.arange(q)
    lower[:, j, j] = np.sqrt(rng.chisquare(n - 1 - j, size=(k, q)))
    return mean, lower / np.sqrt(n - 1)


def _count(p: int, fits: int) -> int:
    """How many references are drawn: every configuration equally often."""
    wanted = int(np.clip(100 * _DRAWS / p**2, _FEWEST, _DRAWS))
    return fits * max(1, -(-wanted // fits))


def _start(n: int, q: int, alpha: float) -> float:
    return NewRow(n, q).limit(alpha).value if n > q + 1 else 2.0 * KnownParameters(q).limit(alpha).value


def _near(values: Floats, weight: Floats, share: float) -> tuple[Ints, float]:
    """Which references are near the one at this share, in ascending order of their values, and the weight of all those below them."""
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    first, last = np.searchsorted(reached, (share - 0.15, share + 0.1))
    return order[first : last + 1], float(reached[first] - weight[order[first]])


def _quantile(values: Floats, weight: Floats, below: float, share: float) -> float:
    """The value below which the share of the weight lies, `below` of it outside these; between neighbours as a straight line."""
    order = np.argsort(values)
    reached = below + np.cumsum(weight[order]) - 0.5 * weight[order]
    return float(np.interp(share, reached, values[order]))
