"""The sentence of an alarm from the signal that raised it: said here once, for the line that judges now and for the past played again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

import numpy as np

from spc import alarms, blame
from spc.charts import titled
from spc.nouns import Floats, Guard, Model, Signal
from spc.nouns.dynamics import column_of

LASTING = "a small change that lasts: look at the raw trends of the last rows"  # a chart with memory blames no single row

Explained = tuple[Model, Floats]  # the model and the values (p,) behind a T²


@dataclass(frozen=True, slots=True)
class Telling:
    """How people are spoken to on a line: what it and its parts are called, on which clock, and the advice for each variable."""

    title: str = ""
    part: str = "part"
    zone: tzinfo = UTC
    advice: Mapping[str, str] = field(default_factory=dict)

    def advised(self, name: str | None) -> str:
        """What to do when this variable is the culprit.

        >>> Telling(advice={"warp_mm": "Do: check the oven.", "*": "Do: call."}).advised("length_mm")
        'Do: call.'
        >>> Telling(advice={"warp_mm": "Do: check the oven."}).advised("warp_mm (1 row before)")
        'Do: check the oven.'
        """
        return self.advice.get(column_of(name or "*"), self.advice.get("*", ""))


def what(signal: Signal, note: str, found: Explained | None) -> str:
    """What happened: the guard's note, the variables behind a T², or that a small change lasts."""
    if signal.chart == "guard":
        return note
    return LASTING if found is None else blame.sentence(*found)


def culprit(signal: Signal, note: str, guards: tuple[Guard, ...], names: tuple[str, ...], share: Floats | None) -> str | None:
    """The guard that moved, or the variable with the largest share of T²; nobody when a chart with memory rang: no single row did it."""
    if signal.chart == "guard":
        return next((guard.name for guard in guards if f"guard {guard.name} is" in note), None)
    if signal.chart != "t2" or share is None or np.all(np.isnan(share)):
        return None
    return names[int(np.nanargmax(share))]


def sentence(telling: Telling, signal: Signal, said: str, of_whom: str | None, at: int | None = None) -> str:
    """When, line, what (`said`), the statistic and its limit, part, what to do about `of_whom`.

    `at` is the time (µs UTC) when it is not the row's own; a row without any time is named by its number.
    """
    point = signal.point
    parts = {
        "value": "" if signal.chart == "guard" else f"{titled(signal.chart)} {point.value:.1f} (UCL {point.ucl:.1f})",
        "part": f"{telling.part} {point.id}" if point.id else "",
        "advice": telling.advised(of_whom),
    }
    if at is None and np.isnat(point.at):
        name = f"Row {point.row} {telling.title}".strip()
        return " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in (f"{name}: {said}", *parts.values()) if one)
    when = int(point.at.astype("datetime64[us]").astype(np.int64)) if at is None else at
    text = alarms.say(at=when, zone=telling.zone, title=telling.title, what=said, **parts)
    return text if telling.title else text.replace(" :", ":", 1)
