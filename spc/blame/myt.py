"""A T² as Mason, Young & Tracy take it apart: terms by themselves and given the others, each with its law."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spc.blame.matter import matter
from spc.blame.named import Laws
from spc.blame.shapley import LARGEST, blame
from spc.blame.smallest import Step, eliminated
from spc.blame.whose import cause, nearer
from spc.blame.words import sentence, worded
from spc.nouns import Blame, Bools, Floats, Model


@dataclass(frozen=True)
class Term:
    """One Mason–Young–Tracy term: how far a variable is out by itself, or given others, with its p-value and its limit at the model's
    alpha; both are NaN when too few rows stand behind it.
    """

    variable: str
    given: tuple[str, ...]
    value: float
    p_value: float
    ucl: float = float("nan")

    def to_dict(self) -> dict[str, object]:
        return {"variable": self.variable, "given": list(self.given), "value": self.value, "p_value": self.p_value, "ucl": self.ucl}


@dataclass(frozen=True)
class Explanation:
    """Everything about one row: T², the limit it was held against, its p-value, and whose doing it is.

    `named` are the variables to name and `kind` says whether it is their level or a relation (see Cause); `smallest_set` are those
    without which the rest lies within its limit, and `steps` how they were found.
    """

    t2: float
    ucl: float
    p_value: float
    blame: dict[str, float]
    sigma: dict[str, float]
    given: dict[str, float]
    terms: tuple[Term, ...]
    smallest_set: tuple[str, ...]
    sentence: str
    named: tuple[str, ...] = ()
    kind: str = "level"
    steps: tuple[Step, ...] = field(default=())


def explain(model: Model, x: Floats) -> Explanation:
    """Take one row x (p,) apart; NaN marks a missing value. The terms are sorted, largest first."""
    x = np.asarray(x, dtype=np.float64).reshape(-1)
    parts = blame(model, x)
    seen = ~np.isnan(x)
    t2 = min(float(model.scatter.part(seen).d2(x[seen])[0]), LARGEST) if seen.any() else float("nan")
    limits = model.new_limits["t2"]
    by_name = {
        word: {name: float(v) for name, v, s in zip(model.names, values[0], seen, strict=True) if s}
        for word, values in (("blame", parts.share), ("sigma", parts.sigma), ("given", parts.given))
    }
    whose = cause(model, x=x) if seen.any() else None
    far = np.nanmax(np.abs(parts.sigma), initial=0.0) > 2.0**160  # its terms are no numbers: which ones go is asked of a nearer row
    steps = eliminated(model, nearer(model.scatter, x) if far else x)
    return Explanation(
        t2=t2,
        ucl=limits[int(seen.sum()) - 1].value if seen.any() else float("nan"),
        p_value=p_value(model, t2, int(seen.sum())),
        terms=_terms(model, parts, seen),
        smallest_set=tuple(step.variable for step in steps),
        sentence=worded(matter(model, whose, x)) if whose is not None else sentence(model, x),
        named=whose.named if whose is not None else (),
        kind=whose.kind if whose is not None else "level",
        steps=steps,
        **by_name,
    )


def p_value(model: Model, t2: float, observed: int) -> float:
    """P(T² of a good new row > t2), read from the model's law; with variables missing, T² is first put on the scale of the full row."""
    if np.isnan(t2) or observed == 0:
        return float("nan")
    limits = model.new_limits["t2"]
    value = min(t2, 1e300) * limits[-1].value / limits[observed - 1].value
    alphas, values = (np.array(column) for column in zip(*model.tails["t2"], strict=True))
    order = np.argsort(values)
    known = np.concatenate([[0.0], values[order]])
    logs = np.concatenate([[0.0], np.log(alphas[order])])
    if value > known[-1]:  # beyond the table: the last stretch goes on, a straight line in log probability
        slope = (logs[-1] - logs[-2]) / (known[-1] - known[-2])
        return float(np.exp(max(logs[-1] + slope * (value - known[-1]), -700.0)))
    return float(np.exp(np.interp(value, known, logs)))


def _terms(model: Model, parts: Blame, seen: Bools) -> tuple[Term, ...]:
    names = [name for name, s in zip(model.names, seen, strict=True) if s]
    laws, k = Laws(model), len(names) - 1
    counts = np.repeat([0, k], len(names))
    with np.errstate(over="ignore"):
        values = np.minimum(np.concatenate([parts.sigma[0][seen], parts.given[0][seen]]) ** 2, LARGEST)
    tails = laws.terms(values, counts).tolist()
    alone_ucl, given_ucl = laws.term_limits(laws.alpha, np.array([0, k])).tolist()
    terms = []
    for i, name in enumerate(names):
        terms.append(Term(name, (), float(values[i]), tails[i], alone_ucl))
        if k and not np.isnan(given_ucl):
            i_given = len(names) + i
            terms.append(Term(name, (*names[:i], *names[i + 1 :]), float(values[i_given]), tails[i_given], given_ucl))
    return tuple(sorted(terms, key=lambda term: -term.value))
