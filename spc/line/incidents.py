"""What signals do to a line's alarm, written down: the alarm, its events, and the letters to whoever must be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any

import numpy as np
from sqlalchemy import Connection

from spc import alarms, sentences
from spc.charts.believed import LARGEST
from spc.ledger import alarms as book
from spc.ledger.clock import to_us
from spc.ledger.lines import Activation
from spc.ledger.points import rows_out
from spc.line import began, known, words
from spc.line.lasting import lasting
from spc.line.page import Page
from spc.line.recent import Recent
from spc.line.words import Judged
from spc.nouns import Alarm, Bools, Floats, Points, Signal
from spc.settings import LineSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a line's alarms are handled: its settings, who is told, and what is needed to put it in words."""

    settings: LineSettings
    notifiers: tuple[str, ...] = ()
    url: str = ""
    zone: tzinfo = UTC

    def record(
        self,
        connection: Connection,
        alarm: Alarm,
        what: str,
        now: int,
        *,
        tell: str = "",
        by: str = "",
        note: str = "",
        seq: int | None = None,
    ) -> None:
        """Stores the alarm and the event; `tell` is the reason for which people are told, empty when they need not be."""
        page = Page(connection, self.settings.name)
        self._record(page, alarm, what, now, tell=tell, by=by, note=note, seq=seq)
        page.write(now)

    def _record(
        self, page: Page, alarm: Alarm, what: str, now: int, *, tell: str = "", by: str = "", note: str = "", seq: int | None = None
    ) -> None:
        page.put(alarm)
        page.happened(alarm, what, by=by, note=note, seq=seq)
        if tell and self.notifiers and alarm.shelved_until is None:
            body = words.letter(alarm, tell, self.settings, self.url, self.zone, now).to_dict()
            for name in self.notifiers:
                page.tell(name, tell, body)

    def end(self, connection: Connection, kind: str, now: int, tell: str, note: str) -> None:
        """Ends the active alarm of a kind, if there is one."""
        alarm = book.open_alarm(connection, self.settings.name, kind)
        if alarm is not None and alarm.active:
            self.record(connection, alarms.end(alarm, now), "returned", now, tell=tell, note=note)

    def silent(self, connection: Connection, last_seq: int, heard: int, now: int) -> None:
        """Nothing came for too long: an alarm of its own, which never ends another one."""
        self.stand(connection, "no data", last_seq, words.silence(self.settings, self.zone, now, heard), {"last": heard}, now)

    def stand(self, connection: Connection, kind: str, last_seq: int, said: str, facts: Mapping[str, Any], now: int) -> None:
        """Opens an alarm that is not about the process, unless one of its kind is active."""
        before = book.open_alarm(connection, self.settings.name, kind)
        if before is not None and before.active:
            return
        self._open(connection, before, kind, last_seq, said, facts, now)

    def _open(
        self, connection: Connection, before: Alarm | None, kind: str, last_seq: int, said: str, facts: Mapping[str, Any], now: int
    ) -> None:
        page = Page(connection, self.settings.name)
        out = alarms.Out(self.settings.name, kind, last_seq, now, said, priority="medium", rows_out=0, worst=0.0, facts=facts)
        self._go_out(page, before, out)
        page.write(now)

    def stuck(self, connection: Connection, last_seq: int, columns: Mapping[str, tuple[float, int]], now: int) -> None:
        """Sensors show the same value again and again (column → value and rows): an alarm of its own; with none it is over."""
        before = book.open_alarm(connection, self.settings.name, "stuck")
        active = before is not None and before.active
        if not columns:
            if active:
                self.end(connection, "stuck", now, "moves again", "the values move again")
            return
        facts = {"columns": {name: value for name, (value, _) in columns.items()}, "culprit": next(iter(columns))}
        if before is not None and active and set(before.facts.get("columns", {})) == set(columns):
            return
        said = words.stuck(self.settings, self.zone, now, columns)
        self._open(connection, before, "stuck", last_seq, said, facts, now)

    def judge(
        self, connection: Connection, active: Activation, judged: Judged, signals: Sequence[Signal], now: int, recent: Recent | None = None
    ) -> None:
        """A block's signals in order, and the rows beyond a limit between them; `recent` are the rows that need not be read again."""
        points = judged.points
        out, ratio = _beyond(points)
        if not signals and not out.any():
            return
        page = Page(connection, self.settings.name, int(points.rows[0]), int(points.rows[-1]), recent or Recent())
        alarm = before = book.open_alarm(connection, self.settings.name, "process")
        done = 0  # the rows before this one are counted
        for signal in sorted(signals, key=lambda one: one.index):
            here = slice(done, signal.index + 1)
            if alarm is not None and alarm.active:
                alarm = self._grow(page, judged, alarm, (out, ratio, here), now)
                here = slice(signal.index + 1, signal.index + 1)
            done = signal.index + 1
            if signal.kind == "out":
                alarm = before = self._out(page, active, judged, signal, alarm, (out, ratio, here), now)
            elif alarm is not None and alarm.active:
                alarm = before = self._in(page, active, alarm, signal, now)
            page.signal(signal, alarm.id if alarm else None, _facts(signal, alarm))
        if alarm is not None and alarm.active:
            alarm = self._grow(page, judged, alarm, (out, ratio, slice(done, len(points))), now)
        if alarm is not None and alarm is not before:
            page.put(alarm)
        page.write(now)

    def _out(
        self,
        page: Page,
        active: Activation,
        judged: Judged,
        signal: Signal,
        before: Alarm | None,
        beyond: tuple[Bools, Floats, slice],
        now: int,
    ) -> Alarm:
        out, ratio, here = beyond
        name, row, first, points = self.settings.name, signal.point.row, int(judged.points.rows[0]), judged.points
        telling = words.telling_of(self.settings, self.zone)
        here = slice(max(here.start, int(np.searchsorted(points.rows, signal.since))), here.stop)
        counted = before is not None and before.active
        earlier = rows_out(page.connection, name, signal.since, first - 1) if signal.since < first and not counted else 0
        at = to_us(points.at[signal.index : signal.index + 1])[0] or now
        told = words.facts(judged, signal, active.model_id or "", active.id, at, telling)
        if not counted:
            told |= began.opened(page, active, judged.model, signal, self.settings.watch.back)
            told |= lasting(page, judged.model, told, row, telling)
            told |= known.alike(page.known_causes, judged.model, told, before.id if before is not None else "")
        went = alarms.Out(
            line=name,
            kind="process",
            row=row,
            now=now,
            sentence=sentences.reworded(told),
            charts=(_called(signal, active),),
            priority=self.settings.priority,
            rows_out=int(out[here].sum()) + earlier,
            worst=min(float(ratio[here].max(initial=0.0)), LARGEST),
            facts=told,
        )
        return self._go_out(page, before, went)

    def _grow(self, page: Page, judged: Judged, alarm: Alarm, beyond: tuple[Bools, Floats, slice], now: int) -> Alarm:
        """The alarm after the rows of a slice; its beginning is worked out anew up to the last of the first points out."""
        grown = _grow(alarm, judged.points, beyond, now)
        if grown is alarm:
            return alarm
        out, _, here = beyond
        rows = judged.points.rows[here][out[here]]
        rows = rows[rows <= alarm.facts.get("since_until", 0)]
        if not rows.size:
            return grown
        found = began.since(page, judged.model, alarm.facts["since_from"], int(rows[-1]))
        told = {**grown.facts, **found}
        told |= lasting(page, judged.model, told, int(rows[-1]), words.telling_of(self.settings, self.zone))
        told |= known.alike(page.known_causes, judged.model, told, alarm.id)
        return replace(grown, facts=told, sentence=sentences.reworded(told) if "matter" in told else grown.sentence)

    def _go_out(self, page: Page, before: Alarm | None, out: alarms.Out) -> Alarm:
        alarm = alarms.go_out(before, out)
        if alarm.active and before is not None and before.active:
            self._record(page, alarm, "joined", out.now, note=", ".join(out.charts), seq=out.row)
        elif before is not None and before.id == alarm.id:
            self._record(page, alarm, "again", out.now, tell="out again", note=out.sentence, seq=out.row)
        else:
            self._record(page, alarm, "opened", out.now, tell="first", note=out.sentence, seq=out.row)
        return alarm

    def _in(self, page: Page, active: Activation, before: Alarm, signal: Signal, now: int) -> Alarm:
        alarm = alarms.come_back(before, _called(signal, active), now)
        if alarm.active:
            page.put(alarm)
        else:
            self._record(page, alarm, "returned", now, tell="back in", note=signal.reason, seq=signal.point.row)
        return alarm


