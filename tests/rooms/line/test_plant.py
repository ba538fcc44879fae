from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import structlog

from spc.errors import BadSettings, Conflict, NotFound
from spc.ledger import Ledger, events, jobs, leases, lines, outbox, points, rows
from spc.ledger import alarms as book
from spc.line import Plant, activate, demo, save_model, shelve
from spc.line import plant as plant_module
from spc.line.plant import unshelve_due
from spc.nouns import Rows
from spc.settings import LineSettings, PartSettings, Settings
from tests.small import FakeClock, Inbox, model
from tests.small import rows as some_rows
from tests.waiting import until

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Flaky:
    """Gives blocks of 5 rows up to `n`, and raises once before each row number in `breaks`."""

    n: int = 50
    breaks: tuple[int, ...] = ()
    seen: ClassVar[list[Any]] = []

    @property
    def name(self) -> str:
        return "flaky"

    def read(self, after: Any, stop: threading.Event, clock: Callable[[], int]) -> Iterator[tuple[Rows, Any]]:
        self.seen.append(after)
        start = after["row"] if after else 0
        for row in range(start, self.n, 5):
            if row in self.breaks and row != start:
                raise OSError(f"cable pulled before {row}")
            yield some_rows(5, first=row + 1, out=(3,) if row == 20 else ()), {"row": row + 5}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    Flaky.seen.clear()
    for name in ("FIRST_S", "LOOK_S", "RING_S"):
        monkeypatch.setattr(plant_module, name, 0.02)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        yield ledger


def settings(**options: Any) -> Settings:
    source = PartSettings("source", f"{__name__}:Flaky", options)
    return Settings(lines=(LineSettings("smt-2", source=source), LineSettings("bare")))


def prepared(ledger: Ledger) -> None:
    ledger.write(lambda connection: lines.put_line(connection, "smt-2", "SMT-2", 1))
    id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
    activate(ledger, "smt-2", id, "start", "Ada", 1)


