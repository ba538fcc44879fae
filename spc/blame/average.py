"""What lasts, for a sentence: whose doing it is on a chart with memory, with each variable's average since it began."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spc.blame.matter import Called, Matter, matter
from spc.blame.shapley import blame
from spc.blame.whose import cause
from spc.nouns import Cause, Floats, Model


def lasting_cause(model: Model, chart: str, value: float, shift: Floats, rows: Floats | None = None) -> Cause:
    """Whose doing the statistic `value` of a chart with memory is, from the average shift (p,) since the change, in each column's unit.

    With the charted `rows` (n, p) up to the signal, NaN where missing, a chart of log T² says whether it is the level or the spread.
    For a level, sigma and given (p,) are those of the average: in standard deviations of single rows. Raises ValueError for a shift of
    nothing.
    """
    shift = np.asarray(shift, dtype=np.float64)
    if not np.any(shift):
        raise ValueError("nothing has shifted")
    if chart == "ewma_log_t2" and rows is not None:
        whole = rows[~np.isnan(rows).any(axis=1)]
        found = cause(model, chart, rows=whole, value=value) if len(whole) else None
        if found is not None and found.kind == "spread":
            return found
    average = model.scatter.center + shift
    found = cause(model, "mewma" if chart == "ewma_log_t2" else chart, remembered=model.scatter.whiten(average[None])[0], value=value)
    parts = blame(model, average)
    return replace(found, chart=chart, sigma=parts.sigma[0], given=parts.given[0])


def lasting_matter(
    model: Model, chart: str, value: float, shift: Floats, rows: Floats | None = None, *, called: Called | None = None
) -> Matter:
    """The facts for the sentence of a chart with memory; without a shift, only that a change lasts."""
    try:
        found = lasting_cause(model, chart, value, shift, rows)
    except ValueError:
        return Matter(chart, "level")
    average = None if found.kind == "spread" else model.scatter.center + np.asarray(shift)
    return replace(matter(model, found, average, called=called), rows=1)
