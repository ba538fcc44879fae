"""Rows that are looked at together are the very rows that come of looking at each by itself; else they are left to that."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spc.api.alike import alike
from spc.api.rows import careful
from spc.api.sent import USUAL
from spc.nouns import Rows
from spc.sources.payload import labelled

BERLIN = ZoneInfo("Europe/Berlin")


def body(*rows: Any) -> bytes:
    return json.dumps({"rows": rows}).encode()


def row_by_row(text: bytes) -> Rows | None:
    """What comes of looking at each row by itself, as one block with the first row's order of columns; None when there is any doubt."""
    blocks, wrong = careful(text, BERLIN)
    if wrong or not blocks or len({frozenset(block.rows.names) for block in blocks}) > 1:
        return None
    parts, names = [block.rows for block in blocks], blocks[0].rows.names
    texts = {word: [getattr(one, word) or (usual,) * len(one) for one in parts] for word, usual in USUAL.items()}
    quality, product, subgroup = (labelled([label for some in kept for label in some], USUAL[word]) for word, kept in texts.items())
    x = np.concatenate([one.x[:, [one.names.index(name) for name in names]] for one in parts])
    ids = tuple(id for one in parts for id in one.ids)
    return Rows(names, x, np.concatenate([one.at for one in parts]), ids, quality, subgroup, product)


def checked(text: bytes) -> Rows | None:
    """What is looked at together, held against what is looked at row by row."""
    rows = alike(text, BERLIN)
    if rows is not None:
        other = row_by_row(text)
        assert other is not None
        assert rows.x.tobytes() == other.x.tobytes()
        assert (rows.x.dtype, rows.x.shape) == (other.x.dtype, other.x.shape)
        assert (rows.at.dtype, rows.at.tobytes()) == (other.at.dtype, other.at.tobytes())
        texts = ("names", "ids", "quality", "subgroup", "product", "raw", "codes")
        assert [getattr(rows, word) for word in texts] == [getattr(other, word) for word in texts]
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "a", "values": {"x": 1.5, "y": 2}}, {"id": "b", "values": {"x": -0.0, "y": None}}],
        [{"values": {"x": 10**30, "y": 9007199254740993}}],
        [{"id": None, "time": None, "values": {"x": 1}}] * 3,
        [{"time": "2025-03-30T02:30:00", "values": {"x": 1}}, {"time": " 2025-03-04 06:00:00.25Z ", "values": {"x": 1}}],
        [{"time": "2025-03-04T06:00:00Z", "id": "1", "values": {"x": 1}}],
        [{"values": {"x": 1}, "quality": " bad "}, {"values": {"x": 1}, "quality": "good"}],
        [{"values": {"x": 1}, "quality": "good", "product": " P ", "subgroup": ""}],
        [{"values": {" x ": 1e-320}}],
        [{"values": {"x": 1, "y": 2}, "id": "a"}, {"id": None, "values": {"y": 2, "x": 1}, "subgroup": " 7\n"}],
        [{"values": {"x": 1}, "time": "2025-03-04"}, {"values": {"x": 1}, "time": "2025-03-04T06+01:00"}, {"values": {"x": 1}}],
    ],
    ids=lambda rows: str(rows[0])[:40],
)
def test_rows_of_one_kind_are_looked_at_together(rows: list[dict[str, Any]]) -> None:
    assert checked(body(*rows)) is not None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"rows": []}',
        b'{"rows": 1}',
        b'{"rows": [1]}',
        b'{"rows": [{"values": {"x": 1}}], "by": 1}',
        b'{"rows": [{"id": "a"}]}',
        b'{"rows": [{"values": {"x": NaN}}]}',
        b'{"rows": [{"values": {"x": -Infinity}}]}',
        b'{"rows": [{"values": {"x": 1e400}}]}',
        b'{"rows": [{"values": {"x": 1' + b"0" * 400 + b"}}]}",
        b'{"rows": [{"values": {"x": 1' + b"0" * 9000 + b"}}]}",
        body({"values": {"x": True}}),
        body({"values": {"x": "1"}}),
        body({"values": {"x": [1]}}),
        body({"values": {}}),
        body({"values": [1]}),
        body({"values": {"": 1}}),
        body({"values": {"x": 1}, "tiem": ""}),
        body({"values": {"x": 1}}, {"values": {"y": 1}}),
        body({"values": {"x": 1}, "id": ""}),
        body({"values": {"x": 1}, "id": " "}),
        body({"values": {"x": 1}, "id": "a\n"}),
        body({"values": {"x": 1}, "id": 7}),
        body({"values": {"x": 1}, "id": "x" * 1001}),
        body({"values": {"x": 1}}, {"values": {"x": 1, "y": 1}}),
        body({"values": {"a\\b": 1}}),
        body({"values": {f"x{j}": j for j in range(1001)}}),
        body({"values": {"x": 1}, "quality": "superb"}),
        body({"values": {"x": 1}, "quality": ""}),
        body({"values": {"x": 1}, "quality": None}),
        body({"values": {"x": 1}, "product": "x" * 121}),
        body({"values": {"x": 1}, "subgroup": "\u0000"}),
        body({"values": {"x": 1}, "time": "yesterday"}),
        body({"values": {"x": 1}, "time": "0001-01-01T00:00:00+14:00"}),
        body({"values": {"x": 1}, "time": 5}),
        body(*[{"values": {"x": 1}}] * 100_001),
    ],
    ids=lambda text: repr(text)[:50],
)
def test_anything_else_is_left_to_who_can_say_what_is_wrong(text: bytes) -> None:
    assert alike(text, UTC) is None


