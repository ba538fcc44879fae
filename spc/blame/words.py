"""Whose doing a T² is, in the sentence that a person reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spc.blame.shapley import blame
from spc.nouns import Floats, Model

_OWN = 3.0  # standard deviations from which a variable's own value is called unusual
_RELATION = 3.0  # and from which its value is called unusual for the others'


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
