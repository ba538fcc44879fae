"""Since when a row of a file is out: the beginning of the change that its excursion is part of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spc.watch import Watch

if TYPE_CHECKING:
    from spc.blame.since import Began
    from spc.cli.judged import Judged

EARLIER = 4  # excursions behind which one looks


def began(result: Judged, row: int) -> Began | None:
    """When the change began that the row, counted from 1, is part of; None when no chart was out at it.

    It lies after an earlier excursion was over, unless the rows by which that was over look like part of it.
    """
    from spc.phase2 import ProductMonitor
    from spc.phase2.began import began as found_in

    if not _out(result, row):
        return None
    if isinstance(result.monitor, ProductMonitor):
        product = result.rows.product[row - 1]
        model = result.monitor.models.models[product]
        place = np.array([i for i in range(row) if result.rows.product[i] == product])
    else:
        model, place = result.monitor.model, np.arange(row)
    found = None
    for start in _starts(result, row):
        here = place[place >= start - 1]
        found = found_in(model, result.rows.some(here.tolist()), 1)
        if found is not None:
            numbers = here + 1  # of the file
            one = found.since
            row_of, low, high = (int(numbers[min(one_row, len(numbers)) - 1]) for one_row in (one.row, one.low, one.high))
            found = replace(found, since=replace(one, row=row_of, low=low, high=high))
            if low > numbers[0]:
                break
    return found


def _out(result: Judged, row: int) -> bool:
    """Whether any chart is out at the row: signalled, and not yet back in; or beyond its limit."""
    out: dict[str, bool] = {}
    for signal in result.signals:
        if signal.point.row <= row:
            out[signal.chart] = signal.kind == "out"
    return any(out.values()) or any(bool(track.out[row - 1]) for track in result.points.tracks.values())


def _starts(result: Judged, row: int) -> Iterator[int]:
    overs = sorted({signal.point.row for signal in result.signals if signal.kind == "in" and signal.point.row < row}, reverse=True)
    yield from (max(1, over - Watch().back + 1) for over in [*overs, 0][:EARLIER])
