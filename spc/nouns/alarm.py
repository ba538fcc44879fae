"""An incident that a person must answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Alarm:
    """One incident that a person must answer. *Active* and *acknowledged* are two memories, never one state (ISA-18.2).

    Times are UTC microseconds since 1970. `rows_out` counts the points beyond the limit so far, `worst` is the largest value / limit.
    """

    id: str
    line: str
    kind: str  # "process": one of the line's charts; "no data": nothing came; "stuck": a sensor does not move; "disk": little room
    priority: Literal["critical", "high", "medium", "low"]
    opened_at: int
    updated_at: int
    first_row: int
    last_row: int
    active: bool
    acknowledged: bool
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)  # chart, value, ucl, row, part id, at, blame, sigma, given, model
    rows_out: int = 1
    worst: float = 1.0
    returned_at: int | None = None
    acknowledged_by: str = ""
    acknowledged_at: int | None = None
    note: str = ""
    shelved_until: int | None = None
    shelved_by: str = ""
    shelve_reason: str = ""
    cause: str = ""

    @property
    def state(self) -> str:
        """One word for a person: unacknowledged, acknowledged, returned, shelved or normal.

        "normal" is an alarm that has both returned and been acknowledged: it is closed.
        """
        if self.shelved_until is not None:
            return "shelved"
        if self.active:
            return "acknowledged" if self.acknowledged else "unacknowledged"
        return "normal" if self.acknowledged else "returned"
