"""What is charted of a row and those before it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spc.nouns import Dynamics, Floats, Model, Times
from tests.series import MEAN, NAMES, START, A, var
from tests.small import model

NONE = np.full(6, np.datetime64("NaT"), dtype="datetime64[us]")
X = np.arange(18.0).reshape(6, 3)


def residual(leap: float | None = None) -> Dynamics:
    return Dynamics(NAMES, 0, leap, MEAN, np.ones(3), A)


def lagged(lags: int, leap: float | None = None) -> Dynamics:
    return Dynamics(NAMES, lags, leap, MEAN, np.ones(3))


def every(n: int, seconds: float = 60.0) -> Times:
    return START + (np.arange(n) * seconds * 1e6).astype("timedelta64[us]")


def test_a_lagged_row_is_the_row_beside_those_before_it_and_the_past_has_names() -> None:
    assert lagged(2).charted[3:7] == ("flow (1 row before)", "temp (1 row before)", "pressure (1 row before)", "flow (2 rows before)")
    _, seen = lagged(2).step({}, X, NONE)
    assert seen.before.tolist() == [0, 1, 2, 2, 2, 2]
    assert np.array_equal(seen.x[2:], np.hstack([X[2:], X[1:-1], X[:-2]]))
    assert np.array_equal(seen.x[1, :6], np.hstack([X[1], X[0]]))
    assert np.isnan(seen.x[1, 6:]).all()
    assert np.isnan(seen.x[0, 3:]).all()


def test_a_residual_is_the_value_without_what_the_row_before_implies() -> None:
    _, seen = residual().step({}, X, NONE)
    assert np.isnan(seen.x[0]).all()
    assert np.allclose(seen.x[1:], X[1:] - (X[:-1] - MEAN) @ A.T, rtol=1e-14)
    assert residual().charted == NAMES


@pytest.mark.parametrize("steps, first", [([60, 60, 1201, 60, 60], 3), ([60, 60, 60, -1, 60], 4)])
def test_after_a_leap_in_time_or_a_step_back_there_is_no_row_before(steps: list[int], first: int) -> None:
    at = START + np.concatenate([[0], np.cumsum(steps)]).astype("timedelta64[s]").astype("timedelta64[us]")
    _, seen = residual(leap=1200.0).step({}, X, at)
    assert np.flatnonzero(np.isnan(seen.x).all(axis=1)).tolist() == [0, first]
    assert lagged(2, 1200.0).step({}, X, at)[1].before[first : first + 2].tolist() == [0, 1]
    assert not np.isnan(residual(leap=None).step({}, X, NONE)[1].x[1:]).any()


def test_a_leap_between_two_blocks_counts_too() -> None:
    one = residual(leap=1200.0)
    memory, _ = one.step({}, X[:3], every(3))
    _, near = one.step(memory, X[3:4], every(4)[3:])
    _, far = one.step(memory, X[3:4], every(4)[3:] + np.timedelta64(1, "h"))
    assert not np.isnan(near.x).any()
    assert np.isnan(far.x).all()


def test_a_gap_in_the_row_before_is_filled_with_what_was_to_be_expected_there() -> None:
    x = X.copy()
    x[3, 1] = np.nan
    _, seen = residual().step({}, x, NONE)
    expected = MEAN + A @ (x[2] - MEAN)
    filled = np.array([x[3, 0], expected[1], x[3, 2]])
    assert np.allclose(seen.x[4], x[4] - A @ (filled - MEAN), rtol=1e-14)
    assert seen.filled[4].tolist() == [False, True, False]
    assert np.isnan(seen.x[3]).tolist() == [False, True, False], "the gap itself stays one"
    _, beside = lagged(1).step({}, x, NONE)
    assert np.isnan(beside.x[4]).tolist() == [False, False, False, False, True, False]


def test_a_row_without_any_value_is_no_row_before_and_is_not_judged_by_its_past() -> None:
    x = X.copy()
    x[3] = np.nan
    assert np.isnan(residual().step({}, x, NONE)[1].x[[3, 4]]).all()
    _, beside = lagged(2).step({}, x, NONE)
    assert np.isnan(beside.x[3]).all()
    assert np.isnan(beside.x[4, 3:6]).all()
    assert not np.isnan(beside.x[4, 6:]).any()


def test_the_memory_is_plain_numbers_and_no_longer_than_it_is_needed() -> None:
    x = X.copy()
    x[5, 0] = np.nan
    for one, depth in ((residual(60.0), 2), (lagged(3, 60.0), 3)):
        memory, _ = one.step({}, x, every(6))
        assert json.loads(json.dumps(memory, allow_nan=False)) == memory
        assert len(memory["rows"]) == depth
        assert memory["rows"][-1][0] is None
        assert one.step(memory, x[:0], every(0))[0] == memory, "a block of no rows changes nothing"


def test_the_rows_that_a_row_is_judged_with() -> None:
    at = every(6)
    at[4:] += np.timedelta64(2, "h")
    one = residual(leap=1200.0)
    assert np.array_equal(one.run(X, at), X[4:])
    assert np.array_equal(one.run(X[:4], at[:4]), X[1:4])
    assert np.array_equal(one.run(X[:5], at[:5]), X[4:5])


@pytest.mark.parametrize("one", [None, residual(1200.0), lagged(2)])
def test_a_model_file_keeps_it_and_one_without_it_is_as_it_was(one: Dynamics | None) -> None:
    made: Model = replace(model(), dynamics=one)
    again = Model.from_json(made.to_json())
    assert again.digest == made.digest
    assert ("dynamics" in json.loads(made.to_json())) is (one is not None)
    if one is None:
        assert again.dynamics is None
        assert again.columns == again.names
        return
    assert again.dynamics is not None
    assert again.columns == NAMES
    x: Floats = var(20, 1)
    assert np.array_equal(again.dynamics.step({}, x, every(20))[1].x, one.step({}, x, every(20))[1].x, equal_nan=True)


def test_coefficients_cost_degrees_of_freedom() -> None:
    plain, made = model(), replace(model(), dynamics=residual())
    assert (plain.dof, made.dof) == (199, 196)
    assert made.lift == pytest.approx((1 + 4 / 200) * 199 / 196)
    assert replace(model(), dynamics=lagged(1)).dof == 199
