"""Rows: what a line or a table gives, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spc.nouns.arrays import Codes, Floats, Times

QUALITIES = ("good", "uncertain", "bad", "stale", "missing", "late")  # what a row or a value is worth; a value's code is its place here
UNFIT = frozenset({"bad", "stale", "missing"})  # not to be believed: kept as it came and never judged
_UNFIT = np.array([one in UNFIT for one in QUALITIES])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A block of rows: `x` (n, p) in the columns' own units, `names` its p columns, `at` (n,) times, `ids` (n,) part numbers.

    `quality` is "good", "uncertain", "bad", "stale", "missing" or "late" for each row, or empty when all are good. `subgroup` and
    `product` are the row's labels, "" where one is missing, or empty when the table has no such column. `codes` (n, p) says the same of
    each value, as the position of its word in `QUALITIES`, None when all are good; `raw` keeps a source's own word or code for a row.
    """

    names: tuple[str, ...]
    x: Floats
    at: Times
    ids: Sequence[str | None]
    quality: tuple[str, ...] = ()
    subgroup: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    codes: Codes | None = None
    raw: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def unfit(self) -> tuple[int, ...]:
        """The positions of rows none of whose values is to be believed."""
        return tuple(i for i, one in enumerate(self.quality) if one in UNFIT)

    @property
    def believed(self) -> Floats:
        """The values (n, p), NaN where a row or a value is bad, stale or missing. It is `x` itself when there is no such value."""
        unfit = list(self.unfit)
        if not unfit and self.codes is None:
            return self.x
        x = self.x.copy() if self.codes is None else np.where(_UNFIT[self.codes], np.nan, self.x)
        x[unfit] = np.nan
        return x

    def picked(self, names: Sequence[str]) -> Floats:
        """The columns (n, p) of these names, NaN where the rows have no such column or a value is not to be believed.

        >>> Rows(("a", "b"), np.array([[1.0, 2.0]]), np.array(["NaT"], dtype="datetime64[us]"), (None,)).picked(("b", "c")).tolist()
        [[2.0, nan]]
        """
        believed = self.believed
        if tuple(names) == self.names:
            return believed.copy() if believed is self.x else believed
        have = {name: j for j, name in enumerate(self.names)}
        x = np.full((len(self), len(names)), np.nan)
        for j, name in enumerate(names):
            if name in have:
                x[:, j] = believed[:, have[name]]
        return x

    @property
    def interval(self) -> float | None:
        """The median time between two rows, in seconds; None when there are no times."""
        steps = np.diff(self.at[~np.isnat(self.at)]) / np.timedelta64(1, "s")
        return float(np.median(steps[steps > 0])) if bool(np.any(steps > 0)) else None

    def between(self, subgroups: bool) -> float | None:
        """The median time between two points, in seconds: two rows, or the last rows of two subgroups; None when it is not known."""
        if not subgroups or len(self.subgroup) != len(self):
            return self.interval
        labels = np.array(self.subgroup)
        ends = np.append(labels[1:] != labels[:-1], True) & (labels != "") if len(labels) else np.zeros(0, dtype=bool)
        return self.some(np.flatnonzero(ends).tolist()).interval

    def part(self, where: slice) -> Rows:
        """The rows of a slice, as a block."""
        labels = (self.quality[where], self.subgroup[where], self.product[where])
        codes = None if self.codes is None else self.codes[where]
        return Rows(self.names, self.x[where], self.at[where], self.ids[where], *labels, codes, self.raw[where])

    def some(self, which: Sequence[int]) -> Rows:
        """The rows at these positions, as a block."""
        kept = (self.quality, self.subgroup, self.product, self.raw)
        quality, subgroup, product, raw = (tuple(one[i] for i in which) if one else () for one in kept)
        at = np.asarray(which, dtype=np.int64)
        codes, all_ids = None if self.codes is None else self.codes[at], tuple(self.ids)
        ids = tuple(all_ids[i] for i in which)
        return Rows(self.names, self.x[at], self.at[at], ids, quality, subgroup, product, codes, raw)

    @classmethod
    def of(cls, x: Floats, names: tuple[str, ...] | None = None) -> Rows:
        """Rows from a bare array, without times or part numbers."""
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        names = names or tuple(f"x{j + 1}" for j in range(x.shape[1]))
        return cls(names, x, np.full(len(x), np.datetime64("NaT"), dtype="datetime64[us]"), (None,) * len(x))
