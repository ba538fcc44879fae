"""A limit that a person gives: the false alarms that it really means for this estimator, these rows and this law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from spc.errors import BadRecipe
from spc.limits import Calibration, KnownParameters, NewRow, Tabled, covers
from spc.nouns import Limit
from spc.phase1.laws import ChiSquared, Exact, Law
from spc.scatter import Estimator, Known

RAREST, OFTEN = 1e-12, 0.5  # false alarms per point that a limit may mean
Told = TypeVar("Told")
AnyLaw = TypeVar("AnyLaw", bound=Law)


def alpha_of(law: Law, ucl: float, p: int) -> float:
    """The probability with which a good point of all p variables lies beyond a limit, by the law that would have given it.

    Exact for the F and the χ² law, the average of the simulated fits' tails for a calibration; elsewhere `law.new_row` is turned round.
    Raises BadRecipe, with the limits that can be given, where this is more than a half or less than 1e-12.

    >>> round(alpha_of(ChiSquared(2), 11.829, 2), 6)
    0.0027
    """
    alpha = _tail(law, ucl, p)
    if not RAREST <= alpha <= OFTEN:
        often = f"on {alpha:.0%} of the good points" if alpha > OFTEN else f"less often than once in {1.0 / RAREST:.0e} good points"
        low, high = _value(law, OFTEN, p), _value(law, 1e-6, p)
        raise BadRecipe(
            f"A ucl of {ucl:g} would alarm {often}.",
            cure=f"Give one from {low:.3g} (every second point) to about {high:.3g} (one in a million), or alpha.",
        )
    return alpha


def roughly(estimator: Estimator, ucl: float, n: int, p: int) -> float:
    """About the same before a law is there: by the F law, or the χ² law for known parameters; between the least and the most."""
    alpha = KnownParameters(p).tail(ucl) if isinstance(estimator, Known) or n <= p else NewRow(n, p).tail(ucl)
    return min(max(alpha, 1e-7), OFTEN)


def settled(choose: Callable[[float], tuple[AnyLaw, Told]], ucl: float, p: int, about: float) -> tuple[AnyLaw, Told, float]:
    """The law that is chosen for a limit, what is told with it, and the limit's alpha.

    `choose` takes an alpha; a table that does not reach the limit's is passed over for a simulation.
    """
    law, told = choose(about)
    alpha = alpha_of(law, ucl, p)
    if isinstance(law, Tabled) and not covers(alpha):
        law, told = choose(alpha)
        alpha = alpha_of(law, ucl, p)
    return law, told, alpha


def as_given(limits: tuple[Limit, ...], ucl: float) -> tuple[Limit, ...]:
    """The limits for 1 … p observed variables with the last as it was given, to the bit."""
    last = limits[-1]
    return (*limits[:-1], replace(last, value=ucl, law=f"given; its α by {last.law}"))


def _tail(law: Law, ucl: float, p: int) -> float:
    if isinstance(law, Exact):
        return NewRow(law.n, p).tail(ucl)
    if isinstance(law, ChiSquared):
        return KnownParameters(p).tail(ucl)
    if isinstance(law, Calibration):
        ours, (_, control) = law.tails_of(p)(ucl)
        return float(ours.mean() * math.exp(control))
    low, high = RAREST, OFTEN
    if isinstance(law, Tabled):
        low = float(law.alphas.min())
        if ucl > _value(law, low, p):  # beyond the table: the classical law, whose alpha is smaller still
            return min(NewRow(law.n, p).tail(ucl), 0.5 * low)
    if ucl < _value(law, high, p):
        return 1.0
    if ucl > _value(law, low, p):
        return 0.0
    return _turned(law, ucl, p, low, high)


def _turned(law: Law, ucl: float, p: int, low: float, high: float) -> float:
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to load, and not needed where the limit is not given

    def over(log_alpha: float) -> float:
        return math.log(_value(law, math.exp(log_alpha), p) / ucl)

    return math.exp(float(brentq(over, math.log(low), math.log(high), xtol=1e-13, rtol=1e-13)))


def _value(law: Law, alpha: float, p: int) -> float:
    return law.new_row(alpha, p).value
