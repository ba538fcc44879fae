"""What the pages see of the plant, and the few things they may do to it: the only module of the pages that opens the ledger.

Every method blocks for a read or a commit: pages call them off the event loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from spc.blame.compare import Comparison
from spc.blame.pareto import Bar, By
from spc.charts import charts_of, titled
from spc.errors import NotFound
from spc.ledger import alarms as alarm_book
from spc.ledger import causes as cause_book
from spc.ledger import gaps as gap_book
from spc.ledger import lines as line_book
from spc.ledger import models, points, rows
from spc.ledger.causes import KnownCause
from spc.ledger.rows import Window
from spc.line import causes as over_time
from spc.line import verbs
from spc.line.causes import Of
from spc.line.known import looks_like_of
from spc.line.means import means
from spc.line.periods import period
from spc.line.unknown import unknown_columns
from spc.nouns import Alarm, Blame, Finding, Limit, Model, Point, Points, Rows
from spc.nouns.dynamics import column_of
from spc.settings import LineSettings, Settings
from spc.ui.within import Within, told, within
from spc.ui.words import LineFacts, clock, number

if TYPE_CHECKING:
    from spc.phase2.arithmetic import Arithmetic

WINDOW = 2000  # rows that a live chart holds: more, and a shop-floor PC cannot redraw four times a second
MS = 1000
MOST_GAPS = 50  # of those that a chart shows, the newest
UNKNOWN_STALE_S = 60.0  # silence that is news on a line whose interval nobody has said


@dataclass(frozen=True, slots=True)
class Dot:
    """One row as a live chart needs it: its number, its time (ms UTC), part, note, {chart: (value, ucl, out)}, and raw values.

    `timed` is false for a row that came without a time: `at` is then when it was received, which is no place on a time axis, because a
    table that is sent in one block is received at one moment. `late`: newer ones came before it.
    """

    seq: int
    at: int
    part: str | None
    note: str
    charts: dict[str, tuple[float | None, float | None, int]]
    x: tuple[float | None, ...]
    timed: bool = True
    late: bool = False

    def to_list(self, *, values: bool) -> list[Any]:
        """As it goes over the wire: plain lists, None for a gap; a 0 at the end of a row without a time of its own, a 2 of a late one.

        >>> Dot(7, 0, None, "", {}, (0.5,), timed=False).to_list(values=True), Dot(8, 0, "B8", "", {}, (0.5,)).to_list(values=False)
        ([7, 0, None, '', {}, (0.5,), 0], [8, 0, 'B8', '', {}])
        """
        told: list[Any] = [self.seq, self.at, self.part, self.note, self.charts]
        if values or not self.timed or self.late:
            told.append(self.x if values else None)
        return [*told, 0] if not self.timed else [*told, 2] if self.late else told


@dataclass(frozen=True, slots=True)
class Missing:
    """A time (ms UTC) in which rows after row `after_seq` are missing, in words; `until` is None while it goes on."""

    after_seq: int
    since: int
    until: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A change of model: drawn as a vertical line before the row after `after_seq`."""

    after_seq: int
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """What a line's charts say besides dots: the active model's variables, bands, footer, and the marks of model changes."""

    line: str
    title: str
    activation: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    band: tuple[tuple[float, float, float], ...]  # low, middle, high of each variable in the reference
    guards: tuple[str, ...]
    footer: str
    model: str
    limit: Limit | None
    marks: tuple[Mark, ...]
    priority: str = "high"
    companions: tuple[tuple[str, str], ...] = ()  # name and title of the charts beside T²
    findings: tuple[Finding, ...] = ()  # words of the line's settings that the active model does not know
    grouped: bool = False  # means of subgroups are judged: T² stands on the rows that close one


@dataclass(frozen=True, slots=True, eq=False)
class Blamed:
    """Why one row has the T² that it has: the judged row, the values x (p,) that were judged, the model, and the sentence.

    raw (k, p) are the rows' own values where those before it count: the row's own are the last. `within` are the charts of the rows within
    the subgroup that the row closed.
    """

    seq: int
    model: Model
    points: Points
    blame: Blame
    x: tuple[float, ...]
    sentence: str
    raw: Any = None
    within: tuple[Within, ...] = ()


