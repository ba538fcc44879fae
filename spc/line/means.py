"""The means that a line was judged by, found again in its stored rows: labels are not stored, T² and the row on which it stands are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from spc.blame import blame
from spc.ledger import points
from spc.ledger.rows import rows_between
from spc.nouns import Blame, Floats, Model
from spc.phase2.subgroups import mean_of_most

_SAME = 1e-6  # relative: the T² of a mean must be the one that is stored, or it is not that mean


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """The mean x (p,) of `k` rows whose T² stands on row `seq`; NaN where no value was to be had."""

    seq: int
    k: int
    x: Floats


@dataclass(slots=True)
class Sizes:
    """The models for means of so many rows, each made once."""

    model: Model
    _made: dict[int, Model] = field(default_factory=dict)

    def of(self, k: int) -> Model:
        """The model that judges a mean of k rows."""
        if k not in self._made:
            self._made[k] = self.model.sized(k)
        return self._made[k]

    def blame(self, mean: Mean) -> Blame:
        """Each variable's share of the T² of a mean."""
        return blame(self.of(mean.k), mean.x)


def means(connection: Connection, line: str, model: Model, first: int, last: int) -> list[Mean]:
    """The subgroups whose T² stands on one of the rows first … last, oldest first; all of these rows were judged by the model.

    The rows between two such rows belong to the later one. The row that closes a subgroup belongs to it, unless the label had changed:
    which it was, the stored T² says. A subgroup that no such rows give the T² of is left out.
    """
    if model.subgroup is None:
        return []
    full, sizes = model.subgroup.full, Sizes(model)
    window = rows_between(connection, line, max(1, first - full - 1), last)
    if not len(window):
        return []
    x = window.rows.picked(model.names)
    seq, track = points.track_between(connection, line, int(window.seq[0]), last)
    closing = seq[np.isfinite(track.value)]
    places, values = np.searchsorted(window.seq, closing), track.value[np.isfinite(track.value)]
    found: list[Mean] = []
    before: int | None = None
    for row, at, value in zip(closing.tolist(), places.tolist(), values.tolist(), strict=True):
        if row >= first and (one := _mean(sizes, x, row, at, value, _starts(before, at, full))) is not None:
            found.append(one)
        before = at
    return found


def _starts(before: int | None, at: int, full: int) -> Iterable[int]:
    """Where a subgroup can begin that closes at a place: behind the one before it, or with the row that closed that one."""
    usual = () if before is None else (before + 1, before)
    return (*usual, *(start for start in range(max(0, at - full), at + 1) if start not in usual))


def _mean(sizes: Sizes, x: Floats, row: int, at: int, value: float, starts: Iterable[int]) -> Mean | None:
    for start in starts:
        for end in (at + 1, at):
            if end <= start:
                continue
            k, mean = mean_of_most(x[start:end])
            seen = ~np.isnan(mean)
            if k and math.isclose(float(sizes.of(k).scatter.part(seen).d2(mean[seen])[0]), value, rel_tol=_SAME):
                return Mean(row, k, mean)
    return None
