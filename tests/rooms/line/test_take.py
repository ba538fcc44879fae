from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from spc.errors import ColumnMismatch, LedgerError
from spc.ledger import Ledger, lines, outbox, points, rows
from spc.ledger import alarms as book
from spc.line import Line, acknowledge, activate, deactivate, save_model
from spc.nouns import Alarm, Guard, Rows
from spc.settings import LineSettings, WatchSettings
from tests.small import NAMES, SD, FakeClock, model
from tests.small import rows as some_rows

SETTINGS = LineSettings(
    "smt-2", "SMT-2", part="Board", advice={"warp_mm": "Do: check the cooling zone.", "*": "Do: call."}, interval_s=45, priority="critical"
)


class House:
    """A ledger with one line on which the small model is active."""

    def __init__(self, url: str, settings: LineSettings = SETTINGS) -> None:
        self.clock = FakeClock()
        self.settings = settings
        self.url = url
        self.open()
        self.activate()

    def open(self) -> None:
        self.ledger = Ledger.open(self.url)
        self.line = Line(self.ledger, self.settings, clock=self.clock, url="http://plant", notifiers=("shift", "hook"))

    def again(self) -> None:
        """As after a restart."""
        self.ledger.close()
        self.open()

    def activate(self, center: float = 0.0, guards: tuple[Guard, ...] = ()) -> str:
        id = save_model(self.ledger, model(center=center, guards=guards), reference_id=None, by="Ada", now=self.clock())
        activate(self.ledger, "smt-2", id, "new reference", "Ada", self.clock())
        return id

    def alarms(self, **how: str) -> list[Alarm]:
        with self.ledger.read() as connection:
            return book.alarms(connection, **how)  # type: ignore[arg-type]

    def alarm(self) -> Alarm:
        (one,) = self.alarms()
        return one

    def events(self) -> list[tuple[str, int | None]]:
        with self.ledger.read() as connection:
            return [(one.what, one.seq) for alarm in reversed(book.alarms(connection)) for one in book.events_of(connection, alarm.id)]

    def letters(self) -> list[tuple[str, str]]:
        with self.ledger.read() as connection:
            return [(one["notifier"], one["reason"]) for alarm in book.alarms(connection) for one in outbox.letters(connection, alarm.id)]

    def signals(self) -> list[tuple[int, str, str]]:
        with self.ledger.read() as connection:
            return [(one.seq, one.kind, one.chart) for one in points.signals_after(connection, "smt-2")]

    def points(self) -> list[tuple[int, str, float, bool]]:
        with self.ledger.read() as connection:
            return [(one.row, one.chart, one.value, one.out) for one in points.points_after(connection, "smt-2", 0, 10_000)]


@pytest.fixture
def house(url: str) -> Iterator[House]:
    house = House(url)
    yield house
    house.ledger.close()


def test_rows_are_numbered_judged_and_kept(house: House) -> None:
    receipt = house.line.take(some_rows(5), source="test")
    assert (receipt.accepted, receipt.duplicates, receipt.first_seq, receipt.last_seq) == (5, 0, 1, 5)
    assert house.line.take(some_rows(3, first=6)).last_seq == 8
    with house.ledger.read() as connection:
        window = rows.last_rows(connection, "smt-2", 100)
    assert window.seq.tolist() == list(range(1, 9))
    block = some_rows(5)
    z = (block.x - model().scatter.center) / SD
    np.testing.assert_allclose([value for _, _, value, _ in house.points()][:5], (z**2).sum(axis=1), rtol=1e-12)
    assert house.signals() == []


def test_a_repeat_is_not_taken_and_one_with_other_values_is_reported(house: House) -> None:
    house.line.take(some_rows(5))
    changed = some_rows(6)
    changed.x[1, 0] += 0.001
    receipt = house.line.take(changed)
    assert (receipt.accepted, receipt.duplicates, receipt.conflicts, receipt.first_seq, receipt.last_seq) == (1, 5, (2,), 6, 6)
    assert house.line.take(some_rows(6)).conflicts == ()
    assert house.line.take(some_rows(6)).to_dict() == {
        "accepted": 0, "duplicates": 6, "refused": [], "first_seq": None, "last_seq": None, "conflicts": [], "late": 0,
    }  # fmt: skip


