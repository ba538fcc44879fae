"""A T² as Mason, Young & Tracy take it apart: terms by themselves and given the others, each with its law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from spc.blame.shapley import blame
from spc.blame.smallest import smallest_set
from spc.blame.words import sentence
from spc.nouns import Blame, Bools, Floats, Model


@dataclass(frozen=True)
class Term:
    """One Mason–Young–Tracy term: how far a variable is out by itself, or given others, with its p-value."""

    variable: str
    given: tuple[str, ...]
    value: float
    p_value: float

    def to_dict(self) -> dict[str, object]:
        return {"variable": self.variable, "given": list(self.given), "value": self.value, "p_value": self.p_value}


@dataclass(frozen=True)
class Explanation:
    """Everything about one row: T², the limit it was held against, its p-value, and whose doing it is."""

    t2: float
    ucl: float
    p_value: float
    blame: dict[str, float]
    sigma: dict[str, float]
    given: dict[str, float]
    terms: tuple[Term, ...]
    smallest_set: tuple[str, ...]
    sentence: str


def explain(model: Model, x: Floats) -> Explanation:
    """Take one row x (p,) apart; NaN marks a missing value. The terms are sorted, largest first."""
    x = np.asarray(x, dtype=np.float64).reshape(-1)
    parts = blame(model, x)
    seen = ~np.isnan(x)
    t2 = float(model.scatter.part(seen).d2(x[seen])[0]) if seen.any() else float("nan")
    limits = model.new_limits["t2"]
    named = {
        field: {name: float(v) for name, v, s in zip(model.names, values[0], seen, strict=True) if s}
        for field, values in (("blame", parts.share), ("sigma", parts.sigma), ("given", parts.given))
    }
    return Explanation(
        t2=t2,
        ucl=limits[int(seen.sum()) - 1].value if seen.any() else float("nan"),
        p_value=p_value(model, t2, int(seen.sum())),
        terms=_terms(model, parts, seen),
        smallest_set=smallest_set(model, x),
        sentence=sentence(model, x),
        **named,
    )


def p_value(model: Model, t2: float, observed: int) -> float:
    """P(T² of a good new row > t2), read from the model's law; with variables missing, T² is first put on the scale of the full row."""
    if np.isnan(t2) or observed == 0:
        return float("nan")
    limits = model.new_limits["t2"]
    value = t2 * limits[-1].value / limits[observed - 1].value
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
    dof, lift, k = model.dof, model.lift, len(names) - 1
    terms = []
    for name, own, given in zip(names, parts.sigma[0][seen], parts.given[0][seen], strict=True):
        others = tuple(other for other in names if other != name)
        alone = float(own**2)
        terms.append(Term(name, (), alone, float(fdtrc(1, dof, alone / lift)) if dof > 0 else float("nan")))
        if others and dof - k > 0:
            value = float(given**2)
            terms.append(Term(name, others, value, float(fdtrc(1, dof - k, value * (dof - k) / (lift * dof)))))
    return tuple(sorted(terms, key=lambda term: -term.value))
