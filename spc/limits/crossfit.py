"""Distances of reference rows from fits that never saw them: what a new row of the same process will really show."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spc.errors import TooFewRows
from spc.limits.paretotail import ParetoTail
from spc.nouns import Bools, Floats, Ints, Scatter

BLOCKS = 10
Fitter = Callable[[Floats], Scatter]


@dataclass(frozen=True, eq=False)
class Scored:
    """Out-of-sample T² (m,) of the complete rows `where` (m,) of a table, each in its `block` (m,), from 0, and the whitened rows (m, p).

    `fewest` is the number of rows of the smallest fit, `gap` the rows left out beside each block; `factor` (blocks, p, p) the lower
    factors of the fits that whitened the blocks.
    """

    t2: Floats
    where: Ints
    block: Ints
    fewest: int
    gap: int
    white: Floats
    factor: Floats

    @property
    def blocks(self) -> int:
        return int(self.block.max()) + 1

    def some(self, kept: Bools) -> Scored:
        """The same without the rows that are not `kept` (m,)."""
        return Scored(self.t2[kept], self.where[kept], self.block[kept], self.fewest, self.gap, self.white[kept], self.factor)

    def tail(self) -> ParetoTail:
        """The law of the distances, with a generalised Pareto tail."""
        return ParetoTail.of(self.t2)

    def error(self, quantile: Callable[[Floats], float]) -> float:
        """The standard error of a quantile of the distances: the jackknife that leaves out one block after the other.

        Blocks that are longer than the memory of the process are nearly independent, rows are not. Source: Künsch 1989, section 2.
        """
        left = [self.t2[self.block != k] for k in np.unique(self.block)]
        found = np.array([quantile(t2) for t2 in left])
        return float(math.sqrt((len(left) - 1) / len(left) * np.sum((found - found.mean()) ** 2)))


def crossfit(
    x: Floats,
    fitter: Fitter,
    *,
    blocks: int = BLOCKS,
    gap: int = 0,
    at: Ints | None = None,
    breaks: Sequence[int] = (),
    progress: Callable[[float], None] | None = None,
) -> Scored:
    """Score every complete row of x (n, p) by a fit to the rows of the other blocks, at least `gap` rows away.

    `at` (n,) are the rows' places in the table they come from, so that a gap counts rows that are left out of x, too; `breaks` are
    places in x before which another run of the process begins: no block crosses one, and no gap is needed there. The fits rest on fewer
    rows than the one that will judge, by one block and its gaps; their distances are larger by about p/n of the difference, and the
    limit errs on that side. Raises TooFewRows when the other blocks have too few rows, and what the fitter raises.

    >>> from spc.scatter import Classical
    >>> x = np.random.default_rng(1).normal(size=(400, 3))
    >>> found = crossfit(x, Classical(), gap=5)
    >>> len(found.t2), found.blocks, found.fewest, round(found.tail().quantile(0.01), 1)
    (400, 10, 350, 12.9)
    """
    n, p = x.shape
    at = np.arange(n) if at is None else np.asarray(at)
    parts = _parts(n, blocks, breaks)
    complete = np.asarray(~np.isnan(x).any(axis=1))
    t2, white, block, fewest = np.full(n, np.nan), np.empty((n, p)), np.zeros(n, dtype=np.int64), n
    factor = np.tile(np.eye(p), (len(parts), 1, 1))
    for k, (first, last, start, end) in enumerate(parts):
        near = np.zeros(n, dtype=bool)
        near[start:end] = (at[start:end] >= at[first] - gap) & (at[start:end] <= at[last - 1] + gap)
        rest = x[~near]
        if len(rest) < p + 2:
            raise TooFewRows(
                f"{n} rows of {p} variables are too few to leave out a block and {gap} rows beside it.",
                cure="Bring a longer reference, or take another limit.",
            )
        inside = np.arange(first, last)[complete[first:last]]
        if len(inside):
            scatter = fitter(rest)
            t2[inside], white[inside], factor[k] = scatter.d2(x[inside]), scatter.whiten(x[inside]), scatter.factor
        block[first:last] = k
        fewest = min(fewest, len(rest))
        if progress is not None:
            progress((k + 1) / len(parts))
    where = np.flatnonzero(complete)
    return Scored(t2[where], where, block[where], fewest, gap, white[where], factor)


def _parts(n: int, blocks: int, breaks: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Blocks of nearly equal length as (first row, end, first row of their run, its end)."""
    edges = [0, *sorted({b for b in breaks if 0 < b < n}), n]
    found = []
    for start, end in itertools.pairwise(edges):
        pieces = min(max(1, round(blocks * (end - start) / n)), end - start)
        cuts = [start + round(j * (end - start) / pieces) for j in range(pieces + 1)]
        found += [(a, b, start, end) for a, b in itertools.pairwise(cuts)]
    return found
