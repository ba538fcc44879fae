"""New rows against a model: matched by name, judged on the values they have, by themselves or as the means of subgroups."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spc.charts import BoundSpe, Chart, Dispersion, bound, charts_of
from spc.charts.believed import LARGEST, judged, unbelieved
from spc.errors import ColumnMismatch
from spc.nouns import UNFIT, Bools, Floats, Ints, Model, Points, Rows, Scatter, Track
from spc.phase2.before import noted
from spc.phase2.subgroups import Closed, gathering

BLOCK = 2048  # rows whitened and charted at a time
OPEN = "subgroup"  # the key of the open subgroup among the charts' memories
PAST = "rows before"  # the key of the rows before the next one, in a model with dynamics
KEPT = 64  # complete rows before a block that are held, for whoever asks whose doing a signal is


class Monitor:
    """Judges blocks of rows against a model and holds its charts' memories, nothing else.

    Columns are matched by name, in any order; a column that the model does not know is ignored, a missing one is a ColumnMismatch. A
    row with missing values is judged on those it has, against the limit for that many variables. Guards make up the chart "guard":
    the largest deviation of a guard in units of its tolerance, with limit 1.

    A model with subgroups judges means. A subgroup closes with as many rows as the reference's largest had, or when the label changes,
    whichever comes first; rows without labels are counted, and the usual number closes a subgroup. T², its limit and whether it is out
    stand on the row that closes it. `closed` are the subgroups that the last block completed, each with the position of that row. The
    dispersion judges the complete rows of a subgroup there, when they are more than the variables.

    A model with dynamics judges what is made of a row and those before it, which are remembered as data: they stay when the charts begin
    anew. `charted` (n, q) is the last block as it was judged; of other models it is the rows' values as they were.
    """

    def __init__(self, model: Model, charts: Mapping[str, Chart] | None = None) -> None:
        self.model = model
        asked = charts or charts_of(model.recipe.get("charts", {}), model.new_limits)
        self._within = {name: chart for name, chart in asked.items() if isinstance(chart, Dispersion)}
        self._charts: dict[str, Chart] = {
            name: bound(chart, model.scatter.factor) for name, chart in asked.items() if name not in self._within
        }
        self._state: dict[str, Any] = {name: chart.start(model.p) for name, chart in self._charts.items()}
        self._remembers = any(map(bool, self._state.values()))
        self._parts: dict[bytes, Scatter] = {}
        self._sized: dict[int, Monitor] = {}
        self._gathering = gathering(model)
        self.closed: tuple[tuple[int, Closed], ...] = ()
        self.charted: Floats = np.empty((0, model.p))
        self._past: dict[str, Any] = {}
        self._before: dict[str, Any] = dict(self._state)
        self._after: dict[str, tuple[int, dict[str, Any]]] = {}  # a chart's memory after so many rows of the block
        self._block, self._earlier = np.empty((0, model.p)), np.empty((0, model.p))

    def select(self, rows: Rows) -> Floats:
        """The rows' values in the order of the model's inputs; raises ColumnMismatch when one of these columns is missing."""
        return self._columns(rows, self.model.inputs)

    def follow(self, rows: Rows) -> None:
        """Take up rows before those that are to be judged: as far as a model with dynamics looks back, and as the last rows."""
        x = self.select(rows)
        x = self._clean(x, self._missing(x, rows.quality))
        if self.model.dynamics is not None:
            self._past, seen = self.model.dynamics.step(self._past, x, rows.at)
            x = seen.x
        self._block = x

    def judge(self, rows: Rows, first_row: int = 1, *, whole: bool = False) -> Points:
        """The points of a block; its rows are numbered from `first_row`.

        `whole` says that the block is a file from its beginning to its end: every subgroup then stands on its own last row, and the last
        one is closed. It makes no difference to a model that judges rows.
        """
        if rows.codes is not None:
            rows = replace(rows, x=rows.believed, codes=None)
        x = self.select(rows)
        missing = self._missing(x, rows.quality)
        self.charted = x
        self._begin()
        if self.model.dynamics is not None:
            self._past, seen = self.model.dynamics.step(self._past, self._clean(x, missing), rows.at)
            notes = noted(self.model.dynamics, missing, seen)
            self.charted, missing = seen.x, self._missing(seen.x, ())
            tracks = self._tracks(self._charts, seen.x, missing)
        elif self._gathering is None:
            tracks = self._tracks(self._charts, x, missing)
            notes = self._notes(missing, len(rows))
        else:
            tracks, notes = self._means(self._clean(x, missing), rows.subgroup, whole)
        if self.model.guards:
            tracks["guard"] = self._guard(rows, notes)
        self._block = self._clean(self.charted, missing)
        numbers = np.arange(first_row, first_row + len(rows), dtype=np.int64)
        return Points(numbers, rows.at, rows.ids, tracks, tuple(notes))

    @property
    def nominal(self) -> Model:
        """The model on whose scale the charts with memory are read: of a model with subgroups that for the usual number of rows."""
        return self.model if self.model.subgroup is None else self.model.sized(self.model.subgroup.size)

    def values(self, i: int) -> Floats:
        """The values (p,) of the i-th row of the last block as they were judged: NaN where missing or not to be believed."""
        return np.asarray(self._block[i])

    def within(self, chart: str) -> Dispersion | None:
        """The chart of this name if it judges the rows within a subgroup."""
        return self._within.get(chart)

    def remembered(self, chart: str, i: int) -> dict[str, Any]:
        """What a chart remembered after the i-th row of the block that was judged last; asked in order, no row is charted again."""
        before: dict[str, Any] = self._before[chart]
        if not before:
            return before
        done, state = self._after.get(chart, (0, before))
        if done > i + 1 or self._gathering is not None:
            done, state = 0, before
        z = self._whitened(i, done)
        state, _ = judged(self._charts[chart], state, z, unbelieved(z))
        self._after[chart] = (i + 1, state)
        return state

    def unbelieved(self, i: int) -> bool:
        """Whether the i-th row of the last block, or the mean that stands on it, is so far out that charts do not remember it."""
        if self._gathering is not None:
            means = [one for at, one in self.closed if at == i and one.k and not np.isnan(one.mean).any()]
            return any(unbelieved(self.model.sized(one.k).scatter.whiten(one.mean)) is not None for one in means)
        x = self._block[i]
        return not np.isnan(x).any() and unbelieved(self.model.scatter.whiten(x)) is not None

    def last_rows(self, i: int) -> Floats:
        """The complete rows up to the i-th of the block that was judged last, whitened (n, p): at most 64 of them, those of earlier blocks
        only for a model whose charts remember, and before the i-th none that they do not. With subgroups they are means, each on the
        scale of its own number of rows.
        """
        own = self._last(i)
        rows = np.concatenate([self._earlier, own])[-KEPT:] if len(own) < KEPT else own
        z = rows if self._gathering is not None else self.model.scatter.whiten(rows)
        far = unbelieved(z[:-1])
        return z if far is None else z[~np.append(far, False)]

    def memory(self) -> dict[str, Any]:
        """What the charts remember, the rows of an open subgroup, and those before the next row, as plain numbers."""
        past = {} if self.model.dynamics is None else {PAST: self._past}
        return dict(self._state) | past | ({} if self._gathering is None else {OPEN: self._gathering.memory()})

    @property
    def remembers(self) -> bool:
        """Whether any chart has a memory that a person may begin anew."""
        return self._remembers

    def anew(self, memory: Mapping[str, Any]) -> dict[str, Any]:
        """A memory in which every chart stands as before its first row; rows of an open subgroup and those before the next one stay."""
        return dict(memory) | {name: chart.start(self.model.p) for name, chart in self._charts.items()}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up a memory that was kept; charts that it does not name start afresh. Where all do, so do the last rows."""
        if all(memory.get(name, chart.start(self.model.p)) == chart.start(self.model.p) for name, chart in self._charts.items()):
            self._block, self._earlier = self._block[:0], self._earlier[:0]
        self._state = {name: memory.get(name, chart.start(self.model.p)) for name, chart in self._charts.items()}
        self._past = dict(memory.get(PAST, {}))
        if self._gathering is not None:
            self._gathering.restore(memory.get(OPEN, {}))

    def subgroup_of(self, i: int) -> tuple[int, Closed] | None:
        """The subgroup to which the i-th row of the last block belongs, with the position of the row on which its T² stands."""
        return next(((at, one) for at, one in self.closed if one.first <= i <= one.last), None)

    def sized(self, k: int) -> Monitor:
        """The monitor that judges the mean of k rows as a row; for a model that judges rows, k = 1 is this one."""
        if k not in self._sized:
            self._sized[k] = Monitor(replace(self.model.sized(k), subgroup=None), self._charts) if self._gathering is not None else self
        return self._sized[k]

    def _begin(self) -> None:
        """Before a block: the charts' memories and the last rows are kept aside."""
        self._before, self._after = dict(self._state), {}
        if self.remembers:
            own = self._last(len(self._block))
            self._earlier = own if len(own) == KEPT or not len(self._earlier) else np.concatenate([self._earlier, own])[-KEPT:]

    def _last(self, i: int) -> Floats:
        """The last 64 complete rows, or whitened means, of the last block up to the i-th."""
        if self._gathering is not None:
            return self._means_up_to(i)[-KEPT:]
        back = KEPT
        while True:  # further back where rows have gaps
            x = self._block[max(i + 1 - back, 0) : i + 1]
            missing = self._missing(x, ())
            whole = x if missing is None else x[~missing.any(axis=1)]
            if len(whole) >= KEPT or back > i:
                return whole[-KEPT:].copy()
            back *= 4

    def _whitened(self, i: int, first: int = 0) -> Floats:
        """The complete rows of the last block from the `first` to the i-th, or all means up to it, as the charts saw them."""
        if self._gathering is not None:
            return self._means_up_to(i)
        x = self._block[first : i + 1]
        return self.model.scatter.whiten(x[~np.isnan(x).any(axis=1)])

    def _means_up_to(self, i: int) -> Floats:
        there = [one for at, one in self.closed if at <= i and one.k and not np.isnan(one.mean).any()]
        z = [self.model.sized(one.k).scatter.whiten(one.mean) for one in there]
        return np.concatenate(z) if z else np.empty((0, self.model.p))

    def _means(self, x: Floats, labels: tuple[str, ...], whole: bool) -> tuple[dict[str, Track], list[str]]:
        """The tracks and notes of a block whose rows are gathered into subgroups."""
        closed: list[Closed] = []
        if self._gathering is None:  # pragma: no cover - asked of models with subgroups only
            raise AssertionError("this model judges rows")
        notes = self._gathering.take(x, labels, closed)
        if whole:
            self._gathering.finish(closed)
        n = len(x)
        names = (*self._charts, *self._within)
        tracks = {name: Track(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool)) for name in names}
        placed = [(one.last if whole else one.closing, one) for one in closed]
        for at, one in placed:
            notes[at] = self._closing_note(one, notes[at] if one.closing != one.last and not whole else "")
            if one.k:
                self._place(one, at, tracks)
            self._place_within(one, at, tracks)
        self.closed = tuple(placed)
        return tracks, notes

    def _place(self, one: Closed, at: int, tracks: dict[str, Track]) -> None:
        alike = self.sized(one.k)
        alike._state = self._state
        mean = one.mean[None]
        missing = np.isnan(mean)
        for name, found in alike._tracks(self._charts, mean, missing if missing.any() else None).items():
            track = tracks[name]
            track.value[at], track.ucl[at], track.out[at] = found.value[0], found.ucl[0], found.out[0]

    def _place_within(self, one: Closed, at: int, tracks: dict[str, Track]) -> None:
        """The covariance of the subgroup's complete rows, where there are enough of them, against the limit for so many."""
        x = one.complete
        for name, chart in self._within.items():
            limit = None if self.model.subgroup is None else self.model.subgroup.limit_of(name, len(x))
            if limit is not None:
                track, value = tracks[name], chart.of(self.model.scatter.whiten(x))
                track.value[at], track.ucl[at], track.out[at] = value, limit, value > limit

    def _closing_note(self, one: Closed, rest: str) -> str:
        said = f"subgroup {one.label}: {one.rows} row{'' if one.rows == 1 else 's'}"
        if one.k == 0:
            said += ", no value for any variable: not judged"
        elif one.k < one.rows or np.isnan(one.mean).any():
            names = [name for name, value in zip(self.model.names, one.mean, strict=True) if np.isnan(value)]
            said += f", {one.k} of them complete" if one.k < one.rows else ""
            said += f", no value for {', '.join(names)}" if names else ""
        if self._within and len(one.complete) <= self.model.p:
            said += f", too few complete rows for {', '.join(chart.title for chart in self._within.values())}"
        return f"{said}; {rest}" if rest else said

    def _columns(self, rows: Rows, names: tuple[str, ...]) -> Floats:
        place = {name: j for j, name in enumerate(rows.names)}
        for name in names:
            if name not in place:
                near = difflib.get_close_matches(name, rows.names, n=1)
                hint = f"Is it '{near[0]}'? " if near else ""
                raise ColumnMismatch(
                    "The model needs this column and the rows do not have it.",
                    cure=f"{hint}The rows' columns are: {', '.join(rows.names)}.",
                    column=name,
                )
        if names == rows.names:
            return rows.x
        return np.asarray(rows.x[:, [place[name] for name in names]])

    def _notes(self, missing: Bools | None, n: int) -> list[str]:
        notes = [""] * n
        passed = "".join(f": {chart.title} judges complete rows only" for chart in self._charts.values() if isinstance(chart, BoundSpe))
        if missing is not None:
            for i in np.flatnonzero(missing.any(axis=1)):
                names = [self.model.names[j] for j in np.flatnonzero(missing[i])]
                notes[i] = (
                    f"no value for {', '.join(names)}{passed}" if len(names) < self.model.p else "no value for any variable: not judged"
                )
        return notes

    @staticmethod
    def _clean(x: Floats, missing: Bools | None) -> Floats:
        return x if missing is None else np.where(missing, np.nan, x)

    @staticmethod
    def _missing(x: Floats, quality: tuple[str, ...]) -> Bools | None:
        """Which values are not there (n, p); None when all are, the usual case, which is found out in one pass without a table."""
        bad = [] if UNFIT.isdisjoint(quality) else [i for i, q in enumerate(quality) if q in UNFIT]
        if not bad and not (x.size and np.isnan(x.min())):
            return None
        missing = np.isnan(x)
        missing[bad] = True
        return missing

    def _tracks(self, charts: Mapping[str, Chart], x: Floats, missing: Bools | None) -> dict[str, Track]:
        """The charts over rows x (n, p), which are whitened once for all of them."""
        if missing is not None:
            return self._with_gaps(charts, x, missing)
        values = {name: np.empty(len(x)) for name in charts}
        for start in range(0, len(x), BLOCK):  # a block stays in the second-level cache from whitening to the charts' values
            here = slice(start, start + BLOCK)
            z = self.model.scatter.whiten(x[here])
            far = unbelieved(z)
            for name, chart in charts.items():
                self._state[name], values[name][here] = judged(chart, self._state[name], z, far)
        tracks = {}
        for name, value in values.items():
            ucl = np.full(len(x), self.model.new_limits[name][-1].value)
            tracks[name] = Track(value, ucl, value > ucl)
        return tracks

    def _with_gaps(self, charts: Mapping[str, Chart], x: Floats, missing: Bools) -> dict[str, Track]:
        """The same where values are missing. A chart with one limit has it for complete rows: it passes over the others."""
        n, gaps = len(x), missing.any(axis=1)
        tracks = {name: Track(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool)) for name in charts}
        for name, found in self._tracks(charts, x[~gaps], None).items():
            track = tracks[name]
            track.value[~gaps], track.ucl[~gaps], track.out[~gaps] = found.value, found.ucl, found.out
        alike: dict[bytes, list[int]] = {}  # rows that lack the same values are judged together
        for i in np.flatnonzero(gaps).tolist():
            alike.setdefault(missing[i].tobytes(), []).append(i)
        for here in alike.values():
            seen = ~missing[here[0]]
            if seen.any():
                self._observed(charts, self._part(seen).whiten(x[here][:, seen]), np.array(here), tracks)
        return tracks

    def _observed(self, charts: Mapping[str, Chart], z: Floats, here: Ints, tracks: dict[str, Track]) -> None:
        """A chart without memory judges whitened rows z (n, q) on the values that they have, against the limit for so many."""
        q, far = z.shape[1], unbelieved(z)
        for name, chart in charts.items():
            limits, track = self.model.new_limits[name], tracks[name]
            if len(limits) == self.model.p and not chart.start(self.model.p):
                _, value = judged(chart, chart.start(q), z, far)
                ucl = limits[q - 1].value
                track.value[here], track.ucl[here], track.out[here] = value, ucl, value > ucl

    def _part(self, seen: Bools) -> Scatter:
        """The scatter of the observed variables alone."""
        key = seen.tobytes()
        if key not in self._parts:
            self._parts[key] = self.model.scatter.part(seen)
        return self._parts[key]

    def _guard(self, rows: Rows, notes: list[str]) -> Track:
        worst = np.full(len(rows), np.nan)
        for guard in self.model.guards:
            needed = (guard.name, *(name for name, _ in guard.slopes))
            x = self._columns(rows, needed)
            with np.errstate(over="ignore", invalid="ignore"):
                expected = guard.level + x[:, 1:] @ np.array([slope for _, slope in guard.slopes])
                ratio = np.minimum(np.abs(x[:, 0] - expected) / guard.tolerance, LARGEST)
            if not np.isfinite(expected).all():  # a value that it follows is too far away to say what it should be
                ratio[~np.isfinite(expected) & ~np.isnan(x).any(axis=1)] = LARGEST
            worst = np.fmax(worst, ratio)
            for i in np.flatnonzero(ratio > 1.0):
                said = f"guard {guard.name} is {x[i, 0]:.6g}, not {expected[i]:.6g}"
                notes[i] = f"{notes[i]}; {said}" if notes[i] else said
        return Track(worst, np.ones(len(rows)), worst > 1.0)
