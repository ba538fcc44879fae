"""One candidate while the rows go by: judged as on the line, watched, and its alarms written down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spc.blame.since import MOST
from spc.charts.believed import LARGEST
from spc.errors import ColumnMismatch
from spc.nouns import UNFIT, Bools, Floats, Model, Points, ProductModels, Rows, Signal
from spc.phase2 import Monitor, ProductMonitor
from spc.replay.counts import Clumps, Picture
from spc.replay.labels import Tally
from spc.replay.outcome import Raised
from spc.replay.past import Past
from spc.replay.sentence import Telling, sentence
from spc.watch import Watch

REASONS = 20  # reasons for not judging that are told apart
MEMBER = "part of a subgroup, which is judged as a whole"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A model that rows are to be played through, and what people call it."""

    name: str
    model: Model | ProductModels

    @property
    def asked(self) -> float:
        """The false alarms per row that it promises."""
        return self.model.first.alpha if isinstance(self.model, ProductModels) else self.model.alpha


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A block by row: judged, out (n,) and the largest statistic / limit (n,), NaN where it was not judged."""

    judged: Bools
    out: Bools
    ratio: Floats


class Player:
    """Judges block after block and counts; `most` alarms are kept with their sentences, the others are counted."""

    def __init__(self, candidate: Candidate, watch: Watch, telling: Telling, *, most: int, labelled: bool) -> None:
        self.candidate, self._watch, self._telling, self._most = candidate, watch, telling, most
        model = candidate.model
        self._monitor: Monitor | ProductMonitor = ProductMonitor(model) if isinstance(model, ProductModels) else Monitor(model)
        self._watching: dict[str, Any] = watch.start()
        self._open: Raised | None = None
        self._out_charts: set[str] = set()
        size = 1 if isinstance(model, ProductModels) or model.subgroup is None else model.subgroup.size
        self._past = Past(MOST * size)
        self._pending: list[tuple[int, float]] = []  # rows out that an alarm to come may reach back to
        self.told: list[Raised] = []
        self.alarms = self.n = self.judged = self.in_part = self.rows_out = 0
        self.not_judged: Counter[str] = Counter()
        self.by_chart: Counter[str] = Counter()
        self.clumps, self.picture = Clumps(watch.back), Picture()
        self.tally = Tally() if labelled else None

    def take(self, rows: Rows, first_row: int, truth: Floats | None) -> Verdict:
        """The next block. Raises ColumnMismatch when the rows lack a column of the model."""
        points, verdict = self._judge(rows, first_row)
        self._past.take(rows, first_row)
        self._watching, signals = self._watch.step(self._watching, points)
        standing = np.full(len(rows), self._open is not None)
        done = 0
        for signal in signals:
            done = self._grow(points, verdict, done, signal.index + 1, truth)
            self._turn(signal, rows, points, verdict, truth)
            standing[signal.index :] = self._open is not None
        self._grow(points, verdict, done, len(rows), truth)
        self._remember(points, verdict)
        self._count(rows, points, verdict, truth, standing)
        return verdict

    def finish(self) -> tuple[Raised, ...]:
        """The alarms, the one that still stands included."""
        if self._open is not None:
            self._keep(self._open)
            self._open = None
        return tuple(self.told)

    def _judge(self, rows: Rows, first_row: int) -> tuple[Points, Verdict]:
        rows = replace(rows, x=rows.believed)  # as on the line: a guard's value may not be to be believed, either
        try:
            points = self._monitor.judge(rows, first_row)
        except ColumnMismatch as wrong:
            raise ColumnMismatch(f"{self.candidate.name}: {wrong.text}", cure=wrong.cure, column=wrong.column) from wrong
        judged, out = np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
        ratio = np.full(len(rows), np.nan)
        for track in points.tracks.values():
            judged |= ~np.isnan(track.value)
            out |= track.out
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                ratio = np.fmax(ratio, np.where(track.ucl > 0, np.minimum(track.value / track.ucl, LARGEST), np.nan))
        if out.any():  # a quotient that rounds to 1, or a limit of 0, must not hide that a row is out
            ratio = np.where(out, np.fmax(ratio, np.nextafter(1.0, 2.0)), ratio)
        return points, Verdict(judged, out, ratio)

    def _turn(self, signal: Signal, rows: Rows, points: Points, verdict: Verdict, truth: Floats | None) -> None:
        """The alarm after a signal: raised, joined by a further chart, or over."""
        if signal.kind == "in":
            self._out_charts.discard(signal.chart)
            self._past.back_in(signal.point.row)
            if self._open is not None and not self._out_charts:
                self._keep(replace(self._open, ended=signal.point.row))
                self._open = None
            return
        self._out_charts.add(signal.chart)
        if self._open is not None:
            self._open = replace(self._open, charts=tuple(dict.fromkeys((*self._open.charts, signal.chart))))
            return
        i, first = signal.index, int(points.rows[0])
        here = slice(max(signal.since - first, 0), i + 1)
        before = [ratio for row, ratio in self._pending if row >= signal.since]
        worst = max([*before, *verdict.ratio[here][verdict.out[here]].tolist()], default=float(verdict.ratio[i]))
        asked = (self._telling, self._monitor, rows, points, signal, self._past, self._watch.back)
        said = sentence(*asked) if len(self.told) < self._most else ""
        count = len(before) + int(verdict.out[here].sum())
        at = signal.point.at
        self._open = Raised(signal.point.row, signal.since, at, signal.point.id, (signal.chart,), said, None, count, worst)
        if truth is not None:
            self._open = replace(self._open, bad=bool(truth[i] > 0))

    def _grow(self, points: Points, verdict: Verdict, low: int, high: int, truth: Floats | None) -> int:
        """The alarm that stands after the rows from `low` to before `high`."""
        if self._open is not None and high > low:
            out = verdict.out[low:high]
            worst = float(verdict.ratio[low:high][out].max(initial=self._open.worst))
            bad = self._open.bad if truth is None else bool(self._open.bad) or bool((truth[low:high] > 0).any())
            self._open = replace(self._open, rows_out=self._open.rows_out + int(out.sum()), worst=worst, bad=bad)
        return high

    def _keep(self, alarm: Raised) -> None:
        self.alarms += 1
        if len(self.told) < self._most:
            self.told.append(alarm)

    def _remember(self, points: Points, verdict: Verdict) -> None:
        """Rows out that some chart's k-of-n rule still looks at."""
        looked = [one["recent"][0][0] for one in self._watching.values() if one["recent"]]
        oldest = min(looked, default=int(points.rows[-1]) + 1 if len(points) else 0)
        low = max(oldest - int(points.rows[0]), 0) if len(points) else 0
        new = [(int(points.rows[i]), float(verdict.ratio[i])) for i in low + np.flatnonzero(verdict.out[low:])]
        self._pending = [one for one in self._pending if one[0] >= oldest] + new

    def _count(self, rows: Rows, points: Points, verdict: Verdict, truth: Floats | None, standing: Bools) -> None:
        judged, out = verdict.judged, verdict.out
        self.n += len(rows)
        self.judged += int(judged.sum())
        self.rows_out += int(out.sum())
        for name, track in points.tracks.items():
            self.by_chart[name] += int(track.out.sum())
        for i in np.flatnonzero(~judged):
            reason = _reason(points.notes[i], rows.quality[i] if rows.quality else "good")
            self.not_judged[reason if reason in self.not_judged or len(self.not_judged) < REASONS else "other reasons"] += 1
        self.in_part += sum(note.startswith("no value for ") and bool(judged[i]) for i, note in enumerate(points.notes) if note)
        good = judged if truth is None else judged & (truth == 0)
        self.clumps.take(out[good])
        at = rows.at.astype("datetime64[us]").astype(np.int64)
        self.picture.take(points.rows, at, verdict.ratio)
        if self.tally is not None and truth is not None:
            self.tally.take(truth, judged, out, standing)


def _reason(note: str, quality: str) -> str:
    """Why a row was not judged, without what only this row has.

    >>> _reason("no value for any variable: not judged", "bad"), _reason("subgroup 12: 2 of 5 rows", "good")
    ('quality bad', 'part of a subgroup, which is judged as a whole')
    """
    if quality in UNFIT:
        return f"quality {quality}"
    if note.startswith("subgroup ") and "not judged" not in note:
        return MEMBER
    if note.startswith("subgroup "):
        return "a subgroup without a value for any variable"
    return note.partition(": not judged")[0] or "no value"