def test_a_row_that_comes_twice_in_one_block_is_taken_once(house: House) -> None:
    block = some_rows(4)
    doubled = Rows(block.names, block.x[[0, 1, 1, 3]], block.at[[0, 1, 1, 3]], tuple(block.ids[i] for i in (0, 1, 1, 3)))
    receipt = house.line.take(doubled)
    assert (receipt.accepted, receipt.duplicates) == (3, 1)


def test_rows_without_id_or_time_are_all_taken(house: House) -> None:
    bare = Rows.of(some_rows(3).x, NAMES)
    assert [house.line.take(bare).accepted for _ in range(2)] == [3, 3]
    timed = replace(some_rows(3), ids=(None,) * 3)
    assert [house.line.take(timed).accepted for _ in range(2)] == [3, 0]


def test_an_alarm_opens_grows_and_returns_in_one_block(house: House) -> None:
    house.line.take(some_rows(12, out=(4, 5, 7)))
    alarm = house.alarm()
    assert (alarm.state, alarm.first_row, alarm.last_row, alarm.rows_out, alarm.priority) == ("returned", 4, 7, 3, "critical")
    assert alarm.worst == pytest.approx(64.0 / model().new_limits["t2"][2].value)
    assert house.signals() == [(4, "out", "t2"), (10, "in", "t2")]
    assert house.events() == [("opened", 4), ("returned", 10)]
    assert house.letters() == [("hook", "first"), ("shift", "first"), ("hook", "back in"), ("shift", "back in")]


def test_the_sentence_says_when_where_what_and_what_to_do(house: House) -> None:
    house.line.take(some_rows(4, out=(4,)))
    alarm = house.alarm()
    assert alarm.sentence.startswith("06:03 SMT-2: warp_mm is 8.0 sd high (")
    assert alarm.sentence.endswith("T² 64.0 (UCL 14.2). Board B00004. Do: check the cooling zone.")
    assert alarm.facts["culprit"] == "warp_mm"
    assert alarm.facts["part"] == "B00004"
    assert sum(alarm.facts["blame"].values()) == pytest.approx(alarm.facts["value"])
    with house.ledger.read() as connection:
        (letter, _) = outbox.letters(connection, alarm.id)
        (found,) = (
            one for one in house.ledger.write(lambda c: outbox.claim(c, ("shift",), house.clock(), 1, "t")) if one.notifier == "shift"
        )
    assert letter["state"] == "waiting"
    assert found.message["subject"] == "SMT-2: ALARM"
    assert found.message["sentence"] == alarm.sentence
    assert found.message["link"] == f"http://plant/alarms?alarm={alarm.id}"
    assert found.message["facts"]["alarm"] == alarm.id


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_blocks_of_any_size_give_the_same(tmp_path: Path, size: int) -> None:
    """Row by row or in one block: the same points, signals, alarm, events and letters."""
    found = []
    for name, step in (("a", size), ("b", 40)):
        house = House(f"sqlite:///{tmp_path}/{name}.db", replace(SETTINGS, watch=WatchSettings(2, 3, 2)))
        block = some_rows(40, out=(5, 9, 10, 11, 15, 20, 22, 30, 31, 40))
        for start in range(0, 40, step):
            house.line.take(block.part(slice(start, start + step)))
        alarm = house.alarm()
        found.append((house.points(), house.signals(), house.events(), house.letters(), alarm))
        house.ledger.close()
    assert found[0] == found[1]
    assert (found[0][4].first_row, found[0][4].last_row, found[0][4].rows_out) == (10, 31, 7)


def test_going_out_again_is_the_same_incident_until_somebody_has_seen_it(house: House) -> None:
    house.line.take(some_rows(10, out=(2,)))
    house.line.take(some_rows(10, first=11, out=(3,)))
    first = house.alarm()
    assert (first.state, first.rows_out, first.first_row, first.last_row) == ("returned", 2, 2, 13)
    assert house.events() == [("opened", 2), ("returned", 5), ("again", 13), ("returned", 16)]
    assert [reason for name, reason in house.letters() if name == "shift"] == ["first", "back in", "out again", "back in"]
    acknowledge(house.ledger, first.id, "Ada", "seen", house.clock())
    house.line.take(some_rows(10, first=21, out=(3,)))
    assert len(house.alarms()) == 2
    assert house.alarms()[0].first_row == 23


