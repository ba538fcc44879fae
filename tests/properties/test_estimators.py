"""Whatever the table, an estimator answers with a scatter that can be used or with a complaint: no traceback, no warning, no NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spc.errors import Complaint
from spc.nouns import Floats
from spc.scatter import ESTIMATORS, Mcd, takes_missing

NAMES = sorted(set(ESTIMATORS) - {"known"})
SPOILS = (
    *("ties", "constant", "copy", "near copy", "huge", "tiny", "duplicates"),
    *("outlier", "cluster", "two values", "gap", "infinite", "sorted"),
)


@st.composite
def tables(draw: st.DrawFn) -> Floats:
    """A table of 1 to 40 rows and 1 to 6 columns, spoilt in up to three ways."""
    n, p, seed = draw(st.integers(1, 40)), draw(st.integers(1, 6)), draw(st.integers(0, 2**20))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) + rng.normal(0.0, 100.0, p)
    for spoil in draw(st.lists(st.sampled_from(SPOILS), max_size=3)):
        _spoil(x, spoil, rng)
    return x


def _spoil(x: Floats, how: str, rng: np.random.Generator) -> None:
    n, p = x.shape
    i, j, other = int(rng.integers(n)), int(rng.integers(p)), int(rng.integers(p))
    many = rng.random(n) < rng.choice([0.2, 0.45, 0.8])
    if how == "ties":
        x[:, j] = np.round(x[:, j])
    elif how == "constant":
        x[:, j] = x[i, j]
    elif how == "copy":
        x[:, j] = 2.0 * x[:, other] + 1.0
    elif how == "near copy":
        x[:, j] = x[:, other] + 1e-9 * rng.standard_normal(n)
    elif how in ("huge", "tiny"):
        x[:, j] *= 1e12 if how == "huge" else 1e-12
    elif how == "duplicates":
        x[many] = x[i]
    elif how == "outlier":
        x[i] *= 1e15
    elif how == "cluster":
        x[many] = x[i] + 1e3 + 1e-6 * x[many]
    elif how == "two values":
        x[:, j] = np.where(many, x[i, j], x[i, j] + 1.0)
    elif how == "sorted":
        x[:, j] = np.sort(x[:, j])
    else:
        x[i, j] = np.nan if how == "gap" else np.inf


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(x=tables())
def test_every_table_ends_in_a_scatter_or_a_complaint(name: str, x: Floats) -> None:
    before = x.copy()
    try:
        found = ESTIMATORS[name]()(x)
    except Complaint:
        return
    finally:
        assert np.array_equal(x, before, equal_nan=True)
    assert takes_missing(ESTIMATORS[name]()) or np.isfinite(x).all()
    assert np.isfinite(found.center).all()
    assert np.isfinite(found.factor).all()
    assert np.all(np.diag(found.factor) > 0.0)
    d2 = found.d2(np.where(np.isfinite(x), x, found.center))
    assert np.isfinite(d2).all()
    assert np.all(d2 >= 0.0)


@settings(max_examples=60, deadline=None)
@given(x=tables(), h=st.sampled_from([0.5, 0.6, 0.9, 1.0]))
def test_an_mcd_of_any_share_answers(x: Floats, h: float) -> None:
    try:
        found = Mcd(h=h)(x)
    except Complaint:
        return
    assert np.isfinite(found.factor).all()
    assert found.used is not None
    assert int(found.used.sum()) >= int(found.h or 0)
