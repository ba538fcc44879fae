"""Points as they are answered and streamed: one object per row, with all its charts and the signal that it made."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from spc.export import times
from spc.ledger.points import points_after, signals_after
from spc.nouns import Point


def dots_after(connection: Connection, line: str, seq: int, limit: int) -> list[dict[str, Any]]:
    """The next judged rows after row `seq`, oldest first."""
    found = points_after(connection, line, seq, limit)
    if not found:
        return []
    said: dict[int, list[str]] = {}
    last = found[-1].row
    for signal in signals_after(connection, line, seq, limit=2 * limit + 10):
        if signal.seq <= last:
            said.setdefault(signal.seq, []).append(signal.reason)
    return [_dot(row, list(points), said.get(row, [])) for row, points in groupby(found, key=lambda point: point.row)]


def _dot(row: int, points: list[Point], reasons: list[str]) -> dict[str, Any]:
    first = points[0]
    charts = {p.chart: {"value": _number(p.value), "ucl": _number(p.ucl), "out": p.out} for p in points}
    note = "; ".join(dict.fromkeys(p.note for p in points if p.note))
    signal = "; ".join(reasons) or None
    return {"seq": row, "time": times_of(first), "id": first.id, "charts": charts, "signal": signal, "note": note or None}


def times_of(point: Point) -> str | None:
    """The time of a point as ISO 8601."""
    return times(point.at.reshape(1))[0]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
