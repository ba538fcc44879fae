"""What an alarm of a replay would have said: the sentence that the line would have sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

import numpy as np

from spc import alarms, blame
from spc.nouns import Floats, Model, Points, Rows, Signal
from spc.phase2 import Monitor, ProductMonitor, to_explain

MEMORY = "a small change that lasts: look at the raw trends of the last rows"  # a chart with memory blames no single row


@dataclass(frozen=True, slots=True)
class Telling:
    """How people are spoken to on the line: what it and its parts are called, on which clock, and the advice for each variable."""

    title: str = ""
    part: str = "part"
    zone: tzinfo = UTC
    advice: Mapping[str, str] = field(default_factory=dict)


def sentence(telling: Telling, monitor: Monitor | ProductMonitor, rows: Rows, points: Points, signal: Signal) -> str:
    """When, what, the statistic and its limit, part, what to do. A row without a time is named by its number."""
    point, i = signal.point, signal.index
    found = judged_at(monitor, rows, i) if signal.chart == "t2" else None
    called = "T²" if signal.chart == "t2" else signal.chart.upper()
    if found is not None:
        what, culprit = blame.sentence(*found), _culprit(*found)
    else:
        what = points.notes[i] if signal.chart == "guard" else MEMORY
        culprit = _guard(monitor, rows, i, what) if signal.chart == "guard" else None
    said = {
        "what": what,
        "value": "" if signal.chart == "guard" else f"{called} {point.value:.1f} (UCL {point.ucl:.1f})",
        "part": f"{telling.part} {point.id}" if point.id else "",
        "advice": telling.advice.get(culprit or "*", telling.advice.get("*", "")),
    }
    if np.isnat(point.at):
        name = f"Row {point.row} {telling.title}".strip()
        return " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in (f"{name}: {what}", *list(said.values())[1:]) if one)
    at = int(point.at.astype("datetime64[us]").astype(np.int64))
    text = alarms.say(at=at, zone=telling.zone, title=telling.title, **said)
    return text if telling.title else text.replace(" :", ":", 1)


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


def _culprit(model: Model, x: Floats) -> str | None:
    """The variable with the largest share of T²."""
    share = blame.blame(model, x).share[0]
    return None if np.all(np.isnan(share)) else model.names[int(np.nanargmax(share))]


def _guard(monitor: Monitor | ProductMonitor, rows: Rows, i: int, note: str) -> str | None:
    """The guard that moved."""
    model = monitor.models.models[rows.product[i]] if isinstance(monitor, ProductMonitor) else monitor.model
    return next((guard.name for guard in model.guards if f"guard {guard.name} is" in note), None)
