"""Cells without a number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.pattern import pattern
from spc.inspect.sentence import counted, listed, row_numbers
from spc.limits import NewRow
from spc.nouns import Finding

_MUCH = 0.2  # a column that lacks more than this costs more rows than it is worth
_TOLD = 0.02  # a limit that grows by less than this needs no words
_NOMINAL = 0.0027


def missing(m: Measured) -> Iterator[Finding]:
    """Rows with a missing value, how they lie, and the columns that lack them."""
    holes = np.flatnonzero(~m.complete)
    if not len(holes):
        return
    counts = m.n - m.present.sum(axis=0)
    worst = [int(j) for j in np.argsort(-counts, kind="stable") if counts[j]]
    shown = listed([f"{m.names[j]} {counts[j]}" for j in worst])
    rows = listed([int(i) + 1 for i in holes], 12)
    text = f"{counted(len(holes), 'row')} of {m.n} {'is' if len(holes) == 1 else 'are'} incomplete ({rows}). Missing: {shown}."
    text += pattern(m) + _left(m, m.n - len(holes))
    cure = "Such rows do not enter the fit, unless the estimator is cellwise; new rows are judged on the values that they have."
    yield Finding("missing", "amber", text, cure, tuple(m.names[j] for j in worst), row_numbers(holes))
    much = [j for j in worst if counts[j] > _MUCH * m.n]
    if much:
        shown = listed([f"{m.names[j]} {100 * counts[j] / m.n:.0f} %" for j in much])
        text = (
            f"{counted(len(much), 'column')} {'lacks' if len(much) == 1 else 'lack'} more than {100 * _MUCH:.0f} % of the values: {shown}."
        )
        yield Finding("mostly_missing", "amber", text, "Ignore such a column, or repair its source.", tuple(m.names[j] for j in much))


def _left(m: Measured, left: int) -> str:
    """What the lost rows cost: a wider limit for the same false alarms."""
    if left <= m.p + 1:
        return ""
    wide, narrow = NewRow(left, m.p).limit(_NOMINAL).value, NewRow(m.n, m.p).limit(_NOMINAL).value
    if wide < (1 + _TOLD) * narrow:
        return ""
    return f" {left} rows are left for the fit: for the same false alarms the limit must be {100 * (wide / narrow - 1):.0f} % wider."
