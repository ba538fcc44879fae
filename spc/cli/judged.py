"""A file judged in blocks: what `judge` and `explain` have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spc.blame import blame
from spc.cli.files import Progress
from spc.nouns import Blame, Finding, Model, Points, Rows, Signal, Track
from spc.phase2 import Monitor
from spc.reference import read_rows
from spc.watch import Watch

BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a file, their points and signals, what was converted or missing; whether the file has times and part numbers."""

    rows: Rows
    points: Points
    signals: list[Signal]
    findings: list[Finding]
    timed: bool
    named: bool


def judged(model: Model, path: Path, timezone: str, report: Progress) -> Judged:
    """Reads and judges a file by the rules by which a line is judged. Raises BadTable and ColumnMismatch."""
    told: list[Finding] = []
    rows = read_rows(path, columns=model.columns, time=model.time_column, id=model.id_column, timezone=timezone, on_finding=told.append)
    monitor, watch = Monitor(model), Watch()
    state, signals, blocks = watch.start(), [], []
    for start in range(0, max(len(rows), 1), BLOCK):
        points = monitor.judge(rows.part(slice(start, start + BLOCK)), first_row=start + 1)
        state, found = watch.step(state, points)
        signals += [shifted(signal, start) for signal in found]
        blocks.append(points)
        report(min(1.0, (start + BLOCK) / max(len(rows), 1)), "judging")
    timed, named = bool(np.any(~np.isnat(rows.at))), any(one is not None for one in rows.ids)
    return Judged(rows, joined(blocks), signals, told, timed, named)


def blamed(model: Model, rows: Rows) -> Blame:
    """Each variable's share of t2, for every row."""
    return blame(model, Monitor(model).select(rows))


def shifted(signal: Signal, start: int) -> Signal:
    """The same signal with its position counted in the whole file."""
    return replace(signal, index=signal.index + start)


def joined(blocks: list[Points]) -> Points:
    """Blocks as one."""
    tracks = {
        name: Track(*(np.concatenate([getattr(b.tracks[name], part) for b in blocks]) for part in ("value", "ucl", "out")))
        for name in blocks[0].tracks
    }
    return Points(
        np.concatenate([b.rows for b in blocks]),
        np.concatenate([b.at for b in blocks]),
        tuple(one for b in blocks for one in b.ids),
        tracks,
        tuple(one for b in blocks for one in b.notes),
    )
