"""Rows judged with those before them: cuts into blocks, units and order of columns change nothing."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.nouns import Floats, Model, Points, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from tests.series import NAMES, reference, rows, var

ASKED = ("residual", "lagged 1", "lagged 3")
FITTED: dict[str, Model] = {}


def made(asked: str) -> Model:
    """Fitted once for all examples."""
    if asked not in FITTED:
        words: dict[str, Any] = {"estimator": "classical", "dynamics": asked}
        if asked == "residual":
            words["charts"] = ["t2", "mewma"]
        FITTED[asked] = fit(reference(var(300, 1)), Recipe.from_dict(words)).model
    return FITTED[asked]


def stream(seed: int) -> Rows:
    """Sixty rows with gaps, a row without values, a leap in time and a step back."""
    rng = np.random.default_rng(seed)
    x = var(60, seed)
    x[rng.random(x.shape) < 0.05] = np.nan
    x[rng.integers(60)] = np.nan
    found = rows(x)
    at = found.at.copy()
    at[int(rng.integers(1, 60)) :] += np.timedelta64(3, "h")
    at[int(rng.integers(1, 60))] -= np.timedelta64(10, "m")
    quality = tuple("bad" if one else "good" for one in rng.random(60) < 0.03)
    return Rows(found.names, x, at, found.ids, quality)


def bits(blocks: list[Points]) -> list[bytes]:
    return [np.concatenate([b.tracks[name].value for b in blocks]).tobytes() for name in blocks[0].tracks]


@settings(max_examples=40, deadline=None)
@given(asked=st.sampled_from(ASKED), seed=st.integers(0, 50), cuts=st.lists(st.integers(0, 60), max_size=12))
def test_any_cut_into_blocks_and_any_restart_gives_the_same_bits_and_notes(asked: str, seed: int, cuts: list[int]) -> None:
    model, whole = made(asked), stream(seed)
    at_once = Monitor(model).judge(whole)
    edges = [0, *sorted(cuts), 60]
    blocks: list[Points] = []
    memory: dict[str, Any] = {}
    for low, high in itertools.pairwise(edges):
        monitor = Monitor(model)  # a new process each time, with what the ledger kept
        monitor.restore(memory)
        blocks.append(monitor.judge(whole.part(slice(low, high)), low + 1))
        memory = json.loads(json.dumps(monitor.memory(), allow_nan=False))
    assert bits(blocks) == bits([at_once])
    assert tuple(note for block in blocks for note in block.notes) == at_once.notes


@pytest.mark.parametrize("estimator", ["classical", "mcd"])
@pytest.mark.parametrize("asked", ["residual", "lagged 2"])
def test_units_and_the_order_of_columns_do_not_matter(asked: str, estimator: str) -> None:
    x, new = var(200, 2), var(100, 3)
    words = {"estimator": estimator, "dynamics": asked, "limit": "f" if estimator == "classical" else "auto"}

    def t2(order: list[int], scale: Floats) -> Floats:
        names = tuple(NAMES[j] for j in order)
        model = fit(reference((x * scale)[:, order], names=names), Recipe.from_dict(words)).model
        return Monitor(model).judge(rows((new * scale)[:, order], names=names)).tracks["t2"].value

    plain = t2([0, 1, 2], np.ones(3))
    assert np.allclose(t2([2, 0, 1], np.array([1e3, 1e-6, 5.0])), plain, rtol=1e-6, equal_nan=True)


def test_beginning_anew_keeps_the_rows_before() -> None:
    model, whole = made("residual"), rows(var(60, 4))
    monitor = Monitor(model)
    monitor.judge(whole.part(slice(0, 30)))
    assert monitor.memory()["mewma"] != {}
    monitor.restore(monitor.anew(monitor.memory()))
    after = monitor.judge(whole.part(slice(30, 31)), 31)
    straight = Monitor(model).judge(whole)
    assert after.tracks["t2"].value[0] == straight.tracks["t2"].value[30]
    assert after.notes == ("",)
    assert after.tracks["mewma"].value[0] != straight.tracks["mewma"].value[30]
