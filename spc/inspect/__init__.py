"""What there is to know about a reference before limits are drawn from it: each kind of finding is one small file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from spc.inspect.autocorrelation import autocorrelation
from spc.inspect.changes import changes
from spc.inspect.collinear import collinear
from spc.inspect.constant import constant, mostly_one_value
from spc.inspect.copies import copies
from spc.inspect.duplicates import duplicated_rows
from spc.inspect.enough import too_few_rows
from spc.inspect.far import far
from spc.inspect.measured import Measured
from spc.inspect.missing import missing
from spc.inspect.multinormal import Mardia, Tested, henze_zirkler, mardia
from spc.inspect.normality import normality
from spc.inspect.qq import QQ, qq
from spc.inspect.rescaled import rescaled
from spc.inspect.steps import Steps, steps
from spc.inspect.stuck import stuck
from spc.inspect.times import times
from spc.nouns import Column, Finding, Rows

CHECKS: dict[str, Callable[[Measured], Iterator[Finding]]] = {
    "too_few_rows": too_few_rows,
    "rescaled": rescaled,
    "copies": copies,
    "constant": constant,
    "mostly_one_value": mostly_one_value,
    "missing": missing,
    "far": far,
    "stuck": stuck,
    "duplicated_rows": duplicated_rows,
    "times": times,
    "collinear": collinear,
    "normality": normality,
    "autocorrelation": autocorrelation,
    "changes": changes,
}
_ORDER = {"red": 0, "amber": 1, "note": 2}
_FOLLOWS = {"far", "changes", "autocorrelation", "normality"}  # from a column that was rescaled midway


def inspect(rows: Rows, columns: tuple[Column, ...] = ()) -> tuple[Finding, ...]:
    """The findings about some rows, the gravest first. `columns` say which of the rows' columns are measured; without them all are.

    What follows from a change of unit (cells far off, a step, rows that are alike) is not said again of the column that was rescaled.

    >>> import numpy as np
    >>> x = np.random.default_rng(1).normal(size=(40, 2)) + 100
    >>> found = inspect(Rows.of(np.column_stack([x, x[:, 0] / 25.4]), ("length_mm", "width_mm", "length_inch")))
    >>> found[0].text[:52]
    'length_inch = 0.0393701·length_mm in all 40 rows: le'
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # numbers near the ends of the range: no finding, no warning
        measured = Measured.of(rows, columns)
        found = [finding for check in CHECKS.values() for finding in check(measured)]
    elsewhere = {name for f in found if f.kind == "rescaled" for name in f.columns}
    found = [f for f in found if not (f.kind in _FOLLOWS and elsewhere.intersection(f.columns))]
    return tuple(sorted(found, key=lambda f: _ORDER[f.severity]))


__all__ = ["CHECKS", "QQ", "Mardia", "Measured", "Steps", "Tested", "henze_zirkler", "inspect", "mardia", "qq", "steps"]
