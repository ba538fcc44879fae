"""Whoever must be told is down, then up again: everybody is told, a repeat has the same id, and the line never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as KeepsMessage

from spc.ledger import Ledger, outbox
from spc.line import Plant, activate, bell, save_model
from spc.line import plant as plant_module
from spc.notify import Email, Notifier, Webhook
from spc.settings import LineSettings, Settings
from tests.faults.servers import Receiver
from tests.ports import free_port
from tests.small import model
from tests.small import rows as some_rows
from tests.waiting import until

pytestmark = pytest.mark.faults


class House:
    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/a.db"
        self.plant: Plant | None = None

    def start(self, notifier: Notifier) -> None:
        self.ledger = Ledger.open(self.url)
        self.plant = Plant(self.ledger, Settings(lines=(LineSettings("smt-2"),)), {"people": notifier})
        with self.ledger.read() as connection:
            new = outbox.counts(connection) == {"waiting": 0, "told": 0, "dead": 0}
        if new:
            id = save_model(self.ledger, model(), reference_id=None, by="Ada", now=1)
            activate(self.ledger, "smt-2", id, "start", "Ada", 1)
        self.plant.start()

    def excursion(self, first: int) -> None:
        assert self.plant is not None
        self.plant.line("smt-2").take(some_rows(10, first=first, out=(3,)))

    def counts(self) -> dict[str, int]:
        with self.ledger.read() as connection:
            return outbox.counts(connection)

    def stop(self) -> None:
        if self.plant is not None:
            self.plant.stop()
            self.ledger.close()
            self.plant = None


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(plant_module, "RING_S", 0.02)
    monkeypatch.setattr(bell, "FIRST_US", 20_000)
    house = House(tmp_path)
    yield house
    house.stop()


def test_a_webhook_that_was_down_gets_everything_once_it_is_up(house: House) -> None:
    port = free_port()
    house.start(Webhook(f"http://127.0.0.1:{port}/", ("127.0.0.1",), timeout_s=60.0))
    house.excursion(1)  # nobody is there to be told, and it goes on
    time.sleep(0.3)
    assert house.counts() == {"waiting": 2, "told": 0, "dead": 0}
    receiver = Receiver(port)
    until(lambda: house.counts()["told"] == 2)
    receiver.close()
    assert [one["reason"] for one in receiver.got] == ["first", "back in"]


def test_a_webhook_that_fails_is_told_again_with_the_same_id(house: House) -> None:
    receiver = Receiver()
    receiver.answer = 500
    house.start(Webhook(f"http://127.0.0.1:{receiver.port}/", ("127.0.0.1",), timeout_s=60.0))
    house.excursion(1)
    until(lambda: len(receiver.got) >= 3)
    assert len(receiver.ids) == 1
    receiver.answer = 204
    until(lambda: house.counts()["told"] == 2)
    receiver.close()
    assert len(receiver.ids) == 2
    assert receiver.got[0]["id"] == receiver.got[2]["id"]


def test_a_webhook_that_says_no_for_good_is_not_asked_again(house: House) -> None:
    receiver = Receiver()
    receiver.answer = 410
    house.start(Webhook(f"http://127.0.0.1:{receiver.port}/", ("127.0.0.1",), timeout_s=60.0))
    house.excursion(1)
    until(lambda: house.counts()["dead"] == 2)
    receiver.close()
    assert len(receiver.got) == 2


def test_what_waits_at_a_stop_is_told_after_the_next_start(house: House) -> None:
    port = free_port()
    hook = Webhook(f"http://127.0.0.1:{port}/", ("127.0.0.1",), timeout_s=60.0)
    house.start(hook)
    house.excursion(1)
    house.stop()
    receiver = Receiver(port)
    house.start(hook)
    until(lambda: house.counts()["told"] == 2)
    receiver.close()


class Mailbox(KeepsMessage):
    """A real mail server's mailbox."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[str, str]] = []

    def handle_message(self, message) -> None:  # type: ignore[no-untyped-def]
        self.got.append((message["Message-ID"], message["Subject"]))


def test_a_mail_server_that_was_down_gets_everything_once_it_is_up(house: House) -> None:
    port = free_port()
    house.start(Email("127.0.0.1", "spc@plant.example", ("shift@plant.example",), port=port, timeout_s=60.0))
    house.excursion(1)
    time.sleep(0.3)
    assert house.counts() == {"waiting": 2, "told": 0, "dead": 0}
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=60.0)
    controller.start()
    until(lambda: house.counts()["told"] == 2)
    controller.stop()
    assert [subject for _, subject in mailbox.got] == ["smt-2: ALARM", "smt-2: back in control"]
    assert len({id for id, _ in mailbox.got}) == 2


def test_a_slow_receiver_holds_up_neither_the_line_nor_another_receiver(house: House, tmp_path: Path) -> None:
    """One that never answers beside one that does."""
    hold = threading.Event()
    told: list[str] = []
    ledger = Ledger.open(f"sqlite:///{tmp_path}/b.db")
    both: dict[str, Notifier] = {"slow": lambda message: (hold.wait(60.0), None)[1], "quick": lambda message: told.append(message.reason)}
    plant = Plant(ledger, Settings(lines=(LineSettings("smt-2"),)), both)
    id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
    activate(ledger, "smt-2", id, "start", "Ada", 1)
    plant.start()
    plant.line("smt-2").take(some_rows(10, out=(3,)))
    until(lambda: told == ["first", "back in"])
    hold.set()
    plant.stop()
    ledger.close()
