"""Columns that never move, and columns that hardly ever do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, listed
from spc.nouns import Finding

_MOSTLY = 0.5  # from this share of equal cells on, a robust estimator can see a column without variance


def constant(m: Measured) -> Iterator[Finding]:
    """A column with one value has no variance, so that no scatter exists with it; it is kept as a guard."""
    found = []
    for name in m.guards:
        seen = m.rows.x[:, m.rows.names.index(name)]
        seen = seen[np.isfinite(seen)]
        if len(seen) and seen.min() == seen.max():
            found.append((name, float(seen[0]) + 0.0, len(seen)))
    if len(found) == 1:
        name, level, k = found[0]
        where = f"in all {m.n} rows" if k == m.n else f"in all {k} rows that have a value"
        text = f"{name} is {level:.10g} {where}: it has no variance. It is kept as a guard: the line alarms if it moves."
        yield Finding("constant", "amber", text, "Check the sensor; or ignore the column.", (name,))
    elif found:
        shown = listed([f"{name} = {level:.6g}" for name, level, _ in found])
        text = f"{len(found)} columns are constant: {shown}. They are kept as guards: the line alarms if one of them moves."
        yield Finding("constant", "amber", text, "Check these sensors; or ignore the columns.", tuple(name for name, _, _ in found))


def mostly_one_value(m: Measured) -> Iterator[Finding]:
    """A column that has one value in half of the rows or more: its variance rests on the few other rows."""
    found = []
    for j, name in enumerate(m.names):
        seen = m.x[m.present[:, j], j]
        if m.spreads[j] > 0 or len(seen) < 10:
            continue
        level = float(m.medians[j])
        share = float(np.mean(seen == level))
        if share >= _MOSTLY:
            found.append((name, level, share))
    if found:
        shown = listed([f"{name} is {level:.6g} in {100 * share:.3g} % of the rows" for name, level, share in found], 4)
        vary = "varies" if len(found) == 1 else "vary"
        text = f"{counted(len(found), 'column')} hardly {vary}: {shown}. A robust estimator may find no variance in that."
        cure = "Make such a column a guard or ignore it, unless its few other values are normal."
        yield Finding("mostly_one_value", "amber", text, cure, tuple(name for name, _, _ in found))