def _called(signal: Signal, active: Activation) -> str:
    """The chart, for the incident: one product's T² that comes back in does not speak for another's."""
    return f"{signal.chart} of {active.product}" if active.product else signal.chart


def _beyond(points: Points) -> tuple[Bools, Floats]:
    """Which rows have a point beyond its limit, and the largest value / limit of each row; a point that could not be judged is 0."""
    out = np.zeros(len(points), dtype=np.bool_)
    ratio = np.zeros(len(points))
    for track in points.tracks.values():
        out |= track.out
        with np.errstate(over="ignore"):
            ratio = np.fmax(ratio, track.value / track.ucl)
    return out, ratio


def _grow(alarm: Alarm, points: Points, beyond: tuple[Bools, Floats, slice], now: int) -> Alarm:
    """The alarm after the rows of a slice."""
    out, ratio, here = beyond
    where = np.flatnonzero(out[here])
    if not where.size:
        return alarm
    last = int(points.rows[here.start + int(where[-1])])
    return alarms.update(alarm, rows_out=int(where.size), worst=min(float(ratio[here].max()), LARGEST), last_row=last, now=now)


def _facts(signal: Signal, alarm: Alarm | None) -> Mapping[str, Any]:
    """What a signal "out" was explained by at that moment; a signal "in" needs no more than its reason."""
    return dict(alarm.facts) if alarm is not None and signal.kind == "out" else {}
