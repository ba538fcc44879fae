"""A line's newest rows, still in memory: what an alarm asks of the ledger is most often these."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

import numpy as np

from spc.blame.since import MOST
from spc.ledger.windows import LABELS, Window
from spc.nouns import Rows

_FEW = 100  # rows of a block that is worth keeping: of small ones more than two would be needed


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Rows as the ledger has them: the number of the first, and when they were received."""

    first: int
    rows: Rows
    received: int

    def tail(self) -> _Block | None:
        """The last rows, which keep no others in memory; None when they are too few."""
        over = len(self.rows) - MOST
        if over <= 0:
            return self if len(self.rows) >= _FEW else None
        rows = self.rows.part(slice(over, None))
        return _Block(self.first + over, replace(rows, x=rows.x.copy(), at=rows.at.copy()), self.received)


@dataclass(eq=False)
class Recent:
    """The last block and the end of the one before it. Known to be what the ledger has only as long as nobody else writes the line."""

    _before: _Block | None = field(default=None)
    _last: _Block | None = field(default=None)

    def add(self, first: int, rows: Rows, received: int) -> None:
        """Rows that were stored, the first with this number."""
        self._before = self._last.tail() if self._last is not None else None
        self._last = _Block(first, rows, received)
        self.__dict__.pop("window", None)

    @cached_property
    def window(self) -> Window | None:
        """All of them; None when there are none."""
        last, before = self._last, self._before
        if last is None:
            return None
        parts = [last]
        if before is not None and before.rows.names == last.rows.names and before.first + len(before.rows) == last.first:
            parts = [before, last]
        return _joined(parts)


def _joined(parts: list[_Block]) -> Window:
    first, n = parts[0].first, sum(len(one.rows) for one in parts)
    seq, received = np.arange(first, first + n, dtype=np.int64), np.concatenate([np.full(len(one.rows), one.received) for one in parts])
    x, at = np.concatenate([one.rows.believed for one in parts]), np.concatenate([one.rows.at.astype("datetime64[us]") for one in parts])
    quality, subgroup, product = (_labels(parts, name) for name in ("quality", "subgroup", "product"))
    rows = Rows(parts[0].rows.names, x, at, tuple(chain.from_iterable(one.rows.ids for one in parts)), quality, subgroup, product)
    return Window(seq, rows, received, ("",) * n)


def _labels(parts: list[_Block], name: str) -> tuple[str, ...]:
    """A label of all rows; empty when none of them has one."""
    kept: list[tuple[str, ...]] = [getattr(one.rows, name) for one in parts]
    usual = (LABELS[name],)
    return tuple(chain.from_iterable(own or usual * len(one.rows) for own, one in zip(kept, parts, strict=True))) if any(kept) else ()
