"""The sequential elimination: variables set aside one after the other until the rest of a row lies within its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.blame.named import Laws
from spc.blame.sets import CLEAR, Rest
from spc.nouns import Floats, Model


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the elimination: the variable that goes, its conditional term with the term's limit and p-value, and T² and limit of
    those who are left (no limit, NaN, when nobody is).
    """

    variable: str
    term: float
    term_ucl: float
    p_value: float
    t2: float
    ucl: float


def eliminated(model: Model, x: Floats) -> tuple[Step, ...]:
    """The turns of the elimination for a row x (p,), NaN where a value is missing; () when the row lies within its limit.

    At each turn the variable goes whose absence lowers T² most, the one with the largest conditional term (Mason, Young & Tracy 1997);
    the elimination ends as soon as the T² of the rest is within the model's limit for so many variables.
    """
    x = np.asarray(x, dtype=np.float64).reshape(-1)
    seen = ~np.isnan(x)
    if not seen.any():
        return ()
    place = np.flatnonzero(seen)
    laws = Laws(model)
    gone, terms, left = _gone(Rest.of(model.scatter.part(seen), x[seen][None]), laws)
    k = len(place) - np.arange(1, len(gone) + 1)
    limits, tails = laws.term_limits(laws.alpha, k), laws.terms(terms, k)
    return tuple(
        Step(
            variable=model.names[place[j]],
            term=float(terms[i]),
            term_ucl=float(limits[i]),
            p_value=float(tails[i]),
            t2=float(left[i]),
            ucl=laws.limit(int(k[i])) if k[i] else float("nan"),
        )
        for i, j in enumerate(gone)
    )


def _gone(whole: Rest, laws: Laws) -> tuple[list[int], Floats, Floats]:
    """Who goes, in turn, until the T² of the rest is inside; each one's conditional term (s,), and the T² that was left without it (s,).

    The same steps as with `Rest.without`, on one copy of P and u in place: with fifty variables to go, that is what takes the time.
    """
    u, precision, own = whole.u[0].copy(), whole.precision.copy(), np.ones(whole.count)
    part, never = np.empty_like(precision), np.zeros(len(u))
    gone: list[int] = []
    terms: list[float] = []
    left = [whole.d2]
    while len(gone) < len(u) and left[-1] > laws.limit(len(u) - len(gone)):
        np.maximum(precision.diagonal(), CLEAR, out=own)
        gains = u * u / own + never
        j = int(gains.argmax())
        row = precision[j].copy()
        column = row / own[j]
        np.multiply(column[:, None], row, out=part)
        precision -= part
        u -= u[j] * column
        u[j], never[j] = 0.0, -np.inf
        gone.append(j)
        terms.append(float(gains[j]))
        left.append(max(left[-1] - terms[-1], 0.0) if len(gone) < len(u) else 0.0)
    return gone, np.array(terms), np.array(left[1:])


def smallest_set(model: Model, x: Floats) -> tuple[str, ...]:
    """The variables to set aside, one after the other, until the rest of the row lies within its limit (() when it already does)."""
    return tuple(step.variable for step in eliminated(model, x))
