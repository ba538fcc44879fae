"""Rows that occur more than once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, row_numbers
from spc.nouns import Finding, Ints

_SURPRISE = 0.1  # repeats expected by chance, as a share of those found, up to which the found ones are a surprise


def duplicated_rows(m: Measured) -> Iterator[Finding]:
    """Rows equal to an earlier one in every measurement, where the columns are fine enough that this is no chance."""
    if m.p < 2 or m.n < 4:
        return
    again, first = _repeats(m)
    if not len(again) or _expected(m) > _SURPRISE * len(again):
        return
    pairs = ", ".join(f"{int(b) + 1} as {int(a) + 1}" for a, b in zip(first[:5], again[:5], strict=True)) + (
        ", ..." if len(again) > 5 else ""
    )
    text = (
        f"{counted(len(again), 'row')} {'repeats' if len(again) == 1 else 'repeat'} an earlier row in all {m.p} measurements: row {pairs}."
    )
    cure = "Exclude the repeats if the same part or moment was exported twice: they make the limits too tight."
    yield Finding("duplicated_rows", "amber", text, cure, (), row_numbers(again))


def _repeats(m: Measured) -> tuple[Ints, Ints]:
    """Positions of the rows that repeat an earlier one, and of that earlier one."""
    x = m.x if m.complete.all() else m.x[m.complete]
    at = np.flatnonzero(m.complete)
    if not len(x):
        return at, at
    mixed = x @ np.random.default_rng(0).standard_normal(m.p)  # equal rows have equal sums; the few others are compared in full
    order = np.argsort(mixed, kind="stable")
    candidates = np.flatnonzero(mixed[order[1:]] == mixed[order[:-1]])
    blocks = [candidates[k : k + 10_000] for k in range(0, len(candidates), 10_000)]
    same = [block[(x[order[block]] == x[order[block + 1]]).all(axis=1)] for block in blocks]
    equal = np.concatenate(same) if same else candidates
    again, before = at[order[equal + 1]], at[order[equal]]
    by_row = np.argsort(again, kind="stable")
    return again[by_row], before[by_row]


def _expected(m: Measured) -> float:
    """How many pairs of equal rows chance makes among normal rows of these resolutions: n²/2 · Π steps / ((4π)^(p/2) · √det S)."""
    x = m.x[np.flatnonzero(m.complete)[:20_000]]
    x = x - x.mean(axis=0)
    scale = x.std(axis=0)
    varies = scale > 0
    z = x[:, varies] / scale[varies]
    _, logdet = np.linalg.slogdet(z.T @ z / len(z) + 1e-9 * np.eye(z.shape[1]))
    steps = np.array([_step(z[:, j]) for j in range(z.shape[1])])
    logs = np.sum(np.log(steps)) - 0.5 * z.shape[1] * np.log(4 * np.pi) - 0.5 * logdet
    return float(0.5 * m.n**2 * np.exp(np.clip(logs, -700, 700)))


def _step(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The smallest difference between two values that occur."""
    gaps = np.diff(np.unique(column))
    gaps = gaps[gaps > 1e-9]
    return float(gaps.min()) if len(gaps) else 1.0
