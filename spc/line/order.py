"""The order of a line's rows in time: which rows come late, and when it is the clock that went back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.ledger.clock import NONE
from spc.nouns import Bools, Ints

RUN = 30  # rows that all come late, one behind the other as time goes by, are a clock that was set back


@dataclass
class Order:
    """What a line knows of the times of its rows: the newest, µs, and the rows that came late since the last one that did not.

    `late_us`: how far behind the newest a row may be without being late. A row whose time is about that of its receipt is not late,
    however far ahead of it an earlier one was dated.

    >>> order = Order(newest=100_000_000, late_us=10_000_000)
    >>> order.late(np.array([101, 95, 80]) * 1_000_000, now=102_000_000).tolist()
    [False, False, True]
    """

    newest: int
    late_us: int
    run: int = 0
    begun_at: int = 0
    begun_received: int = 0
    went_back: int = 0  # by how much the clock was found to be set back with the last rows, µs; 0 when it was not

    def late(self, at: Ints, now: int) -> Bools:
        """Which of the next rows are late, by their times (n,) in µs; rows without a time never are."""
        self.went_back = 0
        timed = at != NONE
        if not timed.any():
            return np.zeros(len(at), dtype=np.bool_)
        known = np.where(timed, at, self.newest)
        before = np.maximum.accumulate(np.concatenate([[self.newest], known[:-1]]))
        late = np.asarray(timed & (at < before - self.late_us) & (at < now - self.late_us))
        if late.all():
            return self._all_late(at, late, now)
        self.run = 0
        self.newest = max(self.newest, int(known[~late].max()))
        return late

    def _all_late(self, at: Ints, late: Bools, now: int) -> Bools:
        """Rows that are sent after come all at once; under a clock that was set back they come one by one, as fast as they are dated."""
        if self.run == 0:
            self.begun_at, self.begun_received = int(at[0]), now
        self.run += len(at)
        dated, waited = int(at[-1]) - self.begun_at, now - self.begun_received
        if self.run < RUN or not 0 < dated <= 2 * waited:
            return late
        self.went_back, self.newest, self.run = self.newest - int(at[-1]), int(at[-1]), 0
        return np.zeros_like(late)
