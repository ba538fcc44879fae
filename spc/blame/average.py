"""What lasts, for a sentence: each named variable's average since the change began, instead of a single row's values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spc.blame.matter import Called, Matter, Named, matter, site_name
from spc.blame.shapley import blame
from spc.blame.whose import cause
from spc.nouns import Floats, Model

ENOUGH = 10  # rows from which the spread is told from the level


def averaged(model: Model, about: Matter, shift: Floats, *, called: Called | None = None) -> Matter:
    """The facts of a chart with memory, with the average shift (p,) of each named variable since the change began, in its own unit.

    Its sizes are then in standard deviations of single rows, which is what people see on the trends.
    """
    place = (
        {site_name(name, called): j for j, name in enumerate(model.names)}
        if called
        else dict(zip(model.names, range(model.p), strict=True))
    )
    average = model.scatter.center + np.asarray(shift, dtype=np.float64)
    parts, scale = blame(model, average), model.scatter.conditional_scale
    named = []
    for one in about.named:
        j = place.get(one.name)
        if j is not None:
            sigma, given, value = float(parts.sigma[0, j]), float(parts.given[0, j]), float(average[j])
            usual, sd = float(model.scatter.center[j]), float(model.scatter.sd[j])
            one = Named(one.name, sigma, given, value, usual, sd, value - given * float(scale[j]), one.unit)
        named.append(one)
    return replace(about, named=tuple(named), rows=1)


def unsized(about: Matter) -> Matter:
    """The facts of a chart with memory without sizes: those of what it remembers are in no unit that anybody knows."""
    return replace(about, named=tuple(Named(one.name, unit=one.unit) for one in about.named), rows=1)


def spread_matter(model: Model, chart: str, value: float, rows: Floats, *, called: Called | None = None) -> Matter | None:
    """The facts for "spread, not level", from the charted rows (n, p) since the change began, NaN where missing; None when it is the level
    after all, or when there are fewer than ten complete rows.
    """
    rows = rows[~np.isnan(rows).any(axis=1)]
    if len(rows) < ENOUGH:
        return None
    found = cause(model, "ewma_log_t2", rows=rows, value=value)
    return replace(matter(model, found, called=called), chart=chart, rows=1) if found.kind == "spread" else None
