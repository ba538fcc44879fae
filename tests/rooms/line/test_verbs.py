from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spc.errors import Complaint, Conflict, NotFound
from spc.ledger import Ledger, events
from spc.ledger import alarms as book
from spc.line import Line, acknowledge, activate, cause, deactivate, save_model, save_reference, shelve, unshelve
from spc.settings import LineSettings
from tests.small import FakeClock, model
from tests.small import rows as some_rows


class House:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger.open(f"sqlite:///{folder}/a.db")
        self.line = Line(self.ledger, LineSettings("smt-2"), clock=self.clock)
        self.reference = save_reference(self.ledger, b"a,b\n1,2\n", name="r.csv", by="Ada", now=self.clock(), roles={"a": "id"})
        self.model = save_model(self.ledger, model(), reference_id=self.reference, by="Ada", now=self.clock(), note="spring")

    def activate(self) -> None:
        activate(self.ledger, "smt-2", self.model, "new lot", "Ada", self.clock())

    def alarm(self) -> str:
        self.activate()
        self.line.take(some_rows(4, out=(4,)))
        with self.ledger.read() as connection:
            return book.alarms(connection)[0].id

    def events(self, id: str) -> list[tuple[str, str, str]]:
        with self.ledger.read() as connection:
            return [(one.what, one.by, one.note) for one in book.events_of(connection, id)][1:]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.ledger.close()


def test_who_did_what_when_and_why_is_written_down(house: House) -> None:
    house.activate()
    deactivate(house.ledger, "smt-2", "changeover", "Bob", house.clock.go(5))
    with house.ledger.read() as connection:
        found = events.events(connection)
    assert [(one.what, one.by, one.about, one.why) for one in found] == [
        ("deactivated", "Bob", "line:smt-2", "changeover"),
        ("activated", "Ada", "line:smt-2", "new lot"),
        ("model saved", "Ada", f"model:{house.model}", "spring"),
        ("reference saved", "Ada", f"reference:{house.reference}", ""),
    ]
    assert found[1].facts == {"model": house.model, "before": None, "after_seq": 0}


def test_activating_asks_for_a_line_a_model_a_reason_and_a_name(house: House) -> None:
    def go(line: str = "smt-2", model: str = house.model, why: str = "x", by: str = "Ada") -> None:
        activate(house.ledger, line, model, why, by, house.clock())

    with pytest.raises(NotFound, match="no line 'smt-9'"):
        go(line="smt-9")
    with pytest.raises(NotFound, match="no model"):
        go(model="nobody")
    with pytest.raises(Complaint, match="reason is missing"):
        go(why=" ")
    with pytest.raises(Complaint, match="name"):
        go(by="")
    with pytest.raises(Conflict, match="No model is active"):
        deactivate(house.ledger, "smt-2", "x", "Ada", house.clock())
    go()
    with pytest.raises(Conflict, match="already active"):
        go()
    with pytest.raises(NotFound, match="no reference"):
        save_model(house.ledger, model(), reference_id="nobody", by="Ada", now=house.clock())


def test_an_alarm_is_acknowledged_once_and_its_cause_kept(house: House) -> None:
    id = house.alarm()
    assert acknowledge(house.ledger, id, "Ada", "looking", house.clock.go(9)).acknowledged_at == house.clock()
    with pytest.raises(Conflict):
        acknowledge(house.ledger, id, "Bob", "me too", house.clock())
    assert cause(house.ledger, id, "Ada", "wrong lot", house.clock()).cause == "wrong lot"
    assert house.events(id) == [("acknowledged", "Ada", "looking"), ("cause", "Ada", "wrong lot")]
    for verb in (acknowledge, cause):
        with pytest.raises(NotFound):
            verb(house.ledger, "nobody", "Ada", "x", house.clock())


def test_of_two_that_acknowledge_at_once_one_hears_of_the_other(house: House) -> None:
    id = house.alarm()
    answers = []
    for by in ("Ada", "Bob"):
        try:
            answers.append(acknowledge(house.ledger, id, by, "", house.clock()).acknowledged_by)
        except Conflict as told:
            answers.append(told.text)
    assert answers == ["Ada", "This alarm was already acknowledged by Ada."]


def test_shelving_and_taking_off_the_shelf(house: House) -> None:
    id = house.alarm()
    until = house.clock() + 60_000_000
    assert shelve(house.ledger, id, "Ada", "gauge in calibration", until, house.clock()).state == "shelved"
    house.line.take(some_rows(9, first=5, out=(8,)))
    assert unshelve(house.ledger, id, "Ada", house.clock()).state == "unacknowledged"
    assert house.events(id) == [
        ("shelved", "Ada", "gauge in calibration"),
        ("returned", "", "3 points in a row within the limit"),
        ("again", "", house.line.ledger.write(lambda connection: book.get_alarm(connection, id)).sentence),
        ("unshelved", "Ada", ""),
    ]
