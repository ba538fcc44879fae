"""The arithmetic of a row's points on the charts with memory of a line: the rows since they began, worked through again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spc.charts import Spe, charts_of
from spc.ledger import events, lines, models, points, rows
from spc.line.seen import values
from spc.nouns import Model
from spc.phase2.arithmetic import Arithmetic, arithmetic_of_limit
from spc.phase2.remembered import arithmetic_of_memory
from spc.phase2.worked_dispersion import arithmetic_of_dispersion
from spc.ui.within import within

_MOST = 5000  # rows that are worked through; a chart that began before has forgotten more
_SAME = 1e-9  # relative: the value on the chart must come out again, or nothing is shown


def worked(connection: Any, line: str, seq: int, model: Model) -> list[Arithmetic]:
    """Each point of row `seq` on a chart beside T², with its limit; none whose value does not come out as it stands on the chart."""
    names = [name for name in model.new_limits if name != "t2"]
    asked = charts_of(dict(model.recipe.get("charts", {})), names)
    beside = [name for name in names if asked[name].start(model.p) or isinstance(asked[name], Spe)]
    if model.subgroup is not None:
        return _within(connection, line, seq)
    if not beside or model.dynamics is not None:
        return []
    since = max([one.after_seq for one in lines.activations(connection, line) if one.after_seq < seq][-1:] or [0])
    first = max(since, events.begun_anew(connection, line, seq)) + 1
    x = values(rows.rows_between(connection, line, max(first, seq - _MOST + 1), seq), model.names)
    stands = {one.chart: one.value for one in points.points_between(connection, line, seq, seq)}
    found: list[Arithmetic] = []
    for name in beside:
        if np.isnan(x[-1]).any() or not math.isfinite(stands.get(name, math.nan)):
            continue
        one = arithmetic_of_memory(model, x, name)
        if math.isclose(one.value, stands[name], rel_tol=_SAME):
            found += [one, arithmetic_of_limit(model, name)]
    return found


def _within(connection: Any, line: str, seq: int) -> list[Arithmetic]:
    """That of the rows of the subgroup that row `seq` closed, by the model for single rows of it."""
    id = points.model_of(connection, line, seq)
    model = None if id is None else models.get_model(connection, id)
    inner = [] if model is None else within(connection, line, seq, model)
    return arithmetic_of_dispersion(model, inner[0].x) if model is not None and inner else []
