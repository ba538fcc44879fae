"""The part of a reference that the checks look at: its measurement columns, and robust numbers for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spc.inspect.core import Core, core
from spc.inspect.memory import Memory, remembered
from spc.inspect.steps import Steps, searched
from spc.nouns import Bools, Column, Floats, Rows, Times

OVERALL = 0.01  # one stable table in a hundred shows a step; at 5 % a finding would too often be about nothing
_FEWEST = 20  # rows, and three per column, without which no law of the rows can be told
_SAMPLE = 100_000  # rows that are enough for a median


@dataclass(frozen=True, eq=False)
class Measured:
    """`x` (n, p) of the columns that are measured and vary, their `names`; `guards` are the names of the other columns of the rows."""

    x: Floats
    names: tuple[str, ...]
    guards: tuple[str, ...]
    rows: Rows

    @classmethod
    def of(cls, rows: Rows, columns: tuple[Column, ...]) -> Measured:
        """The measurement columns of some rows; all of them when nothing is known about the columns."""
        roles = {c.name: c.role for c in columns}
        varies = [_varies(rows.x[:, j]) for j in range(rows.x.shape[1])]
        kept = [j for j, name in enumerate(rows.names) if varies[j] and roles.get(name, "measurement") == "measurement"]
        x = rows.x if len(kept) == rows.x.shape[1] else rows.x[:, kept]
        return cls(x, tuple(rows.names[j] for j in kept), tuple(n for j, n in enumerate(rows.names) if j not in set(kept)), rows)

    @property
    def n(self) -> int:
        return int(self.x.shape[0])

    @property
    def p(self) -> int:
        return int(self.x.shape[1])

    @property
    def at(self) -> Times:
        return self.rows.at

    @cached_property
    def present(self) -> Bools:
        """(n, p): where there is a number."""
        return np.asarray(np.isfinite(self.x))

    @cached_property
    def complete(self) -> Bools:
        """(n,): rows without a missing value."""
        return np.asarray(self.present.all(axis=1))

    @cached_property
    def medians(self) -> Floats:
        """(p,) in the columns' units."""
        return np.nanmedian(self._sample, axis=0) if self.n and self.p else np.empty(self.p)

    @cached_property
    def spreads(self) -> Floats:
        """(p,) median absolute deviation × 1.4826: a standard deviation that outliers do not move; 0 when half the cells are equal."""
        return 1.4826 * np.nanmedian(np.abs(self._sample - self.medians), axis=0) if self.n and self.p else np.empty(self.p)

    @cached_property
    def core(self) -> Core | None:
        """A robust fit of a sample of the complete rows; None when they are too few."""
        return core(self.x, self.present, self.spreads) if self.n and self.p else None

    @cached_property
    def steps(self) -> Steps:
        """Where the rows change for good, searched once with an overall error rate of 1 %."""
        if self.core is None or len(self.core.x) < max(_FEWEST, 3 * len(self.core.columns)):
            return Steps((), 1.0)
        return searched(self.x, self.core, OVERALL)

    @cached_property
    def memory(self) -> Memory:
        """How much neighbouring rows are alike."""
        return remembered(self.x, self.medians, self.spreads)

    @cached_property
    def level(self) -> Measured:
        """The same rows with every stretch between steps brought to the same medians: what is left when the steps are explained."""
        if not self.steps.first or not self.steps.independent:
            return self
        parts = np.split(self.x, self.steps.first)
        same = np.vstack([part - _medians(part, self.medians) + self.medians for part in parts])
        flat = Measured(same, self.names, self.guards, self.rows)
        flat.__dict__["steps"] = Steps((), 1.0)
        return flat

    @cached_property
    def _sample(self) -> Floats:
        return self.x[:: max(1, self.n // _SAMPLE)]

    def name_time(self, i: int) -> str:
        """Where a row is, in words: its number, and its time when it has one."""
        at = self.at[i]
        return f"row {i + 1}" + ("" if np.isnat(at) else f" ({str(at)[:19].replace('T', ' ')})")


def _medians(x: Floats, instead: Floats) -> Floats:
    """Medians of the columns of x; `instead` where a column has no value."""
    some = np.isfinite(x).any(axis=0)
    found = instead.copy()
    found[some] = np.nanmedian(x[:, some], axis=0)
    return found


def _varies(column: Floats) -> bool:
    with np.errstate(invalid="ignore"):
        seen = column[np.isfinite(column)]
    return len(seen) > 1 and bool(seen.min() < seen.max())
