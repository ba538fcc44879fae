"""Subgroups and products while rows come: when a subgroup closes, what is kept between blocks, whose model judges a row."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spc.blame import explain
from spc.errors import ColumnMismatch
from spc.limits.subgroups import NewSubgroup
from spc.nouns import Agreement, Column, Dialect, Model, Points, ProductModels, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor, ProductMonitor, blamed, to_explain
from spc.phase2.subgroups import mean_of_most
from spc.scatter import Classical

NAMES = ("a", "b")
RNG = np.random.default_rng(9)


def rows(labels: tuple[str, ...], seed: int = 1, product: tuple[str, ...] = ()) -> Rows:
    x = np.random.default_rng(seed).standard_normal((len(labels), 2)) @ np.array([[1.0, 0.9], [0.0, 0.4]])
    return replace(Rows.of(x, NAMES), subgroup=labels if any(labels) else (), product=product)


def made(sizes: tuple[int, ...]) -> Model:
    labels = tuple(f"g{i}" for i, k in enumerate(sizes) for _ in range(k))
    columns = (Column("lot", "subgroup"), Column("a", "measurement"), Column("b", "measurement"))
    reference = Reference(rows(labels, 7), columns, Dialect("utf-8", ",", "."), (), "0")
    return fit(reference, Recipe(estimator=Classical(), subgroup="lot")).model


EQUAL, UNEQUAL = made((4,) * 15), made((3, 4, 4, 5, 6) * 4)
LABELS = tuple("1111222333344444555")


def told(points: Points) -> list[tuple[int, float, float]]:
    track = points.tracks["t2"]
    return [(int(points.rows[i]), track.value[i], track.ucl[i]) for i in np.flatnonzero(np.isfinite(track.value))]


def test_in_a_file_t2_stands_on_the_last_row_of_each_subgroup() -> None:
    block = rows(LABELS)
    points = Monitor(UNEQUAL).judge(block, whole=True)
    ends = {"1": (0, 4), "2": (4, 7), "3": (7, 11), "4": (11, 16), "5": (16, 19)}
    assert [row for row, _, _ in told(points)] == [end for _, end in ends.values()]
    for (row, t2, ucl), (start, end) in zip(told(points), ends.values(), strict=True):
        k = end - start
        assert row == end
        assert t2 == pytest.approx(k * UNEQUAL.scatter.d2(block.x[start:end].mean(axis=0))[0], rel=1e-12)
        assert ucl == pytest.approx(NewSubgroup(88, 20, k, 2).limit(0.0027).value, rel=1e-12)
    assert points.notes[:5] == (
        "subgroup 1: 1 of 4 rows", "subgroup 1: 2 of 4 rows", "subgroup 1: 3 of 4 rows", "subgroup 1: 4 rows", "subgroup 2: 1 of 4 rows"
    )  # fmt: skip


def test_on_a_line_a_full_subgroup_closes_at_once_and_a_short_one_with_the_next_label() -> None:
    points = Monitor(EQUAL).judge(rows(LABELS))
    assert [row for row, _, _ in told(points)] == [4, 8, 11, 15, 17]  # five rows of "4": four close, the fifth is closed by "5"
    assert points.notes[7] == "subgroup 2: 3 rows; subgroup 3: 1 of 4 rows"
    assert points.notes[16] == "subgroup 4: 1 row; subgroup 5: 1 of 4 rows"


@pytest.mark.parametrize("model", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("labels", [LABELS, ("",) * len(LABELS)], ids=["labels", "counted"])
@pytest.mark.parametrize("cut", [1, 2, 5, 7])
def test_a_block_is_its_rows_one_by_one_whatever_was_kept_in_between(model: Model, labels: tuple[str, ...], cut: int) -> None:
    block = rows(labels)
    block.x[5, 1] = np.nan
    whole = Monitor(model).judge(block)
    monitor, parts = Monitor(model), []
    for start in range(0, len(block), cut):
        parts.append(monitor.judge(block.part(slice(start, start + cut)), start + 1))
        kept = json.loads(json.dumps(monitor.memory(), allow_nan=False))
        monitor = Monitor(model)
        monitor.restore(kept)
    for part in ("value", "ucl", "out"):
        joined = np.concatenate([getattr(one.tracks["t2"], part) for one in parts])
        assert joined.tobytes() == getattr(whole.tracks["t2"], part).tobytes()
    assert tuple(note for one in parts for note in one.notes) == whole.notes


def test_rows_without_labels_are_counted() -> None:
    points = Monitor(UNEQUAL).judge(rows(("",) * 19))
    assert [row for row, _, _ in told(points)] == [4, 8, 12, 16]
    assert points.notes[16] == "subgroup 5: 1 of 4 rows"


def test_a_row_whose_label_is_missing_is_not_judged_and_belongs_nowhere() -> None:
    block = rows(("1", "1", "", "1", "1"))
    points = Monitor(EQUAL).judge(block)
    assert points.notes[2] == "no subgroup label: not judged"
    assert told(points)[0][1] == pytest.approx(4 * EQUAL.scatter.d2(block.x[[0, 1, 3, 4]].mean(axis=0))[0])


def test_missing_values_cost_a_row_or_a_variable_and_are_told() -> None:
    block = rows(("1",) * 4 + ("2",) * 4 + ("3",) * 4)
    block.x[1, 0] = np.nan
    block.x[4:8, 1] = np.nan
    block.x[8:] = np.nan
    points = Monitor(EQUAL).judge(block)
    (first, second) = told(points)
    assert first[2] == pytest.approx(NewSubgroup(60, 15, 3, 2).limit(0.0027).value, rel=1e-12)
    assert second[1] == pytest.approx(4 * (block.x[4:8, 0].mean() - EQUAL.scatter.center[0]) ** 2 / EQUAL.scatter.covariance[0, 0])
    assert second[2] == pytest.approx(NewSubgroup(60, 15, 4, 1).limit(0.0027).value, rel=1e-12)
    assert points.notes[3] == "subgroup 1: 4 rows, 3 of them complete"
    assert points.notes[7] == "subgroup 2: 4 rows, no value for b"
    assert points.notes[11] == "subgroup 3: 4 rows, no value for any variable: not judged"


def test_the_largest_block_without_gaps_is_taken() -> None:
    gaps = np.array([[1.0, np.nan, 3.0], [2.0, np.nan, 5.0], [np.nan, 4.0, np.nan]])
    k, mean = mean_of_most(gaps)
    assert k == 2
    assert mean.tolist()[::2] == [1.5, 4.0]
    assert np.isnan(mean[1])
    assert mean_of_most(np.full((2, 2), np.nan))[0] == 0


def test_blame_and_explanation_are_those_of_the_mean() -> None:
    block = rows(LABELS)
    block.x[4:7, 0] += 6.0
    monitor = Monitor(UNEQUAL)
    points = monitor.judge(block, whole=True)
    parts = blamed(monitor, block)
    value = points.tracks["t2"].value
    assert np.nansum(parts.share, axis=1)[np.isfinite(value)] == pytest.approx(value[np.isfinite(value)])
    assert np.isnan(parts.share[np.isnan(value)]).all()
    found = to_explain(monitor, block, 4)
    assert found is not None
    model, mean, row = found
    assert row == 6
    told_of = explain(model, mean)
    assert told_of.t2 == pytest.approx(value[6])
    assert told_of.ucl == points.tracks["t2"].ucl[6]
    assert told_of.p_value < 0.0027
    lift, dof = 1 + 3 / 88, 68
    alone = next(term for term in told_of.terms if term.variable == "a" and not term.given)
    from scipy.stats import f

    assert alone.p_value == pytest.approx(f.sf(alone.value / lift, 1, dof))


def test_every_row_is_judged_by_the_model_of_its_product() -> None:
    single = Recipe(estimator=Classical())
    models = {}
    for name, seed in (("A", 1), ("B", 2)):
        models[name] = fit(Reference(rows(("",) * 50, seed), (), Dialect("utf-8", ",", "."), (), "0"), single).model
    both = ProductModels("kind", models, Agreement(NAMES, 1.0, 0.5, "", 0.5, "", 100, ""), False, ())
    block = rows(("",) * 6, 3, product=("A", "B", "C", "", "B", "A"))
    monitor = ProductMonitor(both)
    points = monitor.judge(block, 11)
    track = points.tracks["t2"]
    for i, product in enumerate(block.product):
        if product in models:
            assert track.value[i] == models[product].scatter.d2(block.x[i])[0]
            assert track.ucl[i] == models[product].new_limits["t2"][-1].value
        else:
            assert np.isnan(track.value[i])
    assert points.rows.tolist() == list(range(11, 17))
    assert points.notes[2] == "product 'C' has no model (A, B): not judged"
    assert points.notes[3] == "no product: not judged"
    assert np.nansum(monitor.blame(block).share, axis=1)[[0, 4]] == pytest.approx(track.value[[0, 4]])
    assert monitor.to_explain(block, 2) is None
    with pytest.raises(ColumnMismatch, match=r"column kind: .* The products are: A, B"):
        monitor.judge(rows(("",) * 3))
