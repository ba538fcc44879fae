"""A reference asked whether it is stable, without a law: with gaps, excluded rows, copies and subgroups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.errors import BadRecipe, TooFewRows
from spc.nouns import Column, Dialect, Floats, Reference, Rows
from spc.phase1 import stability

NAMES = ("a", "b", "c")


def table(step: float = 3.0, n: int = 60) -> Floats:
    x = np.random.default_rng(2).standard_t(4, size=(n, 3)) * [1e-3, 1.0, 1e3]
    x[n * 2 // 3 :, 1] += step
    return x


def reference(x: Floats, names: tuple[str, ...] = NAMES, subgroup: tuple[str, ...] = ()) -> Reference:
    columns = tuple(Column(name, "measurement") for name in names)
    return Reference(replace(Rows.of(x, names), subgroup=subgroup), columns, Dialect("utf-8", ",", "."), (), "0")


def test_a_step_is_told_with_its_row_of_the_file_and_the_variable_that_moved() -> None:
    x = table()
    x[4, 0] = np.nan
    found = stability(reference(x), exclude=[10, 11], permutations=199)
    assert not found.found.stable
    (first,) = found.first_rows
    assert first in (40, 41, 42)
    assert len(found.rows) == 57
    move = found.moves[0][0]
    assert move.name == "b"
    assert move.after - move.before == pytest.approx(3.0, abs=0.8)
    assert 1.5 < move.sd < 4.0
    assert f"a step from row {first} on" in found.found.sentence
    said = found.to_dict()
    assert (said["n"], said["names"], said["stable"]) == (57, ["a", "b", "c"], False)
    assert said["shifts"][0]["first"] == first
    assert said["shifts"][0]["moves"][0]["name"] == "b"


def test_constants_copies_and_guards_say_nothing_of_their_own() -> None:
    x = table(0.0)
    wide = np.column_stack([x, np.full(60, 5.0), x[:, 0] * 25.4, np.arange(60.0)])
    one = reference(wide, (*NAMES, "fixed", "inch", "guarded"))
    one = replace(one, columns=(*one.columns[:-1], Column("guarded", "guard")))
    found = stability(one, permutations=199)
    assert found.names == NAMES
    assert found.found.stable
    assert found.moves == ()


def test_an_isolated_subgroup_is_named_by_its_label() -> None:
    x = table(0.0, 80)
    x[40:44, 2] += 6e3
    labels = tuple(f"lot {i // 4 + 1}" for i in range(80))
    found = stability(reference(x, subgroup=labels), subgroups=True, permutations=199)
    assert found.first_rows == ("lot 11",)
    assert found.moves[0][0].name == "c"
    assert found.moves[0][0].sd > 2.0


def test_a_small_overall_probability_takes_as_many_permutations_as_it_needs() -> None:
    assert stability(reference(table(0.0)), overall=0.002, permutations=19).found.permutations == 499


def test_what_cannot_be_asked_is_refused_in_words() -> None:
    with pytest.raises(BadRecipe, match="no subgroups"):
        stability(reference(table()), subgroups=True)
    with pytest.raises(BadRecipe, match="rows 1 to 60"):
        stability(reference(table()), exclude=[61])
    with pytest.raises(TooFewRows):
        stability(reference(np.full((20, 3), np.nan)))
    with pytest.raises(BadRecipe):
        stability(reference(table()), overall=0.0)
