"""Whose doing T² is, for every row or subgroup that a monitor judged."""

from __future__ import annotations

import numpy as np

from spc.blame import blame
from spc.nouns import Blame, Rows
from spc.phase2.monitor import Monitor


def blamed(monitor: Monitor, rows: Rows) -> Blame:
    """Each variable's share of T² for a block that was judged just now; with subgroups, on the rows on which their T² stands."""
    model = monitor.model
    if model.subgroup is None:
        return blame(model, monitor.charted if model.dynamics is not None else monitor.select(rows))
    shape = (len(rows), model.p)
    share, sigma, given = (np.full(shape, np.nan) for _ in range(3))
    for at, one in monitor.closed:
        if one.k:
            parts = blame(model.sized(one.k), one.mean)
            share[at], sigma[at], given[at] = parts.share[0], parts.sigma[0], parts.given[0]
    return Blame(model.names, share, sigma, given)
