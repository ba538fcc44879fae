"""What an alarm of a replay would have said: the sentence that the line would have sent."""

from __future__ import annotations

import numpy as np

from spc import blame, sentences
from spc.nouns import Floats, Model, Points, Rows, Signal
from spc.phase2 import Monitor, ProductMonitor, to_explain
from spc.sentences import Telling

__all__ = ["Telling", "judged_at", "sentence"]


def sentence(telling: Telling, monitor: Monitor | ProductMonitor, rows: Rows, points: Points, signal: Signal) -> str:
    """When, what, the statistic and its limit, part, what to do. A row without a time is named by its number."""
    i, point = signal.index, signal.point
    note = points.notes[i]
    found = judged_at(monitor, rows, i) if signal.chart == "t2" else None
    model = _model(monitor, rows, i)
    names, share = (model.names, None) if found is None else (found[0].names, blame.blame(*found).share[0])
    who = sentences.culprit(signal, note, model.guards, names, share)
    said = sentences.what(signal, note, found, telling, model.guards)
    at = None if np.isnat(point.at) else int(point.at.astype("datetime64[us]").astype(np.int64))
    known = {"chart": signal.chart, "row": point.row, "part": point.id, "at": at, "value": point.value, "ucl": point.ucl}
    return sentences.reworded({**known, "matter": said.to_dict(), "telling": telling.facts(who)})


def judged_at(monitor: Monitor | ProductMonitor, rows: Rows, i: int) -> tuple[Model, Floats] | None:
    """The model and the values (p,) behind the point on the i-th row of the block judged last; None when there are none."""
    if isinstance(monitor, ProductMonitor):
        told = monitor.to_explain(rows, i)
        return None if told is None else told[:2]
    if monitor.model.subgroup is None:
        told = to_explain(monitor, rows, i)
        return None if told is None else told[:2]
    one = next((closed for at, closed in monitor.closed if at == i and closed.k), None)
    return None if one is None else (monitor.model.sized(one.k), one.mean)


def _model(monitor: Monitor | ProductMonitor, rows: Rows, i: int) -> Model:
    return monitor.models.models[rows.product[i]] if isinstance(monitor, ProductMonitor) else monitor.model
