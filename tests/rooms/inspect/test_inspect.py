"""Findings about a reference: each fires on what it is for, in words with numbers, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from spc.inspect import CHECKS, inspect
from spc.nouns import Column, Finding, Floats, Rows

NAMES = ("length_mm", "width_mm", "warp_mm")


def good(n: int = 200, seed: int = 1) -> Floats:
    """Three correlated measurements to three decimals."""
    z = np.random.default_rng(seed).standard_normal((n, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0], [0, 0, 1]])
    return np.asarray(np.round(np.array([160.0, 100.0, 0.35]) + z * np.array([0.05, 0.035, 0.06]), 3))


def found(x: Floats, names: tuple[str, ...] = NAMES, at: np.ndarray | None = None) -> dict[str, Finding]:
    rows = Rows.of(x, names)
    if at is not None:
        rows = Rows(names, x, at, (None,) * len(x))
    return {f.kind: f for f in inspect(rows, tuple(Column(n, "measurement") for n in names))}


def clock(n: int, step_s: float = 45.0) -> np.ndarray:
    return np.datetime64("2025-03-03T06:00:00", "us") + (np.arange(n) * step_s * 1e6).astype("timedelta64[us]")


@pytest.mark.parametrize("seed", range(30))
def test_good_rows_have_no_finding(seed: int) -> None:
    assert found(good(seed=seed)) == {}


def test_a_coarse_slow_column_is_not_stuck() -> None:
    x = good(600)
    x[:, 2] = np.round(np.cumsum(np.random.default_rng(3).normal(0, 0.2, 600)))
    assert "stuck" not in found(x)


def test_stuck() -> None:
    x = good()
    x[60:100, 2] = 0.351
    f = found(x)["stuck"]
    assert "warp_mm is 0.351 for 40 rows, from row 61" in f.text
    assert f.rows == tuple(range(61, 101))


def test_constant() -> None:
    x = np.column_stack([good(), np.full(200, 23.5)])
    f = found(x, (*NAMES, "fixture_temp_C"))["constant"]
    assert "fixture_temp_C is 23.5 in all 200 rows" in f.text
    assert f.columns == ("fixture_temp_C",)


def test_a_copy_in_another_unit() -> None:
    x = np.column_stack([good(), good()[:, 0] / 25.4])
    f = found(x, (*NAMES, "length_inch"))["copy"]
    assert f.text.startswith("length_inch = 0.0393701·length_mm in all 200 rows")


def test_a_copy_with_another_zero() -> None:
    celsius = np.round(np.random.default_rng(2).normal(20, 1, 200), 2)
    f = found(np.column_stack([good(), celsius, celsius * 1.8 + 32]), (*NAMES, "t_C", "t_F"))["copy"]
    assert f.text.startswith("t_F = 1.8·t_C + 32 in all 200 rows")


def test_a_sum() -> None:
    x = good()
    f = found(np.column_stack([x, x[:, 0] - 2 * x[:, 2]]), (*NAMES, "rest"))["copy"]
    assert f.text.startswith("rest = 1·length_mm − 2·warp_mm in all 200 rows")


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_units_change_nothing(scale: float) -> None:
    x = np.column_stack([good(), good()[:, 0] / 25.4])
    x[20, 2] = 3.5
    assert set(found(x * scale, (*NAMES, "length_inch"))) == {"copy", "far"}


def test_many_copies_are_one_finding() -> None:
    x = good()
    names = tuple(f"c{k}" for k in range(8))
    y = np.column_stack([x, *(x[:, 0] * (k + 2) for k in range(8))])
    kinds = [f for f in inspect(Rows.of(y, (*NAMES, *names))) if f.kind == "copy"]
    assert len(kinds) == 1
    assert set(kinds[0].columns) == set(names)


def test_nearly_a_copy() -> None:
    x = good()
    again = x[:, 0] / 25.4 + np.random.default_rng(4).normal(0, 1e-6, 200)
    f = found(np.column_stack([x, again]), (*NAMES, "length_inch"))["nearly_copy"]
    assert "length_inch" in f.columns
    assert "length_mm" in f.text


def test_missing() -> None:
    x = good()
    x[[4, 9], 0] = np.nan
    x[9, 2] = np.nan
    f = found(x)["missing"]
    assert f.rows == (5, 10)
    assert "length_mm 2, warp_mm 1" in f.text


def test_mostly_missing() -> None:
    x = good()
    x[:120, 1] = np.nan
    assert "width_mm 60 %" in found(x)["mostly_missing"].text


@pytest.mark.parametrize(
    "n, kind, severity, said",
    [
        (3, "too_few_rows", "red", "3 rows for 3 variables. No scatter"),
        (6, "too_few_rows", "red", "needs more than 6"),
        (14, "few_rows", "amber", "14 rows for 3 variables"),
    ],
)
def test_too_few_rows(n: int, kind: str, severity: str, said: str) -> None:
    f = found(good(n))[kind]
    assert f.severity == severity
    assert said in f.text
    assert "7" in f.cure or "15" in f.cure


def test_enough_rows() -> None:
    assert "few_rows" not in found(good(15))


def test_incomplete_rows_do_not_count() -> None:
    x = good()
    x[3:, 2] = np.nan
    f = found(x)["too_few_rows"]
    assert "3 rows without a gap (of 200)" in f.text
    assert "warp_mm" in f.cure


def test_a_slip_of_the_decimal_point_and_two_swapped_cells() -> None:
    x = good()
    x[166, 2] *= 10
    x[30, [0, 1]] = x[30, [1, 0]]
    x[:, 2] += 1.25
    x[166, 2] = 16.1
    f = found(x)["far"]
    assert f.rows == (31, 167)
    assert "length_mm 100.03 in row 31 (usually 160.005; swapped with width_mm?)" in f.text
    assert "warp_mm 16.1 in row 167" in f.text
    assert "×10?" in f.text


def test_heavy_tails_are_no_slips() -> None:
    x = good(2000)
    x[:, 2] = np.random.default_rng(8).standard_t(2, 2000)
    assert "far" not in found(x)


@pytest.mark.parametrize("factor, said", [(1000.0, "×1000"), (10.0, "×10"), (25.4, "×25.4"), (1 / 1000, "÷1000")])
def test_rescaled(factor: float, said: str) -> None:
    x = good()
    x[120:, 0] *= factor
    f = found(x)["rescaled"]
    assert f.severity == "red"
    assert f"length_mm is rescaled {said} from row 121 on" in f.text
    assert "far" not in found(x)


def test_a_shift_is_not_a_change_of_unit() -> None:
    x = good()
    x[120:, 0] *= 1.05
    assert "rescaled" not in found(x)


def test_duplicated_rows() -> None:
    x = good()
    x[50:53] = x[10:13]
    f = found(x)["duplicated_rows"]
    assert f.rows == (51, 52, 53)
    assert "row 51 as 11" in f.text


def test_coarse_rows_repeat_by_chance() -> None:
    x = np.random.default_rng(5).integers(0, 4, (300, 3)).astype(float)
    assert "duplicated_rows" not in found(x)


def test_times() -> None:
    at = clock(200)
    f = found(good(), at=at)
    assert set(f) == {"sampling"}
    assert f["sampling"].text == "One row every 45 s, from 2025-03-03 06:00:00 to 2025-03-03 08:29:15 UTC (2 h 29 min)."
    at[70:] -= np.timedelta64(1, "h")
    back = found(good(), at=at)["time_backwards"]
    assert back.rows == (71,)
    assert "Time goes backwards at row 71" in back.text
    assert "summer time" in back.text


def test_times_that_repeat_lack_or_jump() -> None:
    at = clock(200)
    at[11] = at[10]
    at[100:] += np.timedelta64(5, "h")
    at[30] = np.datetime64("NaT")
    f = found(good(), at=at)
    assert f["time_repeated"].rows == (12,)
    assert f["gaps"].rows == (101,)
    assert "5 h" in f["gaps"].text
    assert f["time_missing"].rows == (31,)


def test_uneven_times() -> None:
    at = clock(200)
    at[20::4] += np.timedelta64(10, "s")
    text = found(good(), at=at)["sampling"].text
    assert "The times are uneven: 45 % of the intervals differ, from 35 s to 55 s." in text


def test_a_column_that_hardly_varies() -> None:
    x = good()
    x[:150, 2] = 0.0
    x[np.random.default_rng(1).permutation(200)] = x.copy()
    assert "warp_mm is 0 in 75 % of the rows" in found(x)["mostly_one_value"].text


def test_the_gravest_come_first() -> None:
    x = good(5)
    x[:, 2] = 1.0
    x[2, 0] = np.nan
    severities = [f.severity for f in inspect(Rows.of(x, NAMES))]
    assert severities == sorted(severities, key=["red", "amber", "note"].index)
    assert severities[0] == "red"


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 3), (2, 1), (5, 0), (3, 7), (40, 1)])
def test_any_shape_is_looked_at(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    inspect(Rows.of(x, tuple(f"v{j}" for j in range(shape[1]))) if shape[1] else Rows((), x, clock(shape[0]), (None,) * shape[0]))
    inspect(Rows(tuple(f"v{j}" for j in range(shape[1])), np.full(shape, np.nan), clock(shape[0]), (None,) * shape[0]))


def test_every_finding_has_text_and_every_grave_one_a_cure() -> None:
    x = good(8)
    x[2:, 1] = x[2:, 0] * 2
    x[1, 2] = np.nan
    for f in inspect(Rows.of(x, NAMES)):
        assert f.text.endswith(".")
        assert f.cure or f.severity == "note"
    assert len(CHECKS) == 14
