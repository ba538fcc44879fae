"""The sequential elimination: variables set aside one after the other until the rest of a row lies within its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.blame.named import Laws
from spc.blame.sets import Rest
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
    rest = Rest.of(model.scatter.part(seen), x[seen][None])
    steps: list[Step] = []
    while rest.count and rest.d2 > laws.limit(rest.count):
        j, k = rest.best(), rest.count - 1
        term = float(rest.gains[j])
        rest = rest.without(j)
        after = laws.limit(k) if k else float("nan")
        steps.append(Step(model.names[place[j]], term, laws.term_limit(laws.alpha, k), laws.term(term, k), rest.d2 if k else 0.0, after))
    return tuple(steps)


def smallest_set(model: Model, x: Floats) -> tuple[str, ...]:
    """The variables to set aside, one after the other, until the rest of the row lies within its limit (() when it already does)."""
    return tuple(step.variable for step in eliminated(model, x))
