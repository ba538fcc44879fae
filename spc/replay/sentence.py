"""What an alarm of a replay would have said: the sentence that the line would have sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spc import blame, sentences
from spc.blame.since import MOST
from spc.blame.words import WITHIN
from spc.nouns import Floats, Model, Points, Rows, Signal
from spc.phase2 import Monitor, ProductMonitor, cause_of, to_explain
from spc.phase2.beginning import beginning, looked_back
from spc.replay.past import Past
from spc.sentences import Telling

__all__ = ["Telling", "judged_at", "sentence"]


def sentence(
    telling: Telling, monitor: Monitor | ProductMonitor, rows: Rows, points: Points, signal: Signal, past: Past | None = None, back: int = 3
) -> str:
    """When, what, since when, the statistic and its limit, part, what to do. A row without a time is named by its number.

    `past` are the rows up to this block's end, and `back` the watch's, from which is found when the change began.
    """
    i, point = signal.index, signal.point
    note, model = points.notes[i], _model(monitor, rows, i)
    found = judged_at(monitor, rows, i) if signal.chart == "t2" else (model, monitor.values(i)) if isinstance(monitor, Monitor) else None
    cause = cause_of(monitor, rows, points, i, signal.chart) if isinstance(monitor, Monitor) else None
    share = None if found is None or cause is not None else blame.blame(*found).share[0]
    names = model.names if found is None else found[0].names
    who = sentences.culprit(signal, note, model.guards, names, share, cause)
    said = sentences.what(signal, note, found, telling, model.guards, cause)
    at = None if np.isnat(point.at) else int(point.at.astype("datetime64[us]").astype(np.int64))
    known: dict[str, Any] = {"chart": signal.chart, "row": point.row, "part": point.id, "at": at, "value": point.value, "ucl": point.ucl}
    known |= {"matter": said.to_dict(), "telling": telling.facts(who)}
    if past is not None and signal.chart not in ("guard", *WITHIN) and isinstance(monitor, Monitor):
        known |= _since(model, telling, signal, past, back, known)
    return sentences.reworded(known)


def _since(model: Model, telling: Telling, signal: Signal, past: Past, back: int, known: Mapping[str, Any]) -> dict[str, Any]:
    """When it began, and what lasts since then."""
    size, last = 1 if model.subgroup is None else model.subgroup.size, signal.point.row

    def find(first: int, last: int) -> Mapping[str, Any]:
        first = max(first, last - MOST * size + 1)
        return beginning(model, *past.window(first + (last - first + 1) % size, last))

    first, found = looked_back(find, past.last_back, 1, last, back)
    return {**found, **sentences.lasting(model, {**known, **found}, *past.window(first, last), telling)}


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
