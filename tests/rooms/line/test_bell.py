from __future__ import annotations

from collections.abc import Iterator

import pytest

from spc.errors import LedgerError
from spc.ledger import Ledger, outbox
from spc.ledger import alarms as book
from spc.line import Line, activate, ring, save_model
from spc.line.bell import LEASE_US, TRIES
from spc.notify import Message
from spc.settings import LineSettings
from tests.small import FakeClock, Inbox, model
from tests.small import rows as some_rows


class House:
    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger.open(url)
        self.line = Line(self.ledger, LineSettings("smt-2"), clock=self.clock, notifiers=("shift",))
        id = save_model(self.ledger, model(), reference_id=None, by="Ada", now=self.clock())
        activate(self.ledger, "smt-2", id, "start", "Ada", self.clock())

    def ring(self, inbox: object) -> int:
        return ring(self.ledger, {"shift": inbox}, self.clock, chance=lambda: 1.0)  # type: ignore[dict-item]

    def counts(self) -> tuple[int, int, int]:
        with self.ledger.read() as connection:
            found = outbox.counts(connection)
        return found["waiting"], found["told"], found["dead"]


@pytest.fixture
def house(url: str) -> Iterator[House]:
    house = House(url)
    house.line.take(some_rows(4, out=(4,)))
    yield house
    house.ledger.close()


def test_a_message_is_told_once(house: House) -> None:
    inbox = Inbox()
    assert house.ring(inbox) == 1
    assert house.ring(inbox) == 0
    (message,) = inbox.got
    assert (message.reason, message.subject) == ("first", "smt-2: ALARM")
    assert house.counts() == (0, 1, 0)


def test_a_failure_is_tried_again_later_and_later_with_the_same_id(house: House) -> None:
    inbox = Inbox(fail=3)
    when = []
    for second in range(20):
        if house.ring(inbox):
            when.append(second)
        house.clock.go(1)
    assert when == [0, 2, 6, 14]
    assert len(inbox.got) == 1
    assert house.counts() == (0, 1, 0)


def test_what_came_back_is_not_told_before_what_went_out(house: House) -> None:
    inbox = Inbox(fail=1)
    house.ring(inbox)
    house.line.take(some_rows(4, first=5))
    assert house.ring(inbox) == 0
    house.clock.go(2)
    while house.ring(inbox):
        pass
    assert [one.reason for one in inbox.got] == ["first", "back in"]


def test_a_refusal_for_good_is_kept_as_dead(house: House) -> None:
    house.ring(Inbox(fail=1, permanent=True))
    house.clock.go(10_000)
    assert house.ring(Inbox()) == 0
    assert house.counts() == (0, 0, 1)
    with house.ledger.read() as connection:
        (alarm,) = book.alarms(connection)
        assert outbox.letters(connection, alarm.id)[0]["error"] == "the letter box is jammed"


def test_after_many_failures_it_is_given_up(house: House) -> None:
    inbox = Inbox(fail=100)
    for _ in range(TRIES):
        assert house.counts() == (1, 0, 0)
        assert house.ring(inbox) == 1
        house.clock.go(700)
    assert house.ring(inbox) == 0
    assert house.counts() == (0, 0, 1)


def test_a_plugin_that_raises_anything_loses_nothing(house: House) -> None:
    def broken(message: Message) -> None:
        raise ZeroDivisionError

    house.ring(broken)
    assert house.counts() == (1, 0, 0)


def test_a_crash_between_telling_and_writing_it_down_sends_again_with_the_same_id(house: House) -> None:
    class Crash(BaseException):
        pass

    ids: list[str] = []

    def dies(message: Message) -> None:
        ids.append(message.id)
        raise Crash

    with pytest.raises(Crash):
        house.ring(dies)
    inbox = Inbox()
    assert house.ring(inbox) == 0
    house.clock.go(LEASE_US / 1e6 + 1)
    assert house.ring(inbox) == 1
    assert [one.id for one in inbox.got] == ids
    assert house.counts() == (0, 1, 0)


def test_a_disk_that_fails_after_telling_sends_again(house: House) -> None:
    inbox = Inbox()
    told = outbox.told

    def full(*_: object) -> bool:
        raise LedgerError("disk full")

    outbox.told = full  # type: ignore[assignment]
    try:
        with pytest.raises(LedgerError):
            house.ring(inbox)
    finally:
        outbox.told = told
    house.clock.go(LEASE_US / 1e6 + 1)
    house.ring(inbox)
    assert len({one.id for one in inbox.got}) == 1
    assert len(inbox.got) == 2


def test_a_bell_leaves_the_letters_of_other_notifiers(house: House) -> None:
    assert ring(house.ledger, {"hook": Inbox()}, house.clock) == 0
    assert house.counts() == (1, 0, 0)
