"""Since when an alarm's change goes on: worked out from the ledger's rows when it opens, and again while its first points come."""

from __future__ import annotations

from typing import Any, Final

from spc.blame.since import MOST
from spc.ledger.lines import Activation
from spc.line.page import Page
from spc.nouns import Model, Signal
from spc.phase2.beginning import beginning, looked_back

FOLLOWED: Final = 100  # rows after its first point out for which an incident's beginning is worked out anew: later ones hardly move it


def opened(page: Page, active: Activation, model: Model, signal: Signal, back: int) -> dict[str, Any]:
    """The facts of when it began at the signal that opens an incident; {} when no row could be judged.

    The change lies after the model became active and after the charts began anew (a cause was found). It lies after an earlier excursion
    was over, too, unless the rows by which that was over (`back` of them) look like part of it: then one looks further back.
    """
    if signal.chart == "guard":
        return _guard(signal)
    if model.subgroup is not None and signal.chart in model.subgroup.by_size:
        return {}  # it is the spread within subgroups that moved: their means cannot say when
    last = signal.point.row
    floor = max(1, active.after_seq + 1, page.begun_anew(last) + 1)
    first, found = looked_back(lambda first, last: since(page, model, first, last), page.last_back, floor, last, back)
    return {"since_from": first, "since_until": last + FOLLOWED, **found} if found else {}


def _guard(signal: Signal) -> dict[str, Any]:
    """A guard has no spread: it moved at the first row that it was out."""
    row = signal.since
    return {"since_row": row, "since_low": row, "since_high": row, "since_kind": "step", "since_change": "guard", "since_why": ""}


def since(page: Page, model: Model, first: int, last: int) -> dict[str, Any]:
    """The facts of when it began (spc.phase2.beginning), from the rows `first` (at most 500 of them) to `last`."""
    size = model.subgroup.size if model.subgroup is not None else 1  # labels are not stored: the newest rows are taken by their number
    first = max(first, last - MOST * size + 1)
    window = page.rows_between(first + (last - first + 1) % size, last, size)
    return beginning(model, window.rows, int(window.seq[0]), window.received.tolist()) if len(window) else {}
