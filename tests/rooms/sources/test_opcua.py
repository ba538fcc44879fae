from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc.errors import BadSettings, NotFound
from spc.ledger import Ledger
from spc.ledger.clock import now_us
from spc.ledger.gaps import gaps_since
from spc.ledger.lines import last_seq
from spc.line import Plant
from spc.nouns import QUALITIES, Rows
from spc.settings import LineSettings, PartSettings, Settings
from spc.sources import Batch, build, check
from spc.sources.opcua import OpcUa
from spc.sources.payload import Form, read_payload
from tests.plc import PASSWORD, START, Plc, certificates

NAMES = ("length", "warp")
T0 = int(START.timestamp()) * 1_000_000


class Reader:
    """A server's values read in a thread, and what was given so far."""

    def __init__(self, source: OpcUa, after: Any = None) -> None:
        self.given: list[Batch] = []
        self.failed: Exception | None = None
        self.stop, self.hold = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._work, args=(source, after), daemon=True)
        self.thread.start()

    def _work(self, source: OpcUa, after: Any) -> None:
        try:
            for one in source.read(after, self.stop, now_us):
                self.given.append(one)
                while self.hold.is_set() and not self.stop.is_set():
                    time.sleep(0.01)
        except Exception as broken:  # noqa: BLE001 - looked at by the test
            self.failed = broken

    @property
    def rows(self) -> list[tuple[int, list[float]]]:
        """Seconds after the start with the values, in the order in which they were given."""
        found = []
        for one in self.given:
            seconds = (one.rows.at.astype(np.int64) - T0) / 1e6
            found += [(float(at), x) for at, x in zip(seconds, one.rows.x.tolist(), strict=True)]
        return found  # type: ignore[return-value]

    @property
    def gaps(self) -> list[str]:
        return [gap.why for one in self.given for gap in one.gaps]

    @property
    def position(self) -> Any:
        return json.loads(json.dumps(self.given[-1].position))

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60.0
        while not true():
            assert time.monotonic() < end, f"it did not happen: {len(self.rows)} rows, {self.rows[-3:]}, {self.gaps}, {self.failed}"
            time.sleep(0.01)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(60.0)
        assert not self.thread.is_alive()


@pytest.fixture(scope="module")
def server() -> Iterator[Plc]:
    """Its address space takes a second to make, or several: one for all tests, each with variables of its own."""
    one = Plc((*NAMES, "board"))
    yield one
    one.stop()
    one.close()


@pytest.fixture
def plc(server: Plc) -> Plc:
    server.fresh()
    return server


@pytest.fixture
def start(plc: Plc) -> Iterator[Callable[..., Reader]]:
    readers: list[Reader] = []

    def begin(after: Any = None, **options: Any) -> Reader:
        nodes = {name: plc.nodes[name] for name in options.pop("names", NAMES)}
        words = {"interval_ms": 20.0, "wait_ms": 1000.0, **options}
        readers.append(Reader(OpcUa(plc.url, nodes, **words), after))
        readers[-1].until(lambda: bool(readers[-1].given))
        return readers[-1]

    yield begin
    for one in readers:
        one.close()


def both(k: float) -> dict[str, float]:
    return {"length": 160 + k, "warp": k / 100}


