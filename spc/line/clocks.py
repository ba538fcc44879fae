"""Clocks that disagree: a source's with ours, and this machine's with itself."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from spc.nouns import Finding

EVERY_US = 1_000_000  # blocks that come faster are one glance: a burst says no more of a clock than its first block
GLANCES, ENOUGH = 10, 5
BACK_S = 1.0  # a clock that is set by less is only being kept right


@dataclass
class Lag:
    """How long after their own time a line's rows arrive: of the newest row, and smoothed over the last blocks.

    Only rows that come as fast as they are dated say anything of a clock: what waited for a network that was away is sent faster, and
    so is the past. `limit_s`: a smoothed lag beyond it is told; 0 says never.

    >>> lag = Lag(60.0)
    >>> [lag.look(t * 1_000_000, (t + 95) * 1_000_000) for t in range(10, 20)]
    ['', '', '', '', 'off', '', '', '', '', '']
    >>> lag.finding.text
    'The rows of this line arrive 95 s after the time that they carry.'
    """

    limit_s: float
    last_s: float | None = None  # of the newest row that came in time, when it came
    off_s: float = 0.0  # the smoothed lag while it is beyond the limit; below 0 when rows are dated in the future
    glances: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=GLANCES))

    def look(self, newest: int, now: int) -> str:
        """Rows came; `newest` is the time of the newest one in time, µs. Returns "off" or "right" when what is to be told changed."""
        self.last_s = (now - newest) / 1e6
        if not self.limit_s or (self.glances and 0 <= now - self.glances[-1][0] < EVERY_US):
            return ""
        if self.glances and not self._steady(self.glances[-1], (now, newest)):
            self.glances.clear()
        self.glances.append((now, newest))
        if len(self.glances) < ENOUGH or not self._steady(self.glances[0], (now, newest)):
            return ""
        lag = median(received - at for received, at in self.glances) / 1e6
        before, self.off_s = self.off_s, lag if abs(lag) > self.limit_s else 0.0
        return "" if bool(before) == bool(self.off_s) else "off" if self.off_s else "right"

    def _steady(self, one: tuple[int, int], other: tuple[int, int]) -> bool:
        """Whether rows came as fast as they are dated between two glances."""
        return abs((other[0] - other[1]) - (one[0] - one[1])) <= 0.5e6 * self.limit_s

    @property
    def words(self) -> str:
        """A few words for the head of a page; empty while all is well.

        >>> Lag(60.0, off_s=-95.2).words
        'rows dated 95 s in the future'
        """
        if not self.off_s:
            return ""
        return f"rows dated {self.off_s:.0f} s back" if self.off_s > 0 else f"rows dated {-self.off_s:.0f} s in the future"

    @property
    def finding(self) -> Finding | None:
        """What a person should know; None while all is well."""
        if not self.off_s:
            return None
        if self.off_s > 0:
            text = f"The rows of this line arrive {self.off_s:.0f} s after the time that they carry."
            cure = "Set the clock of whoever dates them; if rows do wait that long on their way, give the line a larger skew_s."
        else:
            text = f"The rows of this line carry a time {-self.off_s:.0f} s after they arrive."
            cure = "Set the clock of whoever dates them, or that of this machine."
        return Finding("clock skew", "amber", text, cure)


class Steady:
    """Notices that the clock of this machine was set back, by a clock that nobody can set.

    >>> wall, steady = iter([1000.0, 1001.0, 942.0]), iter([5.0, 6.0, 7.0])
    >>> clock = Steady(lambda: next(wall), lambda: next(steady))
    >>> clock.went_back(), clock.went_back()
    (0.0, 60.0)
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()

    def went_back(self) -> float:
        """By how many seconds since it was asked last; 0 when it was not set back. A clock that goes ahead is no news here."""
        before, self._ahead = self._ahead, self._wall() - self._steady()
        return round(before - self._ahead, 3) if before - self._ahead > BACK_S else 0.0
