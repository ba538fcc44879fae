"""The sentence of an alarm from the facts that are kept of it: said once, for the line that judges now and for the past played again,
and said again from the same facts in another language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from spc import alarms, blame
from spc.blame.average import averaged, spread_matter, unsized
from spc.blame.matter import Called, Matter, guard_matter, matter
from spc.blame.words import MEMORY, WITHIN, worded
from spc.charts import titled
from spc.language import Language, message, messages, spoken
from spc.nouns import Cause, Floats, Guard, Model, Rows, Signal
from spc.nouns.dynamics import column_of
from spc.phase2.began import judged

PART = "Part"  # what a row is called when nobody said

Explained = tuple[Model, Floats]  # the model and the values (p,) behind a T²

_TITLES = {"EWMA of log T²": message("EWMA of log T²"), "Dispersion": message("Dispersion")}
_ALIKE = messages("Looks like {cause} (once before, on {day})", "Looks like {cause} ({n} times, last on {day})")


@dataclass(frozen=True, slots=True)
class Telling:
    """How people are spoken to on a line: what it, its parts and its columns are called, on which clock, in which language, and the
    advice for each variable.
    """

    title: str = ""
    part: str = "part"
    zone: tzinfo = UTC
    advice: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    called: Called = field(default_factory=dict)

    def advised(self, name: str | None) -> str:
        """What to do when this variable is the culprit.

        >>> Telling(advice={"warp_mm": "Do: check the oven.", "*": "Do: call."}).advised("length_mm")
        'Do: call.'
        >>> Telling(advice={"warp_mm": "Do: check the oven."}).advised("warp_mm (1 row before)")
        'Do: check the oven.'
        """
        return self.advice.get(column_of(name or "*"), self.advice.get("*", ""))

    def facts(self, of_whom: str | None) -> dict[str, str]:
        """What must be kept to say the sentence again: all but the facts of the signal itself."""
        return {
            "title": self.title,
            "part": self.part,
            "zone": str(self.zone),
            "advice": self.advised(of_whom),
            "language": self.language,
        }


def what(
    signal: Signal, note: str, found: Explained | None, telling: Telling, guards: tuple[Guard, ...] = (), cause: Cause | None = None
) -> Matter:
    """What happened: the guard that moved, the variables behind the point, or only that a change lasts.

    `cause` is whose doing it is where that is known; of a T² it is found from the values behind it.
    """
    if signal.chart == "guard":
        return _guard(guards, note, telling.called)
    if found is None:
        return Matter(signal.chart, "level")
    if np.all(np.isnan(found[1])):
        return Matter(signal.chart, "nothing")
    if signal.chart not in MEMORY:
        return matter(found[0], cause or blame.cause(found[0], x=found[1]), found[1], called=telling.called)
    if cause is None:
        return Matter(signal.chart, "level")
    about = matter(found[0], cause, called=telling.called)
    return about if about.kind == "spread" else unsized(about)


def _guard(guards: tuple[Guard, ...], note: str, called: Called) -> Matter:
    """The guard of a note such as "guard pressure is 5, not 4"."""
    for guard in guards:
        found = re.search(rf"guard {re.escape(guard.name)} is (\S+), not ([^\s;]+)", note)
        if found is not None:
            return guard_matter(guard, float(found[1]), float(found[2]), called)
    return Matter("guard", "level")


def lasting(model: Model, told: Mapping[str, Any], rows: Rows, first_row: int, telling: Telling) -> dict[str, Any]:
    """What a signal's facts say better once it is known when the change began (spc.phase2.beginning), from the rows up to now, numbered
    from `first_row`: on a chart with memory each variable's average since then; on a chart of rows, that it is the spread and not the
    level, if that is so. {} when there is nothing to say better.
    """
    shift, about = told.get("shift"), Matter.from_dict(told.get("matter", {"chart": "", "kind": ""}))
    if not shift or about.kind == "nothing":
        return {}
    if about.chart in MEMORY and about.kind != "spread":
        return {"matter": averaged(model, about, np.array([shift[name] for name in model.names]), called=telling.called).to_dict()}
    if about.chart != "t2" or told.get("since_change") != "spread" or not set(model.inputs) <= set(rows.names):
        return {}
    z, numbers, _ = judged(model, rows, first_row)
    x = model.scatter.colour(z[numbers >= told["since_row"]])
    found = spread_matter(model, about.chart, told["value"] or 0.0, x, called=telling.called)
    return {} if found is None else {"matter": found.to_dict()}


def culprit(
    signal: Signal, note: str, guards: tuple[Guard, ...], names: tuple[str, ...], share: Floats | None, cause: Cause | None = None
) -> str | None:
    """The guard that moved, or the variable that is named first; without a known cause, the one with the largest share of T².

    Nobody when a chart with memory rang and no cause is known: no single row did it.
    """
    if signal.chart == "guard":
        return next((guard.name for guard in guards if f"guard {guard.name} is" in note), None)
    if cause is not None and cause.named:
        return cause.named[0]
    if signal.chart != "t2" or share is None or np.all(np.isnan(share)):
        return None
    return names[int(np.nanargmax(share))]


def reworded(facts: Mapping[str, Any], language: str = "") -> str:
    """The sentence of an alarm's facts: when, line, what, since when, what it looks like, the statistic and its limit, part, what to do.

    In another language than the site's when one is named. A row without a time is named by its number. Raises KeyError for facts of an
    alarm that was kept before sentences were made of facts, and for a language that there is no catalogue for.

    >>> warp = {"name": "warp", "sigma": 6.4, "given": 6.2, "value": 0.741, "usual": 0.35, "sd": 0.06, "unit": "mm"}
    >>> facts = {"chart": "t2", "value": 52.3, "ucl": 22.1, "row": 7, "part": "B1", "at": 1741070220000000,
    ...          "matter": {"chart": "t2", "kind": "level", "named": [warp]},
    ...          "telling": {"title": "SMT-2", "part": "Board", "zone": "UTC", "advice": "", "language": "en"}}
    >>> reworded(facts)
    '06:37 SMT-2: warp is 6.4 sd high (0.741 mm; usual 0.350 ± 0.060 mm). T² 52.3 (UCL 22.1). Board B1.'
    >>> reworded(facts, "de")
    '06:37 SMT-2: warp ist 6,4 s zu hoch (0,741 mm; üblich 0,350 ± 0,060 mm). T² 52,3 (Eingriffsgrenze 22,1). Board B1.'
    """
    telling, about = facts["telling"], Matter.from_dict(facts["matter"])
    t = spoken(language or telling["language"])
    at, zone = facts.get("at"), ZoneInfo(telling["zone"])
    since, moving = _since(t, facts, zone) if about.chart not in WITHIN else ("", False)
    said = worded(about, t.code, since=since if about.chart in MEMORY else "", moving=moving)
    when = t.say("Row {row}", row=str(facts["row"])) if at is None else t.clock(at, zone)
    head = f"{when} {telling['title']}".strip()
    part = t.say("Part") if telling["part"] == PART else telling["part"]
    return alarms.joined(
        f"{head}: {said}",
        "" if about.chart in MEMORY or not since else _began(t, about, since, moving),
        _alike(t, facts, zone),
        "" if facts["chart"] == "guard" else _statistic(t, facts),
        f"{part} {facts['part']}" if facts.get("part") else "",
        telling["advice"],
    )


def _statistic(t: Language, facts: Mapping[str, Any]) -> str:
    chart = titled(facts["chart"])
    value, ucl = facts.get("value"), facts.get("ucl")
    name = t.say(chart) if chart in _TITLES else chart
    shown = [t.number(float("nan") if one is None else one, 1) for one in (value, ucl)]
    return t.say("{chart} {value} (UCL {ucl})", chart=name, value=shown[0], ucl=shown[1])


def _since(t: Language, facts: Mapping[str, Any], zone: tzinfo) -> tuple[str, bool]:
    """When it began, in words ("14:12 (14:10–14:13)"), and whether it drifts; nothing when it began with the row that rang."""
    row = facts.get("since_row")
    if row is None or row >= facts["row"]:
        return "", False
    if facts.get("since_at") is None:
        low, high = str(facts["since_low"]), str(facts["since_high"])
        best = t.say("row {row}", row=str(row))
    else:
        best, low, high = (t.clock(facts[word], zone, facts.get("at")) for word in ("since_at", "since_low_at", "since_high_at"))
    text = best if low == high else t.say("{best} ({low}–{high})", best=best, low=low, high=high)
    return text, facts.get("since_kind") == "drift"


def _began(t: Language, about: Matter, since: str, moving: bool) -> str:
    if not moving:
        return t.say("It began at {since}", since=since)
    if about.kind == "level" and len(about.named) == 1 and about.named[0].sigma:
        rising, falling = message("Rising since about {since}"), message("Falling since about {since}")
        return t.say(rising if about.named[0].sigma > 0 else falling, since=since)
    return t.say("It has been drifting since about {since}", since=since)


def _alike(t: Language, facts: Mapping[str, Any], zone: tzinfo) -> str:
    """The known cause that it looks like; nothing when nothing is near."""
    alike = facts.get("alike")
    if not alike or not alike.get("cause"):
        return ""
    n, day = int(alike.get("times") or 1), alike.get("last")
    if day is None:
        return t.say("Looks like {cause}", cause=alike["cause"])
    return t.count(*_ALIKE, n, cause=alike["cause"], day=t.day(day, zone, facts.get("at")))
