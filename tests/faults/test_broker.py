"""The broker is killed in the middle of a stream: with our configuration it keeps what it acknowledged, as it is installed it does not."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from spc.ledger import Ledger, scraps
from spc.ledger import rows as store
from spc.ledger.clock import now_us
from spc.line import Plant, activate, save_model
from spc.line.again import take_again
from spc.settings import LineSettings, PartSettings, Settings
from spc.sources import Mqtt
from tests.faults.brokers import DEFAULT, Mosquitto, Publisher
from tests.small import model
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.faults

N = 600
LAST = "the last one"


def message(k: int) -> str:
    return json.dumps({"id": f"B{k:05d}", "values": {"warp_mm": 0.3, "copper_um": float(k)}})


def source(broker: Mosquitto) -> Mqtt:
    return Mqtt(host="127.0.0.1", port=broker.port, topic="plant/rows", client_id="spc-smt-2")


def subscribe_and_leave(broker: Mosquitto) -> None:
    stop = threading.Event()
    for _ in source(broker).read(None, stop, now_us):
        stop.set()


def stream(broker: Mosquitto, first: int, n: int) -> set[str]:
    """Sends n rows; returns the part numbers of those that the broker has acknowledged."""
    publisher = Publisher(broker.port)
    for k in range(first, first + n):
        publisher.send("plant/rows", message(k), f"B{k:05d}")
        time.sleep(0.0005)
    publisher.until(n)
    publisher.close()
    return publisher.acknowledged


def what_comes(broker: Mosquitto) -> set[str]:
    """The part numbers of all rows that the broker still has for us: a last one is sent behind them, once we are subscribed."""
    found: set[str] = set()
    publisher, stop, end = Publisher(broker.port), threading.Event(), time.monotonic() + PATIENCE_S
    for k, batch in enumerate(source(broker).read({"at": 0}, stop, now_us)):
        if k == 0:
            publisher.send("plant/rows", json.dumps({"id": LAST, "values": {"warp_mm": 0.3, "copper_um": 0.0}}))
        found |= {str(id) for id in batch.rows.ids}
        assert time.monotonic() < end, f"the last row never came: {len(found)}"
        if LAST in found:
            stop.set()
    publisher.close()
    return found - {LAST}


def wait_for_the_disk(broker: Mosquitto) -> None:
    """Until what the broker has acknowledged is on its disk: it answers first and writes then. So one more is sent."""

    def written() -> tuple[int, int]:
        kept = (broker.folder / "mosquitto.db").stat()
        return kept.st_ino, kept.st_mtime_ns

    before, publisher = written(), Publisher(broker.port)
    publisher.send("plant/rows", message(N))
    until(lambda: written() != before, "the broker wrote nothing")
    publisher.close()


def killed_with_rows_for_a_subscriber_that_is_away(broker: Mosquitto, *, saves: bool) -> tuple[set[str], set[str]]:
    """What the broker acknowledged before it was killed, and what it has after that."""
    broker.start()
    subscribe_and_leave(broker)
    acknowledged = stream(broker, 0, N)
    if saves:
        wait_for_the_disk(broker)
    assert broker.kill() == -signal.SIGKILL
    broker.start()
    return acknowledged, what_comes(broker)


def test_with_our_configuration_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    try:
        acknowledged, came = killed_with_rows_for_a_subscriber_that_is_away(broker, saves=True)
    finally:
        broker.close()
    assert len(acknowledged) == N
    assert acknowledged - came == set()


def test_as_it_is_installed_it_loses_what_it_acknowledged(tmp_path: Path) -> None:
    """Without this the test above would say nothing: the kill takes effect."""
    broker = Mosquitto(tmp_path, DEFAULT)
    try:
        acknowledged, came = killed_with_rows_for_a_subscriber_that_is_away(broker, saves=False)
    finally:
        broker.close()
    assert len(acknowledged) == N
    assert len(acknowledged - came) > N // 2


def test_our_configuration_listens_where_it_says_and_nowhere_else(tmp_path: Path) -> None:
    """A word such as max_connections before the first listener opens port 1883 to everybody: then only one of two could start."""
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with Mosquitto(folders[0]) as one, Mosquitto(folders[1]) as other:
        assert one.port != other.port


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[tuple[Plant, Mosquitto]]:
    with Mosquitto(tmp_path) as broker, closing(Ledger(f"sqlite:///{tmp_path / 'spc.db'}")) as ledger:
        options = {"host": "127.0.0.1", "port": broker.port, "topic": "plant/rows", "client_id": "spc-smt-2"}
        line = LineSettings("smt-2", source=PartSettings("source", "mqtt", options))
        one = Plant(ledger, Settings(ledger=f"sqlite:///{tmp_path / 'spc.db'}", lines=(line,)))
        one.start()
        yield one, broker
        one.stop()


def ids_of(plant: Plant) -> list[str]:
    with plant.ledger.read() as connection:
        return [str(id) for id in store.rows_between(connection, "smt-2", 1, 1_000_000).rows.ids]


def until_running(plant: Plant, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while plant.source("smt-2").state != "running":
        assert time.monotonic() < end, plant.source("smt-2")
        time.sleep(0.02)


def test_a_line_goes_on_after_its_broker_was_killed_in_the_stream_and_every_acknowledged_row_is_there_once(
    plant: tuple[Plant, Mosquitto], capsys: pytest.CaptureFixture[str]
) -> None:
    line, broker = plant
    until_running(line)
    publisher = Publisher(broker.port)
    for k in range(N):
        if k == N // 3:  # all that was acknowledged is here; what comes now is on its way when the broker dies, and acknowledged by nobody
            until(lambda: len(ids_of(line)) == N // 3)
            assert broker._process is not None
            broker._process.send_signal(signal.SIGSTOP)
        publisher.send("plant/rows", message(k), f"B{k:05d}")
        if k == N // 3 + 20:
            assert broker.kill() == -signal.SIGKILL
            deadline = time.monotonic() + 60.0
            while line.source("smt-2").state != "lost":
                assert time.monotonic() < deadline
                time.sleep(0.01)
            broker.start()
        time.sleep(0.0005)
    publisher.until(N)
    publisher.close()
    until_running(line)
    end = time.monotonic() + 60.0
    while len(ids_of(line)) < N:
        assert time.monotonic() < end, f"{len(publisher.acknowledged - set(ids_of(line)))} acknowledged rows are not here"
        time.sleep(0.05)
    ids = ids_of(line)
    assert publisher.acknowledged == set(ids)
    assert len(ids) == len(set(ids)) == N
    assert capsys.readouterr().out.count("source lost") == 1


def test_a_row_that_the_model_cannot_judge_is_a_scrap_and_those_behind_it_are_judged(plant: tuple[Plant, Mosquitto]) -> None:
    line, broker = plant
    until_running(line)
    id = save_model(line.ledger, model(), reference_id=None, by="test", now=now_us())
    activate(line.ledger, "smt-2", id, "first", "test", now_us())
    publisher = Publisher(broker.port)
    whole = {"length_mm": 160.0, "warp_mm": 0.35, "copper_um": 35.0}
    for k, values in enumerate((whole, {"warp_mm": 0.3}, whole)):
        publisher.send("plant/rows", json.dumps({"id": f"B{k}", "values": values}))
    publisher.until(3)
    publisher.close()
    end = time.monotonic() + 60.0
    while ids_of(line) != ["B0", "B2"]:
        assert time.monotonic() < end, line.source("smt-2")
        time.sleep(0.02)
    assert line.source("smt-2").state == "running"
    with line.ledger.read() as connection:
        (scrap,) = scraps.scraps(connection, "smt-2")
    assert "length_mm" in scrap.reason
    corrected = json.dumps({"id": "B1", "values": whole}).encode()
    assert json.loads(scrap.payload) == {"id": "B1", "values": {"warp_mm": 0.3}}
    assert take_again(line, "smt-2", scrap.id, "Ann", corrected).accepted == 1


def test_a_publisher_may_be_faster_than_the_disk(plant: tuple[Plant, Mosquitto]) -> None:
    """The disk stands still for a while: nothing is lost, and what comes then is written in blocks."""
    line, broker = plant
    until_running(line)
    hold, held = threading.Event(), threading.Event()

    def stand_still(_: object) -> None:
        held.set()
        hold.wait(60.0)

    line.ledger.submit(stand_still)
    held.wait(60.0)
    acknowledged = stream(broker, 0, 1000)
    hold.set()
    end = time.monotonic() + 60.0
    while len(ids_of(line)) < 1000:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert set(ids_of(line)) == acknowledged
