"""JSON rows: what is one, what is none and why, and that nothing that can be sent raises."""

from __future__ import annotations

import json
import math
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spc.errors import Complaint
from spc.sources.payload import Form, Sent, parsed, read_payload, runs, us_of, us_of_number


def one(given: Any, **form: Any) -> Sent:
    sent, scraps = read_payload(json.dumps(given).encode(), Form(**form))
    assert scraps == []
    return sent[0]


def reason(payload: bytes | Any, **form: Any) -> str:
    sent, scraps = read_payload(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), Form(**form))
    assert sent == []
    return scraps[0].reason


def test_the_documented_row() -> None:
    row = {
        "time": "2025-03-04T06:00:00Z",
        "id": "B1",
        "values": {"a": 1, "b": None},
        "quality": "uncertain",
        "product": "P",
        "subgroup": "7",
    }
    sent = one(row)
    assert (sent.at, sent.id, sent.names, sent.quality, sent.product, sent.subgroup) == (
        1741068000000000, "B1", ("a", "b"), "uncertain", "P", "7",
    )  # fmt: skip
    assert sent.values[0] == 1.0
    assert math.isnan(sent.values[1])


def test_a_row_in_a_list_in_an_object_and_flat_is_the_same() -> None:
    row, flat = {"id": "B1", "values": {"a": 1.5}}, {"id": "B1", "a": 1.5}
    for written in (row, [row], {"rows": [row]}, flat, [flat], {"rows": [flat]}):
        assert one(written) == one(row)


def test_a_byte_order_mark_is_passed_over_and_numbers_keep_their_digits() -> None:
    (sent,), _ = read_payload(b'\xef\xbb\xbf{"a": 0.1, "b": -1e-300, "c": 9007199254740993}', Form())
    assert sent.values == (0.1, -1e-300, 9007199254740992.0)


def test_times_with_and_without_a_zone_and_as_numbers() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert one({"time": "2025-07-04T08:00:00", "a": 1}, zone=zone).at == us_of("2025-07-04T06:00:00Z", UTC)
    for number in (1741068000, 1741068000.0, 1741068000000, 1741068000000000, 1741068000000000000):
        assert one({"time": number, "a": 1}).at == 1741068000000000
    for wrong in (0, -1, 17, 1e30, 20250304):
        with pytest.raises(Complaint):
            us_of_number(wrong)


@pytest.mark.parametrize(
    "given, words",
    [
        (b"", "It is no JSON"),
        (b"\xff", "Byte 1 is not UTF-8"),
        (b"\x00", "It is no JSON"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b'{"a": 1e400}', "column a: It is not a finite number"),
        (b'{"a": 1' + b"0" * 400 + b"}", "column a: It is not a finite number"),
        (b'{"a": 1' + b"0" * 9000 + b"}", "It is no JSON"),
        (b'{"a": 1, "a": 1}', "'a' is there twice"),
        (b'{"a": 1} {"a": 2}', "It is no JSON"),
        (b"[" * 200_000, "It is nested too deeply"),
        (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, "It is nested too deeply"),
        (True, "A row is an object"),
        ("1.5", "A row is an object"),
        ([], "There is no row in it"),
        ({}, "The row has no values"),
        ({"rows": 1}, "Beside the list of rows"),
        ({"rows": [], "by": "Ann"}, "Beside the list of rows"),
        ({"values": [1]}, "column values: It is no object"),
        ({"values": {"a": "1,5"}}, "column a: '1,5' is not a number"),
        ({"values": {"a": True}}, "column a: 'True' is not a number"),
        ({"values": {"a": {"b": 1}}}, "column a: \"{'b': 1}\" is not a number"),
        ({"values": {"": 1}}, "A column has no name"),
        ({"values": {"a\ud800": 1}}, "A column has no name"),
        ({"values": {"a": 1}, "vlaues": 2}, "Nobody knows the word 'vlaues'"),
        ({"values": {"a": 1}, "quality": "fine"}, "There is no quality 'fine'"),
        ({"values": {"a": 1}, "product": 3}, "column product: It is no text"),
        ({"values": {"a": 1}, "subgroup": "\u0000"}, "column subgroup: It has characters"),
        ({"values": {"a": 1}, "id": " "}, "column id: The id is empty"),
        ({"values": {"a": 1}, "id": 1.5}, "column id: It is neither"),
        ({"values": {"a": 1}, "id": "x" * 2000}, "column id: It is neither"),
        ({"values": {"a": 1}, "time": "soon"}, "column time: 'soon' is not a time"),
        ({"values": {"a": 1}, "time": True}, "column time: It is no time"),
        ({"values": {"a": 1}, "time": "0001-01-01T00:00:00+14:00"}, "column time:"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_what_is_no_row_has_a_reason_in_words(given: Any, words: str) -> None:
    assert reason(given).startswith(words)


def test_one_bad_row_of_a_list_is_kept_alone_and_can_be_taken_again() -> None:
    sent, scraps = read_payload(json.dumps([{"a": 1}, {"a": "x"}, {"a": 3}]).encode(), Form())
    assert [row.values for row in sent] == [(1.0,), (3.0,)]
    assert [(json.loads(one.payload), one.reason.partition(":")[0]) for one in scraps] == [({"a": "x"}, "row 2, column a")]


def test_a_message_that_is_too_large_is_not_read_and_its_beginning_is_kept() -> None:
    _, (scrap,) = read_payload(b"[" + b"1," * 5_000_000 + b"1]", Form())
    assert (len(scrap.payload), scrap.reason) == (
        65_536, "The message has 10000003 bytes; at most 1048576 are read, and the first 65536 kept.",
    )  # fmt: skip


def test_rows_are_blocks_of_equal_columns_in_their_order() -> None:
    sent, _ = read_payload(json.dumps([{"a": 1, "id": "1"}, {"a": 2, "product": "P"}, {"b": 3}, {"a": 4}]).encode(), Form())
    blocks = runs(sent)
    assert [(rows.names, rows.x.tolist(), rows.ids, rows.product) for rows in blocks] == [
        (("a",), [[1.0], [2.0]], ("1", None), ("", "P")), (("b",), [[3.0]], (None,), ()), (("a",), [[4.0]], (None,), ()),
    ]  # fmt: skip
    assert all(np.isnat(rows.at).all() for rows in blocks)


WORDS = st.sampled_from(["time", "id", "values", "rows", "quality", "a", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.one_of(st.binary(max_size=80), JSON.map(lambda value: json.dumps(value).encode())), st.booleans())
@example(b'[{"a": ' + b"[" * 980 + b"]" * 980 + b"}]", False)
@example(b'{"values": {"\\ud83d": 1}}', False)
def test_whatever_is_sent_nothing_is_raised_and_it_is_a_row_or_a_scrap(payload: bytes, picked: bool) -> None:
    sent, scraps = read_payload(payload, Form(columns={"a": "a"} if picked else {}))
    assert sent or scraps
    for row in sent:
        assert len(row.names) == len(row.values) >= 1
        assert not any(math.isinf(value) for value in row.values)
    for scrap in scraps:
        assert scrap.reason
        assert scrap.reason.encode()  # it can be written down
    assert sum(len(rows) for rows in runs(sent)) == len(sent)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(categories=("L", "N")), min_size=1, max_size=5), st.floats(allow_nan=False, allow_infinity=False), min_size=1
    )
)
def test_a_row_of_numbers_comes_back_to_the_bit(values: dict[str, float]) -> None:
    sent = one({"values": values})
    assert dict(zip(sent.names, sent.values, strict=True)) == values
    assert parsed(json.dumps(values).encode()) == values
