"""A file judged in blocks: what `judge` and `explain` have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spc.cli.files import Progress
from spc.nouns import Blame, Finding, Floats, Model, Points, ProductModels, Rows, Signal, Track
from spc.phase2 import Monitor, ProductMonitor, blamed, to_explain
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
    monitor: Monitor | ProductMonitor

    def blame(self) -> Blame:
        """Each variable's share of t2, for every row that has one."""
        return self.monitor.blame(self.rows) if isinstance(self.monitor, ProductMonitor) else blamed(self.monitor, self.rows)

    def to_explain(self, i: int) -> tuple[Model, Floats, int] | None:
        """The model, the values and the position of the T² that the i-th row has a part in."""
        if isinstance(self.monitor, ProductMonitor):
            return self.monitor.to_explain(self.rows, i)
        return to_explain(self.monitor, self.rows, i)

    def raw(self, i: int) -> Floats | None:
        """The raw rows that the i-th row is judged with, itself last; None for a model that judges rows by themselves."""
        if isinstance(self.monitor, ProductMonitor) or self.monitor.model.dynamics is None:
            return None
        rows = self.rows.part(slice(i + 1))
        return self.monitor.model.dynamics.run(self.monitor.select(rows), rows.at)


def judged(model: Model | ProductModels, path: Path, timezone: str, report: Progress) -> Judged:
    """Reads and judges a file by the rules by which a line is judged. Raises BadTable and ColumnMismatch."""
    told: list[Finding] = []
    first = model.first if isinstance(model, ProductModels) else model
    column = first.subgroup.column if first.subgroup is not None else None
    rows = read_rows(
        path,
        columns=model.columns,
        time=first.time_column,
        id=first.id_column,
        subgroup=column,
        product=model.column if isinstance(model, ProductModels) else None,
        timezone=timezone,
        on_finding=told.append,
    )
    told += unlabelled(first, rows)
    monitor, watch = ProductMonitor(model) if isinstance(model, ProductModels) else Monitor(model), Watch()
    state, signals, blocks = watch.start(), [], []
    # a subgroup is stated on its last row, products are blamed by their places, rows with those before them: all need the whole file
    single = isinstance(monitor, Monitor) and column is None and monitor.model.dynamics is None
    step = BLOCK if single else max(len(rows), 1)
    for start in range(0, max(len(rows), 1), step):
        points = monitor.judge(rows.part(slice(start, start + step)), first_row=start + 1, whole=True)
        state, found = watch.step(state, points)
        signals += [shifted(signal, start) for signal in found]
        blocks.append(points)
        report(min(1.0, (start + step) / max(len(rows), 1)), "judging")
    timed, named = bool(np.any(~np.isnat(rows.at))), any(one is not None for one in rows.ids)
    return Judged(rows, joined(blocks), signals, told, timed, named, monitor)


def unlabelled(model: Model, rows: Rows) -> list[Finding]:
    """What is to be said when a model of subgroups meets rows without their labels."""
    if model.subgroup is None or rows.subgroup or not len(rows):
        return []
    text = f"The rows have no column {model.subgroup.column}: every {model.subgroup.size} rows are taken for a subgroup."
    return [Finding("subgroup_missing", "amber", text, "Add the column with the subgroups' labels.", (model.subgroup.column,))]


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
