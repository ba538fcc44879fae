"""The compiled steps and numpy's are the same search: both are tested, whichever a machine has."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from spc.nouns import Floats
from spc.scatter import Mcd
from spc.scatter.csteps import Features, converge, grow
from spc.scatter.exact import enumerated
from spc.scatter.exchange import polish
from spc.scatter.kernel import Compiled, library, medians, rank_value, side_by_side
from spc.scatter.kicks import Kicks
from spc.scatter.large import settle
from spc.scatter.objective import subset_objective
from spc.scatter.search import _whole, search
from spc.scatter.steps import Interpreted

RNG = np.random.default_rng(9)


def table(n: int, p: int, bad: int) -> Floats:
    z = RNG.standard_normal((n, p))
    z[:bad] += 5.0
    return z


def subsets(n: int, h: int, k: int) -> np.ndarray:
    member = np.zeros((k, n), dtype=bool)
    for row in member:
        row[RNG.permutation(n)[:h]] = True
    return member


@pytest.fixture
def kernel() -> None:
    if library() is None:
        pytest.skip("the kernel was not built: no C compiler, or SPC_KERNEL=off")


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("n, p, h", [(40, 1, 25), (60, 3, 40), (200, 6, 150), (120, 20, 90), (50, 2, 50), (520, 32, 400), (130, 33, 90)])
def test_the_kernel_takes_the_same_steps_as_numpy(n: int, p: int, h: int) -> None:
    z = table(n, p, n // 10)
    start = subsets(n, h, 12)
    features, compiled = Features.of(z), Compiled(z)
    assert np.array_equal(compiled.grow(start, h), grow(features, start, h))
    ours = start
    for steps in (1, 3, 0):
        ours, value = compiled.converge(start, h, steps)
        theirs, expected = converge(features, start, h, steps)
        assert np.array_equal(ours, theirs)
        assert value == pytest.approx(expected, abs=1e-8)
    for member in ours[:4]:
        polished = polish(features, member, h)
        ours, value = compiled.polish(member, h)
        assert np.array_equal(ours, polished)
        assert value == pytest.approx(subset_objective(z[polished]), abs=1e-8)
        kicks = Kicks.drawn(6, 1, n, p)
        (kicked, value), (expected, other) = (one.kick(polished, h, kicks) for one in (compiled, Interpreted(z)))
        assert np.array_equal(kicked, expected)
        assert value == pytest.approx(other, abs=1e-8)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("n, p", [(7, 1), (500, 3), (1000, 24), (600, 41)])
def test_sums_and_distances_of_listed_rows_agree_with_numpy(n: int, p: int) -> None:
    x = 1e3 + RNG.standard_normal((n, p))
    shift, rate = x.mean(axis=0), np.linspace(0.5, 2.0, p)
    compiled, interpreted = Compiled(x, shift, rate), Interpreted(x, shift, rate)
    inverse = np.tril(RNG.standard_normal((p, p))) + 2.0 * np.eye(p)
    for rows in (None, np.flatnonzero(RNG.random(n) < 0.4)):
        for one, other in zip(compiled.sums(rows, np.full(p, 0.1)), interpreted.sums(rows, np.full(p, 0.1)), strict=True):
            assert one == pytest.approx(other, rel=1e-10, abs=1e-9)
        assert compiled.distances(rows, np.full(p, 0.1), inverse) == pytest.approx(
            interpreted.distances(rows, np.full(p, 0.1), inverse), rel=1e-10
        )


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("n", [1, 2, 5, 300, 301, 400, 1001])
@pytest.mark.parametrize("digits", [0, 1, 16])
def test_ranks_and_medians_are_those_of_numpy_ties_included(n: int, digits: int) -> None:
    series = np.round(RNG.standard_normal((8, n)), digits)
    center, deviation = medians(series)
    assert np.array_equal(center, np.median(series, axis=1))
    assert np.array_equal(deviation, np.median(np.abs(series - center[:, None]), axis=1))
    for rank in {0, n // 3, n - 1}:
        assert rank_value(series[0], rank) == np.sort(series[0])[rank]


@pytest.mark.parametrize("steps_on", [Compiled, Interpreted])
def test_settling_a_large_table_ends_where_plain_c_steps_end(steps_on: type[Compiled] | type[Interpreted]) -> None:
    if steps_on is Compiled and library() is None:
        pytest.skip("the kernel was not built: no C compiler, or SPC_KERNEL=off")
    x = RNG.standard_normal((6000, 4)) @ np.triu(np.ones((4, 4)))
    x[:900] += 6.0
    start = subsets(6000, 4500, 1)
    plain, value = Interpreted(x).converge(start, 4500)
    member, logdet = settle(steps_on(x), start[0], 4500)
    assert np.array_equal(member, plain[0])
    assert logdet == pytest.approx(value[0], abs=1e-9)


@pytest.mark.usefixtures("kernel")
def test_steps_leave_what_they_are_given_alone() -> None:
    z = table(30, 2, 3)
    start = subsets(30, 20, 2)
    before = start.copy()
    Compiled(z).converge(start, 20)
    Compiled(z).polish(start[0], 20)
    assert np.array_equal(start, before)


def test_c_steps_never_raise_the_determinant_and_stop_only_at_a_fixed_point() -> None:
    z = table(80, 4, 15)
    steps = Interpreted(z)
    member = subsets(80, 50, 20)
    before = np.array([subset_objective(z[one]) for one in member])
    for _ in range(30):
        member, _ = steps.converge(member, 50, 1)
        after = np.array([subset_objective(z[one]) for one in member])
        assert np.all(after <= before + 1e-10)
        before = after
    fixed, _ = steps.converge(member, 50)
    assert np.array_equal(steps.grow(fixed, 50), fixed)


def test_polish_reaches_a_subset_that_no_single_exchange_improves() -> None:
    z = table(30, 2, 6)
    found, _ = Interpreted(z).polish(Interpreted(z).converge(subsets(30, 18, 1), 18)[0][0], 18)
    best = subset_objective(z[found])
    for out in np.flatnonzero(found):
        for into in np.flatnonzero(~found):
            trial = found.copy()
            trial[out], trial[into] = False, True
            assert subset_objective(z[trial]) >= best - 1e-9


@pytest.mark.parametrize("p", [1, 2, 3])
def test_a_tiny_table_is_searched_exhaustively(p: int) -> None:
    z = table(11, p, 2)
    found = search(z, np.zeros(p), np.ones(p), 8, seed=0)
    best = min(subset_objective(z[list(rows)]) for rows in combinations(range(11), 8))
    assert found.objective == pytest.approx(best, abs=1e-10)


def test_ten_percent_in_a_tight_cluster_is_found_whole() -> None:
    x = RNG.standard_normal((1000, 10))
    x[:100] = 4.0 + 0.1 * RNG.standard_normal((100, 10))
    used = Mcd()(x).used
    assert used is not None
    assert not used[:100].any()
    assert used[100:].mean() > 0.95


def test_the_search_finds_the_exact_optimum_of_tables_that_can_be_enumerated() -> None:
    missed = 0
    for _ in range(40):
        n, p = int(RNG.integers(10, 15)), int(RNG.integers(2, 5))
        h = (n + p + 1) // 2
        z = table(n, p, int(RNG.integers(0, n // 3 + 1)))
        best = subset_objective(z[enumerated(z, h)])
        missed += _whole(z, h, 0, 40).objective > best + 1e-9
    assert missed == 0


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("n, p", [(0, 1), (1, 3), (8, 2), (103, 21)])
def test_columns_are_put_side_by_side(n: int, p: int) -> None:
    columns = [RNG.standard_normal(2 * n)[::2] for _ in range(p)]  # not contiguous
    rows = side_by_side(columns)
    assert rows is not None
    assert np.array_equal(rows, np.stack(columns, axis=1))
    assert side_by_side([]) is None
