"""What may be asked about a run length, and the search for the limit that gives an in-control one."""

from __future__ import annotations

import math
from collections.abc import Callable

from spc.errors import BadRecipe

MOST_VARIABLES = 200
LONGEST = 1e7


class NotComputed(BadRecipe):
    """A run length that exists and that the integral equation does not reach: a simulation does."""


def checked(p: int, limit: float | None = None, shift: float = 0.0) -> None:
    """Raise BadRecipe for a number of variables, a limit or a shift that has no run length."""
    if not 1 <= p <= MOST_VARIABLES:
        raise BadRecipe(f"A run length for {p} variables is not computed.", cure=f"Give 1 to {MOST_VARIABLES} variables.")
    if limit is not None and not 0.0 < limit < math.inf:
        raise BadRecipe(f"{limit:g} is not a limit.", cure="Give a positive number, or the ARL₀ that the limit shall have.")
    if not 0.0 <= shift <= 100.0:
        raise BadRecipe(f"{shift:g} is not the size of a shift.", cure="Give its Mahalanobis length, in standard deviations: 0 to 100.")


def limit_for(arl0: float, arl: Callable[[float], float], low: float, high: float) -> float:
    """The limit at which `arl(limit)`, which rises, is arl0; looked for between low and high, and higher where that is needed.

    Raises BadRecipe when arl0 is out of reach.

    >>> round(limit_for(100.0, lambda h: math.exp(h), 0.1, 1.0), 6)
    4.60517
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to import, and not needed where the limit is given

    if not 1.0 < arl0 <= LONGEST:
        raise BadRecipe(
            f"An ARL₀ of {arl0:g} has no limit.", cure="Give the mean number of good rows between false alarms, 2 to 10 million."
        )

    def over(h: float) -> float:
        found = arl(h)
        return math.log(found / arl0) if 0.0 < found < 1e12 else 12.0  # beyond that the equations are singular to working precision

    if over(low) > 0.0:
        text = f"This chart waits longer than {arl0:g} rows at any limit."
        raise BadRecipe(text, cure="Ask for a longer ARL₀, or choose a smaller reference value.")
    while over(high) < 0.0:
        low, high = high, 1.3 * high
    return float(brentq(over, low, high, xtol=1e-10, rtol=1e-10))
