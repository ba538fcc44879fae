"""Words of a line's settings that name no column of its model: they would never be used, and nobody would know why."""

from __future__ import annotations

import difflib

from spc.nouns import Finding, Model, ProductModels
from spc.settings import LineSettings


def unknown_columns(settings: LineSettings, model: Model | ProductModels) -> tuple[Finding, ...]:
    """A finding for each column in [variables] or [advice] that the model does not have, with the nearest that it has.

    >>> from spc.nouns import Scatter
    >>> from spc.settings import VariableSettings
    >>> import numpy as np
    >>> words = ("warp_mm", "width_mm"), ("", ""), Scatter(np.zeros(2), np.eye(2), 60), (), 0.01, {}, {}, {}, "known", {}, 60
    >>> model = Model(*words, (), (), (), None, None, "", "")
    >>> for one in unknown_columns(LineSettings("smt-2", variables={"wrap_mm": VariableSettings("warp")}), model):
    ...     print(one.text, one.cure)
    The settings' [variables] name wrap_mm, which is no column of the active model: what they say of it is not used. Did you mean warp_mm?
    """
    words = [("variables", column) for column in settings.variables] + [("advice", column) for column in settings.advice if column != "*"]
    return tuple(_finding(table, column, model.columns) for table, column in words if column not in model.columns)


def _finding(table: str, column: str, known: tuple[str, ...]) -> Finding:
    near = difflib.get_close_matches(column, known, n=1, cutoff=0.5)
    text = f"The settings' [{table}] name {column}, which is no column of the active model: what they say of it is not used."
    cure = f"Did you mean {near[0]}?" if near else f"Columns of the model: {', '.join(known)}."
    return Finding("unknown column in settings", "amber", text, cure, (column,))
