"""What a Sparkplug host application makes of the messages of edge nodes, without a broker. The ids are those of the specification 3.0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.errors import BadSettings, BadTable
from spc.settings import PartSettings
from spc.sources import Sparkplug, build
from spc.sources.sparkplug_host import Host
from spc.sources.sparkplug_payload import DATATYPES, REBIRTH, Metric, Payload, decode, encode, number
from spc.sources.sparkplug_rows import Sheet

INT8, INT32, INT64, UINT8, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATASET = 1, 3, 4, 5, 8, 9, 10, 11, 12, 16
NOW = 1_741_068_000_000_000
T0 = NOW // 1000
COLUMNS = {"force": "Press/Force", "depth": "Press/Depth"}


def metric(name: str, value: Any = None, kind: int = DOUBLE, *, alias: int | None = None, at: int | None = None, **more: Any) -> Metric:
    return Metric(name, alias, at, kind, more.pop("historical", False), value, **more)


class Node:
    """An edge node that numbers its messages, talking to a host directly."""

    def __init__(self, columns: dict[str, str] | None = None, **options: Any) -> None:
        sheet = Sheet(columns or COLUMNS, id=options.pop("id", ""), hold=options.pop("hold", False))
        self.host = Host(sheet, "spc", **{"node": "n1", **options})
        self.seq, self.now = 0, NOW

    def say(self, word: str, *metrics: Metric, device: str = "Press", seq: int | None = -1, at: int | None = None) -> None:
        self.now += 1_000_000
        if seq == -1:
            seq, self.seq = self.seq, (self.seq + 1) % 256
        topic = f"spBv1.0/plant/{word}/n1" + (f"/{device}" if word.startswith("D") else "")
        self.host.take(topic, encode(Payload(self.now // 1000 if at is None else at, seq, metrics)), self.now)

    def born(self, bd: int = 0) -> Node:
        self.seq = 0
        self.say("NBIRTH", metric("bdSeq", bd, INT64), metric("Mode", 1, INT32), metric(REBIRTH, False, BOOLEAN))
        self.say("DBIRTH", metric("Force", 1.0, alias=1), metric("Depth", 2.0, FLOAT, alias=2), metric("Serial", "B0", STRING, alias=3))
        return self

    @property
    def values(self) -> list[list[float]]:
        return np.asarray(self.host.sheet.rows().x).tolist()


def test_aliases_and_datatypes_come_from_the_birth_and_a_message_makes_a_row() -> None:
    """tck-id-payloads-alias-data-cmd-requirement, tck-id-payloads-name-birth-data-requirement: as a host sees them."""
    node = Node(id="Press/Serial").born()
    assert len(node.host.sheet.rows()) == 0  # a birth repeats what was there before
    node.say(
        "DDATA", metric("", 12.5, DOUBLE, alias=1, at=T0), metric("", "B7", STRING, alias=3), metric("", 3.5, FLOAT, alias=2, at=T0 + 5)
    )
    rows = node.host.sheet.rows()
    assert (rows.names, rows.ids, rows.quality, rows.codes) == (("force", "depth"), ("B7",), ("good",), None)
    assert rows.x.tolist() == [[12.5, 3.5]]
    assert rows.at[0] == np.datetime64((T0 + 5) * 1000, "us")  # that of its newest metric
    assert node.host.counts == {"control": 2, "row": 1}


def test_what_a_message_does_not_bring_is_missing_or_held() -> None:
    for hold, expected in ((False, [[12.5, np.nan], [np.nan, 4.0]]), (True, [[12.5, 2.0], [12.5, 4.0]])):
        node = Node(hold=hold).born()
        node.say("DDATA", metric("Force", 12.5))
        node.say("DDATA", metric("Depth", 4.0, FLOAT))
        rows = node.host.sheet.rows()
        np.testing.assert_array_equal(rows.x, expected)
        assert (rows.codes is None) == hold


def test_a_metric_that_comes_twice_makes_two_rows_and_a_null_one_is_missing() -> None:
    node = Node().born()
    node.say("DDATA", metric("Force", 1.5, at=T0), metric("Force", 2.5, at=T0 + 1), metric("Depth", None, FLOAT, at=T0 + 1))
    rows = node.host.sheet.rows()
    np.testing.assert_array_equal(rows.x, [[1.5, np.nan], [2.5, np.nan]])
    assert rows.codes is not None
    assert rows.codes.tolist() == [[0, 4], [0, 4]]
    assert np.diff(rows.at).astype(int).tolist() == [1000]


def test_historical_values_are_late_rows_and_do_not_count_as_the_newest() -> None:
    """is_historical: kept, and told apart from what is now."""
    node = Node(hold=True).born()
    node.say("DDATA", metric("Force", 7.0, at=T0 - 60_000, historical=True), metric("Force", 8.0, at=T0))
    node.say("DDATA", metric("Depth", 4.0, FLOAT, at=T0 + 1))
    rows = node.host.sheet.rows()
    assert rows.quality == ("late", "good", "good")
    np.testing.assert_array_equal(rows.x, [[7.0, np.nan], [8.0, 2.0], [8.0, 4.0]])


def test_a_number_that_was_left_out_is_a_gap_and_asks_once_for_a_rebirth() -> None:
    """tck-id-operational-behavior-host-reordering-rebirth, with a timeout of 0: what is missing is not waited for.

    tck-id-operational-behavior-data-commands-ncmd-rebirth-verb, -ncmd-rebirth-name, -ncmd-rebirth-value.
    """
    node = Node(every_s=10.0).born()
    node.seq += 2
    node.say("DDATA", metric("", 1.0, alias=1))
    (gap,) = node.host.gaps
    assert gap.why == "2 messages of edge node n1 are missing (number 4 after 1)"
    assert (gap.since, gap.until) == (node.now - 1_000_000, node.now)
    ((topic, payload),) = node.host.commands
    assert topic == "spBv1.0/plant/NCMD/n1"
    (asked,) = decode(payload).metrics
    assert (asked.name, asked.value, asked.kind) == ("Node Control/Rebirth", True, BOOLEAN)
    node.say("DDATA", metric("Force", 2.0))
    node.say("DDATA", metric("", 3.0, alias=1))
    node.host.look(node.now)
    assert len(node.host.commands) == 1  # not again within ten seconds
    assert node.host.sheet.rows().quality == ("uncertain", "good", "uncertain")  # an alias may mean something else by now
    node.now += 10_000_000
    node.host.look(node.now)
    node.host.look(node.now + 20_000_000)
    assert len(node.host.commands) == 2  # it still has not been born again, and says nothing more
    node.born()
    node.say("DDATA", metric("", 5.0, alias=1))
    node.host.look(node.now + 60_000_000)
    assert len(node.host.commands) == 2
    assert node.host.sheet.rows().quality == ("good",)


def test_numbers_go_round_after_255() -> None:
    """tck-id-payloads-sequence-num-incrementing: seen by the host."""
    node = Node().born()
    for _ in range(600):
        node.say("DDATA", metric("Force", 1.0))
    assert node.host.gaps == []
    assert len(node.values) == 600


def test_data_before_a_birth_is_not_used_and_a_birth_is_asked_for() -> None:
    """Without a birth nobody knows what an alias means: chapter 5.15, receiving data."""
    node = Node()
    node.say("DDATA", metric("", 1.0, alias=1))
    assert node.values == []
    assert node.host.counts == {"ignored": 1}
    assert [topic for topic, _ in node.host.commands] == ["spBv1.0/plant/NCMD/n1"]
    assert [(gap.until, gap.why) for gap in node.host.gaps] == [(None, "edge node n1 sends data and has not said its birth")]
    node.born()
    assert node.host.clear  # the gap is over
    node.say("DDATA", metric("", 1.0, alias=9))  # not in the birth
    assert node.host.counts["ignored"] == 2
    node.say("DDATA", metric("x", 1.0), device="Other")  # a device that was never born
    assert node.host.counts["ignored"] == 3


def test_a_death_that_belongs_to_the_birth_makes_everything_stale() -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline, -ndeath-node-tags-stale, -ndeath-devices-offline,
    -ndeath-devices-tags-stale."""
    node = Node({"force": "n1/Press/Force", "other": "n2/Mode"}, node="", hold=True).born(bd=3)
    node.host.take("spBv1.0/plant/NBIRTH/n2", encode(Payload(T0, 0, (metric("bdSeq", 0, INT64), metric("Mode", 5, INT32)))), node.now)
    node.say("NDEATH", metric("bdSeq", 2, INT64), seq=None)  # the will of an earlier connection: it came late
    node.say("DDATA", metric("Force", 9.0))
    assert node.host.sheet.rows().codes is None
    assert node.host.gaps == []
    node.say("NDEATH", metric("bdSeq", 3, INT64), seq=None)
    assert [(gap.until, gap.why) for gap in node.host.gaps] == [(None, "edge node n1 is offline")]
    node.host.take("spBv1.0/plant/NDATA/n2", encode(Payload(T0, 1, (metric("Mode", 6, INT32),))), node.now)
    rows = node.host.sheet.rows()
    assert rows.codes is not None
    assert (rows.x.tolist(), rows.codes.tolist()) == ([[9.0, 6.0]], [[3, 0]])
    assert np.isnan(rows.believed[0, 0])
    node.say("DDATA", metric("Force", 9.5))
    assert node.host.counts["ignored"] == 2  # that death, and data of a node that is dead
    node.born(bd=4)
    assert node.host.clear


