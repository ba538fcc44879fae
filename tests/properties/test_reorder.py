"""However rows come, each is given once, in order as far as the buffer reaches, and no token is free before its rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spc.nouns import Rows
from spc.sources.reorder import Reorder, together

HOLD_S = 2.0
START = np.datetime64("2025-03-04T06:00:00", "us")
NAT = np.datetime64("NaT", "us")
# blocks: how long after the block before it comes (µs), and the rows' times (µs after the start), None for a row without one
BLOCKS = st.lists(st.tuples(st.integers(0, 3_000_000), st.lists(st.none() | st.integers(0, 20_000_000), max_size=5)), max_size=12)


def block(times: list[int | None], first: int, names: tuple[str, ...] = ("a",)) -> Rows:
    at = np.array([NAT if one is None else START + np.timedelta64(one, "us") for one in times], dtype="datetime64[us]")
    x = np.repeat(np.arange(first, first + len(times), dtype=np.float64)[:, None], len(names), axis=1)
    return Rows(names, x, at, tuple(f"B{k}" for k in range(first, first + len(times))))


def played(blocks: list[tuple[int, list[int | None]]]) -> tuple[list[float], list[tuple[int, int]], int]:
    """The rows in the order in which they were given, (token, rows given by then), and how many rows there were."""
    made, now, n = Reorder(HOLD_S), 0, 0
    out: list[float] = []
    free: list[tuple[int, int]] = []
    for k, (step, times) in enumerate(blocks):
        now += step
        made.add(block(times, n), k, now)
        n += len(times)
        parts, tokens = made.ready(now)
        out += [x for one in parts for x in one.x[:, 0].tolist()]
        free += [(token, len(out)) for token in tokens]
    parts, tokens = made.ready(now + int(HOLD_S * 1e6))
    assert len(made) == 0
    out += [x for one in parts for x in one.x[:, 0].tolist()]
    free += [(token, len(out)) for token in tokens]
    return out, free, n


@given(BLOCKS)
def test_each_row_is_given_once_and_nothing_is_held_longer(blocks: list[tuple[int, list[int | None]]]) -> None:
    out, _, n = played(blocks)
    assert sorted(out) == list(range(n))


@given(BLOCKS)
def test_tokens_are_free_in_order_and_not_before_their_rows(blocks: list[tuple[int, list[int | None]]]) -> None:
    out, free, _ = played(blocks)
    assert [token for token, _ in free] == list(range(len(blocks)))
    ends = np.cumsum([len(times) for _, times in blocks])
    for token, given_by_then in free:
        assert set(range(int(ends[token]))) <= set(out[:given_by_then])


@given(st.lists(st.integers(0, 1_900_000), min_size=1, max_size=40), st.integers(1, 5))
def test_rows_late_by_less_than_the_buffer_are_in_order(late: list[int], size: int) -> None:
    """Row k is of second k/10 and comes by up to 1.9 s late: after all that were to come until then."""
    times = [100_000 * k for k in range(len(late))]
    coming = sorted(range(len(late)), key=lambda k: (times[k] + late[k], k))
    blocks = [(0, [times[k] for k in coming[i : i + size]]) for i in range(0, len(coming), size)]
    out, _, _ = played(blocks)  # type: ignore[arg-type]
    given_times = [times[coming[int(x)]] for x in out]
    assert given_times == sorted(given_times)


@given(st.lists(st.integers(0, 10_000_000), max_size=30))
def test_a_source_in_order_is_given_as_it_comes(times: list[int]) -> None:
    out, _, n = played([(1000, [at]) for at in sorted(times)])
    assert out == list(range(n))


def test_blocks_of_other_columns_are_kept_apart() -> None:
    made = Reorder(1.0)
    made.add(block([0, 2], 0), "a", 0)
    made.add(block([1, 3], 2, ("a", "b")), "b", 0)
    parts, tokens = made.all()
    assert [one.names for one in parts] == [("a",), ("a", "b"), ("a",), ("a", "b")]
    assert tokens == ["a", "b"]


def test_what_one_block_says_and_another_does_not_is_kept() -> None:
    plain = block([0], 0)
    marked = replace(plain, quality=("late",), codes=np.full((1, 1), 2, dtype=np.uint8), raw=("BadX",), product=("P",))
    both = together([plain, marked])
    assert both.quality == ("good", "late")
    assert both.codes is not None
    assert both.codes.tolist() == [[0], [2]]
    assert (both.raw, both.product, both.subgroup) == (("", "BadX"), ("", "P"), ())
