"""An alarm in words and facts: the sentence that a person reads, and what a program may want to know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from spc import alarms, blame, sentences
from spc.language import message, messages, spoken
from spc.notify import Message
from spc.nouns import Alarm, Cause, Floats, Model, Points, Signal
from spc.sentences import Telling
from spc.settings import LineSettings

NO_DATA = message("Do: check the gauge, the cable and the program that sends the rows.")
STUCK = message("Do: check the sensor and its cable.")
MAKE_ROOM = message("Do: make room on the disk of the ledger, or rows will soon be refused.")

_SUBJECT = {
    "first": message("ALARM"),
    "out again": message("ALARM again"),
    "back in": message("back in control"),
    "shelf over": message("ALARM, no longer shelved"),
    "another model": message("ended: another model is active"),
    "data again": message("data again"),
    "moves again": message("the values move again"),
    "room again": message("there is room on the disk again"),
}
_BEYOND = messages("{n} row beyond the limit, up to {times} × UCL.", "{n} rows beyond the limit, up to {times} × UCL.")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A block with its judgement: the model, its points, and the values x (n, p) in the model's order, NaN where not judged.

    With subgroups, x holds the mean of a subgroup at the row that closed it, and `sizes` its number of rows, by position. `whose` finds
    whose doing a chart's point is, by position and chart.
    """

    model: Model
    points: Points
    x: Floats
    sizes: Mapping[int, int] = field(default_factory=dict)
    whose: Callable[[int, str], Cause | None] | None = None

    def at(self, i: int) -> tuple[Model, Floats]:
        """The model and the values (p,) of the T² on the i-th row: those of the row, or of the mean of the subgroup that it closed."""
        return (self.model.sized(self.sizes[i]), self.x[i]) if i in self.sizes else (self.model, self.x[i])


def facts(judged: Judged, signal: Signal, model_id: str, activation_id: int, at: int, telling: Telling = Telling()) -> dict[str, Any]:
    """The numbers behind a signal, all finite, ready for JSON; its sentence is made of them alone, now or later, in any language."""
    point, note, model = signal.point, judged.points.notes[signal.index], judged.model
    cause = judged.whose(signal.index, signal.chart) if judged.whose is not None else None
    share, sigma, given = _split(judged, signal, cause)
    who = sentences.culprit(signal, note, model.guards, model.names, share, cause)
    found = judged.at(signal.index) if signal.chart == "t2" or cause is not None else None
    return {
        "chart": signal.chart,
        "reason": signal.reason,
        "row": point.row,
        "since": signal.since,
        "part": point.id,
        "at": at,
        "value": point.value if math.isfinite(point.value) else None,
        "ucl": point.ucl if math.isfinite(point.ucl) else None,
        "values": _by_name(model.names, judged.x[signal.index]),
        "blame": _by_name(model.names, share),
        "sigma": _by_name(model.names, sigma),
        "given": _by_name(model.names, given),
        "note": note,
        "culprit": who,
        "model": model_id,
        "activation": activation_id,
        "matter": sentences.what(signal, note, found, telling, model.guards, cause).to_dict(),
        "telling": telling.facts(who),
    }


def _split(judged: Judged, signal: Signal, cause: Cause | None) -> tuple[Floats, Floats, Floats]:
    """Share, sigma and given (p,) of each variable in what rang: those of its cause, and of T² where that has none of the variables'."""
    if cause is not None and signal.chart != "guard":
        return cause.share, cause.sigma, cause.given
    parts = blame.blame(*judged.at(signal.index))
    return parts.share[0], parts.sigma[0], parts.given[0]


def _by_name(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    return {name: value for name, value in zip(names, values.tolist(), strict=True) if math.isfinite(value)}


def telling_of(settings: LineSettings, zone: tzinfo) -> Telling:
    """How people are spoken to on a line."""
    return Telling(settings.title, settings.part, zone, settings.advice, settings.language or "en", settings.called)


def silence(settings: LineSettings, zone: tzinfo, now: int, last: int) -> str:
    """The sentence of an alarm that says nothing comes."""
    t = spoken(settings.language)
    what = t.say("no row for {seconds} s", seconds=t.number((now - last) / 1e6))
    if settings.interval_s is not None:
        what += t.say(" (one is expected every {seconds} s)", seconds=t.figure(settings.interval_s))
    return alarms.say(at=now, zone=zone, title=settings.title, what=what, advice=t.say(NO_DATA))


def stuck(settings: LineSettings, zone: tzinfo, now: int, columns: Mapping[str, tuple[float, int]]) -> str:
    """The sentence of an alarm that says that sensors do not move."""
    t, called = spoken(settings.language), settings.called
    said = []
    for column, (value, rows) in columns.items():
        name, unit = called.get(column, ("", ""))
        shown = t.figure(value) + (f" {unit}" if unit else "")
        said.append(t.say("{name} has shown {value} for {n} rows", name=name or column, value=shown, n=str(rows)))
    return alarms.say(at=now, zone=zone, title=settings.title, what="; ".join(said), advice=t.say(STUCK))


def no_room(settings: LineSettings, zone: tzinfo, now: int, free: int) -> str:
    """The sentence of an alarm that says that the ledger's disk is nearly full."""
    t = spoken(settings.language)
    what = t.say("the disk of the ledger is nearly full: {free} MB are left", free=str(free // 1_000_000))
    return alarms.say(at=now, zone=zone, title=settings.title, what=what, advice=t.say(MAKE_ROOM))


def letter(alarm: Alarm, reason: str, settings: LineSettings, url: str, zone: tzinfo, now: int) -> Message:
    """What the notifiers tell; the outbox gives it its id."""
    t, title = spoken(settings.language), settings.title
    tidings = t.say(_SUBJECT[reason]) if reason in _SUBJECT else reason
    text = alarm.sentence
    if reason in ("back in", "another model", "data again", "moves again", "room again"):
        text = alarms.say(at=now, zone=zone, title=title, what=tidings)
        if alarm.kind == "process":
            text += " " + t.count(*_BEYOND, alarm.rows_out, times=t.number(alarm.worst, 1))
        text += " " + t.say("It began: {sentence}", sentence=alarm.sentence)
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
    return Message("", f"{title}: {tidings}", text, f"{url}/alarms?alarm={alarm.id}", reason, now, known)
