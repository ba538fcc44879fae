"""The check without a distribution, as the page asks for it and tells its answer."""

from __future__ import annotations

from typing import Any

import pytest

from spc.errors import Complaint
from spc.ui.pages.reference import stable
from tests.small import model

MODEL = model()


def result(**more: Any) -> dict[str, Any]:
    return {"p_value": 0.31, "overall": 0.05, "n": 58, "names": ["a", "b"], "permutations": 999, "stable": True, "shifts": [], **more}


def test_the_question_takes_the_probability_and_the_rows_that_are_left_out() -> None:
    assert stable.asked(" 0,01 ", [9, 3], MODEL, " Ada ") == {"overall": 0.01, "exclude": [3, 9], "subgroups": False, "by": "Ada"}
    for wrong in ("", "often", "0", "1", "nan", "0.00001"):
        with pytest.raises(Complaint):
            stable.asked(wrong, [], MODEL, "")


def test_a_stable_reference_is_told_with_its_p_value() -> None:
    words = str(stable.answered(result()))
    assert "Stable: no shift is seen." in words
    assert "p-value 0.31 (of 999 permutations)" in words
    assert "58 rows of 2 variables" in words


def test_a_shift_is_told_with_its_row_and_what_moved() -> None:
    moves = [{"name": "b", "before": 0.01234, "after": 2.9, "sd": 2.71}]
    shifts = [{"kind": "step", "first": 41, "gain": 30.0, "moves": moves}, {"kind": "isolated", "first": "lot 7", "gain": 9.0, "moves": []}]
    words = str(stable.answered(result(p_value=0.001, stable=False, shifts=shifts)))
    assert "Not stable." in words
    assert "A step begins at row 41" in words
    assert "b 0.01234 → 2.9 (+2.7 sd)" in words
    assert "38,39,40,41,42,43" in words
    assert "Subgroup lot 7 stands apart" in words
