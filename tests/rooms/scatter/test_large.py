"""Large tables: the same answer as a search on all rows would give, in little memory, from the disk as from memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from spc.errors import BadTable
from spc.nouns import Floats
from spc.reference.spool import spooled
from spc.scatter import Mcd
from spc.scatter.large import settle
from spc.scatter.steps import steps_on

N, P, BAD = 60_000, 6, 9_000


@pytest.fixture(scope="module")
def table() -> Floats:
    rng = np.random.default_rng(12)
    x = rng.standard_normal((N, P)) @ np.triu(np.ones((P, P))) + 1e3
    x[:BAD] += 40.0
    return np.asarray(x)


def test_a_table_on_the_disk_gives_the_same_bits_as_in_memory(table: Floats, tmp_path: Path) -> None:
    mapped = spooled((table[start : start + 7_000] for start in range(0, N, 7_000)), tmp_path / "rows.f64")
    assert mapped.shape == table.shape
    one, other = Mcd()(table), Mcd()(mapped)
    assert np.array_equal(one.factor, other.factor)
    assert np.array_equal(one.center, other.center)


def test_bad_rows_are_found_and_c_steps_on_all_rows_end_within_a_millionth_of_the_objective(table: Floats) -> None:
    found = Mcd(h=0.75)(table)
    assert found.used is not None
    assert not found.used[:BAD].any()
    assert found.used[BAD:].mean() > 0.97
    nearest = np.argsort(found.d2(table))[: found.h]
    member = np.zeros(N, dtype=bool)
    member[nearest] = True
    _, value = settle(steps_on(table - table.mean(axis=0)), member, int(found.h or 0))
    assert found.objective == pytest.approx(value, abs=1e-6), "C-steps from the rows nearest the answer lead back to it"


def test_the_table_is_never_copied(table: Floats) -> None:
    Mcd()(table[:5_000])  # what is loaded once
    tracemalloc.start()
    try:
        Mcd()(table)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * N + 4_000_000, "some numbers per row, and a sample of 12 000 rows"


def test_blocks_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="does not continue a table of 3 columns"):
        spooled([np.zeros((2, 3)), np.zeros((2, 4))], tmp_path / "a.f64")
    with pytest.raises(BadTable, match="no row"):
        spooled([], tmp_path / "b.f64")
