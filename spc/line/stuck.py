"""Sensors that are stuck: a value that came again and again, to the last digit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spc.nouns import Floats, Ints


@dataclass
class Stuck:
    """How often each column's last value has come in a row. `after` rows of it, and the column is stuck; 0 says that nobody minds.

    >>> stuck = Stuck(("a", "b"), after=3)
    >>> stuck.step(np.array([[1.0, 5.0], [1.0, 6.0], [1.0, 7.0]]))
    >>> stuck.columns
    ('a',)
    """

    names: tuple[str, ...]
    after: int
    run: Ints = field(init=False)
    last: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.run = np.zeros(len(self.names), dtype=np.int64)
        self.last = np.full(len(self.names), np.nan)

    def step(self, x: Floats) -> None:
        """The next rows (n, p). A missing value neither moves a column nor is it stuck: it ends the run."""
        n = len(x)
        if not n or not self.after:
            return
        there = ~np.isnan(x[-1])
        if n == 1:  # as most come
            self.run = np.where(there, np.where(x[0] == self.last, self.run + 1, 1), 0)
        else:
            same = x == np.concatenate([self.last[None], x[:-1]])
            moved = np.where(same, -1, np.arange(n)[:, None]).max(axis=0)  # the last row with another value than the one before; −1: none
            self.run = np.where(there, np.where(moved < 0, self.run + n, n - moved), 0)
        self.last = x[-1].copy()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are stuck."""
        if not self.after or not (here := self.run >= self.after).any():
            return ()
        return tuple(name for name, stuck in zip(self.names, here, strict=True) if stuck)