def test_a_device_may_die_alone() -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline, -ddeath-devices-tags-stale."""
    node = Node({"force": "Press/Force", "mode": "Mode"}, hold=True).born()
    node.say("DDEATH")
    node.say("NDATA", metric("Mode", 2, INT32))
    rows = node.host.sheet.rows()
    assert rows.codes is not None
    assert (rows.x.tolist(), rows.codes.tolist()) == ([[1.0, 2.0]], [[3, 0]])
    assert [gap.why for gap in node.host.gaps] == ["device Press of edge node n1 is offline"]
    assert not node.host.clear
    node.say("DBIRTH", metric("Force", 1.0, alias=1))
    assert node.host.clear
    node.say("DDEATH", device="Lamp")  # never born, and nothing of it is a column
    assert len(node.host.gaps) == 1


def test_whoever_says_that_we_are_offline_is_answered() -> None:
    """tck-id-message-flow-hid-sparkplug-state-message-delivered."""
    node = Node()
    node.host.take("spBv1.0/STATE/spc", b'{"online": true, "timestamp": 1}', NOW)
    assert not node.host.offline
    node.host.take("spBv1.0/STATE/spc", b'{"online": false, "timestamp": 1}', NOW)
    assert node.host.offline


def test_a_value_that_is_no_number_is_bad_and_a_quality_is_heard() -> None:
    """tck-id-payloads-propertyset-quality-value-value."""
    node = Node().born()
    node.say("DDATA", metric("Force", 1.0, quality=192), metric("Depth", 2.0, FLOAT, quality=0))
    node.say("DDATA", metric("Force", 1.0, quality=500), metric("Depth", 2.0, FLOAT, quality=64))
    node.say("DDATA", metric("Force", float("inf")), metric("Depth", float("nan"), FLOAT))
    node.say("DBIRTH", metric("Force", b"", DATASET))
    node.say("DDATA", metric("Force", "x", STRING))
    rows = node.host.sheet.rows()
    assert rows.codes is not None
    assert rows.codes.tolist() == [[0, 2], [3, 1], [2, 2], [2, 4]]


@pytest.mark.parametrize(
    "kind, wire, expected",
    [(INT8, 255, -1), (INT8, 2**32 - 128, -128), (INT8, 127, 127), (UINT8, 255, 255), (INT32, 2**31, -(2**31)), (INT64, 2**64 - 5, -5),
     (UINT64, 2**64 - 1, 2.0**64), (BOOLEAN, True, 1), (FLOAT, 0.5, 0.5), (13, T0, T0)],
)  # fmt: skip
def test_whole_numbers_are_sent_as_two_s_complement(kind: int, wire: Any, expected: float) -> None:
    """Chapter 6.4.16: the signed ones are in unsigned fields."""
    assert number(metric("a", wire, kind), kind) == expected


@pytest.mark.parametrize(
    "kind, wire", [(INT8, 256), (INT8, 2**31), (UINT8, 300), (INT32, 2**32), (STRING, "1"), (DATASET, b""), (99, 1), (DOUBLE, "1")]
)
def test_what_does_not_fit_its_datatype_is_refused(kind: int, wire: Any) -> None:
    with pytest.raises(BadTable):
        number(metric("a", wire, kind), kind)


def test_what_is_no_message_is_a_scrap_and_what_is_not_ours_is_counted() -> None:
    node = Node().born()
    node.host.take("spBv1.0/plant/DDATA/n1/Press", b"\xff\xff\xff", NOW)
    node.host.take("spBv1.0/plant/DDATA/n1/Press", b"\x00" * (5 << 20), NOW)
    assert [len(one.payload) for one in node.host.scraps] == [3, 65_536]
    for topic in (
        "spBv1.0/plant/DDATA/n2/Press",
        "spBv1.0/plant/NCMD/n1",
        "spBv1.0/plant/DDATA/n1",
        "plant/x",
        "spBv1.0/plant/NBIRTH/n1/x",
    ):
        node.host.take(topic, b"", NOW)
    node.host.take("spBv1.0/plant/NBIRTH/n1", encode(Payload(T0, 0, ())), NOW, retained=True)
    assert node.host.counts == {"control": 2, "scrap": 2, "ignored": 6}


WORDS = st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NCMD", "STATE"])
VALUE = st.one_of(st.none(), st.floats(width=32), st.integers(0, 2**32 - 1))
METRIC = st.builds(
    lambda name, alias, at, kind, historical, value: Metric(
        name, alias, at, kind, historical, None if value is None or (isinstance(value, float)) != (kind in (9, 10)) else value
    ),
    st.sampled_from(["", "Force", "Depth", "bdSeq", "x"]), st.none() | st.integers(0, 3), st.none() | st.integers(0, 2**64 - 1),
    st.sampled_from([1, 3, 9, 10]), st.booleans(), VALUE,
)  # fmt: skip
MADE = st.builds(
    lambda at, seq, metrics: encode(Payload(at, seq, tuple(metrics))), st.integers(0, 2**64 - 1), st.none() | st.integers(0, 300),
    st.lists(METRIC, max_size=5),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(WORDS, st.one_of(MADE, st.binary(max_size=60))), max_size=12))
def test_whatever_is_sent_nothing_is_raised_and_every_message_is_accounted_for(messages: list[tuple[str, bytes]]) -> None:
    node = Node(hold=True, births=True, id="Press/x")
    for k, (word, payload) in enumerate(messages):
        topic = "spBv1.0/STATE/spc" if word == "STATE" else f"spBv1.0/plant/{word}/n1" + ("/Press" if word.startswith("D") else "")
        node.host.take(topic, payload, NOW + k)
    assert sum(node.host.counts.values()) == len(messages)
    assert node.host.counts["scrap"] == len(node.host.scraps)
    rows = node.host.sheet.rows()
    assert len(rows) >= node.host.counts["row"]
    assert not np.isinf(rows.x).any()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_a_payload_or_a_complaint(payload: bytes) -> None:
    try:
        found = decode(payload)
    except BadTable:
        return
    assert all(one.kind not in DATATYPES or one.name is not None for one in found.metrics)


def test_the_settings_name_it_and_wrong_ones_are_refused() -> None:
    one = build(PartSettings("source", "sparkplug", {"group": "plant", "node": "n1", "columns": {"force": "Press/Force"}}))
    assert isinstance(one, Sparkplug)
    assert one.name == "sparkplug localhost:1883 plant/n1"
    hash(one)
    for wrong in ({"group": "", "columns": ["a"]}, {"group": "a/b", "columns": ["a"]}, {"group": "a"}, {"group": "a", "columns": []},
                  {"group": "a", "columns": {"x": "a", "y": "a"}}, {"group": "a", "columns": ["a"], "rebirth_s": 0.0}):  # fmt: skip
        with pytest.raises(BadSettings):
            build(PartSettings("source", "sparkplug", wrong))
