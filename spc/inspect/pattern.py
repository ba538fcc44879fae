"""How missing cells lie: in stretches, in columns that fail together, where other columns are high or low, or at random."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from spc.inspect.measured import Measured
from spc.inspect.sentence import listed
from spc.nouns import Bools

_RUN = 5  # incomplete rows one after the other that are an outage
_HALF = 0.5
_SAME = 0.9  # share of the holes of two columns that are in the same rows
_FEW = 3  # holes; with fewer nothing can be said
_LEVEL = 0.001  # chance that cells missing at random seem to depend on another column
_CLIP = 2.5


def pattern(m: Measured) -> str:
    """What can be said about how the missing cells lie, as sentences with a space before each; empty when they are too few."""
    holes = ~m.present
    rows = np.flatnonzero(holes.any(axis=1))
    if len(rows) < _FEW:
        return ""
    empty = int(holes.all(axis=1).sum())
    text = f" {empty} of these rows have no value at all." if empty and m.p > 1 else ""
    groups = _together(holes)
    if groups:
        text += f" {'; '.join(listed([m.names[j] for j in group], 5) for group in groups[:3])} fail together: one source, probably."
    stretches = _stretches(rows)
    inside = sum(end - start + 1 for start, end in stretches)
    if stretches and inside >= _HALF * len(rows):
        shown = listed([f"{start + 1} to {end + 1}" for start, end in stretches], 3)
        return text + f" {inside} of them lie together, in rows {shown}: an outage."
    depends = _depends(m, holes)
    if depends:
        return text + f" They are not at random: {depends}, so that the fit knows too little of such rows."
    return text + (" They are spread over the rows as if by chance." if len(rows) >= 4 * _FEW else "")


def _stretches(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[tuple[int, int]]:
    """First and last of each run of 5 or more neighbouring rows, the longest first."""
    ends = np.flatnonzero(np.diff(rows) > 1)
    starts = np.concatenate(([0], ends + 1))
    stops = np.concatenate((ends, [len(rows) - 1]))
    found = [(int(rows[a]), int(rows[b])) for a, b in zip(starts, stops, strict=True) if b - a + 1 >= _RUN]
    return sorted(found, key=lambda one: one[0] - one[1])


def _together(holes: Bools) -> list[list[int]]:
    """Groups of columns whose holes are in the same rows, when other columns have values there."""
    part = holes[~holes.all(axis=1)].astype(np.float64)
    counts = part.sum(axis=0)
    both = part.T @ part
    either = counts[:, None] + counts - both
    same = (both >= _SAME * np.maximum(either, 1)) & (counts >= _FEW)[:, None]
    groups, seen = [], set()
    for j in range(holes.shape[1]):
        if j not in seen and same[j].sum() > 1:
            groups.append([int(k) for k in np.flatnonzero(same[j])])
            seen |= set(groups[-1])
    return groups


def _depends(m: Measured, holes: Bools) -> str:
    """The column whose level differs most where another one is missing, in words; empty when none does beyond chance."""
    step = max(1, m.n // 50_000)
    holes = holes[::step]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.clip((m.x[::step] - m.medians) / np.where(m.spreads > 0, m.spreads, np.nan), -_CLIP, _CLIP)
    known = np.isfinite(z)
    z = np.where(known, z, 0.0)
    missing = holes.astype(np.float64)
    inside, there = missing.T @ z, missing.T @ known
    outside, elsewhere = z.sum(axis=0) - inside, known.sum(axis=0) - there
    enough = (there >= 8) & (elsewhere >= 8)
    if not enough.any():
        return ""
    difference = inside / np.maximum(there, 1) - outside / np.maximum(elsewhere, 1)
    score = np.where(enough, difference / np.sqrt(1 / np.maximum(there, 1) + 1 / np.maximum(elsewhere, 1)), 0.0)
    j, k = (int(i) for i in np.unravel_index(int(np.argmax(np.abs(score))), score.shape))
    if abs(score[j, k]) < -ndtri(_LEVEL / (2 * enough.sum())):
        return ""
    side = "high" if score[j, k] > 0 else "low"
    return f"{m.names[j]} is missing where {m.names[k]} is {side} (by {abs(difference[j, k]):.2g} sd on average)"
