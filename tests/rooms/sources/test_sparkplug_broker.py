"""The Sparkplug host application at a real broker, heard by an ordinary client, and with an edge node of another make."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from spc.ledger.clock import now_us
from spc.sources import Batch, Sparkplug, check
from spc.sources.sparkplug_payload import REBIRTH, Metric, Payload, decode, encode
from tests.faults.brokers import DEFAULT, Mosquitto

STATE = "spBv1.0/STATE/spc"
COLUMNS = {"force": "Press/Force", "depth": "Press/Depth", "offset": "Press/Offset"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path, DEFAULT) as one:
        yield one


class Ear:
    """An ordinary client that hears everything and can send."""

    def __init__(self, port: int) -> None:
        self.heard: list[MQTTMessage] = []
        up = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, "", protocol=MQTTv5)
        self.client.on_message = lambda _, __, message: self.heard.append(message)
        self.client.on_subscribe = lambda *_: up.set()
        self.client.on_connect = lambda client, *_: client.subscribe([("spBv1.0/#", 1)])
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert up.wait(60.0)

    def of(self, topic: str) -> list[MQTTMessage]:
        return [one for one in self.heard if one.topic == topic]

    def send(self, word: str, seq: int | None, *metrics: Metric) -> None:
        topic = f"spBv1.0/plant/{word}/n1" + ("/Press" if word.startswith("D") else "")
        self.client.publish(topic, encode(Payload(time.time_ns() // 1_000_000, seq, metrics)))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Reader:
    """The source, read in a thread."""

    def __init__(self, broker: Mosquitto, after: object = None, **more: Any) -> None:
        options = {"host": "127.0.0.1", "port": broker.port, "group": "plant", "host_id": "spc", "columns": COLUMNS, "node": "n1"}
        self.source = Sparkplug(**{**options, **more})
        self.given: list[Batch] = []
        self.failed: Exception | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._work, args=(after,), daemon=True)
        self.thread.start()
        self.until(lambda: bool(self.given))

    def _work(self, after: object) -> None:
        try:
            for one in self.source.read(after, self.stop, now_us):
                self.given.append(one)
        except Exception as broken:  # noqa: BLE001 - looked at by the test
            self.failed = broken.with_traceback(None)

    @property
    def rows(self) -> list[list[float]]:
        return [row for one in self.given for row in one.rows.x.tolist()]

    @property
    def whys(self) -> list[str]:
        return [gap.why for one in self.given for gap in one.gaps]

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60.0
        while not true():
            assert time.monotonic() < end, f"it did not happen: {self.rows}, {self.whys}, {self.failed}"
            time.sleep(0.005)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(60.0)
        assert not self.thread.is_alive()


@pytest.fixture
def ear(broker: Mosquitto) -> Iterator[Ear]:
    one = Ear(broker.port)
    yield one
    one.close()


def test_the_host_says_that_it_is_there_and_that_it_goes(broker: Mosquitto, ear: Ear) -> None:
    """tck-id-host-topic-phid-birth-message, -birth-qos, -birth-retain, -birth-topic, -birth-payload, -birth-payload-timestamp,

    -death-qos, -death-retain, -death-topic, -death-payload, -death-payload-timestamp-disconnect-clean;
    tck-id-operational-behavior-host-application-connect-birth, -death-payload, -disconnect-intentional.
    """
    reader = Reader(broker)
    reader.until(lambda: len(ear.of(STATE)) == 1)
    born = json.loads(ear.of(STATE)[0].payload)
    assert (ear.of(STATE)[0].qos, born["online"], abs(born["timestamp"] - time.time() * 1e3) < 600_000) == (1, True, True)
    reader.close()
    reader.until(lambda: len(ear.of(STATE)) == 2)
    dead = json.loads(ear.of(STATE)[1].payload)
    assert (ear.of(STATE)[1].qos, dead["online"], dead["timestamp"] >= born["timestamp"]) == (1, False, True)
    late = Ear(broker.port)
    reader.until(lambda: bool(late.of(STATE)))
    assert late.of(STATE)[0].retain
    assert json.loads(late.of(STATE)[0].payload) == dead
    late.close()


def test_the_will_says_it_when_the_host_cannot(broker: Mosquitto, ear: Ear) -> None:
    """tck-id-operational-behavior-host-application-connect-will, -connect-will-topic, -connect-will-payload, -connect-will-qos,

    -connect-will-retained; tck-id-host-topic-phid-death-payload-timestamp-connect. Another client with our id makes the broker drop us.
    """
    reader = Reader(broker)
    reader.until(lambda: len(ear.of(STATE)) == 1)
    other = Client(CallbackAPIVersion.VERSION2, reader.source.session, protocol=MQTTv5)
    other.connect("127.0.0.1", broker.port)
    other.loop_start()
    reader.until(lambda: len(ear.of(STATE)) == 2 and reader.failed is not None)
    born, will = (json.loads(one.payload) for one in ear.of(STATE))
    assert will == {"online": False, "timestamp": born["timestamp"]}
    other.disconnect()
    other.loop_stop()


def test_a_host_that_is_said_to_be_offline_says_that_it_is_not(broker: Mosquitto, ear: Ear) -> None:
    """tck-id-message-flow-hid-sparkplug-state-message-delivered."""
    reader = Reader(broker)
    reader.until(lambda: len(ear.of(STATE)) == 1)
    ear.client.publish(STATE, b'{"online": false, "timestamp": 1}', qos=1, retain=True)
    reader.until(lambda: len(ear.of(STATE)) == 3)
    assert ear.of(STATE)[2].payload == ear.of(STATE)[0].payload
    reader.close()


def test_the_node_is_asked_for_its_birth_and_its_rows_come(broker: Mosquitto, ear: Ear) -> None:
    """tck-id-operational-behavior-data-commands-ncmd-rebirth-verb, -name, -value."""
    reader = Reader(broker)
    reader.until(lambda: bool(ear.of("spBv1.0/plant/NCMD/n1")))
    (asked,) = decode(bytes(ear.of("spBv1.0/plant/NCMD/n1")[0].payload)).metrics
    assert (asked.name, asked.value) == (REBIRTH, True)
    ear.send("NBIRTH", 0, Metric("bdSeq", None, None, 4, False, 0))
    ear.send("DBIRTH", 1, Metric("Force", 5, None, 10, False, 1.0), Metric("Depth", 6, None, 9, False, 2.0))
    for k in range(300):
        ear.send("DDATA", (k + 2) % 256, Metric("", 5, None, 10, False, float(k)), Metric("", 6, None, 9, False, 0.5))
    reader.until(lambda: len(reader.rows) == 300)
    np.testing.assert_array_equal(reader.rows, [[k, 0.5, np.nan] for k in range(300)])
    assert reader.whys == []
    reader.close()


def test_what_came_while_nobody_listened_is_a_gap_until_now(broker: Mosquitto) -> None:
    reader = Reader(broker, {"at": 1_000_000, "ignored": 7})
    first = reader.given[0]
    assert [(gap.since, gap.until is not None, gap.why) for gap in first.gaps] == [
        (1_000_000, True, "nobody keeps Sparkplug data while we are away")
    ]
    assert first.clear  # a gap that went on when we left has become this one
    assert first.position is not None
    assert first.position["ignored"] == 7
    reader.close()


class Standing:
    """The clock of a source: it stands until it is moved."""

    now = 1_000.0

    def monotonic_ns(self) -> int:
        return int(self.now * 1e9)


def force(k: int) -> Metric:
    """The force of second k."""
    return Metric("", 5, 1_741_068_000_000 + 1000 * k, 10, False, float(k))


def born(reader: Reader, ear: Ear) -> None:
    reader.until(lambda: bool(ear.of("spBv1.0/plant/NCMD/n1")))
    ear.send("NBIRTH", 0, Metric("bdSeq", None, None, 4, False, 0))
    ear.send("DBIRTH", 1, Metric("Force", 5, None, 10, False, 1.0))


def test_rows_a_little_late_are_put_in_order(broker: Mosquitto, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Standing()
    monkeypatch.setattr("spc.sources.sparkplug.time", clock)
    reader = Reader(broker, columns={"force": "Press/Force"}, reorder_s=2.0)
    born(reader, ear)
    for seq, k in enumerate((1, 2, 5, 3, 4, 7), 2):
        ear.send("DDATA", seq, force(k))
    reader.until(lambda: reader.rows[-1:] == [[5.0]])
    assert reader.rows == [[1.0], [2.0], [3.0], [4.0], [5.0]]
    ear.send("DDATA", 20, force(6))  # messages are missing: that is told at once, its row is not
    reader.until(lambda: len(reader.whys) == 1)
    assert reader.rows[-1] == [5.0]
    assert reader.given[-1].position is None
    clock.now += 3.0  # younger rows have not come for longer than these are held back
    reader.until(lambda: reader.rows[-2:] == [[6.0], [7.0]])
    assert reader.given[-1].position is not None
    reader.close()


def test_what_is_held_back_is_given_when_the_broker_is_lost_or_we_are_stopped(broker: Mosquitto, ear: Ear, held_back: list[int]) -> None:
    reader = Reader(broker, columns={"force": "Press/Force"}, reorder_s=600.0)
    born(reader, ear)
    ear.send("DDATA", 2, force(2))
    ear.send("DDATA", 3, force(1))
    reader.until(lambda: sum(held_back) == 2)
    assert reader.rows == []
    crashed = [one.position for one in reader.given if one.position is not None][-1]
    broker.kill()
    reader.until(lambda: reader.failed is not None)
    assert isinstance(reader.failed, ConnectionError)
    assert reader.rows == [[1.0], [2.0]]
    reader.close()
    broker.start()
    again = Reader(broker, crashed, reorder_s=600.0)
    assert [gap.since for gap in again.given[0].gaps] == [crashed["at"]]  # what had been held back would lie in it
    again.close()


def test_a_probe_listens_and_does_not_say_that_a_host_is_there(broker: Mosquitto, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.sources.sparkplug.PROBE_S", 0.6)
    source = Sparkplug(host="127.0.0.1", port=broker.port, group="plant", columns=["n1/Press/Force"])
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.05):
            ear.send("DDATA", 0, Metric("Force", None, None, 10, False, 1.0))

    thread = threading.Thread(target=send)
    thread.start()
    quiet = f"Connected to 127.0.0.1:{broker.port}; no message within 0.6 s."
    while (about := source.probe(now_us)) == quiet:  # on a busy machine
        pass
    over.set()
    thread.join()
    assert about == f"Connected to 127.0.0.1:{broker.port}; messages of spBv1.0/plant/DDATA/n1/Press."
    assert not [one for one in ear.heard if "STATE" in one.topic or "NCMD" in one.topic]


def test_it_keeps_the_contract_of_sources(broker: Mosquitto, ear: Ear) -> None:
    reader = Reader(broker)
    reader.close()
    began = len(ear.of(STATE))

    def send() -> None:
        reader.until(lambda: len(ear.of("spBv1.0/plant/NCMD/n1")) >= 2)
        ear.send("NBIRTH", 0, Metric("bdSeq", None, None, 4, False, 0))
        ear.send("DBIRTH", 1, Metric("Force", 5, None, 10, False, 1.0), Metric("Depth", 6, None, 9, False, 2.0))
        for k in range(20):
            ear.send("DDATA", k + 2, Metric("", 5, None, 10, False, float(k)), Metric("", 6, None, 9, False, 0.5))

    thread = threading.Thread(target=send)
    thread.start()
    assert check(reader.source, now_us, quiet_s=0.5, again=False, rows=20) == 20
    thread.join()
    assert len(ear.of(STATE)) > began


# ---------------------------------------------------------------------------------------------------- an edge node of another make


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with pysparkplug, which needs another paho-mqtt than we do."""
    folder = tmp_path_factory.mktemp("edge")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=60)
    pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check", "install", "-q", "pysparkplug==0.6.1"]
    try:
        done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=80)
    except subprocess.TimeoutExpired:
        pytest.skip("pysparkplug was not installed within 80 s")
    if done.returncode:
        pytest.skip(f"pysparkplug cannot be installed: {done.stderr.strip().splitlines()[-1][:200]}")
    return folder / "bin" / "python"


