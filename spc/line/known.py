"""What an incident looks like: the line's known causes that point the same way, in the whitened space of the model that judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection

from spc.blame.alike import Way
from spc.blame.alike import alike as nearest
from spc.ledger import causes, models
from spc.ledger.causes import Case, KnownCause
from spc.nouns import Alarm, Floats, Model

SHIFT = ("shift", "shift_t2", "shift_size", "axis", "axis_t2")  # the facts of an alarm that say which way it went
MOST = 3  # causes named at once


def way_of(model: Model, facts: Mapping[str, Any]) -> Way | None:
    """Which way an incident went, whitened by a model; None when it has no direction, or one of other variables.

    The shift is kept in the variables' units, so that a later model of the same variables can take it up: its T² is then that of the same
    number of rows. A change of the spread has the axis along which the rows are wider.
    """
    if facts.get("since_change") == "spread":
        axis = facts.get("axis") or {}
        known = set(axis) == set(model.names) and float(facts.get("axis_t2") or 0.0) > 0.0
        return Way(_whitened(model, axis), float(facts["axis_t2"]), spread=True) if known else None
    shift = facts.get("shift") or {}
    size = float(facts.get("shift_size") or 0.0)
    if set(shift) != set(model.names) or size <= 0.0:
        return None
    z = _whitened(model, shift)
    return Way(z, float(facts["shift_t2"]) * float(z @ z) / size**2)


def _whitened(model: Model, shift: Mapping[str, float]) -> Floats:
    moved = np.array([shift[name] for name in model.names], dtype=np.float64)
    return np.asarray(model.scatter.whiten((model.scatter.center + moved)[None])[0])


def looks_like(found: Sequence[KnownCause], model: Model, facts: Mapping[str, Any], besides: str = "") -> list[dict[str, Any]]:
    """Those of the known causes that an incident with these facts looks like, the most similar first, each with how often it was found,
    when last (µs UTC), and what was done about it then. `besides` is the alarm that is not compared with itself.
    """
    known = [(one, cases) for one in found if (cases := _others(one, besides))]
    way = way_of(model, facts) if known else None
    if way is None:
        return []
    ways = [[its for case in cases if (its := way_of(model, case.shift)) is not None] for _, cases in known]
    return [_told(*known[near.place], near.similarity, near.chance) for near in nearest(way, ways)[:MOST]]


def looks_like_of(connection: Connection, alarm: Alarm) -> list[dict[str, Any]]:
    """The same of an alarm that is kept, by what is known now."""
    model_id = alarm.facts.get("model")
    if not model_id or not alarm.facts.get("shift"):
        return []
    known = causes.known_causes(connection, alarm.line)
    return looks_like(known, models.get_model(connection, str(model_id)), alarm.facts, alarm.id)


def alike(known: Sequence[KnownCause], model: Model, facts: Mapping[str, Any], besides: str) -> dict[str, Any]:
    """What an alarm keeps of it: looks_like, all that is near, and alike, the nearest, for its sentence; None when nothing is near."""
    found = looks_like(known, model, facts, besides)
    return {"looks_like": found, "alike": found[0] if found else None}


def _others(one: KnownCause, besides: str) -> list[Case]:
    return [case for case in one.cases if case.alarm_id != besides]


def _told(one: KnownCause, cases: list[Case], similarity: float, chance: float) -> dict[str, Any]:
    return {
        "id": one.id,
        "cause": one.name,
        "times": len(cases),
        "last": max(case.opened_at for case in cases),
        "action": next((case.action for case in reversed(cases) if case.action), ""),
        "similarity": round(similarity, 4),
        "chance": float(f"{chance:.3g}"),
    }
