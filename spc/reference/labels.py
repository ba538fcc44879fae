"""The labels of rows: which subgroup a row belongs to, and which product it is."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from spc.nouns import Column, Role
from spc.reference.cells import clean, is_missing
from spc.reference.fields import Table


def labels(table: Table, columns: Sequence[Column], role: Role) -> tuple[str, ...]:
    """One label per row of the column with this role, "" where it is missing; empty when there is no such column.

    A column of numbers is labelled by its numbers, 7 and 7.0 alike. Equal labels are one object, so that a long column takes little room.
    """
    name = next((c.name for c in columns if c.role == role), None)
    one = table.named(name) if name is not None else None
    if one is None:
        return ()
    if one.storage == "text":
        return tuple([sys.intern("" if is_missing(text) else clean(text)) for text in one.texts])
    return tuple([sys.intern(f"{v:.15g}") if np.isfinite(v) else "" for v in one.values.tolist()])
