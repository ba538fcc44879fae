"""The verbs for people with pandas: a DataFrame in, a DataFrame out, and the same numbers as everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np
import pandas as pd

from spc import phase1, phase2
from spc.export import Table, points_table
from spc.nouns import Blame, Model, Points, ProductModels, Reference, Role, Rows
from spc.reference import read as read_reference
from spc.reference import read_rows
from spc.watch import Watch


def read(
    source: str | bytes | Path | BinaryIO | pd.DataFrame, *, name: str = "", roles: Mapping[str, Role] | None = None, timezone: str = "UTC"
) -> Reference:
    """A reference from a CSV or a DataFrame; both pass through the same strict reader."""
    return read_reference(source, name=name, roles=roles, timezone=timezone)


def fit(reference: Reference | pd.DataFrame, recipe: phase1.Recipe | None = None) -> Model:
    """The model of a reference, or of a DataFrame read with the guessed roles."""
    table = _read_for(reference, recipe) if isinstance(reference, pd.DataFrame) else reference
    return phase1.fit(table, recipe).model


def fit_products(reference: Reference | pd.DataFrame, recipe: phase1.Recipe) -> ProductModels:
    """A model for each product of a reference, told apart by the column `recipe.product`."""
    table = _read_for(reference, recipe) if isinstance(reference, pd.DataFrame) else reference
    return phase1.fit_products(table, recipe).models


def _read_for(frame: pd.DataFrame, recipe: phase1.Recipe | None) -> Reference:
    """A DataFrame read with the roles that the recipe gives to its columns."""
    roles: dict[str, Role] = {}
    if recipe is not None and recipe.subgroup:
        roles[recipe.subgroup] = "subgroup"
    if recipe is not None and recipe.product:
        roles[recipe.product] = "product"
    return read(frame, roles=roles)


def judge(model: Model | ProductModels, rows: pd.DataFrame, *, blame: bool = False) -> pd.DataFrame:
    """Each row judged, from a start without memory."""
    return Monitor(model, blame=blame).judge(rows, whole=True)


class Monitor:
    """Judges one block after another and remembers in between: row numbers, charts with memory, whether the line is out of control.

    `judge` takes a DataFrame and returns one with the columns of `spc judge` and the index it was given; it takes a block of Rows, too,
    and returns Points.
    """

    def __init__(self, model: Model | ProductModels, *, watch: Watch | None = None, blame: bool = False, timezone: str = "UTC") -> None:
        self.model = model
        self._monitor = phase2.ProductMonitor(model) if isinstance(model, ProductModels) else phase2.Monitor(model)
        self._watch = watch or Watch()
        self._state = self._watch.start()
        self._blame, self._timezone = blame, timezone
        self._next = 1

    @overload
    def judge(self, rows: pd.DataFrame, *, whole: bool = False) -> pd.DataFrame: ...

    @overload
    def judge(self, rows: Rows, *, whole: bool = False) -> Points: ...

    def judge(self, rows: pd.DataFrame | Rows, *, whole: bool = False) -> pd.DataFrame | Points:
        """The next block, judged. Raises ColumnMismatch and BadTable; nothing is remembered of a block that was refused.

        `whole` is for a block that is a table from beginning to end: with subgroups, T² of each stands on its last row. Without it T²
        stands on the row that completes the subgroup, which for a short one is the first row of the next.
        """
        model = self.model
        if isinstance(rows, Rows):
            block = rows
        else:
            first = model.first if isinstance(model, ProductModels) else model
            block = read_rows(
                rows,
                columns=model.columns,
                time=first.time_column,
                id=first.id_column,
                subgroup=first.subgroup.column if first.subgroup is not None else None,
                product=model.column if isinstance(model, ProductModels) else None,
                timezone=self._timezone,
            )
        points = self._monitor.judge(block, first_row=self._next, whole=whole)
        self._state, signals = self._watch.step(self._state, points)
        self._next += len(block)
        if isinstance(rows, Rows):
            return points
        timed = bool(np.any(~np.isnat(block.at)))
        named = any(one is not None for one in block.ids)
        blamed = self._blamed(block) if self._blame else None
        return _frame(points_table(points, signals, timed=timed, named=named, blame=blamed), rows.index)

    def _blamed(self, block: Rows) -> Blame:
        monitor = self._monitor
        return monitor.blame(block) if isinstance(monitor, phase2.ProductMonitor) else phase2.blamed(monitor, block)


def _frame(table: Table, index: pd.Index) -> pd.DataFrame:
    """The table with the same types whatever is in it: a block without a signal has the type of one that has some."""
    kinds = {"row": "int64"} | dict.fromkeys(("time", "id", "signal", "note"), "str")
    columns = {
        name: pd.Series(values, index=index, dtype=kinds.get(name, "Int64" if name.endswith("_out") else "float64"))
        for name, values in table.items()
    }
    return pd.DataFrame(columns, index=index)
