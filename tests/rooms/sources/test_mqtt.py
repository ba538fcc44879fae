"""JSON over a real broker: what is acknowledged is on disk, what is not comes again."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from spc.errors import BadSettings, BadTable
from spc.ledger import Ledger, scraps
from spc.ledger import rows as store
from spc.ledger.clock import now_us
from spc.line import Line
from spc.settings import LineSettings, PartSettings
from spc.sources import Batch, Mqtt, build, check
from spc.sources.broker import TAKEN_OVER, Link, TakenOver
from spc.sources.reorder import InOrder
from tests.faults.brokers import DEFAULT, Mosquitto, Publisher
from tests.ports import free_port
from tests.waiting import until


def message(k: int, **more: Any) -> str:
    at = np.datetime64("2025-03-04T06:00:00") + k * np.timedelta64(1, "s")
    return json.dumps({"time": f"{at}Z", "id": f"B{k:05d}", "values": {"warp_mm": 0.3 + k / 1e4, "copper_um": 35.0}, **more})


@pytest.fixture(autouse=True)
def links(monkeypatch: pytest.MonkeyPatch) -> list[Link]:
    """Every link to a broker that is made, in its order. A busy machine is given time to answer."""
    monkeypatch.setattr("spc.sources.broker.ANSWER_S", 60.0)
    made, make = list[Link](), Link.__init__

    def kept(self: Link, *words: Any, **more: Any) -> None:
        make(self, *words, **more)
        made.append(self)

    monkeypatch.setattr(Link, "__init__", kept)
    return made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path, DEFAULT) as one:
        yield one


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Publisher]:
    one = Publisher(broker.port)
    yield one
    one.close()


class Reader:
    """A source read in a thread, as the plant reads one; `go` cleared holds it at each batch, `broken` makes it fail there."""

    def __init__(self, source: Mqtt, after: object = None, take: Callable[[Batch], object] = id) -> None:
        self.take = take
        self.given: list[Batch] = []
        self.failed: Exception | None = None
        self.broken = False
        self.go, self.stop = threading.Event(), threading.Event()
        self.go.set()
        self.thread = threading.Thread(target=self._work, args=(source, after), daemon=True)
        self.thread.start()

    def _work(self, source: Mqtt, after: object) -> None:
        try:
            for one in source.read(after, self.stop, now_us):
                self.take(one)
                self.given.append(one)
                self.go.wait()
                if self.broken:
                    raise OSError("the disk is full")
        except Exception as broken:  # noqa: BLE001 - looked at by the test
            self.failed = broken.with_traceback(None)  # which would keep the source open

    @property
    def ids(self) -> list[str | None]:
        return [id for one in self.given for id in one.rows.ids]

    @property
    def reasons(self) -> list[str]:
        return [scrap.reason for one in self.given for scrap in one.scraps]

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60.0
        while not true():
            assert time.monotonic() < end, f"it did not happen: {self.ids}, {self.reasons}, {self.failed}"
            time.sleep(0.005)

    def close(self) -> None:
        self.go.set()
        self.stop.set()
        self.thread.join(60.0)
        assert not self.thread.is_alive()


def source(broker: Mosquitto, **more: Any) -> Mqtt:
    return Mqtt(**{"host": "127.0.0.1", "port": broker.port, "topic": "plant/+/rows", **more})


def up(reader: Reader) -> Reader:
    """Once it is subscribed: the first batch, without rows, says so."""
    reader.until(lambda: bool(reader.given) or reader.failed is not None)
    assert reader.failed is None
    return reader


def test_messages_become_rows_in_their_order_and_a_lone_one_comes_at_once(broker: Mosquitto, publisher: Publisher) -> None:
    reader = up(Reader(source(broker)))
    publisher.send("plant/1/rows", message(1))
    reader.until(lambda: reader.ids == ["B00001"])
    rows = reader.given[-1].rows
    assert rows.names == ("warp_mm", "copper_um")
    assert rows.at[0] == np.datetime64("2025-03-04T06:00:01")
    assert rows.x.tolist() == [[0.3001, 35.0]]
    for k in range(2, 302):
        publisher.send(f"plant/{k % 3}/rows", message(k))
    publisher.send("elsewhere/rows", message(999))
    reader.until(lambda: len(reader.ids) == 301)
    assert reader.ids == [f"B{k:05d}" for k in range(1, 302)]
    assert reader.given[-1].position["ignored"] == 0
    reader.close()


def test_what_is_queued_is_given_together_in_blocks_of_equal_columns(broker: Mosquitto, publisher: Publisher, links: list[Link]) -> None:
    reader = up(Reader(source(broker)))
    reader.go.clear()
    publisher.send("plant/1/rows", message(0))
    reader.until(lambda: len(reader.given) == 2)  # it is held here, as by a slow disk
    for k in range(1, 7):
        publisher.send("plant/1/rows", message(k) if k < 5 else json.dumps({"id": f"C{k}", "other": 1.0}))
    publisher.send("plant/1/rows", json.dumps([{"id": "L1", "other": 1}, {"id": "L2", "other": "x"}]))
    reader.until(lambda: links[-1]._waiting.qsize() == 7)
    reader.go.set()
    reader.until(lambda: len(reader.ids) == 8)
    assert [one.rows.ids for one in reader.given[2:]] == [("B00001", "B00002", "B00003", "B00004"), ("C5", "C6", "L1")]
    assert reader.reasons == ["row 2, column other: 'x' is not a number. Send a JSON number, or null where it is missing."]
    reader.close()


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(broker: Mosquitto, publisher: Publisher) -> None:
    reader = up(Reader(source(broker)))
    publisher.send("plant/1/rows", message(1))
    reader.until(lambda: reader.ids == ["B00001"])
    publisher.send("plant/1/rows", message(2))
    reader.until(lambda: len(reader.ids) == 2)  # asked for the next: the first is acknowledged
    reader.close()  # asked for the next: the second, too

    reader = up(Reader(source(broker), {"at": 1}))
    assert reader.given[0].gaps == ()  # the broker has kept the session
    reader.go.clear()
    publisher.send("plant/1/rows", message(3))
    reader.until(lambda: reader.ids == ["B00003"])
    reader.broken = True  # its rows never reached the disk
    reader.close()

    reader = up(Reader(source(broker), {"at": 1}))
    reader.until(lambda: reader.ids == ["B00003"])
    reader.close()


def test_what_came_while_we_were_away_is_kept_by_the_broker(broker: Mosquitto, publisher: Publisher) -> None:
    up(Reader(source(broker))).close()
    for k in range(50):
        publisher.send("plant/1/rows", message(k))
    publisher.until(50)
    reader = Reader(source(broker), {"at": 1, "ignored": 0})
    reader.until(lambda: len(reader.ids) == 50)
    assert reader.ids == [f"B{k:05d}" for k in range(50)]
    reader.close()


def test_a_session_that_the_broker_has_forgotten_is_a_gap(broker: Mosquitto) -> None:
    reader = up(Reader(source(broker), {"at": 1_000_000}))
    (gap,) = reader.given[0].gaps
    assert gap.since == 1_000_000
    assert gap.until is not None
    assert gap.why == "the broker did not keep what came meanwhile"
    reader.close()


def test_a_slow_disk_holds_the_broker_back(broker: Mosquitto, publisher: Publisher) -> None:
    options = SubscribeOptions(qos=1)
    with Link(source(broker), "slow", [("plant/+/rows", options)], session_s=60, waiting=5) as link:
        for k in range(40):
            publisher.send("plant/1/rows", message(k))
        publisher.until(40)
        slow: list[Any] = []
        until(lambda: slow.extend(link.some(1000)) or len(slow) >= 5)
        assert len(slow) + len(link.some(1000)) == 5  # not forty: the broker waits for acknowledgements
    with Link(source(broker), "slow", [("plant/+/rows", options)], session_s=60, waiting=5) as link:
        ids: list[str] = []
        while len(ids) < 40:
            came = link.some(1000)
            ids += [json.loads(one.payload)["id"] for one in came]
            link.acknowledge(came)
        assert link.resumed
        assert ids == [f"B{k:05d}" for k in range(40)]


def test_retained_messages_are_old_ones_and_taken_only_when_asked_for(broker: Mosquitto, publisher: Publisher) -> None:
    publisher.send("plant/1/rows", message(1), retain=True)
    publisher.until(1)
    reader = up(Reader(source(broker)))
    publisher.send("plant/1/rows", message(2))
    reader.until(lambda: reader.ids == ["B00002"])
    reader.close()
    reader = Reader(source(broker, retained=True, client_id="asks-for-them"))
    reader.until(lambda: reader.ids == ["B00001"])
    reader.close()


def test_what_is_no_row_is_a_scrap_and_does_not_stop_the_line(broker: Mosquitto, publisher: Publisher) -> None:
    reader = up(Reader(source(broker)))
    bad = [b" ", b"\xff\xfe", b"{", b"[" * 100_000, b'{"values": {"a": NaN}}', b'{"values": {"a": true}}', b'{"values": {"a": 1e999}}',
           b'{"a": 1, "a": 2}', b'{"values": {}}', b'{"values": {"a": ' + b"9" * 5000 + b"}}", b'{"a": "' + b"x" * 10_000_000 + b'"}',
           b'{"time": "yesterday", "a": 1}', b'{"a": 1, "quality": "fine"}', b"3.5", b'{"values": {"a": 1}, "vlaues": 1}']  # fmt: skip
    for one in (b"", *bad):
        publisher.send("plant/1/rows", one)
    publisher.send("plant/1/rows", message(1))
    reader.until(lambda: reader.ids == ["B00001"])
    assert len(reader.reasons) == len(bad)
    assert reader.given[-1].position["ignored"] == 1  # the empty one
    assert "at most 1048576 are read" in reader.reasons[10]
    assert [len(scrap.payload) for one in reader.given for scrap in one.scraps][10] == 65_536
    reader.close()


def test_messages_that_no_window_holds_back_wait_and_are_then_dropped_and_counted(
    broker: Mosquitto, publisher: Publisher, links: list[Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spc.sources.broker.PATIENCE_S", 0.01)
    reader = up(Reader(source(broker, waiting=5)))
    reader.go.clear()
    for k in range(40):
        publisher.send("plant/1/rows", message(k), qos=0)
    publisher.until(40)
    reader.until(lambda: len(reader.given) == 2)
    # the reader has some, the queue five, the others are dropped
    reader.until(lambda: len(reader.ids) + links[-1]._waiting.qsize() + links[-1]._dropped == 40)
    reader.go.set()
    reader.until(lambda: any(one.gaps for one in reader.given))
    (why,) = [gap.why for one in reader.given for gap in one.gaps]
    assert why == f"{40 - len(reader.ids)} messages of QoS 0 came faster than they could be kept"
    assert 5 <= len(reader.ids) <= 12
    reader.close()


def test_columns_are_picked_and_renamed_and_one_that_is_not_there_is_missing(broker: Mosquitto, publisher: Publisher) -> None:
    reader = up(Reader(source(broker, columns={"warp_mm": "w", "copper_um": "cu"}, time="ts", id="serial")))
    publisher.send("plant/1/rows", json.dumps({"ts": 1741068000.5, "serial": 17, "w": 0.25, "operator": "Ann", "quality": "uncertain"}))
    publisher.send("plant/1/rows", json.dumps({"ts": 1741068001, "operator": "Ann"}))
    reader.until(lambda: len(reader.ids) == 1 and len(reader.reasons) == 1)
    rows = reader.given[1].rows
    assert rows.names == ("warp_mm", "copper_um")
    np.testing.assert_array_equal(rows.x, [[0.25, np.nan]])
    assert (rows.ids, rows.quality, rows.at[0]) == (("17",), ("uncertain",), np.datetime64("2025-03-04T06:00:00.5"))
    assert reader.reasons == ["None of the columns is in it. Columns: w, cu."]
    reader.close()


def test_a_broker_that_goes_away_is_said_in_words(broker: Mosquitto) -> None:
    reader = up(Reader(source(broker)))
    broker.kill()
    reader.until(lambda: reader.failed is not None)
    assert "the connection to the broker was lost" in str(reader.failed)
    reader = Reader(source(broker))
    reader.until(lambda: reader.failed is not None)
    assert f"mqtt 127.0.0.1:{broker.port} cannot be reached" in str(reader.failed)


def test_a_second_program_with_our_client_id_is_named(broker: Mosquitto) -> None:
    first = up(Reader(source(broker, client_id="twice")))
    second = up(Reader(source(broker, client_id="twice")))
    first.until(lambda: first.failed is not None)
    assert "another program has our client_id twice" in str(first.failed)
    second.close()


def test_two_programs_with_one_client_id_do_not_take_the_session_from_each_other_for_ever(broker: Mosquitto, publisher: Publisher) -> None:
    """Both ask again at once, as a plant does: soon one of them leaves the session to the other for a long time."""
    ours = source(broker, client_id="flaps")
    stop, done, given = threading.Event(), threading.Event(), []
    said: list[Exception] = []

    def keep_reading() -> None:
        while not stop.is_set() and not done.is_set():
            try:
                for one in ours.read(None, stop, now_us):
                    given.extend(one.rows.ids)
            except TakenOver as taken:
                said.append(taken.with_traceback(None))
                done.set()  # the plant waits now
            except ConnectionError as lost:
                said.append(lost.with_traceback(None))
                stop.wait(0.05)

    def other() -> None:  # the same in another process
        while not stop.is_set():
            link = Link(ours, "flaps", [("plant/+/rows", SubscribeOptions(qos=1))], session_s=60)
            link._key = ("other", 0, "")  # which counts for itself
            with contextlib.suppress(ConnectionError), link:
                while not stop.is_set():
                    link.acknowledge(link.some(10))
            stop.wait(0.05)

    threads = [threading.Thread(target=work, daemon=True) for work in (keep_reading, other)]
    for one in threads:
        one.start()
    assert done.wait(60.0), said
    stop.set()
    for one in threads:
        one.join(60.0)
        assert not one.is_alive()
    taken = said[-1]
    assert isinstance(taken, TakenOver)
    assert 3 <= len(said) <= 20  # one that was closed before it was open says nothing
    assert taken.wait_s >= 60.0
    assert "another program seems to have our client_id flaps. Give each program a client_id of its own" in str(taken)
    topics = [("plant/+/rows", SubscribeOptions(qos=1))]
    with Link(ours, "flaps", topics, session_s=60) as link, Link(ours, "flaps", topics, session_s=60):
        assert link._over.wait(60.0)
        with pytest.raises(TakenOver) as again:  # one that is closed soon after the long wait waits longer
            link.some(1)
    assert again.value.wait_s == 2 * taken.wait_s


def test_a_broker_that_goes_and_comes_is_no_other_program(broker: Mosquitto) -> None:
    for _ in range(4):
        reader = up(Reader(source(broker, client_id="stays")))
        broker.kill()
        reader.until(lambda reader=reader: reader.failed is not None)
        assert not isinstance(reader.failed, TakenOver)
        away = Reader(source(broker, client_id="stays"))
        away.until(lambda away=away: away.failed is not None)
        broker.start()


def test_a_broker_that_says_who_took_the_session_is_believed_at_once(broker: Mosquitto) -> None:
    """Mosquitto 2.0.11 closes the connection without a word; others give the reason code of MQTT 5."""
    with Link(source(broker), "told", [("a", SubscribeOptions(qos=1))]) as link:
        link._disconnected(None, None, DisconnectFlags(True), ReasonCode(PacketTypes.DISCONNECT, identifier=TAKEN_OVER), None)  # type: ignore[arg-type]
        with pytest.raises(TakenOver, match="client_id told and took our session over") as caught:
            link.some(1)
    assert caught.value.wait_s == 300.0


def test_a_wrong_password_is_said_in_words(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, "allow_anonymous false\n") as closed:
        reader = Reader(source(closed, username="spc", password="wrong"))  # noqa: S106 - it is not one
        reader.until(lambda: reader.failed is not None)
        assert "the broker refuses us: Not authorized" in str(reader.failed)


def test_a_probe_takes_nothing_away(broker: Mosquitto, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    up(Reader(source(broker))).close()
    stop = threading.Event()
    one = source(broker)

    def send() -> None:
        while not stop.wait(0.1):
            publisher.send("plant/1/rows", message(7))

    thread = threading.Thread(target=send)
    thread.start()
    monkeypatch.setattr("spc.sources.mqtt.PROBE_S", 60.0)
    about = one.probe(now_us)
    stop.set()
    thread.join()
    assert about == f"Connected to 127.0.0.1:{broker.port}; a message of plant/1/rows has columns warp_mm, copper_um."
    reader = Reader(one, {"at": 1})
    reader.until(lambda: "B00007" in reader.ids)
    reader.close()


def test_rows_are_taken_once_however_often_they_are_sent(broker: Mosquitto, publisher: Publisher, tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'spc.db'}")
    line, one = Line(ledger, LineSettings("smt-2")), source(broker)
    reader = up(Reader(one, None, lambda batch: line.take_batch(batch, source=one.name)))
    for _ in range(2):
        for k in range(20):
            publisher.send("plant/1/rows", message(k))
        publisher.send("plant/1/rows", "{")
    publisher.until(42)
    reader.until(lambda: len(reader.ids) == 40 and len(reader.reasons) == 2)
    reader.close()
    with ledger.read() as connection:
        assert len(store.rows_between(connection, "smt-2", 1, 100).rows) == 20
        assert len(scraps.scraps(connection, "smt-2")) == 2
    ledger.close()


def test_the_settings_name_it_and_wrong_ones_are_refused() -> None:
    one = build(PartSettings("source", "mqtt", {"topic": "plant/#", "columns": ["a", "b"]}), "Europe/Berlin")
    assert isinstance(one, Mqtt)
    assert (one.timezone, one.name, one.session) == ("Europe/Berlin", "mqtt localhost:1883 plant/#", one.session)
    assert "secret" not in repr(Mqtt(topic="a", username="u", password="secret"))  # noqa: S106
    for wrong in ({"topic": "a/#/b"}, {"topic": "a+/b"}, {"topic": ""}, {"topic": "a", "waiting": 0}, {"topic": "a", "ca_file": "x"}):
        with pytest.raises(BadSettings):
            build(PartSettings("source", "mqtt", wrong))
    assert Mqtt(topic="a", tls=True).address == ("localhost", 8883)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority."""
    if shutil.which("openssl") is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("no openssl, or no mosquitto_passwd: apt-get install openssl mosquitto")
    words = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *words, "-keyout", made[0], "-out", made[1]], check=True, capture_output=True)
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(tmp_path / "passwords"), "spc", "long-word"], check=True, capture_output=True)
    return Path(made[1])


