"""When a signal's change began, as facts to keep and to say: the same for a line, which reads its rows again, and for a replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from spc.blame.alike import widest
from spc.nouns import Model, Rows
from spc.phase2.began import began, deviation

EARLIER: Final = 4  # excursions behind which one looks; further back there may be changes that have nothing to do with this one


def looked_back(
    find: Callable[[int, int], Mapping[str, Any]], back_in: Callable[[int], int], floor: int, last: int, back: int
) -> tuple[int, Mapping[str, Any]]:
    """The row from which one looks for the beginning of a change that rang at row `last`, and what `find(first, last)` finds from there.

    The change lies after `floor`, and after an earlier excursion was over, at row `back_in(row)` before a row (0 when there was none),
    unless the `back` rows by which that was over look like part of it: then one looks further back.
    """
    over = back_in(last)
    first = max(floor, over - back + 1)
    found = find(first, last)
    for _ in range(EARLIER - 1):
        if found.get("since_low") != first or first == floor:
            break
        over = back_in(over)
        first = max(floor, over - back + 1)
        found = find(first, last)
    return first, found


def beginning(model: Model, rows: Rows, first_row: int, received: Sequence[int] | None = None) -> dict[str, Any]:
    """The facts of when the change began that lasts up to the last of the rows, numbered from `first_row`; {} when none could be judged.

    since_row, since_low, since_high; their times (µs UTC) since_at, since_low_at, since_high_at, of rows without times those at which
    they were `received`, or None; since_kind (step, drift), since_change (step, drift, spread), since_why; shift: how far each variable
    has moved on average since then (up to the last row, for a drift), in its own unit; shift_size: the same as a whitened length;
    shift_t2: its T², which grows with the rows. axis, axis_t2: of a change of the spread, the same for the axis along which the rows are
    wider, one standard deviation long (spc.blame.alike.widest); {} and 0 otherwise.
    """
    if not len(rows) or not set(model.inputs) <= set(rows.names):
        return {}
    found = began(model, rows, first_row)
    if found is None:
        return {}
    one, axis = found.since, widest(found.after) if found.change == "spread" else None
    places = {"since_at": one.row, "since_low_at": one.low, "since_high_at": one.high}
    return {
        "since_row": one.row,
        "since_low": one.low,
        "since_high": one.high,
        **{name: _time(rows, row - first_row, received) for name, row in places.items()},
        "since_kind": one.kind,
        "since_change": found.change,
        "since_why": found.why,
        "shift": deviation(model, found.shift),
        "shift_t2": found.strength,
        "shift_size": float(np.linalg.norm(found.shift)),
        "axis": {} if axis is None else deviation(model, axis.shift),
        "axis_t2": 0.0 if axis is None else axis.t2,
    }


def _time(rows: Rows, i: int, received: Sequence[int] | None) -> int | None:
    if not np.isnat(rows.at[i]):
        return int(rows.at[i].astype("datetime64[us]").astype(np.int64))
    return None if received is None else int(received[i])
