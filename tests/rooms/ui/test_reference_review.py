"""The review that is worked out again from a reference and its model, and what the page says about it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spc import reference
from spc.errors import Complaint
from spc.nouns import Exclusion, Reference
from spc.phase1 import Recipe, fit
from spc.phase1.basins import basin_groups
from spc.report.reviewed import kinds
from spc.report.reviewed import review as reviewed
from spc.scatter import Cellwise, Classical, Mcd
from spc.ui.pages.reference import data, fitting, found, review
from spc.ui.theme import LIGHT
from tests.conftest import ROOT

DEMO = ROOT / "data" / "demo_circuit_boards" / "phase1_reference.csv"


def table(n: int = 60, *, out: tuple[int, ...] = (), holes: tuple[int, ...] = (), seed: int = 1) -> Reference:
    """n rows of three variables with times; rows `out` are far off in b, rows `holes` lack a."""
    x = np.random.default_rng(seed).normal(size=(n, 3)) * (0.1, 2.0, 1.0) + (5.0, 100.0, 0.0)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["time", "part", "a [mm]", "b", "c"])
    for i, row in enumerate(x.tolist(), 1):
        row[1] += 30.0 * (i in out)
        values = [f"{v:.6f}" for v in row]
        writer.writerow([f"2025-03-03 06:{i // 60:02d}:{i % 60:02d}", f"P{i:03d}", "" if i in holes else values[0], *values[1:]])
    return reference.read(text.getvalue().encode(), name="t.csv")


def same(mine: Any, theirs: Any) -> bool:
    return bool(np.array_equal(mine, theirs, equal_nan=True))


def agree(one: Reference, recipe: Recipe) -> None:
    made = fit(one, recipe)
    seen = reviewed(one, made.model)
    for name in ("t2", "ucl", "out", "kin", "fitted", "classical_t2", "classical_ucl"):
        assert same(getattr(seen, name), getattr(made.review, name)), name


def test_the_review_is_the_fits_own_to_the_last_bit() -> None:
    exclusions = (Exclusion(9, "sensor or gauge", by="Ada"), Exclusion(30, "tool or wear", by="Ada"))
    agree(table(out=(9, 40), holes=(3, 17)), Recipe(estimator=Classical(), exclusions=exclusions))


@pytest.mark.slow
def test_the_review_of_a_robust_fit_is_the_fits_own_too() -> None:
    agree(reference.read(DEMO), Recipe(estimator=Mcd()))


def test_a_model_of_another_file_is_refused() -> None:
    made = fit(table(), Recipe(estimator=Classical()))
    with pytest.raises(Complaint, match="another file"):
        reviewed(table(seed=2), made.model)


def test_a_persons_word_counts_before_the_number() -> None:
    one = table(out=(9, 40), holes=(3,))
    seen = reviewed(one, fit(one, Recipe(estimator=Classical())).model)
    plain = kinds(seen, {}, {})
    assert [plain[i - 1] for i in (3, 9, 40)] == ["incomplete", "out", "out"]
    told = kinds(seen, {9: {}}, {40: {}})
    assert [told[i - 1] for i in (9, 40)] == ["excluded", "kept"]


def test_the_counter_says_what_the_exclusions_did_and_warns_above_ten_percent() -> None:
    one = table(out=(9, 40))
    first = fit(one, Recipe(estimator=Classical())).model
    exclusions = tuple(Exclusion(k, "tool or wear") for k in (9, 40))
    second = reviewed(one, fit(one, Recipe(estimator=Classical(), exclusions=exclusions)).model)
    words = str(review.counter(second, first, 0, {9: {}, 40: {}}))
    assert "n = 58 of 60" in words
    assert "→" in words
    assert "better process" not in words
    assert "better process" in str(review.counter(second, first, 0, {k: {} for k in range(1, 8)}))
    assert "3 rows changed" in str(review.counter(second, first, 3, {}))


def test_the_summary_counts_no_excluded_row() -> None:
    one = table(out=(9, 40))
    seen = reviewed(one, fit(one, Recipe(estimator=Classical())).model)
    axis = review.axis(one, seen, "time", "UTC")
    assert review.summary(review.tracks(seen, {}, {})[0], axis).startswith("Classical: 2 of 60 rows beyond UCL")
    assert ": 0 of 58 rows beyond" in review.summary(review.tracks(seen, {9: {}, 40: {}}, {})[0], axis)


def test_rows_stand_on_the_plants_clock_when_every_one_has_a_time() -> None:
    one = table(5)
    seen_on = review.timed(one)
    assert seen_on
    made = table()
    seen = reviewed(made, fit(made, Recipe(estimator=Classical())).model)
    berlin = review.axis(made, seen, "time", "Europe/Berlin")
    assert (berlin.timed, berlin.places[0]) == (True, "2025-03-03 07:00:01.000000")
    assert review.axis(made, seen, "row", "UTC").places[:2] == [1, 2]
    assert "P001" in berlin.words[0]


def test_the_table_holds_outlying_and_excluded_rows_the_farthest_first_with_a_button_each() -> None:
    one = table(out=(9, 40))
    seen = reviewed(one, fit(one, Recipe(estimator=Classical())).model)
    rows, count = review.listed(seen, {1: {}}, {})
    assert (set(rows), count, rows[-1]) == ({1, 9, 40}, 3, 1)
    words = str(review.rows_table(one, seen, {1: {"reason": "tool or wear", "by": "Ada"}}, {}, "UTC"))
    assert "excluded: tool or wear · Ada" in words
    assert words.count("data-look") == 3


def test_one_row_is_told_with_its_time_values_and_the_reason_in_words() -> None:
    one = table(out=(9,))
    seen = reviewed(one, fit(one, Recipe(estimator=Classical())).model)
    words = str(review.told(one, seen, [9], "UTC"))
    assert "Row 9, P009" in words
    assert "2025-03-03 06:00:09" in words
    assert "b is " in words
    assert "beyond the limit" in words
    drawn = review.around(one, seen, [9], LIGHT)
    assert drawn["data"][0]["name"] == "b"
    assert drawn["data"][0]["x"][0] == 1
    assert drawn["data"][0]["x"][-1] == 59


def test_the_facts_of_a_file_say_separator_decimal_time_and_interval() -> None:
    one = reference.read(b"t;x;y\n2025-03-03 06:00:00;1,5;2\n2025-03-03 06:00:45;1,6;3\n2025-03-03 06:01:30;1,9;5\n", name="a.csv")
    facts = dict(data.time_facts(one, "UTC"))
    assert facts == {"Time": "2025-03-03 06:00:00 to 2025-03-03 06:01:30", "Interval": "45 s"}
    assert dict(data.time_facts(reference.read(b"x;y\n1;2\n2;1\n3;5\n"), "UTC")) == {"Time": "none: rows are counted"}


def test_the_column_table_has_a_role_to_choose_for_every_column() -> None:
    words = str(data.columns(table()))
    for name in ("time", "part", "a", "b", "c"):
        assert f"data-role-select='{name}" in words or f"'data-role-select': '{name}" in words, name
    wide = reference.read(("\n".join(",".join(str((i * 7 + j * i) % 13 + j) for j in range(120)) for i in range(30))).encode())
    assert str(data.columns(wide, 3)).count("data-role-select") == 20
    assert data.pages_of(wide, "r")


def test_a_row_is_told_with_its_leverage_and_whether_a_classical_chart_would_show_it() -> None:
    one = table(out=tuple(range(1, 13)))  # so many alike that they hide one another
    seen = reviewed(one, fit(one, Recipe(estimator=Mcd(h=0.75))).model)
    masked = next(row for row in range(1, 13) if not seen.classical_t2[row - 1] > seen.classical_ucl[row - 1])
    words = str(review.told(one, seen, [masked], "UTC"))
    assert "Leverage 0." in words
    assert "× the mean. Classical T²" in words
    assert "masked there" in words
    clean = reviewed(one, fit(one, Recipe(estimator=Classical())).model)
    assert "masked" not in str(review.told(one, clean, [1], "UTC"))


def test_the_single_values_that_a_cellwise_fit_set_aside_are_told_with_what_was_expected() -> None:
    one = table(out=(9,), holes=(3,))
    plain = fit(one, Recipe(estimator=Classical())).model
    asked = Recipe(estimator=Cellwise()).to_dict()  # as a cellwise fit leaves it behind, but for its limits: those take a minute
    model = replace(plain, estimator="cellwise", recipe=asked, scatter=Cellwise()(one.x), excluded=())
    seen = reviewed(one, model)
    told = seen.cells
    assert told is not None
    words = str(review.told(one, seen, [9], "UTC"))
    assert "set aside" in words
    assert f"{seen.x[8, 1]:.0f}" in words
    assert "expected" in words
    assert "missing, expected" in str(review.told(one, seen, [3], "UTC"))
    quiet = next(row for row in range(10, 60) if not told.flagged[row - 1].any())
    assert "No single value" in str(review.told(one, seen, [quiet], "UTC"))
    assert reviewed(one, fit(one, Recipe(estimator=Classical())).model).cells is None


def two_groups() -> Reference:
    """100 rows that lie close together and 500 others: either could be the process."""
    rng = np.random.default_rng(20)
    x = rng.standard_normal((1000, 10))
    x[:200] = 0.3 * x[:200]
    x[:200, 0] += 10.0
    text = "a,b,c,d,e,f,g,h,i,j\n" + "\n".join(",".join(f"{v:.4f}" for v in row) for row in x[100:700].tolist())
    return reference.read(text.encode(), name="two.csv")


def test_both_groups_of_rows_are_shown_and_the_other_one_can_be_fitted() -> None:
    one = two_groups()
    model = fit(one, Recipe(estimator=Mcd(h=0.75))).model
    groups = basin_groups(model.findings)
    assert groups is not None
    assert set(groups[0]) >= set(range(1, 101))
    assert not set(groups[1]) & set(range(1, 101))
    words = str(found.found(model, one))
    assert f"only this fit takes for good ({len(groups[0])})" in words
    assert f"Look at the other group ({len(groups[1])})" in words
    assert "hidden=False" in words
    asked = fitting.asked(fitting.OTHER_BASIN, "0.0027", model)
    assert asked["estimator"]["basin"] == "deterministic"
    other = fit(one, Recipe.from_dict(asked)).model
    assert set(other.outliers) >= set(range(1, 101))
    assert fitting.other_basin(other)["basin"] == "lowest"
    back = basin_groups(other.findings)
    assert back == (groups[1], groups[0])


def test_what_the_fit_found_is_listed_without_what_the_file_told_already() -> None:
    one = table(out=(9,))
    model = fit(one, Recipe(estimator=Classical(), exclusions=tuple(Exclusion(k, "tool or wear") for k in range(1, 8)))).model
    words = str(found.found(model, one))
    assert "12 % of the rows are excluded" in words
    assert all(f.text not in words for f in one.findings)
    assert "hidden=True" in str(found.found(fit(one, Recipe(estimator=Classical())).model, one))
