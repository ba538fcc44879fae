"""What a source gives: rows, how far it was read with them, what no row could be made of, and when rows are known to be missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.nouns import Rows

NO_ROWS = Rows((), np.empty((0, 0)), np.empty(0, dtype="datetime64[us]"), ())


@dataclass(frozen=True, slots=True)
class Scrap:
    """What was sent and no row could be made of: its bytes as they came, and the reason in words. It is kept and can be taken again."""

    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows are known to be missing since a time (µs UTC), until another one or up to now, and why in words."""

    since: int
    until: int | None
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A block of rows with all that came with it; everything of it reaches the disk in one transaction.

    `position` is a JSON value that says how far the source has been read with it, None when it has nothing to remember. The rows may be
    none. `clear` says that the gap of this source that goes on is over.

    >>> Batch.of((Rows.of(np.zeros((3, 2))), {"row": 3})).position
    {'row': 3}
    """

    rows: Rows
    position: Any = None
    scraps: tuple[Scrap, ...] = ()
    gaps: tuple[Gap, ...] = ()
    clear: bool = False

    @classmethod
    def of(cls, given: Batch | tuple[Rows, Any]) -> Batch:
        """A batch, of a batch or of rows with their position: simple sources give those."""
        return given if isinstance(given, Batch) else cls(*given)