# paho-mqtt leaves it to the garbage collector to close a socket whose handshake failed
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_and_a_password_and_a_broker_that_nobody_vouches_for(certificate: Path, tmp_path: Path) -> None:
    folder = certificate.parent
    more = f"certfile {certificate}\nkeyfile {folder / 'key.pem'}\npassword_file {folder / 'passwords'}\nallow_anonymous false\n"
    with Mosquitto(tmp_path, "", more) as closed:
        options = {"tls": True, "username": "spc", "password": "long-word", "topic": "plant/+/rows"}
        reader = up(Reader(Mqtt(host="127.0.0.1", port=closed.port, ca_file=str(certificate), **options)))
        reader.close()
        with pytest.raises(ConnectionError, match="certificate verify failed"):  # nobody on this machine knows who signed it
            next(Mqtt(host="127.0.0.1", port=closed.port, **options).read(None, threading.Event(), now_us))
        with pytest.raises(ConnectionError):  # signed, but for another name
            next(Mqtt(host="localhost", port=closed.port, ca_file=str(certificate), **options).read(None, threading.Event(), now_us))


def test_a_scrap_may_be_read_again_as_it_came_or_corrected(broker: Mosquitto) -> None:
    one = source(broker, columns={"warp_mm": "w"}, id="serial")
    (rows,) = one.again(b'{"serial": 7, "w": 0.5}')
    assert (rows.names, rows.ids, rows.x.tolist()) == (("warp_mm",), ("7",), [[0.5]])
    (scrap,) = one.refused(rows, "why not")
    (again,) = one.again(scrap.payload)  # as it was written down, in the words of the manual
    assert (again.names, again.ids, again.x.tolist()) == (rows.names, rows.ids, rows.x.tolist())
    with pytest.raises(BadTable, match="None of the columns"):
        one.again(b'{"values": {"x": "y"}}')


