"""What a block does to a line's alarms, gathered and written in a few statements; and what its signals ask of the ledger, asked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from spc.blame.since import MOST
from spc.ledger import alarms as book
from spc.ledger import causes, events, outbox, points
from spc.ledger import rows as store
from spc.ledger.causes import KnownCause
from spc.ledger.rows import Window
from spc.line.recent import Recent
from spc.nouns import Alarm, Signal


@dataclass(eq=False)
class Page:
    """The page of a line's book on which a block writes, whose judged rows are first … last; `write` puts it into the ledger.

    What is read through it counts what was written on it: the rows of the block are in the ledger already, its signals are not.
    """

    connection: Connection
    line: str
    first: int = 0
    last: int = 0
    recent: Recent = field(default_factory=Recent)
    _alarms: dict[str, Alarm] = field(default_factory=dict)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _letters: list[tuple[int, str, str, Mapping[str, Any]]] = field(default_factory=list)
    _signals: list[tuple[Signal, str | None, Mapping[str, Any]]] = field(default_factory=list)
    _back: dict[int, int] = field(default_factory=dict)
    _windows: dict[int, Window] = field(default_factory=dict)

    def put(self, alarm: Alarm) -> None:
        """The alarm as it is now."""
        self._alarms[alarm.id] = alarm

    def happened(self, alarm: Alarm, what: str, *, by: str = "", note: str = "", seq: int | None = None) -> None:
        """What happened to an alarm."""
        self._events.append({"alarm_id": alarm.id, "what": what, "made_by": by, "note": note, "seq": seq})

    def tell(self, notifier: str, reason: str, body: Mapping[str, Any]) -> None:
        """A letter about what happened last."""
        self._letters.append((len(self._events) - 1, notifier, reason, body))

    def signal(self, one: Signal, alarm_id: str | None, facts: Mapping[str, Any]) -> None:
        """A change of state with its reason."""
        self._signals.append((one, alarm_id, facts))

    def write(self, now: int) -> None:
        """Writes it all, in the order in which it happened."""
        for alarm in self._alarms.values():
            book.put_alarm(self.connection, alarm)
        ids = book.add_events(self.connection, self._events, now)
        letters = [(self._events[place]["alarm_id"], ids[place], notifier, reason, body) for place, notifier, reason, body in self._letters]
        outbox.put_letters(self.connection, letters, now)
        points.append_signals(self.connection, self.line, self._signals, now)

    # ------------------------------------------------------------------------------------------------------ what is asked

    def begun_anew(self, before: int) -> int:
        """The row after which the charts last began anew, of those before row `before`; 0 when they never did."""
        return max((one for one in self._anew if one < before), default=0)

    @cached_property
    def _anew(self) -> list[int]:
        return events.all_begun_anew(self.connection, self.line)

    @cached_property
    def known_causes(self) -> list[KnownCause]:
        """The causes of the line."""
        return causes.known_causes(self.connection, self.line)

    def last_back(self, before: int) -> int:
        """The newest row before row `before` at which a chart came back in; 0 when none ever did."""
        here = max((one.point.row for one, _, _ in self._signals if one.kind == "in" and one.point.row < before), default=0)
        if here:
            return here
        before = min(before, self.first)  # between the first row of the block and this one there is none
        if before not in self._back:
            self._back[before] = points.last_back(self.connection, self.line, before)
        return self._back[before]

    def rows_between(self, first: int, last: int, size: int = 1) -> Window:
        """The rows with first <= seq <= last, from those that are looked at in blocks of `size` rows to a point."""
        first, window = max(first, 1), self.recent.window
        if window is not None and window.seq[0] <= first and last <= window.seq[-1]:
            return window.part(slice(first - int(window.seq[0]), last - int(window.seq[0]) + 1))
        if size not in self._windows:
            self._windows[size] = store.rows_between(self.connection, self.line, self.first - MOST * size, self.last)
        window = self._windows[size]
        if not len(window) or first < window.seq[0] or last > window.seq[-1]:
            return store.rows_between(self.connection, self.line, first, last)
        here = slice(first - int(window.seq[0]), last - int(window.seq[0]) + 1)  # a line's rows follow each other without a gap
        return window.part(here)
