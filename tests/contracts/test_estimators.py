"""Every registered estimator keeps the promises of its kind, on ordinary tables and on dirty ones."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from spc.errors import BadTable, Complaint, Degenerate, TooFewRows
from spc.nouns import Floats, Scatter
from spc.scatter import ESTIMATORS, Componentwise, Estimator, Mcd, Mrcd, Ogk, check, equivariance, takes_missing

LEFT_OUT = {"known": "it estimates nothing: its numbers are arguments, and its test is in tests/rooms"}
BY_ROW_ORDER = {
    "successive_differences": "it is made of the differences between neighbouring rows",
    "modified_cholesky": "its cross-validation deals the rows out by their numbers",
}
VARIANTS: list[Estimator] = [
    Mcd(h=0.5),
    Mcd(h=1.0),
    Ogk(scale="qn"),
    Ogk(scale="mad"),
    Mrcd(h=0.5),
    Mrcd(target="equicorrelation"),
    Componentwise(scale="qn"),
]
ASKED: list[Estimator] = [one() for name, one in ESTIMATORS.items() if name not in LEFT_OUT] + VARIANTS
MIXTURE = np.random.default_rng(4).standard_normal((4, 4))
TABLE = np.random.default_rng(3).standard_normal((80, 4)) @ MIXTURE
everyone = pytest.mark.parametrize("estimator", ASKED, ids=repr)


def same(found: Floats, expected: Floats, rel: float = 1e-6) -> None:
    assert found == pytest.approx(expected, rel=rel, abs=rel * float(np.max(expected)))


def answer_or_complaint(estimator: Estimator, x: Floats) -> Scatter | None:
    """A scatter that can be used, or None after a complaint with a cure: nothing else is allowed."""
    try:
        scatter = estimator(x)
    except Complaint as told:
        complaint = told
    else:
        assert np.all(np.isfinite(scatter.factor))
        assert np.all(np.diag(scatter.factor) > 0)
        assert np.all(np.isfinite(scatter.d2(x[np.isfinite(x).all(axis=1)])))
        return scatter
    assert complaint.text
    assert complaint.cure
    return None


# ---------------------------------------------------------------------------------------------------------- what they are


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_a_frozen_question_under_its_own_name(name: str) -> None:
    one = ESTIMATORS[name]
    assert one.name == name
    assert isinstance(one.robust, bool)
    assert dataclasses.is_dataclass(one)
    assert one.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert name in LEFT_OUT or one() == one()
    assert one.__doc__


@everyone
def test_the_shared_contract(estimator: Estimator) -> None:
    check(estimator)


@everyone
def test_a_scatter_says_how_many_rows_were_offered_and_which_were_used(estimator: Estimator) -> None:
    scatter = estimator(TABLE)
    assert scatter.n == 80
    assert scatter.used is not None
    assert scatter.used.shape == (80,)
    assert scatter.used.sum() >= 40


# ------------------------------------------------------------------------------------------- what must not change a distance


@everyone
def test_huge_and_tiny_units_side_by_side(estimator: Estimator) -> None:
    scale = np.array([1e-9, 1e9, 1.0, 1e-3])
    same(estimator(TABLE * scale).d2(TABLE * scale), estimator(TABLE).d2(TABLE))


@everyone
@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_a_table_of_huge_or_of_tiny_numbers(estimator: Estimator, scale: float) -> None:
    same(estimator(TABLE * scale).d2(TABLE * scale), estimator(TABLE).d2(TABLE))


@everyone
@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 3, 0, 2]], ids=str)
def test_the_order_of_the_columns(estimator: Estimator, order: list[int]) -> None:
    same(estimator(TABLE[:, order]).d2(TABLE[:, order]), estimator(TABLE).d2(TABLE))


@everyone
def test_a_sign_turned_round(estimator: Estimator) -> None:
    if getattr(estimator, "target", "") == "equicorrelation":
        pytest.skip("a target in which all columns go up together knows up from down")
    turned = TABLE * np.array([1.0, -1.0, 1.0, -1.0])
    same(estimator(turned).d2(turned), estimator(TABLE).d2(TABLE))


@everyone
@pytest.mark.parametrize("offset", [273.15, 1e7])
def test_a_shifted_zero(estimator: Estimator, offset: float) -> None:
    moved = TABLE + offset * np.array([1.0, -1.0, 1.0, 0.5])
    same(estimator(moved).d2(moved), estimator(TABLE).d2(TABLE), rel=1e-4 if offset > 1e6 else 1e-6)


@everyone
def test_a_mixture_of_the_columns_changes_distances_only_where_the_estimator_says_so(estimator: Estimator) -> None:
    table = np.random.default_rng(7).standard_t(2.5, (80, 4))
    mixed = table @ np.random.default_rng(5).standard_normal((4, 4)) + 7.0
    if equivariance(estimator) == "affine":
        same(estimator(mixed).d2(mixed), estimator(table).d2(table))
    else:  # or its limits would be simulated for every table anew, for nothing
        assert np.max(np.abs(estimator(mixed).d2(mixed) / estimator(table).d2(table) - 1.0)) > 1e-3


@everyone
def test_the_order_of_the_rows(estimator: Estimator) -> None:
    shuffled = np.random.default_rng(6).permutation(80)
    found, expected = estimator(TABLE[shuffled]).d2(TABLE), estimator(TABLE).d2(TABLE)
    if estimator.name in BY_ROW_ORDER:
        assert np.all(np.isfinite(found))
    else:
        same(found, expected)


@everyone
def test_the_layout_in_memory_and_the_type_of_the_numbers(estimator: Estimator) -> None:
    expected = estimator(np.round(TABLE * 100)).d2(np.round(TABLE * 100))
    for x in (
        np.asfortranarray(np.round(TABLE * 100)),
        np.round(TABLE * 100).astype(int),
        np.repeat(np.round(TABLE * 100), 2, axis=1)[:, ::2],
    ):
        same(estimator(x).d2(x), expected, rel=1e-9)


# -------------------------------------------------------------------------------------------------- what is ordinary input


@everyone
def test_duplicated_rows_and_ties(estimator: Estimator) -> None:
    tied = np.round(np.concatenate([TABLE, TABLE, TABLE[:10]]), 1)
    d2 = estimator(tied).d2(tied)
    assert np.all(np.isfinite(d2))
    assert d2[:80] == pytest.approx(d2[80:160], rel=1e-9)


@everyone
def test_a_column_with_few_different_values(estimator: Estimator) -> None:
    rounded = TABLE.copy()
    rounded[:, 1] = np.round(rounded[:, 1])
    answer_or_complaint(estimator, rounded)
    rounded[:, 1] = (np.arange(80) % 10 == 0).astype(float)  # 0 in nine rows of ten: no robust scale has anything to hold
    answer_or_complaint(estimator, rounded)


@everyone
@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-9, 1e-12, 0.0])
def test_nearly_collinear_columns(estimator: Estimator, noise: float) -> None:
    copy = TABLE[:, 0] * 25.4 + noise * np.random.default_rng(8).standard_normal(80)
    x = np.column_stack([TABLE, copy])
    scatter = answer_or_complaint(estimator, x)
    assert scatter is not None or noise <= 1e-5
    if equivariance(estimator) == "affine" and noise == 0.0:
        assert scatter is None, "a copy of a column has no scatter of its own"


@everyone
def test_a_constant_column_is_named(estimator: Estimator) -> None:
    with pytest.raises(Degenerate, match=r"x3 = 23\.5 in 80 of 80 rows") as told:
        estimator(np.insert(TABLE, 2, 23.5, axis=1))
    assert told.value.cure


@everyone
def test_one_variable(estimator: Estimator) -> None:
    scatter = answer_or_complaint(estimator, TABLE[:, :1])
    assert scatter is not None
    assert scatter.covariance[0, 0] == pytest.approx(np.var(TABLE[:, 0]), rel=0.5)


@everyone
def test_few_rows_are_answered_or_declined(estimator: Estimator) -> None:
    for n in range(13):
        if answer_or_complaint(estimator, TABLE[:n]) is not None:
            assert n >= estimator.rows_needed(4)
    for n in range(estimator.rows_needed(4)):
        with pytest.raises(TooFewRows, match="At least"):
            estimator(TABLE[:n])


@everyone
def test_more_variables_than_rows_are_answered_or_declined(estimator: Estimator) -> None:
    wide = np.random.default_rng(9).standard_normal((20, 30))
    scatter = answer_or_complaint(estimator, wide)
    assert (scatter is not None) == (estimator.rows_needed(30) <= 20)


# ------------------------------------------------------------------------------------------------------ what is not input


@everyone
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_with_its_place(estimator: Estimator, value: float) -> None:
    x = TABLE.copy()
    x[5, 2] = value
    if np.isnan(value) and takes_missing(estimator):
        assert answer_or_complaint(estimator, x) is not None
        return
    with pytest.raises(BadTable) as told:
        estimator(x)
    assert (told.value.row, told.value.column) == (6, "3")
    assert told.value.cure


@everyone
@pytest.mark.parametrize(
    "x", [np.empty((80, 0)), np.empty((0, 3)), np.empty(0), np.zeros((3, 3, 3)), np.zeros((80, 2))], ids=lambda x: str(x.shape)
)
def test_what_is_no_table_is_a_complaint(estimator: Estimator, x: Floats) -> None:
    with pytest.raises(Complaint):
        estimator(x)


# ------------------------------------------------------------------------------------- purity, determinism, and the way back


@everyone
def test_the_table_is_left_alone(estimator: Estimator) -> None:
    x = TABLE.copy()
    x.setflags(write=False)
    estimator(x)
    assert np.array_equal(x, TABLE)


@everyone
def test_to_words_and_back(estimator: Estimator) -> None:
    scatter = estimator(TABLE)
    again = Scatter.from_dict(json.loads(json.dumps(scatter.to_dict())))
    assert np.array_equal(again.d2(TABLE), scatter.d2(TABLE))
    assert (again.n, again.h, again.objective) == (scatter.n, scatter.h, scatter.objective)


FRESH = """
import json, sys
import numpy as np
from spc.scatter import ESTIMATORS
x = np.array(json.load(sys.stdin))
print(json.dumps({name: ESTIMATORS[name]()(x).covariance.tolist() for name in sys.argv[1:]}))
"""


def test_a_fresh_process_with_other_threads_finds_the_same() -> None:
    x = np.random.default_rng(10).standard_normal((400, 12)) @ np.random.default_rng(11).standard_normal((12, 12))
    x[:80] += 4.0
    names = [name for name in ESTIMATORS if name not in LEFT_OUT]
    found: list[dict[str, Any]] = []
    for threads in ("1", "4"):
        env = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        done = subprocess.run(
            [sys.executable, "-c", FRESH, *names], input=json.dumps(x.tolist()), capture_output=True, text=True, env=env, check=True
        )
        found.append(json.loads(done.stdout))
    for name in names:
        one, other = np.array(found[0][name]), np.array(found[1][name])
        spread = np.sqrt(np.diag(one))
        assert np.max(np.abs(one - other) / np.outer(spread, spread)) < 1e-9, name
