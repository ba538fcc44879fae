"""What must not change a T²: units, the order of columns, the cutting of rows into blocks; and what must hold of every blame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc.blame import blame, explain
from spc.nouns import Dialect, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.phase2 import Monitor
from spc.scatter import Classical
from spc.watch import Watch


def model_of(seed: int, n: int, p: int) -> Model:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) * 10.0 ** rng.integers(-6, 6, p)
    return fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical())).model


def rows_of(model: Model, seed: int, n: int, missing: float) -> Rows:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, model.p)) * 2.0
    x = model.scatter.center + z @ model.scatter.factor.T
    return Rows.of(np.where(rng.random(x.shape) < missing, np.nan, x), model.names)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 12), n=st.integers(1, 100), missing=st.sampled_from([0.0, 0.1, 0.6]), data=st.data())
def test_cutting_a_block_changes_no_bit(seed: int, p: int, n: int, missing: float, data: st.DataObject) -> None:
    model = model_of(seed, 5 * p + 10, p)
    rows = rows_of(model, seed + 1, n, missing)
    whole = Monitor(model).judge(rows).tracks["t2"]
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    parts = [Monitor(model).judge(rows.part(slice(a, b))).tracks["t2"] for a, b in zip([0, *cuts], [*cuts, n], strict=True) if b > a]
    assert np.concatenate([part.value for part in parts]).tobytes() == whole.value.tobytes()
    assert np.concatenate([part.ucl for part in parts]).tobytes() == whole.ucl.tobytes()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(2, 8), missing=st.sampled_from([0.0, 0.3]))
def test_columns_are_matched_by_name_whatever_their_order(seed: int, p: int, missing: float) -> None:
    model = model_of(seed, 60, p)
    rows = rows_of(model, seed, 20, missing)
    order = np.random.default_rng(seed).permutation(p)
    turned = Rows((*(rows.names[j] for j in order), "extra"), np.column_stack([rows.x[:, order], np.zeros(20)]), rows.at, rows.ids)
    a, b = Monitor(model).judge(rows), Monitor(model).judge(turned)
    assert a.tracks["t2"].value.tobytes() == b.tracks["t2"].value.tobytes()
    assert a.notes == b.notes


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 8), power=st.integers(-9, 9), missing=st.sampled_from([0.0, 0.3]))
def test_units_change_no_distance(seed: int, p: int, power: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((50, p))
    scale = 10.0 ** (power * rng.random(p))
    one, other = (
        fit(Reference(Rows.of(t), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical())).model for t in (x, x * scale)
    )
    rows = rows_of(one, seed, 10, missing)
    a = Monitor(one).judge(rows).tracks["t2"].value
    b = Monitor(other).judge(Rows.of(rows.x * scale, rows.names)).tracks["t2"].value
    np.testing.assert_allclose(a, b, rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 10), missing=st.sampled_from([0.0, 0.2, 0.7]))
def test_blame_sums_to_t2_and_follows_its_column(seed: int, p: int, missing: float) -> None:
    model = model_of(seed, 60, p)
    rows = rows_of(model, seed, 15, missing)
    t2 = Monitor(model).judge(rows).tracks["t2"].value
    shares = blame(model, rows.x).share
    judged = ~np.isnan(t2)
    np.testing.assert_allclose(np.nansum(shares[judged], axis=1), t2[judged], rtol=1e-9)
    assert np.array_equal(np.isnan(shares), np.isnan(rows.x))
    alone = [explain(model, x) for x in rows.x[judged]]
    assert [one.t2 for one in alone] == t2[judged].tolist()  # to the last bit, as every face shows it
    for one, share in zip(alone, shares[judged], strict=True):
        assert [one.blame.get(name, np.nan) for name in model.names] == pytest.approx(share.tolist(), rel=0, abs=0, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 3), extra=st.integers(0, 3), back=st.integers(1, 4), cut=st.integers(1, 40))
def test_signals_do_not_depend_on_how_rows_are_cut(seed: int, k: int, extra: int, back: int, cut: int) -> None:
    model = model_of(3, 40, 2)
    rows = rows_of(model, seed, 60, 0.1)
    watch = Watch(k, k + extra, back)
    whole = watch.step(watch.start(), Monitor(model).judge(rows))
    state, signals = watch.start(), []
    for a, b in ((0, cut), (cut, 60)):
        state, found = watch.step(state, Monitor(model).judge(rows.part(slice(a, b)), first_row=a + 1))
        signals += found
    assert state == whole[0]
    assert [(s.kind, s.point.row, s.since) for s in signals] == [(s.kind, s.point.row, s.since) for s in whole[1]]
    kinds = [s.kind for s in signals]
    assert kinds == ["out", "in"] * (len(kinds) // 2) + ["out"] * (len(kinds) % 2)