def test_an_acknowledged_alarm_goes_on_growing(house: House) -> None:
    house.line.take(some_rows(3, out=(3,)))
    acknowledge(house.ledger, house.alarm().id, "Ada", "looking", house.clock())
    house.line.take(some_rows(3, first=4, out=(1, 2, 3)))
    assert (house.alarm().state, house.alarm().rows_out) == ("acknowledged", 4)
    house.line.take(some_rows(3, first=7))
    assert house.alarm().state == "normal"


def test_a_restart_goes_on_in_the_middle_of_an_alarm(house: House) -> None:
    house.line.take(some_rows(5, out=(5,)))
    house.line.take(some_rows(2, first=6))
    house.again()
    house.line.take(some_rows(1, first=8))
    assert (house.alarm().state, house.signals()) == ("returned", [(5, "out", "t2"), (8, "in", "t2")])
    assert house.line.take(some_rows(9)).duplicates == 8


def test_a_failed_transaction_leaves_the_line_as_it_was(house: House) -> None:
    """The database fails after the line has judged: the memory is read again, and the same rows can be sent again."""
    house.line.take(some_rows(4, out=(4,)))

    def fail(*_: object) -> None:
        raise sa.exc.OperationalError("INSERT INTO judged", {}, Exception("disk I/O error"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points, "append_points", fail)
        with pytest.raises(LedgerError, match="disk I/O error"):
            house.line.take(some_rows(4, first=5))
    assert house.line.take(some_rows(4, first=5)).first_seq == 5
    assert house.signals() == [(4, "out", "t2"), (7, "in", "t2")]
    assert len(house.points()) == 8


def test_rows_before_any_model_are_kept_and_not_judged(url: str) -> None:
    with Ledger.open(url) as ledger:
        line = Line(ledger, SETTINGS)
        assert line.columns() is None
        assert line.take(some_rows(3, out=(1,))).accepted == 3
        with ledger.read() as connection:
            assert points.last_points(connection, "smt-2", 5) == []
            assert len(rows.last_rows(connection, "smt-2", 5)) == 3


def test_another_model_takes_effect_at_the_next_row(house: House) -> None:
    house.line.take(some_rows(5))
    house.activate(center=9.0)
    house.line.take(some_rows(5, first=6))
    assert [out for *_, out in house.points()] == [False] * 5 + [True] * 5
    with house.ledger.read() as connection:
        assert [one.after_seq for one in lines.activations(connection, "smt-2")] == [0, 5]
    assert house.line.columns() == NAMES


def test_an_alarm_of_an_earlier_model_ends_with_it(house: House) -> None:
    house.line.take(some_rows(5, out=(5,)))
    house.activate(center=0.01)
    house.line.take(some_rows(1, first=6))
    assert house.alarm().state == "returned"
    assert house.letters()[-1] == ("shift", "another model")
    assert house.events()[-1] == ("returned", None)


def test_without_a_model_a_line_goes_on_unjudged(house: House) -> None:
    house.line.take(some_rows(2))
    deactivate(house.ledger, "smt-2", "changeover", "Ada", house.clock())
    house.line.take(some_rows(2, first=3, out=(1,)))
    assert len(house.points()) == 2
    assert house.line.take(some_rows(1, first=5)).last_seq == 5


def test_a_missing_column_is_refused_whole(house: House) -> None:
    block = some_rows(3)
    with pytest.raises(ColumnMismatch):
        house.line.take(Rows(NAMES[:2], block.x[:, :2], block.at, block.ids))
    assert house.line.take(block).first_seq == 1


def test_columns_are_matched_by_name_and_others_are_kept(house: House) -> None:
    block = some_rows(3)
    wide = Rows(("humidity", "copper_um", "warp_mm", "length_mm"), np.c_[[1.0, 2.0, 3.0], block.x[:, ::-1]], block.at, block.ids)
    house.line.take(wide)
    with house.ledger.read() as connection:
        assert rows.last_rows(connection, "smt-2", 3).rows.x[:, 0].tolist() == [1.0, 2.0, 3.0]
    z = (block.x - model().scatter.center) / SD
    np.testing.assert_allclose([value for _, _, value, _ in house.points()], (z**2).sum(axis=1), rtol=1e-12)


def test_bad_values_are_kept_and_not_judged(house: House) -> None:
    house.line.take(some_rows(3, out=(2, 3), quality=("good", "bad", "late")))
    with house.ledger.read() as connection:
        found = points.last_points(connection, "smt-2", 3)
        assert rows.last_rows(connection, "smt-2", 3).rows.x[1, 1] == some_rows(3, out=(2,)).x[1, 1]
    assert [(one.out, one.note) for one in found] == [(False, ""), (False, "not judged: quality bad"), (True, "late")]
    assert house.signals() == []  # a row that came late is marked and raises no alarm


def test_a_row_with_a_missing_value_is_judged_on_the_others(house: House) -> None:
    block = some_rows(2, out=(2,))
    block.x[:, 0] = np.nan
    house.line.take(block)
    assert [out for *_, out in house.points()] == [False, True]
    assert json.dumps(dict(house.alarm().facts), allow_nan=False)
    assert "length_mm" not in house.alarm().facts["blame"]


def test_a_guard_that_moves_is_an_alarm_of_its_own_words(house: House) -> None:
    house.activate(guards=(Guard("nozzle", 5.0, 0.01),))
    block = some_rows(6)
    x = np.c_[block.x, [5.0, 5.0, 5.5, 5.0, 5.0, 5.0]]
    house.line.take(Rows((*NAMES, "nozzle"), x, block.at, block.ids))
    alarm = house.alarm()
    assert "SMT-2: nozzle is 5.5, not 5: in the reference it never moved." in alarm.sentence
    assert (alarm.facts["culprit"], alarm.state) == ("nozzle", "returned")
    assert alarm.sentence.endswith("Do: call.")


def test_rows_in_any_order_of_time_are_judged_as_they_come(house: House) -> None:
    house.line.take(some_rows(3, first=10))
    house.line.take(some_rows(3, first=1))
    assert [row for row, *_ in house.points()] == [1, 2, 3, 4, 5, 6]


def test_many_threads_may_send_to_one_line(house: House) -> None:
    """Every row once, numbered without a gap, points complete."""
    blocks = [some_rows(5, first=1 + 5 * i) for i in range(40)]

    def send(which: slice) -> None:
        for block in blocks[which]:
            house.line.take(block)

    threads = [threading.Thread(target=send, args=(slice(i, None, 2),)) for i in (0, 1)] * 1
    threads += [threading.Thread(target=send, args=(slice(0, 10),))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with house.ledger.read() as connection:
        window = rows.last_rows(connection, "smt-2", 1000)
    assert window.seq.tolist() == list(range(1, 201))
    assert len(set(window.rows.ids)) == 200
    assert [row for row, *_ in house.points()] == list(range(1, 201))


def test_an_event_loop_can_wait_for_the_disk(house: House) -> None:
    async def both() -> list[int]:
        receipts = await asyncio.gather(*(house.line.take_async(some_rows(2, first=1 + 2 * i)) for i in range(5)))
        return [one.accepted for one in receipts]

    assert asyncio.run(both()) == [2] * 5


def test_the_position_of_a_source_is_kept_with_its_rows(house: House) -> None:
    house.line.take(some_rows(2), source="replay x", position={"row": 2})
    house.line.take(some_rows(2), source="replay x", position={"row": 4})  # repeats: nothing new, but read they were
    with house.ledger.read() as connection:
        assert lines.get_position(connection, "smt-2", "replay x") == {"row": 4}


def test_silence_is_an_alarm_of_its_own_and_ends_when_rows_come(house: House) -> None:
    house.line.take(some_rows(3, out=(3,)))
    house.clock.go(135)
    house.line.look()
    assert house.ledger.write(lambda connection: book.open_alarm(connection, "smt-2", "no data")) is None
    house.clock.go(1)
    for _ in range(3):
        house.line.look()
        house.ledger.write(lambda connection: None)
    silent, process = sorted(house.alarms(), key=lambda one: one.kind)
    assert (silent.kind, silent.state, silent.priority, silent.rows_out) == ("no data", "unacknowledged", "medium", 0)
    assert "no row for 136 s (one is expected every 45 s)" in silent.sentence
    assert process.state == "unacknowledged"
    house.line.take(some_rows(1, first=4))
    silent, process = sorted(house.alarms(), key=lambda one: one.kind)
    assert (silent.state, process.state) == ("returned", "unacknowledged")
    assert ("shift", "data again") in house.letters()


def test_a_line_that_never_had_a_row_or_was_just_started_is_not_silent(house: House) -> None:
    house.clock.go(1000)
    house.line.look()
    house.line.take(some_rows(1))
    house.clock.go(1000)
    house.again()
    house.line.look()
    house.ledger.write(lambda connection: None)
    assert house.alarms() == []
