"""The smallest set of variables without which a row lies within its limit."""

from __future__ import annotations

import numpy as np

from spc.blame.shapley import blame
from spc.nouns import Floats, Model


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
