"""Which variable, and which relation: a T² taken apart, and the sentence that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from spc.nouns import Blame, Bools, Floats, Model

_OWN = 3.0  # standard deviations from which a variable's own value is called unusual
_RELATION = 3.0  # and from which its value is called unusual for the others'


def blame(model: Model, x: Floats) -> Blame:
    """The signed share of each variable in T² for rows x (n, p) in the model's order; NaN marks a missing value.

    share φ_j = (x_j − m_j)·[S⁻¹(x − m)]_j over the observed variables: it sums to T² and does not depend on the order of the columns
    (Mayrhofer & Filzmoser 2023, the Shapley value of the squared Mahalanobis distance). given_j = [S⁻¹(x − m)]_j / √[S⁻¹]_jj, whose
    square is the conditional term T²_{j|others} of Mason, Young & Tracy 1995.
    """
    x = np.atleast_2d(np.asarray(x, dtype=np.float64))
    share, sigma, given = (np.full(x.shape, np.nan) for _ in range(3))
    seen = ~np.isnan(x)
    for pattern in np.unique(seen, axis=0):
        if pattern.any():
            rows = np.all(seen == pattern, axis=1)
            cells = np.ix_(rows, pattern)
            share[cells], sigma[cells], given[cells] = _parts(model, x[cells], pattern)
    return Blame(model.names, share, sigma, given)


def _parts(model: Model, x: Floats, seen: Bools) -> tuple[Floats, Floats, Floats]:
    scatter = model.scatter.part(seen)
    centred, solved = x - scatter.center, scatter.solve(x)
    return centred * solved, centred / np.sqrt(np.diag(scatter.covariance)), solved * scatter.conditional_scale


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


def smallest_set(model: Model, x: Floats) -> tuple[str, ...]:
    """The variables to set aside, one after the other, until the rest of the row lies within its limit (() when it already does).

    At each turn the variable goes whose absence lowers T² most: that is the one with the largest conditional term.
    """
    x = np.asarray(x, dtype=np.float64).reshape(-1).copy()
    gone: list[str] = []
    while True:
        seen = ~np.isnan(x)
        parts = blame(model, x)
        q = int(seen.sum())
        if q == 0 or float(np.nansum(parts.share)) <= model.new_limits["t2"][q - 1].value:
            return tuple(gone)
        worst = int(np.nanargmax(np.abs(parts.given[0])))
        gone.append(model.names[worst])
        x[worst] = np.nan


def sentence(model: Model, x: Floats) -> str:
    """Whose doing a row's T² is, in one sentence for the person at the line.

    Names the variables that make up most of T² (at most three); for each its value, direction and size, or, when its own value is
    ordinary but does not suit the others, that.
    """
    x = np.asarray(x, dtype=np.float64).reshape(-1)
    parts = blame(model, x)
    share, sigma, given = parts.share[0], parts.sigma[0], parts.given[0]
    if np.all(np.isnan(x)):
        return "No variable has a value."
    blamed = _blamed(share)
    said = [_clause(model, j, float(x[j]), float(sigma[j]), float(given[j]), share) for j in blamed]
    return "; ".join(said) + "."


def _blamed(share: Floats) -> list[int]:
    """The variables to name: the largest share, and others of at least 40 % of it, three at most."""
    order = [int(j) for j in np.argsort(-np.nan_to_num(share, nan=-np.inf))]
    return [j for j in order if share[j] >= 0.4 * share[order[0]]][:3]


def _clause(model: Model, j: int, value: float, sigma: float, given: float, share: Floats) -> str:
    name, unit = model.names[j], model.units[j]
    total = float(np.nansum(share))
    percent = f"{100.0 * share[j] / total:.0f} % of the signal" if total > 0 else "no signal"
    center, sd = float(model.scatter.center[j]), float(np.sqrt(model.scatter.covariance[j, j]))
    shown = f"{_digits(value, sd)}{' ' + unit if unit else ''}; reference {_digits(center, sd)} ± {sd:.2g}"
    residual = model.dynamics is not None and model.dynamics.kind == "residual"
    if residual:  # x_t − A(x_{t−1} − m) lies about the usual value: its deviation is what the row before does not explain
        shown = f"{_digits(value, sd)}{' ' + unit if unit else ''} without it; usual {_digits(center, sd)} ± {sd:.2g}"
    if abs(sigma) < _OWN and abs(given) >= _RELATION and abs(given) > 1.5 * abs(sigma):
        way = "above" if given > 0 else "below"
        others = f"the row before and {_partners(model, j)}".replace(" implies", " imply") if residual else _partners(model, j)
        return f"{name} is {abs(given):.1f} sd {way} what {others} ({shown}, in itself ordinary): {percent}"
    if residual:
        return f"{name} is {abs(sigma):.1f} sd {'above' if sigma > 0 else 'below'} what the row before implies ({shown}): {percent}"
    way = "high" if sigma > 0 else "low"
    return f"{name} is {abs(sigma):.1f} sd {way} ({shown}): {percent}"


def _partners(model: Model, j: int, most: int = 2) -> str:
    """The variables that j is most closely tied to, in words."""
    sd = np.sqrt(np.diag(model.scatter.covariance))
    tie = np.abs(model.scatter.covariance[j] / (sd * sd[j]))
    order: Sequence[int] = [int(k) for k in np.argsort(-tie) if k != j][:most]
    close = [model.names[k] for k in order if tie[k] >= 0.3] or [model.names[k] for k in order[:1]]
    return " and ".join(close) + (" imply" if len(close) > 1 else " implies") if close else "expected"


def _digits(value: float, sd: float) -> str:
    """A value with the digits that its spread can support.

    >>> _digits(160.01734, 0.05), _digits(0.7412, 0.06), _digits(1234.5, 20.0)
    ('160.017', '0.741', '1234')
    """
    places = max(0, 1 - int(np.floor(np.log10(sd)))) if sd > 0 else 6
    return f"{value:.{min(places, 12)}f}"