def test_it_keeps_the_contract_of_sources(broker: Mosquitto, publisher: Publisher) -> None:
    one = source(broker)
    up(Reader(one)).close()
    for k in range(5):
        publisher.send("plant/1/rows", message(k))
    publisher.until(5)
    assert check(one, now_us, quiet_s=0.5, again=False, rows=5) == 5


def test_a_broker_that_takes_the_call_and_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.sources.broker.ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ConnectionError, match="the broker did not answer"):
        next(Mqtt(host="127.0.0.1", port=silent.getsockname()[1], topic="a").read(None, threading.Event(), now_us))
    assert not [one for one in threading.enumerate() if one.name.startswith("paho")]


def test_a_port_where_nobody_is_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.sources.broker.ANSWER_S", 7200.0)
    with pytest.raises(ConnectionError):
        next(Mqtt(host="127.0.0.1", port=free_port(), topic="a").read(None, threading.Event(), now_us))


class Standing:
    """The clock of a source: it stands until it is moved."""

    now = 1_000.0

    def monotonic_ns(self) -> int:
        return int(self.now * 1e9)


def test_rows_a_little_late_are_put_in_order_and_acknowledged_when_they_are_on_disk(
    broker: Mosquitto, publisher: Publisher, links: list[Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Standing()
    monkeypatch.setattr("spc.sources.mqtt.time", clock)
    ordered = source(broker, reorder_s=4.0)
    reader = up(Reader(ordered))
    for k in (1, 2, 5, 3, 4, 7, 6, 10, 9, 8, 11):
        publisher.send("plant/1/rows", message(k))
    reader.until(lambda: len(reader.ids) >= 7)
    reader.close()
    given, put = len(reader.ids), list[str | None]()
    real = InOrder.put
    monkeypatch.setattr(InOrder, "put", lambda self, batch, now: (put.extend(batch.rows.ids), real(self, batch, now))[1])
    assert reader.ids == [f"B{k:05d}" for k in range(1, given + 1)]
    assert given < 11
    again = up(Reader(ordered, after=reader.given[-1].position or {"at": 0}))
    again.until(lambda: "B00011" in put)  # all that was not acknowledged is there again
    clock.now += 5.0  # younger rows have not come for longer than these are held back
    again.until(lambda: again.ids[-1:] == ["B00011"])
    again.close()
    assert {f"B{k:05d}" for k in range(given + 1, 12)} <= set(again.ids)  # what was held back was not acknowledged
    assert again.ids == sorted(again.ids)
    quiet = up(Reader(ordered, after={"at": 0}))
    publisher.send("plant/1/rows", message(12))
    quiet.until(lambda: "B00012" in put)
    clock.now += 5.0
    quiet.until(lambda: quiet.ids == ["B00012"])  # all others were acknowledged
    quiet.close()


def test_a_broker_that_may_send_no_more_is_not_waited_for(broker: Mosquitto, publisher: Publisher) -> None:
    reader = up(Reader(source(broker, reorder_s=600.0, waiting=5)))
    for k in (2, 1, 4, 3, 5, 7, 6, 9, 8, 10, 11, 12):
        publisher.send("plant/1/rows", message(k))
    reader.until(lambda: len(reader.ids) >= 10)  # without waiting for ten minutes
    reader.close()
    assert reader.ids == [f"B{k:05d}" for k in range(1, len(reader.ids) + 1)]