class View:
    """The pages' window on a plant."""

    def __init__(self, plant: Any) -> None:
        self._plant = plant
        self._ledger = plant.ledger
        self._settings: Settings = plant.settings
        self.timezone: str = plant.settings.timezone
        self._models: dict[str, Model] = {}
        self._lock = threading.Lock()

    @property
    def plant(self) -> Any:
        """The plant itself, for the desk of the reference page, which keeps references and activates models."""
        return self._plant

    def now(self) -> int:
        """The plant's clock, µs UTC."""
        return int(self._plant.clock())

    def on_commit(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Have `wake` called after each commit of this process, from any thread; gives back the way to stop it."""
        stop: Callable[[], None] = self._ledger.on_commit(wake)
        return stop

    # ------------------------------------------------------------------------------------------------------------- lines

    def names(self) -> list[str]:
        """All lines, in the order of the settings, then those that only the ledger knows."""
        with self._ledger.read() as c:
            known = line_book.lines(c)
        configured = [one.name for one in self._settings.lines]
        return configured + [n for n in known if n not in configured]

    def title(self, line: str) -> str:
        """What people call the line."""
        settings = self._of(line)
        if settings:
            return settings.title
        with self._ledger.read() as c:
            return line_book.lines(c).get(line, line)

    def facts(self) -> list[LineFacts]:
        """Every line at this moment: the wall."""
        out = []
        names = self.names()
        with self._ledger.read() as c:
            titles = line_book.lines(c)
            open_alarms = alarm_book.alarms(c, state="open", limit=500)
            for name in names:
                last = line_book.last_seq(c, name)
                window = rows.rows_between(c, name, last, last) if last else None
                dots = points.points_between(c, name, last, last) if last else []
                settings = self._of(name)
                out.append(
                    LineFacts(
                        name=name,
                        title=settings.title if settings else titles.get(name, name),
                        last_seq=last,
                        last_at=_at(window, 0) if window is not None else None,
                        seen_at=int(window.received[0]) if window is not None else None,
                        stale_after_s=(settings.stale_s if settings else None) or UNKNOWN_STALE_S,
                        out=any(p.out for p in dots),
                        model=self._version(line_book.activations(c, name)),
                        alarms=tuple(a for a in open_alarms if a.line == name),
                        skew=self._plant.lines[name].lag.words if name in self._plant.lines else "",
                    )
                )
        return out

    def need(self, line: str) -> None:
        """Raises NotFound when there is no such line."""
        known = self.names()
        if line not in known:
            raise NotFound(f"There is no line {line!r}.", cure=f"Lines: {', '.join(known) or 'none yet'}.")

    def about(self, line: str) -> About:
        """What the line's charts need besides dots."""
        with self._ledger.read() as c:
            made = line_book.activations(c, line)
            now = made[-1] if made else None
            last = line_book.last_seq(c, line)
            fallback = rows.rows_between(c, line, last, last).rows.names if last else ()
            body = self._model(c, now.model_id) if now and now.model_id else None
        marks = tuple(Mark(a.after_seq, a.at // MS, self._mark(k, a)) for k, a in enumerate(made, 1))
        title, settings = self.title(line), self._of(line)
        priority = settings.priority if settings else "high"
        if body is None or now is None:
            empty = tuple("" for _ in fallback)
            return About(line, title, now.id if now else 0, fallback, empty, (), (), "not monitored", "", None, marks, priority)
        guards = tuple(g.name for g in body.guards)
        units = body.units[: len(body.inputs)] + tuple("" for _ in guards)
        version = self._version(made)
        limit = body.new_limits["t2"][-1] if "t2" in body.new_limits else None
        footer = footing(body, version)
        companions = tuple((name, titled(name)) for name in body.new_limits if name != "t2")
        found = unknown_columns(settings, body) if settings else ()
        drawn = body.columns, units, band(body), guards, footer, version, limit, marks, priority, companions
        return About(line, title, now.id, *drawn, found, body.subgroup is not None)

    def activation(self, line: str) -> int:
        """The number of the activation in force: changes when the model does."""
        with self._ledger.read() as c:
            now = line_book.current(c, line)
        return now.id if now else 0

    def last_seqs(self, lines: Sequence[str]) -> dict[str, tuple[int, int]]:
        """The newest row and the activation in force of several lines, in one read: what the tailer asks ten times a second."""
        with self._ledger.read() as c:
            return {name: (line_book.last_seq(c, name), a.id if (a := line_book.current(c, name)) else 0) for name in lines}

    def dots(self, line: str, names: Sequence[str], first: int, last: int) -> list[Dot]:
        """The rows first … last with their points and their values in the order of `names`."""
        with self._ledger.read() as c:
            window = rows.rows_between(c, line, first, last)
            found = points.points_between(c, line, first, last)
        return dots_of(window, found, names)

    def gaps(self, lines: Mapping[str, tuple[int, int]]) -> dict[str, list[Missing]]:
        """The times in which rows are known to be missing, by line, about the rows first … last of each."""
        with self._ledger.read() as c:
            return {
                name: [Missing(g.after_seq, g.since // MS, None if g.until is None else g.until // MS, self._missing(g)) for g in found]
                for name, (first, last) in lines.items()
                if (found := gap_book.gaps_between(c, name, first, last)[-MOST_GAPS:])
            }

    def _missing(self, gap: gap_book.StoredGap) -> str:
        since, until = when(self, gap.since), None if gap.until is None else when(self, gap.until)
        why = "" if gap.why == "no row came" else f": {gap.why}"
        return f"no rows since {since}{why}" if until is None else f"no rows {since}–{until}{why}"

    # ------------------------------------------------------------------------------------------------------------ alarms

    def alarms(self, state: str = "", line: str = "", limit: int = 200) -> list[Alarm]:
        """The newest first."""
        with self._ledger.read() as c:
            return alarm_book.alarms(c, state=state, line=line, limit=limit)

    def last_alarm_event(self, after: int) -> int:
        """The number of the newest thing that happened to any alarm."""
        with self._ledger.read() as c:
            while found := alarm_book.events_after(c, after, limit=1000):
                after = found[-1].id
        return after

    def alarm(self, id: str) -> tuple[Alarm, str, str]:
        """An alarm with the known causes that it looks like now, the title of its line, and what to do; raises NotFound."""
        with self._ledger.read() as c:
            found = alarm_book.get_alarm(c, id)
            near, known = looks_like_of(c, found), cause_book.known_causes(c, found.line)
        others = sum(1 for one in known if any(case.alarm_id != id for case in one.cases))
        found = replace(found, facts={**found.facts, "looks_like": near, "known_causes": others})
        return found, self.title(found.line), self.advice(found)

    def advice(self, alarm: Alarm) -> str:
        """What the settings say to do when this variable is to blame."""
        settings = self._of(alarm.line)
        blame = alarm.facts.get("blame")
        if not settings or not isinstance(blame, dict) or not blame:
            return ""
        largest = max(blame, key=lambda name: blame[name] if blame[name] is not None else -np.inf)
        culprit = alarm.facts.get("culprit") or largest
        return str(settings.advice.get(column_of(culprit), settings.advice.get("*", "")))

    def acknowledge(self, id: str, by: str, note: str) -> None:
        """Sign for an alarm."""
        verbs.acknowledge(self._ledger, id, by, note, self.now())

    def shelve(self, id: str, by: str, reason: str, minutes: int) -> None:
        """Put an alarm aside for a while; it comes back by itself."""
        now = self.now()
        verbs.shelve(self._ledger, id, by, reason, now + minutes * 60_000_000, now)

    def cause(self, id: str, by: str, what: str, name: str | None = "", action: str = "", note: str = "") -> None:
        """Record what the cause was; under its name, if it is not None, later incidents are compared with this one."""
        verbs.cause(self._ledger, id, by, what, self.now(), name=name, action=action, note=note)

    def known_causes(self, line: str) -> list[KnownCause]:
        """The causes that people found on a line, but for those that were withdrawn."""
        with self._ledger.read() as c:
            return cause_book.known_causes(c, line)

    def rename_cause(self, line: str, id: int, name: str, by: str, reason: str) -> None:
        """Give a known cause another name."""
        verbs.rename_cause(self._ledger, line, id, name, by, reason, self.now())

    def withdraw_cause(self, line: str, id: int, by: str, reason: str) -> None:
        """From now on nothing looks like this cause."""
        verbs.withdraw_cause(self._ledger, line, id, by, reason, self.now())

    # ------------------------------------------------------------------------------------------------------------- blame

    def blamed(self, line: str, seq: int) -> Blamed:
        """Why row `seq`, or the mean of the subgroup that it closed, has its T²; raises NotFound when there is none."""
        from spc import blame  # noqa: PLC0415 - scipy's laws: needed by the first click, not by the first page
        from spc.phase2 import Monitor  # noqa: PLC0415

        with self._ledger.read() as c:
            window = rows.rows_between(c, line, seq, seq)
            id = points.model_of(c, line, seq)
            if not len(window) or id is None:
                raise NotFound(f"Row {seq} of {line} was not judged.", cure="Choose a point of the chart.")
            model = self._model(c, id)
            depth = 0 if model.dynamics is None else model.dynamics.depth
            before = rows.rows_between(c, line, seq - depth, seq - 1)
            mean = next(iter(means(c, line, model, seq, seq)), None)
            inner = tuple(within(c, line, seq, model))
        if model.subgroup is not None:
            if mean is None:
                raise NotFound(f"Row {seq} is part of a subgroup, which is judged by its mean.", cure="Choose a point of the chart.")
            whole, model = model, model.sized(mean.k)
            alone = Monitor(replace(model, subgroup=None, guards=()), charts_of({}, ["t2"]))
            judged = alone.judge(Rows(model.names, mean.x[None], window.rows.at, window.rows.ids), seq)
            spread = next((one for one in inner if one.out and not judged.tracks["t2"].out[0]), None)
            said = self._sentence(line, model, mean.x) if spread is None else self._spread(line, whole, spread)
            return Blamed(seq, model, judged, blame.blame(model, mean.x), tuple(mean.x.tolist()), said, within=inner)
        monitor = Monitor(model)
        monitor.follow(_only(before, model.columns))
        judged = monitor.judge(_only(window, model.columns), seq)
        x = monitor.charted[0]
        raw = np.concatenate([_pick(before, model.inputs), _pick(window, model.inputs)])
        raw = raw if model.dynamics is None else model.dynamics.run(raw, np.concatenate([before.rows.at, window.rows.at]))
        return Blamed(seq, model, judged, blame.blame(model, x), tuple(x.tolist()), self._sentence(line, model, x), raw)

    def _sentence(self, line: str, model: Model, x: Any) -> str:
        from spc import blame  # noqa: PLC0415 - as above

        own = self._of(line)
        return blame.sentence(model, x) if own is None else blame.sentence(model, x, own.language, own.called)

    def _spread(self, line: str, model: Model, one: Within) -> str:
        own = self._of(line)
        return told(model, one) if own is None else told(model, one, own.language or "en", own.called)

    def charted(self, line: str) -> str:
        """What one point of the line's chart is of, in the plural: "rows", or "subgroups" when means are judged."""
        with self._ledger.read() as c:
            now = line_book.current(c, line)
            return "subgroups" if now and now.model_id and self._model(c, now.model_id).subgroup is not None else "rows"

    def worked(self, line: str, seq: int, model: Model) -> list[Arithmetic]:
        """The arithmetic of row `seq` on charts with memory, each with its limit's: thousands of rows may be worked through again."""
        from spc.ui.worked import worked  # noqa: PLC0415 - asked for when a fold is opened

        with self._ledger.read() as c:
            return worked(c, line, seq, model)

    def causes(self, kind: str, since: str, until: str, line: str, of: Of, by: By) -> tuple[tuple[Bar, ...], int, int]:
        """The Pareto of a period (of all lines when `line` is empty), and the period, µs UTC; raises Complaint for one that is none."""
        now = self.now()
        first, last = period(kind, now, ZoneInfo(self.timezone), since, until)
        with self._ledger.read() as c:
            return over_time.causes(c, first, last, now, line=line, of=of, by=by), first, last

    def compared(self, line: str, after: tuple[str, str], before: tuple[str, str] | None) -> Comparison:
        """A period of a line, from – to, against another or (None) against the reference; raises Complaint."""
        now, zone = self.now(), ZoneInfo(self.timezone)
        new = period("between", now, zone, *after)
        old = None if before is None else period("between", now, zone, *before)
        with self._ledger.read() as c:
            return over_time.compared(c, line, new, old, self._model)

    # ----------------------------------------------------------------------------------------------------------- private

    def _of(self, line: str) -> LineSettings | None:
        return next((one for one in self._settings.lines if one.name == line), None)

    def _model(self, connection: Any, id: str) -> Model:
        with self._lock:
            if id not in self._models:
                self._models[id] = models.get_model(connection, id)
            return self._models[id]

    @staticmethod
    def _version(made: Sequence[line_book.Activation]) -> str:
        return f"v{len(made)}" if made and made[-1].model_id else ""

    def _mark(self, number: int, one: line_book.Activation) -> str:
        if one.model_id is None:
            return "monitoring off"
        return f"model v{number}"


def band(model: Model) -> tuple[tuple[float, float, float], ...]:
    """Low, middle and high of each column in the reference: centre ± 3 sd, and what a guard tolerates."""
    center, sd = model.scatter.center, np.sqrt(np.diag(model.scatter.covariance))
    if model.dynamics is not None:  # what is drawn are the rows' own values
        center, sd = model.dynamics.center, model.dynamics.sd
    charted = [(float(m - 3 * s), float(m), float(m + 3 * s)) for m, s in zip(center, sd, strict=True)]
    return (*charted, *((g.level - g.tolerance, g.level, g.level + g.tolerance) for g in model.guards))


def footing(model: Model, version: str) -> str:
    """The line under a chart: how its limit came about."""
    limit = model.new_limits["t2"][-1]
    parts = [
        f"{model.estimator} estimator",
        f"n {model.n}",
        f"p {model.p}",
        f"α {number(limit.alpha)}",
        f"ARL₀ {number(1 / limit.alpha)}",
        f"UCL {number(limit.value)} = {limit.law}",
        f"model {version}",
    ]
    return " · ".join(parts)


def dots_of(window: Window, found: Sequence[Point], names: Sequence[str]) -> list[Dot]:
    """Rows and their points, row by row."""
    by_seq: dict[int, list[Point]] = {}
    for point in found:
        by_seq.setdefault(point.row, []).append(point)
    x = _pick(window, names)
    out = []
    for i, seq in enumerate(window.seq.tolist()):
        own = by_seq.get(seq, [])
        charts = {p.chart: (_finite(p.value), _finite(p.ucl), int(p.out)) for p in own}
        note = next((p.note for p in own if p.note), "")
        values, timed = tuple(_finite(v) for v in x[i].tolist()), not bool(np.isnat(window.rows.at[i]))
        late = bool(window.rows.quality) and window.rows.quality[i] == "late"
        out.append(Dot(seq, _at(window, i) // MS, window.rows.ids[i], note, charts, values, timed, late))
    return out


def _pick(window: Window, names: Sequence[str]) -> Any:
    have = {name: j for j, name in enumerate(window.rows.names)}
    x = np.full((len(window), len(names)), np.nan)
    for j, name in enumerate(names):
        if name in have:
            x[:, j] = window.rows.x[:, have[name]]
    return x


def _only(window: Window, names: tuple[str, ...]) -> Rows:
    return Rows(names, _pick(window, names), window.rows.at, window.rows.ids, window.rows.quality)


def _at(window: Window, i: int) -> int:
    at = window.rows.at[i]
    return int(window.received[i]) if np.isnat(at) else int(at.astype("datetime64[us]").astype(np.int64))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def when(view: View, at: int | None) -> str:
    """A moment on the plant's clock, with its date when that is not today's."""
    today = clock(view.now(), view.timezone, date=True)[:10]
    full = clock(at, view.timezone, date=True)
    return full if at is None or full[:10] != today else full[11:]
