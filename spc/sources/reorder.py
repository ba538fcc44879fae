"""Rows that come a little out of order are put in order of their times before anybody judges them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from spc.nouns import Rows
from spc.sources.batch import NO_ROWS, Batch

MOST = 100_000  # rows that are held back at most


@dataclass(slots=True)
class _Block:
    rows: Rows
    token: Any
    left: int  # rows that are still held back
    since: int


class Reorder:
    """Holds rows back for `hold_s` seconds and gives them in order of their times.

    A row is given when one that is `hold_s` younger has come, or when it has been held for so long. So rows that are late by no more than
    that are in order; one that is later still is given as it comes. Each block comes with a token (a position, a message to
    acknowledge), which is handed back, in order of coming, when all rows of the block and of those before it have been given: only then
    may it be put on disk or be acknowledged. A row without a time keeps its place behind what came before it.

    >>> made, second = Reorder(2.0), np.timedelta64(1, "s")
    >>> at = np.datetime64("2025-03-04T06:00:00", "us") + np.array([0, 3, 1, 5]) * second
    >>> rows = Rows(("a",), np.arange(4.0)[:, None], at, (None,) * 4)
    >>> made.add(rows.part(slice(0, 2)), "first", now=0); made.add(rows.part(slice(2, 4)), "second", now=0)
    >>> given, tokens = made.ready(now=0)
    >>> [block.x[:, 0].tolist() for block in given], tokens
    ([[0.0, 2.0, 1.0]], ['first'])
    >>> given, tokens = made.ready(now=2_000_000)
    >>> [block.x[:, 0].tolist() for block in given], tokens
    ([[3.0]], ['second'])
    """

    def __init__(self, hold_s: float) -> None:
        self._hold = int(1e6 * hold_s)
        self._held: list[tuple[int, int, int, int]] = []  # time, place in coming, block, row of the block
        self._blocks: dict[int, _Block] = {}
        self._coming: deque[int] = deque()  # blocks whose tokens were not handed back, in order of coming
        self._newest = -(1 << 62)
        self._n = self._count = 0

    def __len__(self) -> int:
        return len(self._held)

    def add(self, rows: Rows, token: Any, now: int) -> None:
        """A block has come at `now` (µs of any clock that runs); one without rows only carries its token."""
        block, self._n = self._n, self._n + 1
        self._blocks[block] = _Block(rows, token, len(rows), now)
        self._coming.append(block)
        none = np.isnat(rows.at)
        for i, at in enumerate(rows.at.astype(np.int64).tolist()):
            at = self._newest if none[i] else at
            self._newest = max(self._newest, at)
            self._count += 1
            insort(self._held, (at, self._count, block, i))

    def ready(self, now: int) -> tuple[tuple[Rows, ...], list[Any]]:
        """The rows that need not wait any longer, as blocks in order, and the tokens that are free."""
        n = bisect_right(self._held, self._newest - self._hold, key=lambda one: one[0])
        old = {block for block in self._coming if self._blocks[block].since <= now - self._hold and self._blocks[block].left}
        if old:
            n = max(n, 1 + max(i for i, one in enumerate(self._held) if one[2] in old))
        return self._given(max(n, len(self._held) - MOST))

    def all(self) -> tuple[tuple[Rows, ...], list[Any]]:
        """Everything that is held back, in order, with all tokens."""
        return self._given(len(self._held))

    def _given(self, n: int) -> tuple[tuple[Rows, ...], list[Any]]:
        out, self._held = self._held[:n], self._held[n:]
        parts = []
        for block, run in groupby(out, key=lambda one: one[2]):
            which = [one[3] for one in run]
            parts.append(self._blocks[block].rows.some(which))
            self._blocks[block].left -= len(which)
        tokens = []
        while self._coming and not self._blocks[self._coming[0]].left:
            tokens.append(self._blocks.pop(self._coming.popleft()).token)
        return tuple(together(list(same)) for _, same in groupby(parts, key=lambda one: one.names)), tokens


class InOrder:
    """Batches with their rows in order of time, for a source that looks again and again: with 0 seconds they are given as they come.

    The position of a batch is given with the last of its rows, so that a restart reads again what was held back. What is to be done when
    a batch is on disk (acknowledge its messages, move its file) is told by `after`, and done by `done`: that of all batches that have
    been given as a whole, once the reader of the source has asked for more.
    """

    def __init__(self, hold_s: float) -> None:
        self._held = Reorder(hold_s) if hold_s > 0 else None
        self._plain: list[Batch] = []
        self._put = self._given = 0  # batches
        self._after: deque[tuple[int, Callable[[], object]]] = deque()

    @property
    def waiting(self) -> int:
        """How many things are still to be done."""
        return len(self._after)

    def after(self, act: Callable[[], object]) -> None:
        """To be done when everything that was put so far is on disk."""
        self._after.append((self._put, act))

    def done(self) -> None:
        """What `due` gave last is on disk."""
        while self._after and self._after[0][0] <= self._given:
            self._after.popleft()[1]()

    def put(self, batch: Batch, now: int) -> None:
        """A batch was read at `now` (µs of any clock that runs)."""
        self._put += 1
        if self._held is None:
            self._plain.append(batch)
        else:
            self._held.add(batch.rows, batch, now)

    def apart(self, batch: Batch, now: int) -> list[Batch]:
        """The same where nothing comes again: only rows and their position wait, what else came with them is given at once."""
        if self._held is None or not (batch.scraps or batch.gaps or batch.clear):
            self.put(batch, now)
            return []
        self.put(Batch(batch.rows, batch.position), now)
        return [Batch(NO_ROWS, None, batch.scraps, batch.gaps, batch.clear)]

    def due(self, now: int | None) -> list[Batch]:
        """What need not wait any longer; with None everything."""
        if self._held is None:
            plain, self._plain = self._plain, []
            self._given += len(plain)
            return plain
        parts, tokens = self._held.all() if now is None else self._held.ready(now)
        if not parts and not tokens:
            return []
        self._given += len(tokens)
        last = tokens[-1].position if tokens else None
        scraps = tuple(scrap for one in tokens for scrap in one.scraps)
        gaps = tuple(gap for one in tokens for gap in one.gaps)
        *first, end = parts or (NO_ROWS,)
        return [*(Batch(one) for one in first), Batch(end, last, scraps, gaps, any(one.clear for one in tokens))]


def together(parts: Sequence[Rows]) -> Rows:
    """Blocks of the same columns as one; where one of them says nothing of quality, codes or labels, that is "good" or nothing."""
    if len(parts) == 1:
        return parts[0]

    def texts(field: str, usual: str) -> tuple[str, ...]:
        if not any(getattr(one, field) for one in parts):
            return ()
        return tuple(text for one in parts for text in (getattr(one, field) or (usual,) * len(one)))

    codes = None
    if any(one.codes is not None for one in parts):
        codes = np.concatenate([np.zeros(one.x.shape, dtype=np.uint8) if one.codes is None else one.codes for one in parts])
    return Rows(
        parts[0].names,
        np.concatenate([one.x for one in parts]),
        np.concatenate([one.at for one in parts]),
        tuple(id for one in parts for id in one.ids),
        texts("quality", "good"),
        texts("subgroup", ""),
        texts("product", ""),
        codes,
        texts("raw", ""),
    )