def test_the_values_of_one_moment_are_a_row_with_the_sources_time(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start()
    for k in range(1, 6):
        plc.write(k, both(k), by_ms={"warp": 4.0})
    one.until(lambda: len(one.rows) == 5)
    assert one.rows == [(float(k), [160.0 + k, k / 100]) for k in range(1, 6)]
    assert one.given[1].rows.codes is None


def test_two_hundred_writes_of_the_same_values_are_two_hundred_rows(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start()
    for k in range(1, 201):
        plc.write(k, {"length": 1.0, "warp": 2.0})
    one.until(lambda: len(one.rows) == 200)
    assert [at for at, _ in one.rows] == [float(k) for k in range(1, 201)]


def test_what_does_not_come_is_missing_after_a_while(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start(wait_ms=300.0)
    plc.write(1, {"length": 1.0})
    plc.write(2, both(2))
    one.until(lambda: len(one.rows) >= 2)
    first = one.given[1].rows
    assert np.isnan(first.x[0, 1])
    assert first.codes is not None
    assert [QUALITIES[code] for code in first.codes[0]] == ["good", "missing"]


def test_status_codes_are_qualities_and_are_kept_in_words(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start()
    plc.write(1, {"length": 1.0}, status=0x808C0000)
    plc.write(1, {"warp": 2.0}, status=0x40900000)
    plc.write(2, {"length": float("inf"), "warp": 2.0})
    one.until(lambda: len(one.rows) == 2)
    blocks = [batch.rows for batch in one.given if len(batch.rows)]
    codes = np.concatenate([rows.codes for rows in blocks if rows.codes is not None])
    assert [[QUALITIES[code] for code in row] for row in codes] == [["bad", "uncertain"], ["bad", "good"]]
    assert blocks[0].raw[0] == "length: BadSensorFailure; warp: UncertainLastUsableValue"
    assert blocks[0].x[0, 1] == 2.0
    assert np.isnan(blocks[0].believed[0, 0])


def test_a_trigger_makes_the_rows_and_the_others_are_as_they_were_then(plc: Plc, start: Callable[..., Reader]) -> None:
    plc.write(0, {"length": 7.0, "warp": 0.5, "board": "B0"})
    one = start(names=(*NAMES, "board"), trigger="board", id="board")
    plc.write(1, {"warp": 0.6})
    plc.write(2, {"board": "B1"})
    plc.write(3, {"warp": 0.7})
    plc.write(4, {"length": 8.0})
    plc.write(5, {"board": "B2"})
    one.until(lambda: len(one.rows) == 2)
    assert one.rows == [(2.0, [7.0, 0.6]), (5.0, [8.0, 0.7])]
    assert [id for batch in one.given for id in batch.rows.ids] == ["B1", "B2"]


def test_a_queue_that_was_too_short_is_a_gap(plc: Plc, start: Callable[..., Reader]) -> None:
    """The server marks the value that came after those it had to drop: information type 01, bit 7."""
    one = start()
    plc.write(1, both(1))
    plc.write(5, {"length": 1.0}, status=0x480)
    plc.write(5, {"warp": 1.0})
    one.until(lambda: len(one.rows) == 2)
    found = [gap for batch in one.given for gap in batch.gaps]
    assert [(gap.since - T0, (gap.until or 0) - T0) for gap in found] == [(1_000_000, 5_000_000)]
    assert "queue for length was too short" in found[0].why


def test_a_server_that_goes_away_is_a_gap_and_its_state_is_not_given_again(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start()
    plc.write(1, both(1))
    plc.write(2, both(2))
    one.until(lambda: len(one.rows) == 2)
    plc.stop()
    one.until(lambda: one.failed is not None)
    assert isinstance(one.failed, NotFound)
    last = one.given[-1]
    assert [(gap.until, gap.why) for gap in last.gaps] == [(None, "the OPC UA server was not connected")]
    with pytest.raises(NotFound, match="cannot be reached"):
        next(OpcUa(plc.url, plc.nodes).read(one.position, threading.Event(), now_us))
    plc.start()
    plc.write(2, both(2))  # the state it had
    two = start(one.position)
    assert two.given[0].clear
    assert two.gaps == []
    plc.write(3, both(3))
    two.until(lambda: len(two.rows) == 1)
    assert two.rows[0][0] == 3.0


def test_a_restart_says_since_when_nothing_was_read(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start()
    plc.write(1, both(1))
    one.until(lambda: len(one.rows) == 1)
    one.close()
    two = start(one.position)
    gap = two.given[0].gaps[0]
    assert gap.since == one.position["at"]
    assert gap.until is not None
    assert gap.until > gap.since


def test_rows_a_little_late_are_put_in_order(plc: Plc, start: Callable[..., Reader]) -> None:
    one = start(reorder_s=150.0)  # longer than the busiest machine takes between two of them
    for k in (100, 300, 200, 500, 400, 900):
        plc.write(k, both(k))
    one.until(lambda: len(one.rows) == 5)
    assert [at for at, _ in one.rows] == [100.0, 200.0, 300.0, 400.0, 500.0]
    one.close()
    assert [at for at, _ in one.rows[5:]] == [900.0]
    assert one.given[-1].position is not None


def test_what_is_held_back_is_given_when_we_are_stopped_or_the_server_is_lost(
    plc: Plc, start: Callable[..., Reader], held_back: list[int]
) -> None:
    one = start(reorder_s=600.0)
    crashed = one.position
    plc.write(2, both(2))
    plc.write(1, both(1))
    one.until(lambda: sum(held_back) == 2)
    assert one.position == crashed
    one.close()
    assert [at for at, _ in one.rows] == [1.0, 2.0]
    two = start(crashed, reorder_s=600.0)
    assert two.given[0].gaps[0].since == crashed["at"]  # where those rows would be lost
    plc.write(4, both(4))
    plc.write(3, both(3))
    two.until(lambda: sum(held_back) >= 5)  # the server's state, too
    plc.stop()
    two.until(lambda: two.failed is not None)
    plc.start()
    assert [at for at, _ in two.rows] == [1.0, 3.0, 4.0]
    assert two.position["cut"]


def test_a_reader_that_is_slow_makes_the_server_keep_the_values(
    plc: Plc, start: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spc.sources.subscribing.HIGH", 100)
    monkeypatch.setattr("spc.sources.subscribing.LOW", 50)
    one = start(queue=5000)
    one.hold.set()
    plc.write(1, both(1))
    one.until(lambda: len(one.given) == 2)
    plc.many(40, 1039)
    time.sleep(0.5)
    one.hold.clear()
    one.until(lambda: len(one.rows) == 1001)
    assert one.gaps == []
    times = [at for at, _ in one.rows]
    assert times == sorted(times)


def test_encrypted_with_certificates_and_a_password(tmp_path: Path) -> None:
    folder = certificates(tmp_path)
    plc = Plc(NAMES, secure=folder)
    options = {
        "url": plc.url,
        "nodes": plc.nodes,
        "interval_ms": 20.0,
        "user": "spc",
        "password": PASSWORD,
        "policy": "Basic256Sha256",
        "certificate_file": str(folder / "spc.der"),
        "key_file": str(folder / "spc.pem"),
        "server_certificate_file": str(folder / "plc.der"),
    }
    try:
        source = build(PartSettings("source", "opcua", options))
        assert PASSWORD not in repr(source)
        one = Reader(source)  # type: ignore[arg-type]
        one.until(lambda: bool(one.given))
        plc.write(1, both(1))
        one.until(lambda: len(one.rows) == 1)
        one.close()
        for wrong in ({"password": "guessed"}, {"policy": "", "user": ""}):
            with pytest.raises(NotFound, match="cannot be reached"):
                OpcUa(**{**options, **wrong}).probe(now_us)  # type: ignore[arg-type]
    finally:
        plc.stop()
        plc.close()


def test_it_keeps_the_contract(plc: Plc) -> None:
    """The server forgets what it gave: it cannot be read twice."""
    over, told = threading.Event(), list[int]()

    def work() -> None:
        for k in range(1, 100_000):
            if over.wait(0.03) or len(told) > 12:
                return
            plc.write(k, both(k))

    def clock() -> int:
        told.append(now_us())
        return told[-1]

    writer = threading.Thread(target=work, daemon=True)
    writer.start()
    options = {"url": plc.url, "nodes": {name: plc.nodes[name] for name in NAMES}, "interval_ms": 20.0}
    try:
        assert check(build(PartSettings("source", "opcua", options)), clock, quiet_s=0.5, again=False, rows=6) > 5
    finally:
        over.set()
        writer.join(60)


def test_in_a_plant_the_gap_is_closed_when_the_server_is_found_again(plc: Plc, tmp_path: Path) -> None:
    part = PartSettings("source", "opcua", {"url": plc.url, "nodes": {name: plc.nodes[name] for name in NAMES}, "interval_ms": 20.0})
    url = f"sqlite:///{tmp_path / 'spc.db'}"
    with Ledger.open(url) as ledger:
        plant = Plant(ledger, Settings(ledger=url, lines=(LineSettings("smt-2", source=part),)))

        def state() -> tuple[int, list[bool]]:
            with ledger.read() as connection:
                return last_seq(connection, "smt-2"), [gap.until is None for gap in gaps_since(connection, "smt-2", 0)]

        def until(wanted: tuple[int, list[bool]]) -> None:
            end = time.monotonic() + 60.0
            while state() != wanted:
                assert time.monotonic() < end, (state(), plant.source("smt-2"))
                time.sleep(0.02)

        plant.start()
        try:
            while plant.source("smt-2").state != "running":
                time.sleep(0.02)
            plc.write(1, both(1))
            until((1, []))
            plc.stop()
            until((1, [True]))
            plc.start()
            until((1, [False]))
            plc.write(2, both(2))
            until((2, [False]))
        finally:
            plant.stop()


def test_a_probe_says_what_the_nodes_hold(plc: Plc) -> None:
    plc.write(1, both(1))
    said = OpcUa(plc.url, plc.nodes).probe(now_us)
    assert "length = 161.0, warp = 0.01" in said
    for nodes in ({"heat": "ns=2;s=Line0.heat"}, {"heat": "nonsense"}):
        with pytest.raises(NotFound):
            OpcUa(plc.url, nodes).probe(now_us)
        with pytest.raises(NotFound):
            next(OpcUa(plc.url, nodes).read(None, threading.Event(), now_us))


def test_what_makes_no_sense_is_refused() -> None:
    nodes = {"warp": "ns=2;s=Warp"}
    for options, said in (
        ({"nodes": {}}, "no node"),
        ({"trigger": "board"}, "none of the nodes"),
        ({"policy": "Basic128"}, "no security"),
        ({"policy": "Basic256Sha256"}, "certificate"),
        ({"queue": 0}, "not more than 0"),
        ({"reorder_s": -1.0}, "reorder_s"),
    ):
        with pytest.raises(BadSettings, match=said):
            build(PartSettings("source", "opcua", {"url": "opc.tcp://plc", "nodes": nodes, **options}))


def test_rows_that_a_line_will_not_have_are_kept_as_json() -> None:
    rows = Rows(("a",), np.array([[1.5]]), np.array(["2025-03-04T06:00:00"], "datetime64[us]"), ("B7",))
    (kept,) = OpcUa("opc.tcp://nowhere:4840", {"a": "i=1"}).refused(rows, "it lacks b")
    (sent,), wrong = read_payload(kept.payload, Form())
    assert (sent.id, sent.names, sent.values, wrong, kept.reason) == ("B7", ("a",), (1.5,), [], "it lacks b")
