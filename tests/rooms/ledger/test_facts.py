"""Facts become JSON text and come back as they were."""

from __future__ import annotations

import json
import math
from types import MappingProxyType

import numpy as np
import pytest

from spc.ledger.facts import facts_of, text_of

FACTS = {
    "value": 0.1 + 0.2,
    "row": 7,
    "alike": None,
    "named": ("warp", "°"),
    "small": 5e-324,
    "large": 1.7976931348623157e308,
    "to": {"a": [True]},
}


def test_they_are_what_python_would_have_read_and_written() -> None:
    assert json.loads(text_of(FACTS)) == json.loads(json.dumps(FACTS)) == facts_of(text_of(FACTS)) == facts_of(json.dumps(FACTS))
    assert text_of(MappingProxyType(FACTS)) == text_of(FACTS)


def test_a_number_of_an_array_is_a_number_and_anything_else_is_refused() -> None:
    assert facts_of(text_of({"value": np.float64(0.1)})) == {"value": 0.1}
    with pytest.raises(TypeError):
        text_of({"value": object()})


@pytest.mark.parametrize("value", [math.inf, -math.inf, np.float64("inf")])
def test_an_infinite_number_stays_one(value: float) -> None:
    assert facts_of(text_of({"charts": {"t2": [1.0, value]}, "alike": None})) == {"charts": {"t2": [1.0, value]}, "alike": None}


def test_what_only_pythons_own_json_has_is_kept_too() -> None:
    assert facts_of(text_of({"part": "B\ud800", "count": 2**70})) == {"part": "B\ud800", "count": 2**70}
    assert math.isnan(facts_of('{"value": NaN}')["value"])
