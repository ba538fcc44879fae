"""From points to signals: k of n out, so many back in."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadSettings
from spc.nouns import Points, Track
from spc.watch import Watch


def points_of(pattern: str, first: int = 1) -> Points:
    """A block from a word: x out, . in, ? could not be judged."""
    value = np.array([{"x": 30.0, ".": 5.0, "?": np.nan}[c] for c in pattern])
    ucl = np.full(len(pattern), 20.0)
    at = np.full(len(pattern), np.datetime64("NaT"), dtype="datetime64[us]")
    rows = np.arange(first, first + len(pattern))
    return Points(rows, at, (None,) * len(pattern), {"t2": Track(value, ucl, value > ucl)}, ("",) * len(pattern))


def said(watch: Watch, pattern: str) -> list[tuple[str, int, int]]:
    _, signals = watch.step(watch.start(), points_of(pattern))
    return [(s.kind, s.point.row, s.since) for s in signals]


@pytest.mark.parametrize(
    "watch, pattern, expected",
    [
        (Watch(), "..x....", [("out", 3, 3), ("in", 6, 3)]),
        (Watch(), "..x.x...", [("out", 3, 3), ("in", 8, 3)]),  # a point out starts the count again
        (Watch(), "xxxx", [("out", 1, 1)]),
        (Watch(back=1), "x.x.", [("out", 1, 1), ("in", 2, 1), ("out", 3, 3), ("in", 4, 3)]),
        (Watch(k=2, n=3), ".x..x.x...", [("out", 7, 5), ("in", 10, 5)]),
        (Watch(k=2, n=3), "x..x..x..", []),
        (Watch(k=3, n=3), "xx.xxx...", [("out", 6, 4), ("in", 9, 4)]),
        (Watch(), "x.?.?.", [("out", 1, 1), ("in", 6, 1)]),  # what was not judged counts for nothing
        (Watch(), "???", []),
        (Watch(), "", []),
    ],
)
def test_signals(watch: Watch, pattern: str, expected: list[tuple[str, int, int]]) -> None:
    assert said(watch, pattern) == expected


def test_memory_is_plain_and_goes_on_where_it_stopped() -> None:
    import json

    watch = Watch(k=2, n=3)
    state, none = watch.step(watch.start(), points_of("..x"))
    assert none == []
    _, signals = watch.step(json.loads(json.dumps(state)), points_of("x", first=4))
    assert [(s.kind, s.point.row, s.since) for s in signals] == [("out", 4, 3)]


@pytest.mark.parametrize("k, n, back", [(0, 1, 1), (3, 2, 1), (1, 1, 0)])
def test_rules_that_make_no_sense_are_refused(k: int, n: int, back: int) -> None:
    with pytest.raises(BadSettings):
        Watch(k, n, back)
