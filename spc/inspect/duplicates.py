"""Rows that occur more than once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, listed, row_numbers
from spc.nouns import Finding, Ints


def duplicated_rows(m: Measured) -> Iterator[Finding]:
    """Rows equal to an earlier one in every measurement, where the columns are fine enough that this is no chance."""
    if m.p < 2 or m.n < 4:
        return
    again, first = _repeats(m)
    if not len(again) or not _fine_enough(m, len(again)):
        return
    pairs = listed([f"{int(b) + 1} as {int(a) + 1}" for a, b in zip(first, again, strict=True)], 5)
    text = (
        f"{counted(len(again), 'row')} {'repeats' if len(again) == 1 else 'repeat'} an earlier row in all {m.p} measurements: row {pairs}."
    )
    cure = "Exclude the repeats if the same part or moment was exported twice: they make the limits too tight."
    yield Finding("duplicated_rows", "amber", text, cure, (), row_numbers(again))


def _repeats(m: Measured) -> tuple[Ints, Ints]:
    """Positions of the rows that repeat an earlier one, and of that earlier one."""
    x = m.x[m.complete]
    at = np.flatnonzero(m.complete)
    if not len(x):
        return at, at
    mixed = x @ np.random.default_rng(0).standard_normal(m.p)  # equal rows have equal sums; the few others are compared in full
    order = np.argsort(mixed, kind="stable")
    same = mixed[order[1:]] == mixed[order[:-1]]
    candidates = np.flatnonzero(same)
    equal = candidates[(x[order[candidates]] == x[order[candidates + 1]]).all(axis=1)] if len(candidates) else candidates
    again, before = at[order[equal + 1]], at[order[equal]]
    by_row = np.argsort(again, kind="stable")
    return again[by_row], before[by_row]


def _fine_enough(m: Measured, found: int) -> bool:
    """Whether equal rows are a surprise: columns of few values repeat by chance."""
    sample = m.x[m.complete][:5000]
    finest = 1.0  # chance that two rows agree in the finest column, an upper bound for all of them
    for j in range(m.p):
        _, counts = np.unique(sample[:, j], return_counts=True)
        finest = min(finest, float(np.sum((counts / len(sample)) ** 2)))
        collide = (
            min(collide, float(np.log10(np.sum((counts / len(sample)) ** 2))))
            if j
            else float(np.log10(np.sum((counts / len(sample)) ** 2)))
        )
    n = m.n
    finest = 10.0**collide  # chance that two rows agree in the finest column, an upper bound for all of them
    return bool(found > 10 * n * n / 2 * finest * finest or finest * n < 3.0)
