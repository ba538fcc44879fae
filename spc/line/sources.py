"""How the sources of the lines are doing: the state of each, and what was counted of it since this process began."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from spc.line.receipt import Receipt
from spc.sources import Batch

States = Literal["none", "waiting", "running", "lost", "elsewhere", "ended"]


@dataclass
class Tally:
    """What came of one source. Written by the thread that reads it; whoever asks from elsewhere sees numbers of one moment ago.

    >>> import numpy as np
    >>> from spc.nouns import Rows
    >>> tally = Tally()
    >>> tally.take(Batch.of((Rows.of(np.zeros((3, 2))), None)), Receipt(2, 1, late=1), 5)
    >>> tally.batches, tally.rows, tally.duplicates, tally.late, tally.last
    (1, 2, 1, 1, 5)
    """

    batches: int = 0
    rows: int = 0
    duplicates: int = 0
    late: int = 0
    scraps: int = 0
    lost: int = 0
    reconnects: int = 0
    last: int | None = None  # when the last batch was on disk, µs UTC

    def take(self, batch: Batch, receipt: Receipt, now: int) -> None:
        """Counts a batch that is on disk."""
        self.batches += 1
        self.rows += receipt.accepted
        self.duplicates += receipt.duplicates
        self.late += receipt.late
        self.scraps += len(batch.scraps)
        self.last = now


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a line's source is: "running", "lost" (and why; it is asked again and again), "elsewhere" (another process runs the line: which
    one is said as the error), "ended", or "none".
    """

    state: States
    since: int
    name: str = ""
    error: str = ""
    tally: Tally = field(default_factory=Tally, compare=False)
