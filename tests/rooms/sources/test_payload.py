from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from spc.errors import BadTable, Refused
from spc.sources import read_payload

GOOD = {"time": "2025-03-04T07:00:00+01:00", "id": "B1", "values": {"a": 1.5, "b": None}, "quality": "uncertain"}


def test_rows_become_a_block() -> None:
    found = read_payload({"rows": [GOOD, {"id": 7, "values": {"b": 2, "a": 3}}, {"time": "2025-03-04 06:00:45.5", "values": {"a": 4}}]})
    assert found.rows.names == ("a", "b")
    np.testing.assert_array_equal(found.rows.x, [[1.5, np.nan], [3.0, 2.0], [4.0, np.nan]])
    assert [str(one) for one in found.rows.at] == ["2025-03-04T06:00:00.000000", "NaT", "2025-03-04T06:00:45.500000"]
    assert found.rows.ids == ("B1", "7", None)
    assert found.rows.quality == ("uncertain", "good", "good")
    assert (found.refused, found.numbers) == ((), (1, 2, 3))


def test_numbers_survive_to_the_last_bit() -> None:
    value = 0.1 + 0.2
    assert read_payload(json.loads(json.dumps({"rows": [{"values": {"a": value}}]}))).rows.x[0, 0] == value


@pytest.mark.parametrize(
    "row, reason",
    [
        (3, "not a JSON object"),
        ({"values": {}}, "no values"),
        ({"values": [1]}, "no values"),
        ({"values": {"a": "1.5", "b": 1}}, "a: '1.5' is not a number"),
        ({"values": {"a": True, "b": 1}}, "a: 'True' is not a number"),
        ({"values": {"a": float("inf"), "b": 1}}, "a: not a finite number"),
        ({"values": {"a": 10**400, "b": 1}}, "a: not a finite number"),
        ({"values": {"a": 1}}, "no value for b: send null"),
        ({"values": {"a": 1, "bb": 1}}, "no value for b: is it 'bb'?"),
        ({"values": {"a": 1, "b": 1}, "tiem": "x"}, "nobody knows the word 'tiem'"),
        ({"values": {"a": 1, "b": 1}, "time": "yesterday"}, "time 'yesterday' is not ISO 8601"),
        ({"values": {"a": 1, "b": 1}, "time": 1741068000}, "time is not a text"),
        ({"values": {"a": 1, "b": 1}, "time": "0001-01-01T00:00:00+14:00"}, "is not ISO 8601"),
        ({"values": {"a": 1, "b": 1}, "id": 1.5}, "id is neither"),
        ({"values": {"a": 1, "b": 1}, "id": " "}, "id is blank"),
        ({"values": {"a": 1, "b": 1}, "id": "x" * 201}, "longer than 200"),
        ({"values": {"a": 1, "b": 1}, "quality": "fine"}, "quality 'fine' is none of good"),
        ({"values": {"a": 1, "b": 1, " ": 2}}, "a column has no name"),
    ],
)
def test_a_wrong_row_is_refused_alone_with_its_reason(row: Any, reason: str) -> None:
    good = {"values": {"a": 1, "b": 2}}
    found = read_payload({"rows": [good, row, good]}, columns=("a", "b"))
    assert found.numbers == (1, 3)
    assert len(found.rows) == 2
    (refused,) = found.refused
    assert refused["row"] == 2
    assert reason in refused["reason"]


def test_all_refused_is_an_empty_block() -> None:
    found = read_payload({"rows": [1, 2]}, columns=("a",))
    assert (len(found.rows), len(found.refused)) == (0, 2)
    assert len(read_payload({"rows": []}).rows) == 0


@pytest.mark.parametrize("body", [None, [], {}, {"rows": {}}, {"row": []}])
def test_a_body_of_another_form_is_refused(body: Any) -> None:
    with pytest.raises(BadTable, match="list of rows"):
        read_payload(body)


def test_too_much_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        read_payload({"rows": [{"values": {"a": 1}}] * 10_001})
    assert caught.value.status == 413
    with pytest.raises(Refused, match="different columns"):
        read_payload({"rows": [{"values": {f"c{i}": 1 for i in range(2001)}}]})
