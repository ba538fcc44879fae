"""Pareto of causes: who was to blame how often, how many rows and how long, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

By = Literal["alarms", "rows", "seconds"]


@dataclass(frozen=True, slots=True)
class Incident:
    """One alarm: who or what was to blame, its rows beyond a limit, and how long it was out, in seconds."""

    cause: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One cause: its alarms, rows and seconds, and the share of the whole that it and those before it make up (0 to 1)."""

    cause: str
    alarms: int
    rows: int
    seconds: float
    cumulative: float


def pareto(incidents: Iterable[Incident], by: By = "alarms") -> tuple[Bar, ...]:
    """The causes, the largest first by number of alarms, rows out or time out; equal ones in the order of their names.

    >>> found = pareto([Incident("warp", 3, 60.0), Incident("width", 9, 10.0), Incident("warp", 1, 60.0)])
    >>> [(one.cause, one.alarms, one.rows, round(one.cumulative, 3)) for one in found]
    [('warp', 2, 4, 0.667), ('width', 1, 9, 1.0)]
    """
    sums: dict[str, list[float]] = {}
    for one in incidents:
        at = sums.setdefault(one.cause, [0, 0, 0.0])
        at[0] += 1
        at[1] += one.rows
        at[2] += one.seconds
    place = ("alarms", "rows", "seconds").index(by)
    ranked = sorted(sums.items(), key=lambda pair: (-pair[1][place], pair[0]))
    whole = sum(values[place] for _, values in ranked)
    bars, sofar = [], 0.0
    for cause, (alarms, rows, seconds) in ranked:
        sofar += (int(alarms), int(rows), seconds)[place]
        bars.append(Bar(cause, int(alarms), int(rows), float(seconds), sofar / whole if whole > 0 else 0.0))
    return tuple(bars)
