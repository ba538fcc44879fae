from __future__ import annotations

import math

import numpy as np
import pytest

from spc.reference.cells import is_missing, number, numbers, which_missing

HISTORIANS = [
    "Bad",
    "Bad Input",
    "I/O Timeout",
    "No Data",
    "Inp OutRange",
    "Scan Off",
    "Pt Created",
    "Shutdown",
    "Calc Failed",
    "Comm Fail",
]
SPREADSHEETS = ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!", "########", "#NV", "#WERT!"]
PROGRAMS = ["NaN", "nan", "-nan", "NULL", "None", "1.#QNAN", "-1.#IND", "nan(ind)", "<NA>", "\\N"]
PEOPLE = ["", " ", "-", "--", "–", "?", "*", "n/a", "N.A.", "k.A.", ".", "\u00a0"]


@pytest.mark.parametrize("word", HISTORIANS + SPREADSHEETS + PROGRAMS + PEOPLE)
def test_words_for_a_missing_value(word: str) -> None:
    assert is_missing(word)
    assert number(word)[0] in ("missing", "empty")
    assert which_missing(["1", word, "B2"]).tolist() == [False, True, False]


@pytest.mark.parametrize("word", ["0", "-1", "B00017", "ok", "2025-03-03", "Baden", "no"])
def test_words_that_are_not(word: str) -> None:
    assert not is_missing(word)
    assert not which_missing([word] * 2000).any()


@pytest.mark.parametrize(
    "cell, mark, kind, value",
    [
        ("1.5", ".", "number", 1.5),
        ("1,5", ",", "number", 1.5),
        ("-.5e-3", ".", "number", -0.0005),
        ("5.", ".", "number", 5.0),
        ("+3", ",", "number", 3.0),
        ("1.5D+03", ".", "number", 1500.0),
        ("\u22123.5", ".", "number", -3.5),
        ("1,234.5", ".", "grouped", 1234.5),
        ("1.234,5", ",", "grouped", 1234.5),
        ("1'234.5", ".", "grouped", 1234.5),
        ("1\u202f234,5", ",", "grouped", 1234.5),
        ("12,345,678", ".", "grouped", 12345678.0),
        ("1,5", ".", "other_mark", math.nan),
        ("1.5", ",", "other_mark", math.nan),
        ("inf", ".", "infinite", math.nan),
        ("-Infinity", ".", "infinite", math.nan),
        ("1.#INF", ".", "infinite", math.nan),
        ("1e400", ".", "infinite", math.nan),
        ("1e200", ".", "infinite", math.nan),
        ("1_000", ".", "text", math.nan),
        ("0x10", ".", "text", math.nan),
        ("\u0661\u0662", ".", "text", math.nan),
        ("1 2", ".", "text", math.nan),
        ("12,34,56", ".", "text", math.nan),
        ("=1+1", ".", "text", math.nan),
        ("True", ".", "text", math.nan),
    ],
)
def test_what_a_cell_is(cell: str, mark: str, kind: str, value: float) -> None:
    found = number(cell, mark)
    assert found[0] == kind
    assert found[1] == value or (math.isnan(found[1]) and math.isnan(value))
    values, odd = numbers([cell], mark, 7)
    assert [o.kind for o in odd] == ([] if kind == "number" else [kind])
    assert np.array_equal(values, [value], equal_nan=True)
    assert all(o.row == 7 for o in odd)


def test_a_unit_behind_the_number_is_taken_off() -> None:
    values, odd = numbers(["1.5 mm", "2mm", "3", "4 kg"], ".", 1, "mm")
    assert values[:3].tolist() == [1.5, 2.0, 3.0]
    assert [(o.row, o.kind) for o in odd] == [(4, "text")]
