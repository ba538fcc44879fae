"""Since when an alarm's change goes on: worked out from the ledger's rows when it opens, and again while its first points come."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from spc.blame.since import MOST
from spc.ledger import events
from spc.ledger import rows as store
from spc.ledger.clock import to_us
from spc.ledger.lines import Activation
from spc.ledger.points import last_back
from spc.ledger.rows import Window
from spc.nouns import Model, Signal
from spc.phase2.began import began, deviation

FOLLOWED: Final = 100  # rows after its first point out for which an incident's beginning is worked out anew: later ones hardly move it
EARLIER: Final = 3  # excursions looked at one by one, before all that there is


def opened(connection: Connection, line: str, active: Activation, model: Model, signal: Signal, back: int) -> dict[str, Any]:
    """The facts of when it began at the signal that opens an incident; {} when no row could be judged.

    The change lies after the model became active and after the charts began anew (a cause was found). It lies after an earlier excursion
    was over, too, unless the rows by which that was over (`back` of them) look like part of it: then one looks further back.
    """
    if signal.chart == "guard":
        return _guard(signal)
    last = signal.point.row
    floor = max(1, active.after_seq + 1, events.begun_anew(connection, line, last) + 1)
    over = last
    for _ in range(EARLIER):
        over = last_back(connection, line, over)
        first = max(floor, over - back + 1)
        found = since(connection, line, model, first, last)
        if found.get("since_low") != first or first == floor:
            break
    else:
        first = floor
        found = since(connection, line, model, first, last)
    return {"since_from": first, "since_until": last + FOLLOWED, **found} if found else {}


def _guard(signal: Signal) -> dict[str, Any]:
    """A guard has no spread: it moved at the first row that it was out."""
    row = signal.since
    return {"since_row": row, "since_low": row, "since_high": row, "since_kind": "step", "since_change": "guard", "since_why": ""}


def since(connection: Connection, line: str, model: Model, first: int, last: int) -> dict[str, Any]:
    """The facts of when it began, from the rows `first` (at most 500 of them) to `last`; {} when none could be judged.

    since_row, since_low, since_high, their times (µs UTC) since_at, since_low_at, since_high_at, since_kind (step, drift), since_change
    (step, drift, spread), since_why; shift: how far each variable has moved on average since then (up to the last row, for a drift), in
    its own unit; shift_t2: the T² of that shift, which grows with the rows.
    """
    size = model.subgroup.size if model.subgroup is not None else 1  # labels are not stored: the newest rows are taken by their number
    first = max(first, last - MOST * size + 1)
    window = store.rows_between(connection, line, first + (last - first + 1) % size, last)
    if not len(window) or not set(model.inputs) <= set(window.rows.names):
        return {}
    found = began(model, window.rows, int(window.seq[0]))
    if found is None:
        return {}
    one = found.since
    return {
        "since_row": one.row,
        "since_low": one.low,
        "since_high": one.high,
        **_times(window, one.row, one.low, one.high),
        "since_kind": one.kind,
        "since_change": found.change,
        "since_why": found.why,
        "shift": deviation(model, found.shift),
        "shift_t2": found.strength,
    }


def _times(window: Window, row: int, low: int, high: int) -> dict[str, int]:
    known = to_us(window.rows.at)
    places = {"since_at": row, "since_low_at": low, "since_high_at": high}
    found = {name: int(np.searchsorted(window.seq, seq)) for name, seq in places.items()}
    return {name: int(at) if (at := known[i]) is not None else int(window.received[i]) for name, i in found.items()}
