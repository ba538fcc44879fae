"""Rows gathered into subgroups while they come: when one is complete, and the mean that is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spc.nouns import Bools, Floats, Ints, Model


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """A subgroup that is complete: its label, the positions in the block of its first and last row and of the row that closed it, and the
    values (p,) of its mean over `k` of its `rows`, NaN where no value is to be had, and the values (rows, p) themselves. A shorter subgroup
    is closed by the first row of the next one; rows of an earlier block have the position −1.
    """

    label: str
    first: int
    last: int
    closing: int
    rows: int
    k: int
    mean: Floats
    x: Floats

    @property
    def complete(self) -> Floats:
        """Its rows without a gap (n, p), whose covariance can be judged."""
        return self.x[~np.isnan(self.x).any(axis=1)]


@dataclass(slots=True)
class Gathering:
    """The open subgroup: its label and the values of its rows so far. A subgroup closes with its `full`-th row, or when another label
    comes. Rows without labels are counted: every `size` of them, the usual number, make a subgroup.
    """

    size: int
    full: int
    label: str = ""
    counted: int = 0  # subgroups so far, when rows have no labels
    rows: list[Floats] = field(default_factory=list)
    first: int = -1
    last: int = -1

    def take(self, x: Floats, labels: tuple[str, ...], closed: list[Closed]) -> list[str]:
        """The notes for a block x (n, p), NaN where a value is missing; subgroups that it completes are added to `closed`."""
        notes = [""] * len(x)
        self.first = self.last = -1
        for i in range(len(x)):
            if labels and not labels[i]:
                notes[i] = "no subgroup label: not judged"
                continue
            if self.rows and labels and labels[i] != self.label:
                closed.append(self._close(i))
            if not self.rows:
                self.label, self.first = labels[i] if labels else str(self.counted + 1), i
            self.rows.append(x[i])
            self.last = i
            most = self.full if labels else self.size
            notes[i] = f"subgroup {self.label}: {len(self.rows)} of {self.size if len(self.rows) <= self.size else self.full} rows"
            if len(self.rows) == most:
                closed.append(self._close(i))
        return notes

    def finish(self, closed: list[Closed]) -> None:
        """Closes what is open at the end of a file."""
        if self.rows:
            closed.append(self._close(self.last))

    def memory(self) -> dict[str, Any]:
        """The open subgroup as plain numbers; a missing value is None."""
        rows = [[None if np.isnan(v) else float(v) for v in row] for row in self.rows]
        return {"label": self.label, "counted": self.counted, "rows": rows}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up an open subgroup that was kept."""
        self.label, self.counted = str(memory.get("label", "")), int(memory.get("counted", 0))
        self.rows = [np.array([np.nan if v is None else v for v in row], dtype=np.float64) for row in memory.get("rows", ())]

    def _close(self, closing: int) -> Closed:
        x = np.array(self.rows)
        k, mean = mean_of_most(x)
        found = Closed(self.label, self.first, self.last, closing, len(self.rows), k, mean, x)
        self.rows, self.counted, self.last = [], self.counted + 1, -1
        return found


def mean_of_most(x: Floats) -> tuple[int, Floats]:
    """The number of rows and the mean (p,) over the block of x (k, p) without gaps that holds most values; NaN for the other variables.

    When all is there that is every row. Otherwise a row is left out, or a variable, whichever costs less: the limits are for complete
    rows of the variables that are observed.

    >>> k, mean = mean_of_most(np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 9.0], [3.0, 7.0]]))
    >>> k, mean.tolist()
    (3, [3.0, 7.0])
    """
    there = ~np.isnan(x)
    if there.all():
        return len(x), _mean(x)
    best: tuple[int, int, Bools, Ints] | None = None
    for seen in np.unique(there, axis=0):
        rows = np.flatnonzero(np.all(there[:, seen], axis=1))
        held = (len(rows) * int(seen.sum()), int(seen.sum()))
        if best is None or held > best[:2]:
            best = (*held, seen, rows)
    mean = np.full(x.shape[1], np.nan)
    if best is None or not best[2].any():
        return 0, mean
    mean[best[2]] = _mean(x[np.ix_(best[3], best[2])])
    return len(best[3]), mean


def _mean(x: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.asarray(x.mean(axis=0))
        return found if np.isfinite(found).all() else np.asarray((x / len(x)).sum(axis=0))  # values near 1e308 have no sum


def gathering(model: Model) -> Gathering | None:
    """A gathering for a model that judges subgroups; None for one that judges rows."""
    return None if model.subgroup is None else Gathering(model.subgroup.size, model.subgroup.full)
