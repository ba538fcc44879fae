"""New rows of several products: each is judged by the model of its own product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spc.errors import ColumnMismatch
from spc.nouns import Blame, Cause, Floats, Ints, Model, Points, ProductModels, Rows, Track
from spc.phase2.blamed import blamed, cause_of
from spc.phase2.monitor import Monitor
from spc.phase2.subgroups import Closed


class ProductMonitor:
    """Judges blocks of rows, each row against the model of its product; the products' memories are held apart.

    A row without a label and one of a product that has no model are not judged, and their notes say so. Raises ColumnMismatch for rows
    without labels of products, or without a column that a model needs.
    """

    def __init__(self, models: ProductModels) -> None:
        self.models = models
        self.monitors = {product: Monitor(model) for product, model in models.models.items()}
        self._places: dict[str, Ints] = {}

    def judge(self, rows: Rows, first_row: int = 1, *, whole: bool = False) -> Points:
        """The points of a block; see Monitor.judge."""
        n = len(rows)
        if n and not rows.product:
            raise ColumnMismatch(
                "The models are chosen by this column and the rows do not have it.",
                cure=f"The products are: {', '.join(self.models.products)}.",
                column=self.models.column,
            )
        label = np.array(rows.product, dtype=object)
        known = ", ".join(self.models.products)
        notes = [
            "" if one in self.monitors else f"product {one!r} has no model ({known}): not judged" if one else "no product: not judged"
            for one in rows.product
        ]
        charts = dict.fromkeys(name for model in self.models.models.values() for name in model.new_limits)
        charts |= dict.fromkeys(["guard"] if any(model.guards for model in self.models.models.values()) else [])
        tracks = {name: Track(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool)) for name in charts}
        self._places = {product: np.flatnonzero(label == product) for product in self.monitors}
        for product, place in self._places.items():
            points = self.monitors[product].judge(rows.some(place.tolist()), first_row, whole=whole)
            for name, found in points.tracks.items():
                track = tracks[name]
                track.value[place], track.ucl[place], track.out[place] = found.value, found.ucl, found.out
            for i, note in zip(place.tolist(), points.notes, strict=True):
                notes[i] = note
        return Points(np.arange(first_row, first_row + n, dtype=np.int64), rows.at, rows.ids, tracks, tuple(notes))

    def memory(self) -> dict[str, Any]:
        """What the products' monitors remember, as plain numbers."""
        return {product: monitor.memory() for product, monitor in self.monitors.items()}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up a memory that was kept."""
        for product, monitor in self.monitors.items():
            monitor.restore(memory.get(product, {}))

    def blame(self, rows: Rows) -> Blame:
        """Each variable's share of T² for the block that was judged last; NaN where a product does not chart a variable."""
        names = tuple(dict.fromkeys(name for model in self.models.models.values() for name in model.names))
        share, sigma, given = (np.full((len(rows), len(names)), np.nan) for _ in range(3))
        for product, place in self._places.items():
            parts = blamed(self.monitors[product], rows.some(place.tolist()))
            cells = np.ix_(place, np.array([names.index(name) for name in parts.names]))
            share[cells], sigma[cells], given[cells] = parts.share, parts.sigma, parts.given
        return Blame(names, share, sigma, given)

    def cause_of(self, rows: Rows, points: Points, i: int, chart: str = "t2") -> Cause | None:
        """See `cause_of`; None for a row that was not judged."""
        product = rows.product[i]
        if product not in self.monitors:
            return None
        place, monitor = self._places[product], self.monitors[product]
        own = {name: Track(track.value[place], track.ucl[place], track.out[place]) for name, track in points.tracks.items()}
        part = Points(points.rows[place], points.at[place], (), own, ())
        return cause_of(monitor, rows.some(place.tolist()), part, place.tolist().index(i), chart)

    def to_explain(self, rows: Rows, i: int) -> tuple[Model, Floats, int] | None:
        """See `to_explain`: the model, the values and the row of the i-th row's T²; None when it was not judged."""
        product = rows.product[i]
        if product not in self.monitors:
            return None
        place = self._places[product].tolist()
        found = to_explain(self.monitors[product], rows.some(place), place.index(i))
        return None if found is None else (found[0], found[1], place[found[2]])


def to_explain(monitor: Monitor, rows: Rows, i: int) -> tuple[Model, Floats, int] | None:
    """The model, the values (p,) and the position of the row on which T² stands, for the i-th row of the block that was judged last.

    With subgroups that is the mean of the row's subgroup and the model for so many rows; None when the subgroup was not judged.
    """
    model = monitor.model
    if model.subgroup is None:
        return model, (monitor.charted[i] if model.dynamics is not None else monitor.select(rows.part(slice(i, i + 1)))[0]), i
    found: tuple[int, Closed] | None = monitor.subgroup_of(i)
    if found is None or found[1].k == 0:
        return None
    return model.sized(found[1].k), found[1].mean, found[0]
