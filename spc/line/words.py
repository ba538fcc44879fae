"""An alarm in words and facts: the sentence that a person reads, and what a program may want to know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from spc import alarms, blame, sentences
from spc.notify import Message
from spc.nouns import Alarm, Floats, Model, Points, Signal
from spc.sentences import Telling
from spc.settings import LineSettings

NO_DATA = "Do: check the gauge, the cable and the program that sends the rows."

_SUBJECT = {
    "first": "ALARM",
    "out again": "ALARM again",
    "back in": "back in control",
    "shelf over": "ALARM, no longer shelved",
    "another model": "ended: another model is active",
    "data again": "data again",
}


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A block with its judgement: the model, its points, and the values x (n, p) in the model's order, NaN where not judged.

    With subgroups, x holds the mean of a subgroup at the row that closed it, and `sizes` its number of rows, by position.
    """

    model: Model
    points: Points
    x: Floats
    sizes: Mapping[int, int] = field(default_factory=dict)

    def at(self, i: int) -> tuple[Model, Floats]:
        """The model and the values (p,) of the T² on the i-th row: those of the row, or of the mean of the subgroup that it closed."""
        return (self.model.sized(self.sizes[i]), self.x[i]) if i in self.sizes else (self.model, self.x[i])


def facts(judged: Judged, signal: Signal, model_id: str, activation_id: int, at: int) -> dict[str, Any]:
    """The numbers behind a signal, all finite, ready for JSON."""
    point = signal.point
    parts = blame.blame(*judged.at(signal.index))
    return {
        "chart": signal.chart,
        "reason": signal.reason,
        "row": point.row,
        "since": signal.since,
        "part": point.id,
        "at": at,
        "value": point.value if math.isfinite(point.value) else None,
        "ucl": point.ucl if math.isfinite(point.ucl) else None,
        "values": _by_name(parts.names, judged.x[signal.index]),
        "blame": _by_name(parts.names, parts.share[0]),
        "sigma": _by_name(parts.names, parts.sigma[0]),
        "given": _by_name(parts.names, parts.given[0]),
        "note": judged.points.notes[signal.index],
        "culprit": sentences.culprit(signal, judged.points.notes[signal.index], judged.model.guards, judged.model.names, parts.share[0]),
        "model": model_id,
        "activation": activation_id,
    }


def _by_name(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True) if math.isfinite(value)}


def sentence(settings: LineSettings, zone: tzinfo, judged: Judged, signal: Signal, told: Mapping[str, Any]) -> str:
    """When, line, what, T² and limit, part, what to do; `told` are the facts of the same signal."""
    telling = Telling(settings.title, settings.part, zone, settings.advice)
    found = judged.at(signal.index) if signal.chart == "t2" else None
    said = sentences.what(signal, judged.points.notes[signal.index], found)
    return sentences.sentence(telling, signal, said, told["culprit"], told["at"])


def silence(settings: LineSettings, zone: tzinfo, now: int, last: int) -> str:
    """The sentence of an alarm that says nothing comes."""
    expected = "" if settings.interval_s is None else f" (one is expected every {settings.interval_s:g} s)"
    what = f"no row for {(now - last) / 1e6:.0f} s{expected}"
    return alarms.say(at=now, zone=zone, title=settings.title, what=what, value="", advice=NO_DATA)


def message(alarm: Alarm, reason: str, title: str, url: str, zone: tzinfo, now: int) -> Message:
    """What the notifiers tell; the outbox gives it its id."""
    subject = f"{title}: {_SUBJECT.get(reason, reason)}"
    text = alarm.sentence
    if reason in ("back in", "another model", "data again"):
        rows = f" {alarm.rows_out} row{'s' if alarm.rows_out != 1 else ''} beyond the limit, up to {alarm.worst:.1f} × UCL."
        text = alarms.say(at=now, zone=zone, title=title, what=_SUBJECT[reason], value="") + (rows if alarm.kind == "process" else "")
        text += f" It began: {alarm.sentence}"
    known: Mapping[str, Any] = {
        "alarm": alarm.id,
        "line": alarm.line,
        "kind": alarm.kind,
        "priority": alarm.priority,
        "state": alarm.state,
        "opened_at": alarm.opened_at,
        "rows_out": alarm.rows_out,
        "worst": alarm.worst,
        **alarm.facts,
    }
    return Message("", subject, text, f"{url}/alarms?alarm={alarm.id}", reason, now, known)
