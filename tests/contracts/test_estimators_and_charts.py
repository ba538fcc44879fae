"""Every registered estimator and chart keeps the promises of its kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spc.charts import CHARTS
from spc.charts import check as check_chart
from spc.errors import BadTable, Degenerate, TooFewRows
from spc.nouns import Floats
from spc.scatter import ESTIMATORS, Classical, Estimator, Known, Mcd
from spc.scatter import check as check_estimator

ASKED: list[Estimator] = [Classical(), Mcd(), Mcd(h=0.5), Mcd(h=1.0)]
TABLE = np.random.default_rng(3).standard_normal((80, 4)) @ np.random.default_rng(4).standard_normal((4, 4))


def test_every_registered_estimator_is_asked_here() -> None:
    assert {type(one) for one in ASKED} | {Known} == set(ESTIMATORS.values())


@pytest.mark.parametrize("estimator", ASKED, ids=repr)
def test_the_shared_contract(estimator: Estimator) -> None:
    check_estimator(estimator)


@pytest.mark.parametrize("chart", CHARTS.values())
def test_the_charts_contract(chart: Any) -> None:
    check_chart(chart())


@pytest.mark.parametrize("estimator", ASKED, ids=repr)
def test_mixing_the_columns_changes_no_distance(estimator: Estimator) -> None:
    mix = np.random.default_rng(5).standard_normal((4, 4))
    assert estimator(TABLE @ mix + 7.0).d2(TABLE @ mix + 7.0) == pytest.approx(estimator(TABLE).d2(TABLE), rel=1e-6)


@pytest.mark.parametrize("estimator", ASKED, ids=repr)
def test_huge_and_tiny_units_side_by_side(estimator: Estimator) -> None:
    scale = np.array([1e-9, 1e9, 1.0, 1e-3])
    assert estimator(TABLE * scale).d2(TABLE * scale) == pytest.approx(estimator(TABLE).d2(TABLE), rel=1e-6)


@pytest.mark.parametrize("estimator", ASKED, ids=repr)
def test_duplicated_rows_and_ties_are_ordinary_input(estimator: Estimator) -> None:
    tied = np.round(np.concatenate([TABLE, TABLE, TABLE[:10]]), 1)
    d2 = estimator(tied).d2(tied)
    assert np.all(np.isfinite(d2))
    assert d2[:80] == pytest.approx(d2[80:160], rel=1e-9)


@pytest.mark.parametrize("estimator", ASKED, ids=repr)
@pytest.mark.parametrize(
    "table, complaint",
    [
        (TABLE[:4], TooFewRows),
        (np.column_stack([TABLE, np.full(80, 23.5)]), Degenerate),
        (np.column_stack([TABLE, TABLE[:, 0] * 25.4]), Degenerate),
        (np.where(TABLE == TABLE[5, 2], np.nan, TABLE), BadTable),
        (np.where(TABLE == TABLE[5, 2], np.inf, TABLE), BadTable),
    ],
    ids=["too few", "constant", "copy", "nan", "inf"],
)
def test_what_cannot_be_answered_is_a_complaint(estimator: Estimator, table: Floats, complaint: type[Exception]) -> None:
    with pytest.raises(complaint) as told:
        estimator(table)
    assert getattr(told.value, "cure", "")