class Edge:
    """The edge node in its process."""

    def __init__(self, python: Path, port: int) -> None:
        command = [str(python), str(Path(__file__).with_name("edge_node.py")), str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.answer() != "ready":
            self.kill()
            pytest.fail("the edge node did not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)
        for one in (self.process.stdin, self.process.stdout):
            if one is not None:
                one.close()


@pytest.mark.slow
def test_an_edge_node_of_another_make_is_understood(broker: Mosquitto, python: Path) -> None:
    """Births, data, a number left out and the rebirth, a device that goes, and the node's death by its will."""
    with Edge(python, broker.port) as edge:
        reader = Reader(broker, id="Press/Serial", rebirth_s=0.05)
        assert edge.answer() == "rebirth"  # its birth was before ours
        for k in range(5):
            edge.tell(f"data Force={k}.25 Depth=0.5 Offset={-k} Serial=B{k}")
        edge.tell("data Force=7.5 Depth=null")
        reader.until(lambda: len(reader.rows) == 6)
        np.testing.assert_array_equal(reader.rows, [*([k + 0.25, 0.5, -k] for k in range(5)), [7.5, np.nan, np.nan]])
        assert [id for one in reader.given for id in one.rows.ids] == ["B0", "B1", "B2", "B3", "B4", None]
        at = np.concatenate([one.rows.at for one in reader.given if len(one.rows)])
        assert abs(at[-1].astype(int) - now_us()) < 600_000_000
        assert reader.whys == []

        edge.tell("skip")
        edge.tell("data Force=8.5")
        assert edge.answer() == "rebirth"
        reader.until(lambda: len(reader.rows) == 7)
        assert reader.whys == ["1 messages of edge node n1 are missing (number 9 after 7)"]
        edge.tell("data Force=9.5")
        reader.until(lambda: len(reader.rows) == 8)
        assert len(reader.whys) == 1

        edge.tell("leave")
        reader.until(lambda: "device Press of edge node n1 is offline" in reader.whys)
        reader.close()


@pytest.mark.slow
def test_the_will_of_an_edge_node_of_another_make_is_its_death(broker: Mosquitto, python: Path) -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline: its process is killed."""
    reader = Reader(broker)
    with Edge(python, broker.port) as edge:
        edge.tell("data Force=1.5")
        reader.until(lambda: len(reader.rows) == 1)
    reader.until(lambda: reader.whys == ["edge node n1 is offline"])
    with Edge(python, broker.port) as again:
        reader.until(lambda: any(one.clear for one in reader.given[1:]))
        again.tell("data Force=2.5")
        reader.until(lambda: len(reader.rows) == 2)
    reader.close()