def count(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return lines.last_seq(connection, "smt-2")


def test_a_source_flows_into_its_line_and_its_alarm_to_people(ledger: Ledger) -> None:
    prepared(ledger)
    inbox = Inbox(fail=0)
    plant = Plant(ledger, settings(), {"shift": inbox})
    plant.start()
    until(lambda: plant.source("smt-2").state == "ended" and len(inbox.got) == 2)
    plant.stop()
    assert count(ledger) == 50
    assert [one.reason for one in inbox.got] == ["first", "back in"]
    assert plant.source("bare").state == "none"
    assert plant.line("smt-2").name == "smt-2"
    with pytest.raises(NotFound, match="Lines: smt-2, bare"):
        plant.source("smt-3")


def test_a_thread_that_computes_holds_up_no_row_for_long(ledger: Ledger) -> None:
    """A row is some ten statements; each may have to wait once until a thread that computes gives way."""
    before = sys.getswitchinterval()
    plant = Plant(ledger, Settings())
    try:
        plant.start()
        assert 20 * sys.getswitchinterval() <= 0.02
    finally:
        plant.stop()
        sys.setswitchinterval(before)


def test_a_source_that_breaks_is_found_again_and_said_once(ledger: Ledger) -> None:
    with structlog.testing.capture_logs() as logs:
        plant = Plant(ledger, settings(breaks=(10, 30)))
        plant.start()
        until(lambda: plant.source("smt-2").state == "ended")
        plant.stop()
    assert count(ledger) == 50
    assert Flaky.seen == [None, {"row": 10}, {"row": 30}]
    said = [one["event"] for one in logs if one["event"].startswith("source")]
    assert said == ["source lost", "source found again", "source lost", "source found again", "source ended"]


def test_a_source_that_stays_lost_is_said_once(ledger: Ledger) -> None:
    with structlog.testing.capture_logs() as logs:
        lost = Settings(lines=(LineSettings("smt-2", source=PartSettings("source", "replay", {"path": "/nowhere/rows.csv"})),))
        plant = Plant(ledger, lost)
        plant.start()
        until(lambda: plant.source("smt-2").state == "lost")
        time.sleep(0.3)
        plant.stop()
    assert "nowhere" in plant.source("smt-2").error
    assert [one["event"] for one in logs].count("source lost") == 1


def test_a_restart_goes_on_behind_the_last_block(ledger: Ledger) -> None:
    for n in (20, 50):
        plant = Plant(ledger, settings(n=n))
        plant.start()
        until(lambda plant=plant: plant.source("smt-2").state == "ended")  # type: ignore[misc]
        plant.stop()
    assert Flaky.seen == [None, {"row": 20}]
    with ledger.read() as connection:
        assert rows.last_rows(connection, "smt-2", 100).rows.ids == some_rows(50).ids


def test_a_start_fails_the_jobs_of_the_process_before(ledger: Ledger) -> None:
    id = ledger.write(lambda connection: jobs.add_job(connection, "fit", {}, by="Ada", now=1))
    plant = Plant(ledger, Settings())
    plant.start()
    plant.stop()
    with ledger.read() as connection:
        assert jobs.get_job(connection, id).state == "failed"


def test_a_shelf_is_over_by_itself_and_people_are_told_if_it_still_matters(ledger: Ledger) -> None:
    prepared(ledger)
    clock = FakeClock()
    plant = Plant(ledger, Settings(lines=(LineSettings("smt-2", "SMT-2"),)), {"shift": Inbox()}, clock)
    plant.line("smt-2").take(some_rows(3, out=(3,)))
    with ledger.read() as connection:
        (alarm,) = book.alarms(connection)
    shelve(ledger, alarm.id, "Ada", "calibration", clock() + 60_000_000, clock())
    plant.line("smt-2").take(some_rows(9, first=4, out=(8,)))  # back, and out again: nobody is told
    assert unshelve_due(ledger, plant.settings, ("shift",), clock.go(59)) == 0
    assert unshelve_due(ledger, plant.settings, ("shift",), clock.go(1)) == 1
    with ledger.read() as connection:
        assert book.get_alarm(connection, alarm.id).state == "unacknowledged"
        letters = outbox.letters(connection, alarm.id)
    assert [one["reason"] for one in letters] == ["first", "shelf over"]


def test_a_line_that_was_made_takes_rows_at_once_and_after_every_start(ledger: Ledger) -> None:
    plant = Plant(ledger, settings(), {"shift": Inbox()})
    before = plant.lines
    line = plant.add_line("lathe-7", " Lathe 7 ", by="Ada")
    assert (plant.line("lathe-7"), plant.source("lathe-7").state) == (line, "none")
    assert list(before) == ["smt-2", "bare"]  # whoever is going through the lines is not disturbed
    line.take(some_rows(3))
    with ledger.read() as connection:
        (made,) = [one for one in events.events(connection) if one.what == "line added"]
    assert (made.about, made.by, made.facts) == ("line:lathe-7", "Ada", {"title": "Lathe 7"})
    again = Plant(ledger, settings())
    assert list(again.lines) == ["smt-2", "bare", "lathe-7"]
    assert again.line("lathe-7").settings == LineSettings("lathe-7", "Lathe 7")
    assert again.line("lathe-7").take(some_rows(4)).accepted == 1


@pytest.mark.parametrize("name, title", [("", ""), ("Lathe 7", ""), ("../x", ""), ("a" * 81, ""), ("ok", "x" * 121), ("ok", "a\nb")])
def test_a_name_that_will_not_do_is_refused_and_nothing_is_made(ledger: Ledger, name: str, title: str) -> None:
    plant = Plant(ledger, Settings())
    with pytest.raises(BadSettings) as wrong:
        plant.add_line(name, title)
    assert wrong.value.cure
    with ledger.read() as connection:
        assert (dict(plant.lines), lines.lines(connection)) == ({}, {})


def test_of_many_who_make_the_same_line_one_does(ledger: Ledger) -> None:
    plant = Plant(ledger, settings())
    with pytest.raises(Conflict, match="There is a line 'bare' already"):
        plant.add_line("bare")
    told: list[str] = []

    def make(k: int) -> None:
        try:
            plant.add_line("lathe")
            plant.add_line(f"lathe-{k}")
            told.append("made")
        except Conflict:
            told.append("refused")

    threads = [threading.Thread(target=make, args=(k,)) for k in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["made"] + ["refused"] * 7
    assert len(plant.lines) == 4


def test_stopping_does_not_wait_for_a_source_that_waits(ledger: Ledger) -> None:
    """Its next row is due in two hours."""
    path = str(ROOT / "data/demo_circuit_boards/phase2_stream.csv")
    slow = PartSettings("source", "replay", {"path": path, "rows_per_s": 1.0 / 7200, "now_times": True, "head": 10})
    plant = Plant(ledger, Settings(lines=(LineSettings("smt-2", source=slow),)), {"shift": Inbox()})
    plant.start()
    until(lambda: count(ledger) == 10)
    plant.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("source")]


def test_the_demo_is_wanted_only_on_an_empty_ledger(ledger: Ledger) -> None:
    shop = Settings(demo=True, lines=(LineSettings("smt-2"),), root=ROOT)
    assert demo.wanted(ledger, shop)
    assert not demo.wanted(ledger, replace(shop, demo=False))
    assert not demo.wanted(ledger, replace(shop, lines=()))
    assert not demo.wanted(ledger, replace(shop, root=Path("/nowhere")))
    prepared(ledger)
    assert not demo.wanted(ledger, shop)


@pytest.mark.slow
def test_the_first_start_shows_a_calm_stretch_and_then_an_alarm(ledger: Ledger) -> None:
    """The shipped demo, played fast: the past is there at once, then the warped board, then the wrong lot."""
    from spc.settings import load

    shop = load(ROOT / "config", {})
    line = shop.line("smt-2")
    assert line.source is not None
    quick = replace(line, source=replace(line.source, options={**line.source.options, "rows_per_s": 100.0}))
    plant = Plant(ledger, replace(shop, lines=(quick,)))
    plant.start()
    until(lambda: count(ledger) >= 100)
    until(lambda: count(ledger) >= 170)
    plant.stop()
    with ledger.read() as connection:
        out = [one.row for one in points.points_between(connection, "smt-2", 1, 170) if one.out]
        (alarm,) = book.alarms(connection)
    assert out[0] == alarm.first_row == 121
    lot = set(range(151, 163))
    assert len(lot & set(out)) >= 9
    assert set(out) <= lot | {121}  # and none of the good boards
    assert "warp is 5" in alarm.sentence or "length is" in alarm.sentence


def test_a_line_that_another_process_runs_is_waited_for_and_taken_when_that_one_ends(url: str) -> None:
    with Ledger.open(url) as mine, Ledger.open(url) as other:
        prepared(other)
        theirs = Plant(other, settings(n=10))
        theirs.start()
        until(lambda: count(other) == 10)
        ours = Plant(mine, settings(n=50))
        ours.start()
        until(lambda: ours.source("smt-2").state == "elsewhere")
        assert "is run by process" in ours.source("smt-2").error
        assert count(mine) == 10
        theirs.stop()
        other.close()
        until(lambda: count(mine) == 50)
        ours.stop()
        with mine.read() as connection:
            assert rows.last_rows(connection, "smt-2", 100).seq.tolist() == list(range(1, 51))


def test_a_quiet_line_is_kept_by_the_process_that_runs_it(url: str) -> None:
    clock = FakeClock()
    with Ledger.open(url) as mine, Ledger.open(url) as other:
        prepared(mine)
        plant = Plant(mine, settings(n=5), clock=clock)
        line = plant.lines["smt-2"]
        line.hold()
        for _ in range(10):
            line.renew(clock.go(6))
        mine.write(lambda connection: None)
        with other.read() as connection:
            assert leases.holder(connection, "smt-2", clock.now)[0] == mine.owner
        clock.go(16)
        line.renew(clock.now)
        mine.write(lambda connection: None)
        with other.read() as connection:
            assert leases.holder(connection, "smt-2", clock.now)[0] == mine.owner


def test_a_line_with_a_process_of_its_own_is_not_fed_by_the_server(ledger: Ledger) -> None:
    prepared(ledger)
    own = replace(settings(n=10), lines=tuple(replace(one, own_process=True) for one in settings(n=10).lines))
    server = Plant(ledger, own)
    server.start()
    server.stop()
    assert count(ledger) == 0
    assert server.source("smt-2").state == "elsewhere"
    apart = Plant(ledger, own, apart=True)
    apart.start()
    until(lambda: count(ledger) == 10)
    apart.stop()


def test_what_came_of_a_source_is_counted(ledger: Ledger) -> None:
    plant = Plant(ledger, settings(breaks=(10, 30)))
    plant.start()
    until(lambda: plant.source("smt-2").state == "ended")
    plant.stop()
    tally = plant.source("smt-2").tally
    assert (tally.rows, tally.batches, tally.scraps, tally.lost, tally.reconnects) == (50, 10, 0, 2, 2)
    assert tally.last is not None
    assert plant.source("bare").tally.rows == 0


@dataclass(frozen=True)
class Patient:
    """Cannot be reached, and knows that asking soon does harm."""

    name: str = "patient"
    asked: ClassVar[list[float]] = []
    waits: ClassVar[list[float]] = [0.4]

    def read(self, after: Any, stop: threading.Event, clock: Callable[[], int]) -> Iterator[tuple[Rows, Any]]:
        self.asked.append(time.monotonic())
        wrong = OSError("somebody else is there")
        wrong.wait_s = self.waits[0]  # type: ignore[attr-defined]
        raise wrong
        yield


def test_a_source_that_must_not_be_asked_soon_is_waited_for_and_does_not_hold_up_a_stop(ledger: Ledger) -> None:
    Patient.asked.clear()
    Patient.waits[:] = [0.4]
    made = Plant(ledger, Settings(lines=(LineSettings("mixer", source=PartSettings("source", "tests.rooms.line.test_plant:Patient")),)))
    made._sources = {"mixer": Patient()}
    made.start()
    until(lambda: len(Patient.asked) >= 2 and made.source("mixer").error)
    assert made.source("mixer").error == "somebody else is there"
    Patient.waits[:] = [7200.0]
    asked = len(Patient.asked)
    until(lambda: len(Patient.asked) > asked)
    made.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("source")]
    first, second, *_ = Patient.asked
    assert second - first >= 0.4  # FIRST_S is 0.02 here
