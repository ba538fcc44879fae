"""What must be true of a ledger after anything: the rows that were acknowledged are there once, judged as if nothing had been, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spc.ledger import Ledger, outbox, points, rows
from spc.ledger import alarms as book
from spc.nouns import Rows

ALL = 10_000_000


@dataclass(frozen=True)
class Story:
    """Everything of a line in a ledger that may not depend on what happened to the machine meanwhile."""

    seq: list[int]
    ids: tuple[str | None, ...]
    x: bytes
    at: bytes
    charts: dict[str, bytes]  # value, limit and out of every row, to the bit
    judged: list[int]
    notes: dict[int, str]
    signals: list[tuple[Any, ...]]
    alarms: list[tuple[Any, ...]]
    events: list[tuple[str, int | None]]
    letters: dict[str, str]
    outbox: dict[str, int]

    def __len__(self) -> int:
        return len(self.seq)

    def begins(self, n: int) -> dict[str, bytes]:
        """The first n rows of each chart."""
        return {name: one[: 17 * n] for name, one in self.charts.items()}


def story(ledger: Ledger, line: str) -> Story:
    """What the ledger says of a line; its own checks must find nothing."""
    assert ledger.check() == []
    with ledger.read() as connection:
        window = rows.last_rows(connection, line, ALL)
        charts: dict[str, list[bytes]] = {}
        judged: list[int] = []
        notes: dict[int, str] = {}
        for one in points.judged_between(connection, line, 1, ALL):
            judged += one.seq.tolist()
            notes |= {seq: note for seq, note in one.notes.items() if seq in set(one.seq.tolist())}
            for k, name in enumerate(one.charts):
                packed = np.empty(len(one), dtype=[("value", "<f8"), ("ucl", "<f8"), ("out", "u1")])
                packed["value"], packed["ucl"], packed["out"] = one.value[:, k], one.ucl[:, k], one.out[:, k]
                charts.setdefault(name, []).append(packed.tobytes())
        alarms = book.alarms(connection, limit=ALL)
        signals = points.signals_after(connection, line, 0, ALL)
        return Story(
            window.seq.tolist(),
            window.rows.ids,
            window.rows.x.tobytes(),
            window.rows.at.tobytes(),
            {name: b"".join(each) for name, each in charts.items()},
            judged,
            notes,
            [(one.seq, one.chart, one.kind, one.reason, one.since, one.value, one.alarm_id) for one in signals],
            [(one.id, one.state, one.first_row, one.last_row, one.rows_out, one.worst, one.sentence) for one in alarms],
            [(one.what, one.seq) for alarm in alarms for one in book.events_of(connection, alarm.id)],
            {one["id"]: one["reason"] for alarm in alarms for one in outbox.letters(connection, alarm.id)},
            outbox.counts(connection),
        )


def check(found: Story, acknowledged: Sequence[Rows], calm: Story, *, told: bool = False) -> None:
    """Raises AssertionError unless all of it holds:

    every acknowledged row is there once, with its values; the rows that are there are judged, and charts and signals are those of `calm`, a
    run that nothing happened to, as far as the rows go; every signal "out" belongs to an alarm and is written down there, and with `told`
    somebody was told of every alarm that opened or came again.
    """
    n = len(found)
    assert found.seq == list(range(1, n + 1)), "a row is missing, or there twice"
    there = Counter(found.ids)
    lost = [id for block in acknowledged for id in block.ids if there[id] != 1]
    assert not lost, f"{len(lost)} acknowledged rows are not there once, the first of them {lost[0]}"
    assert (found.ids, found.x, found.at) == (calm.ids[:n], calm.x[: len(found.x)], calm.at[: len(found.at)]), "other values"
    assert found.judged == found.seq, "a row was not judged, or twice"
    assert found.charts == calm.begins(n), "the charts differ from an undisturbed run"
    assert found.notes == {seq: note for seq, note in calm.notes.items() if seq <= n}
    assert found.signals == [one for one in calm.signals if one[0] <= n], "the signals differ from an undisturbed run"
    alarms = {one[0] for one in found.alarms}
    went_out = {(what, seq) for what, seq in found.events if what in ("opened", "again", "joined")}
    for seq, chart, kind, *_, alarm in found.signals:
        assert alarm in alarms, f"the signal of {chart} at row {seq} has no alarm"
        assert kind == "in" or any(one[1] == seq for one in went_out), f"nothing says that row {seq} is out on {chart}"
    if told:
        went = sum(one[0] in ("opened", "again") for one in found.events)
        assert sum(reason in ("first", "out again") for reason in found.letters.values()) >= went, "nobody was told of an alarm"
