"""What the page says, in words: the state of a line, how long ago, how big. Pure functions of values; times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spc.figures.words import SECOND, clock, near, number, utc
from spc.nouns import Alarm

__all__ = ["PRIORITY_ORDER", "SECOND", "STATES", "LineFacts", "State", "ago", "clock", "near", "number", "state", "utc", "worst"]

StateKey = Literal["normal", "warning", "alarm", "acknowledged", "returned", "stale", "off"]

STATES = {
    "unacknowledged": "Not acknowledged",
    "acknowledged": "Acknowledged",
    "returned": "Returned, not acknowledged",
    "shelved": "Shelved",
    "normal": "Closed",
}
STANDING = {"stuck": "sensor stuck", "disk": "disk nearly full"}  # alarms that are not about the process: they hide no other, as "no data"
PRIORITY_ORDER = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What is known of a line at one moment: enough for its tile and for the head of its page.

    `last_at` is the time of the last row as its source gave it, `seen_at` when it came here; `stale_after_s` the age at which silence is
    news; `out` whether the last point lay beyond a limit; `model` the words for the active reference, empty when there is none; `skew` what
    is wrong with the times of its rows, empty when nothing is.
    """

    name: str
    title: str
    last_seq: int = 0
    last_at: int | None = None
    seen_at: int | None = None
    stale_after_s: float = 10.0
    out: bool = False
    model: str = ""
    alarms: tuple[Alarm, ...] = ()
    skew: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A line's state: a key for the style sheet, the words, what else to say, and the priority of its worst open alarm."""

    key: StateKey
    words: str
    more: str = ""
    priority: str = ""
    flash: bool = False


def ago(seconds: float) -> str:
    """A length of time, in the one or two units that matter.

    >>> ago(8.4), ago(260), ago(3 * 3600 + 120), ago(200_000)
    ('8 s', '4 min', '3 h 2 min', '2 d 7 h')
    """
    s = max(0, int(seconds))
    if s < 60:
        return f"{s} s"
    if s < 3600:
        return f"{s // 60} min"
    if s < 86400:
        return f"{s // 3600} h {s % 3600 // 60} min"
    return f"{s // 86400} d {s % 86400 // 3600} h"


def worst(alarms: tuple[Alarm, ...]) -> str:
    """The priority that counts: the highest among the alarms.

    >>> worst(())
    ''
    """
    found = {a.priority for a in alarms}
    return next((p for p in PRIORITY_ORDER if p in found), "")


def state(line: LineFacts, now: int) -> State:
    """The state of a line in words. An alarm outranks silence, silence outranks calm: a line that sends nothing is never in control."""
    open_alarms = tuple(a for a in line.alarms if a.state in ("unacknowledged", "acknowledged", "returned"))
    silent = _silence(line, now)
    standing = " and ".join(words for kind, words in STANDING.items() if any(a.active and a.kind == kind for a in open_alarms))
    priority = worst(open_alarms)
    unanswered = [a for a in open_alarms if not a.acknowledged]
    if any(a.active and a.kind not in ("no data", *STANDING) for a in open_alarms):
        if any(a.active for a in unanswered):
            return State("alarm", "ALARM", _joined(silent, standing, line.skew), priority, flash=True)
        return State("acknowledged", "ALARM", _joined("acknowledged", silent, standing, line.skew), priority)
    if any(not a.active for a in unanswered):
        return State("returned", "Alarm returned", _joined("not acknowledged", silent, standing, line.skew), priority, flash=True)
    if silent:
        return State("stale", silent, standing, priority, flash=bool(unanswered))
    if standing:
        words = standing[0].upper() + standing[1:]
        if unanswered:
            return State("alarm", words, line.skew, priority, flash=True)
        return State("acknowledged", words, _joined("acknowledged", line.skew), priority)
    if not line.model:
        return State("off", "Not monitored", _joined("no active reference", line.skew))
    if line.out:
        return State("warning", "Warning", _joined("last point beyond its limit", line.skew))
    return State("normal", "In control", line.skew)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _silence(line: LineFacts, now: int) -> str:
    if line.seen_at is None:
        return "No data yet"
    age = (now - line.seen_at) / SECOND
    return f"No data {ago(age)}" if age > line.stale_after_s else ""