VALUE = st.none() | st.floats() | st.integers() | st.integers(10**300, 10**310) | st.booleans() | st.text(max_size=3)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)
TEXT = st.text(max_size=4) | st.sampled_from([" ", "a", "good", "bad", "2025-03-04", "2025-03-04T06:00:00+01:00", "NaT", "now"])
WORDS = {"id": st.none() | TEXT, "time": st.none() | TEXT | st.datetimes().map(str), "quality": TEXT, "product": TEXT, "subgroup": TEXT}


@st.composite
def alike_but_for_some(draw: st.DrawFn) -> bytes:
    """Rows with the same words and columns, and now and then one of another kind."""
    names = draw(st.lists(st.sampled_from("abc") | st.text(max_size=2), max_size=3, unique=True))
    words = draw(st.lists(st.sampled_from(sorted(WORDS)), max_size=3, unique=True))
    numbers = draw(st.sampled_from([NUMBER, NUMBER, VALUE]))
    row = st.fixed_dictionaries({"values": st.fixed_dictionaries(dict.fromkeys(names, numbers)), **{word: WORDS[word] for word in words}})
    return json.dumps({"rows": draw(st.lists(row, min_size=1, max_size=4))}).encode()


@settings(max_examples=400, deadline=None)
@given(alike_but_for_some())
@example(b'{"rows": [{"values": {"a": 1, "a": 2}}]}')
@example(b'{"rows": [{"values": {"a": 1}, "id": "x", "id": "y"}]}')
@example(b'{"rows": [{"values": {"a": 1}}], "rows": [{"values": {"a": 2}}]}')
@example(b'{"rows": [{"values": {"a": -0}}, {"values": {"a": -0.0}}]} ')
@example(b'{"rows": [{"values": {"a": 1}, "id": "\\ud83d"}]}')
def test_both_ways_give_the_same_rows(text: bytes) -> None:
    checked(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(NUMBER, min_size=3, max_size=3), min_size=1, max_size=5))
def test_numbers_are_looked_at_together_to_the_bit(values: list[list[float | None]]) -> None:
    rows = checked(body(*({"id": f"B{i}", "values": dict(zip("abc", one, strict=True))} for i, one in enumerate(values))))
    assert rows is not None
    expected = np.array([[np.nan if x is None else float(x) for x in one] for one in values])
    assert rows.x.tobytes() == expected.tobytes()
