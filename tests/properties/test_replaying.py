"""Replaying in blocks of any size gives the same answer, and a watch that skips calm rows says what one that looks at each would."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.replay import Candidate, replay
from spc.replay.counts import DRAWN, Picture
from spc.watch import Watch
from tests.rooms.watch.test_watch import points_of
from tests.small import model, rows

MODELS = [Candidate("old", model()), Candidate("new", model(center=-0.8))]


@settings(deadline=None, max_examples=40)
@given(
    cuts=st.lists(st.integers(1, 119), max_size=6),
    out=st.sets(st.integers(1, 120), max_size=30),
    rule=st.sampled_from([Watch(), Watch(2, 3), Watch(3, 5, 1)]),
    gaps=st.sets(st.integers(0, 119), max_size=8),
)
def test_blocks_of_any_size_give_the_same_answer(cuts: list[int], out: set[int], rule: Watch, gaps: set[int]) -> None:
    block = rows(120, out=tuple(out), by=3.9)
    block.x[sorted(gaps)] = np.nan
    truth = np.array([float(40 <= i < 70) for i in range(120)])
    whole = replay(block, MODELS, rule, truth=truth).to_dict()
    edges = [0, *sorted(set(cuts)), 120]
    parts = (block.part(slice(low, high)) for low, high in itertools.pairwise(edges))
    assert replay(parts, MODELS, rule, truth=truth).to_dict() == whole


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(1, 8999), max_size=5), seed=st.integers(0, 9))
def test_a_picture_does_not_depend_on_the_blocks(cuts: list[int], seed: int) -> None:
    value = np.random.default_rng(seed).chisquare(3, 9000)
    at = np.arange(9000)
    pictures = [Picture(), Picture()]
    pictures[0].take(at + 1, at, value)
    edges = [0, *sorted(set(cuts)), 9000]
    for low, high in itertools.pairwise(edges):
        pictures[1].take(at[low:high] + 1, at[low:high], value[low:high])
    assert pictures[0].dots() == pictures[1].dots()
    drawn, _, height = pictures[0].dots()
    assert len(drawn) <= 2 * DRAWN
    assert max(v for v in height if v is not None) == value.max()


@settings(deadline=None, max_examples=200)
@given(pattern=st.text("x.....?", max_size=60), k=st.integers(1, 3), n=st.integers(3, 6), back=st.integers(1, 4))
def test_skipping_calm_rows_changes_nothing(pattern: str, k: int, n: int, back: int) -> None:
    watch = Watch(k, n, back)
    state, signals = watch.step(watch.start(), points_of(pattern))
    each, told = watch.start(), []
    for i, one in enumerate(pattern):
        each, found = watch.step(each, points_of(one, i + 1))
        told += found
    assert [(s.kind, s.point.row, s.since) for s in signals] == [(s.kind, s.point.row, s.since) for s in told]
    assert state == each or not pattern
