"""Replaying in blocks of any size gives the same answer, and a watch that skips calm rows says what one that looks at each would."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from spc.nouns import Limit, Model, Rows, Scatter, Signal
from spc.phase2 import Monitor
from spc.replay import Candidate, Telling, replay
from spc.replay.counts import DRAWN, Picture
from spc.replay.player import Player
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


@functools.cache
def wide() -> Model:
    """Eight variables that go together, with every chart."""
    rng = np.random.default_rng(3)
    names = tuple(f"v{j}" for j in range(8))
    mixed = rng.normal(size=(8, 8))
    scatter = Scatter(rng.normal(size=8), np.asarray(np.linalg.cholesky(mixed @ mixed.T + np.eye(8)), dtype=np.float64), n=400)
    limits = {
        "t2": tuple(Limit(float(chi2.isf(0.02, q)), 0.02, f"chi-square({q})") for q in range(1, 9)),
        **{name: (Limit(h, 0.02, "simulated"),) for name, h in (("mewma", 14.0), ("mcusum", 5.0), ("ewma_log_t2", 2.6))},
    }
    limits = {name: one if name == "t2" else one * 8 for name, one in limits.items()}
    recipe = {"charts": {name: {"name": name} for name in limits}}
    told: dict[str, Any] = {
        "units": ("",) * 8,
        "guards": (),
        "alpha": 0.02,
        "reference_limits": {},
        "tails": {},
        "estimator": "known",
        "n": 400,
    }
    told |= {
        "outliers": (),
        "excluded": (),
        "findings": (),
        "time_column": None,
        "id_column": None,
        "reference_digest": "",
        "code_version": "",
    }
    return Model(names, scatter=scatter, new_limits=limits, recipe=recipe, **told)


@settings(deadline=None, max_examples=40)
@given(
    cuts=st.lists(st.integers(1, 2999), max_size=8),
    seed=st.integers(0, 99),
    n=st.sampled_from([1, 2, 50, 2049, 3000]),
    first=st.sampled_from([1, 1_000_001]),
    gaps=st.booleans(),
    start=st.integers(0, 40),
)
def test_a_replay_judges_as_the_monitor_does_bit_for_bit(cuts: list[int], seed: int, n: int, first: int, gaps: bool, start: int) -> None:
    rng = np.random.default_rng(seed)
    made = wide()
    x = made.scatter.center + rng.standard_t(5, size=(n + start, 8)) @ made.scatter.factor.T
    if gaps:
        x[rng.random(x.shape) < 0.01] = np.nan
    rows_of = Rows.of(x, made.names).part(slice(start, None))
    points = Monitor(made).judge(rows_of, first)
    edges = [0, *sorted({cut for cut in cuts if cut < n}), n]
    player = Player(Candidate("A", made), Watch(), Telling(), most=5000, labelled=False)
    verdicts = [player.take(rows_of.part(slice(a, b)), first + a, None) for a, b in itertools.pairwise(edges)]
    tracks = points.tracks.values()
    out = np.logical_or.reduce([track.out for track in tracks])
    with np.errstate(invalid="ignore"):
        ratio = np.fmax.reduce([track.value / track.ucl for track in tracks])
    assert np.concatenate([one.out for one in verdicts]).tolist() == out.tolist()
    assert np.concatenate([one.ratio for one in verdicts]).tobytes() == ratio.tobytes()
    _, signals = Watch().step(Watch().start(), points)
    told = player.finish()
    assert [one.row for one in told] == alarms_of(signals)
    assert player.by_chart == {name: int(track.out.sum()) for name, track in points.tracks.items()}


def alarms_of(signals: list[Signal]) -> list[int]:
    """The rows on which an alarm begins: a chart goes out while none is."""
    standing: set[str] = set()
    began = []
    for one in signals:
        if one.kind == "out":
            began += [] if standing else [one.point.row]
            standing.add(one.chart)
        else:
            standing.discard(one.chart)
    return began


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
