"""Signals become alarms: one incident per line and kind, with its life (ISA-18.2, IEC 62682).

*Active* (the line is out) and *acknowledged* (a person has seen it) are two memories. An incident is over when it has returned **and** was
acknowledged. While it is not over, whatever else happens on the line belongs to it: points update it, and a line that goes out again
after it came back makes the same incident active again, unseen. Pure functions: no database, and the time is an argument (µs UTC).
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from spc.errors import Complaint, Conflict
from spc.nouns import Alarm

Priority = Literal["critical", "high", "medium", "low"]

_SPACE = uuid.UUID("0f2f9d5c-6f0e-5d3a-8a53-3c2a4b1d7e10")
LONGEST_SHELF_US = 7 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Out:
    """What went out, as the line saw it: on which charts, at which row, and what a person should read about it."""

    line: str
    kind: str
    row: int
    now: int
    sentence: str
    charts: tuple[str, ...] = ()
    priority: Priority = "high"
    rows_out: int = 1
    worst: float = 1.0
    facts: Mapping[str, Any] = field(default_factory=dict)


def alarm_id(line: str, kind: str, first_row: int) -> str:
    """The same incident has the same id however often it is worked out.

    >>> alarm_id("smt-2", "process", 121) == alarm_id("smt-2", "process", 121)
    True
    """
    return str(uuid.uuid5(_SPACE, f"{line}/{kind}/{first_row}"))


def is_over(alarm: Alarm | None) -> bool:
    """True when there is no incident that a new signal would belong to. A shelved one is never over: it waits for its time."""
    return alarm is None or (not alarm.active and alarm.acknowledged and alarm.shelved_until is None)


def go_out(alarm: Alarm | None, out: Out) -> Alarm:
    """The incident after a signal "out": a new one, or the one that is not over, made active again and unseen.

    A further chart that goes out while the incident is active joins it without asking for another acknowledgement.
    """
    if alarm is None or is_over(alarm):
        return Alarm(
            id=alarm_id(out.line, out.kind, out.row),
            line=out.line,
            kind=out.kind,
            priority=out.priority,
            opened_at=out.now,
            updated_at=out.now,
            first_row=out.row,
            last_row=out.row,
            active=True,
            acknowledged=False,
            sentence=out.sentence,
            facts={**out.facts, "charts_out": list(out.charts)},
            rows_out=out.rows_out,
            worst=out.worst,
        )
    joined = tuple(dict.fromkeys((*_charts(alarm), *out.charts))) if alarm.active else out.charts
    # the person who looks now must read about what is out now
    sentence, facts = (alarm.sentence, alarm.facts) if alarm.active else (out.sentence, out.facts)
    return replace(
        alarm,
        active=True,
        returned_at=None,
        updated_at=out.now,
        last_row=max(alarm.last_row, out.row),
        rows_out=alarm.rows_out + out.rows_out,
        worst=max(alarm.worst, out.worst),
        sentence=sentence,
        facts={**facts, "charts_out": list(joined)},
    )


def update(alarm: Alarm, *, rows_out: int, worst: float, last_row: int, now: int) -> Alarm:
    """Further rows while it is active; nothing changes when none of them was beyond a limit."""
    if rows_out == 0:
        return alarm
    return replace(
        alarm,
        rows_out=alarm.rows_out + rows_out,
        worst=max(alarm.worst, worst if math.isfinite(worst) else alarm.worst),
        last_row=max(alarm.last_row, last_row),
        updated_at=now,
    )


def come_back(alarm: Alarm, chart: str, now: int) -> Alarm:
    """The incident after a signal "in" of one chart: it has returned once no chart is out any more."""
    left = [one for one in _charts(alarm) if one != chart]
    facts = {**alarm.facts, "charts_out": left}
    if left or not alarm.active:
        return replace(alarm, facts=facts, updated_at=now)
    return replace(alarm, facts=facts, updated_at=now, active=False, returned_at=now)


def end(alarm: Alarm, now: int) -> Alarm:
    """It has returned on all charts at once: data come again, or another model judges."""
    if not alarm.active:
        return alarm
    return replace(alarm, active=False, returned_at=now, updated_at=now, facts={**alarm.facts, "charts_out": []})


def acknowledge(alarm: Alarm, by: str, note: str, now: int) -> Alarm:
    """A person has seen it. Raises Conflict when somebody already had."""
    _who(by)
    if alarm.acknowledged:
        raise Conflict(f"This alarm was already acknowledged by {alarm.acknowledged_by}.", cure="Nothing needs to be done.")
    return replace(alarm, acknowledged=True, acknowledged_by=by, acknowledged_at=now, note=note, updated_at=now)


def shelve(alarm: Alarm, by: str, reason: str, until: int, now: int) -> Alarm:
    """Out of sight until a time, for a reason; it comes back by itself. Raises Conflict when it is over or shelved already."""
    _who(by)
    if not reason.strip():
        raise Complaint("Shelving an alarm needs a reason.", cure="Say why nobody has to act on it for now.")
    if not now < until <= now + LONGEST_SHELF_US:
        raise Complaint("An alarm is shelved until a time that is to come, within seven days.", cure="Choose another time.")
    if alarm.shelved_until is not None:
        raise Conflict(f"This alarm is already shelved by {alarm.shelved_by}.", cure="Take it off the shelf first.")
    if is_over(alarm):
        raise Conflict("This alarm is over: it has returned and was acknowledged.", cure="Nothing needs to be done.")
    return replace(alarm, shelved_until=until, shelved_by=by, shelve_reason=reason, updated_at=now)


def unshelve(alarm: Alarm, now: int) -> Alarm:
    """Back in sight: its time is up, or a person took it off the shelf. Raises Conflict when it was not shelved."""
    if alarm.shelved_until is None:
        raise Conflict("This alarm is not shelved.", cure="Nothing needs to be done.")
    return replace(alarm, shelved_until=None, updated_at=now)


def cause(alarm: Alarm, by: str, what: str, now: int) -> Alarm:
    """What it was. May be said again when more is known; the events keep what was said before."""
    _who(by)
    if not what.strip():
        raise Complaint("The cause is empty.", cure="Say what it was, or that it could not be found.")
    return replace(alarm, cause=what, updated_at=now)


def say(*, at: int, zone: tzinfo, title: str, what: str, advice: str = "") -> str:
    """What is said of a line at a time: when, line, what, what to do.

    >>> say(at=1741070220000000, zone=UTC, title="SMT-2", what="no row for 30 s", advice="Do: check the cable.")
    '06:37 SMT-2: no row for 30 s. Do: check the cable.'
    """
    clock = datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone).strftime("%H:%M")
    return joined(f"{f'{clock} {title}'.strip()}: {what}", advice)


def joined(*sentences: str) -> str:
    """Sentences in a row, each with its full stop; empty ones are left out.

    >>> joined("No row for 30 s", "", "Do: call!")
    'No row for 30 s. Do: call!'
    """
    return " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in sentences if one)


def _charts(alarm: Alarm) -> tuple[str, ...]:
    return tuple(alarm.facts.get("charts_out", ()))


def _who(by: str) -> None:
    if not by.strip():
        raise Complaint("Nobody's name was given.", cure="Say who you are, so that the others know.")
