"""What is found of rows that are known to be bad: how many, how soon, and at what price in good rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from spc.nouns import Bools, Floats
from spc.replay.intervals import Interval, share


@dataclass(frozen=True, slots=True)
class Found:
    """Rows out against the truth. `faults` are stretches of bad rows, `caught` those during which an alarm stood.

    `delay` is the number of rows from the first bad row to the first one on which an alarm stands, for the first fault that was caught;
    `median_delay` is over all that were. Rows whose truth is not known count nowhere.
    """

    bad: int
    bad_out: int
    good: int
    good_out: int
    faults: int
    caught: int
    delay: int | None
    median_delay: float | None

    @property
    def detection(self) -> Interval:
        """The share of bad rows that are out."""
        return share(self.bad_out, self.bad)

    @property
    def false_alarms(self) -> Interval:
        """The share of good rows that are out."""
        return share(self.good_out, self.good)

    @property
    def precision(self) -> float | None:
        """The share of bad rows among those out."""
        out = self.bad_out + self.good_out
        return self.bad_out / out if out else None

    @property
    def f1(self) -> float | None:
        """2·TP / (2·TP + FP + FN); None when no row is bad."""
        return 2 * self.bad_out / (self.bad + self.bad_out + self.good_out) if self.bad else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "bad": self.bad,
            "bad_out": self.bad_out,
            "good": self.good,
            "good_out": self.good_out,
            "detection": self.detection.to_dict(),
            "false_alarms": self.false_alarms.to_dict(),
            "precision": self.precision,
            "f1": self.f1,
            "faults": self.faults,
            "caught": self.caught,
            "delay": self.delay,
            "median_delay": self.median_delay,
        }


@dataclass(slots=True)
class Tally:
    """Counts as rows go by. A fault goes on while every row is bad."""

    bad: int = 0
    bad_out: int = 0
    good: int = 0
    good_out: int = 0
    faults: int = 0
    _delays: list[int] = field(default_factory=list)
    _age: int = -1  # rows since the present fault began; −1 when there is none
    _seen: bool = False  # whether an alarm stood during it

    def take(self, truth: Floats, judged: Bools, out: Bools, alarm: Bools) -> None:
        """A block: 1 bad, 0 good, NaN unknown; judged, out, and whether an alarm stands (n,)."""
        bad, good = truth > 0, truth == 0
        self.bad += int((bad & judged).sum())
        self.bad_out += int((bad & out).sum())
        self.good += int((good & judged).sum())
        self.good_out += int((good & out).sum())
        edges = np.flatnonzero(np.diff(np.concatenate([[self._age >= 0], bad]).astype(np.int8)))
        starts = [0, *edges.tolist(), len(bad)]
        for low, high in pairwise(starts):
            if low == high:
                continue
            if not bad[low]:
                self._age = -1
                continue
            if self._age < 0:
                self.faults, self._age, self._seen = self.faults + 1, 0, False
            stood = np.flatnonzero(alarm[low:high])
            if not self._seen and len(stood):
                self._seen = True
                self._delays.append(self._age + int(stood[0]))
            self._age += high - low

    def found(self) -> Found:
        """The counts, once all rows have gone by."""
        delays = self._delays
        median = float(np.median(delays)) if delays else None
        counts = (self.bad, self.bad_out, self.good, self.good_out, self.faults, len(delays))
        return Found(*counts, delays[0] if delays else None, median)
