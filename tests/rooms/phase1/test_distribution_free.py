"""The distribution-free Phase I: what it finds, what it leaves alone, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadRecipe, Complaint, Degenerate, TooFewRows
from spc.nouns import Floats
from spc.phase1.distribution_free import distribution_free
from spc.phase1.shifts import forward, gains
from spc.phase1.spatial import scores, spatial_median


def heavy(n: int = 90, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).standard_t(3, (n, 3)) * [1e-6, 1.0, 1e6] + [1.0, 0.0, -1e7]


def test_a_step_in_heavy_tails_is_found_where_it_is() -> None:
    x = heavy()
    x[60:, 1] += 2.5
    found = distribution_free(x, permutations=199)
    assert not found.stable
    assert found.p_value == pytest.approx(1 / 200)
    assert [shift.kind for shift in found.shifts] == ["step"]
    assert abs(found.shifts[0].first - 61) <= 2
    assert found.score.max() > found.limit
    assert abs(int(np.argmax(found.score)) - 60) <= 2


def test_single_wild_rows_change_nothing() -> None:
    x = heavy(seed=4)
    x[[5, 40, 71]] += 1e9
    found = distribution_free(x, permutations=199)
    assert found.stable
    assert found.shifts == ()


def test_an_isolated_subgroup_is_found_and_named() -> None:
    x = heavy(100)
    x[45:50, 0] += 5e-6
    found = distribution_free(x, permutations=199, subgroup=[f"lot {k // 5}" for k in range(100)])
    assert [(shift.kind, found.names[shift.first - 1]) for shift in found.shifts] == [("isolated", "lot 9")]


def test_subgroups_of_unequal_sizes() -> None:
    sizes = np.random.default_rng(2).integers(2, 7, 30)
    label = np.repeat(np.arange(30), sizes).tolist()
    x = heavy(len(label))
    assert distribution_free(x, permutations=99, subgroup=label).stable
    x[np.array(label) >= 18, 2] += 2e6
    found = distribution_free(x, permutations=99, subgroup=label)
    assert [(shift.kind, shift.first) for shift in found.shifts] == [("step", 19)]


def test_units_change_nothing_and_twice_asked_is_once_answered() -> None:
    x = heavy()
    first, again, other = (
        distribution_free(x, permutations=39),
        distribution_free(x, permutations=39),
        distribution_free(x * 7, permutations=39),
    )
    assert first.p_value == again.p_value == other.p_value
    assert np.array_equal(first.score, again.score)
    assert np.allclose(first.score, other.score, rtol=1e-6)


def test_a_tables_scores_do_not_depend_on_its_company() -> None:
    z = np.random.default_rng(1).standard_normal((5, 40, 3))
    alone = np.ones(40, dtype=np.int64)
    assert np.allclose(scores(z, alone)[3], scores(z[3:4], alone)[0], atol=1e-9)


def test_the_spatial_median_is_where_the_directions_cancel() -> None:
    z = np.random.default_rng(2).standard_t(2, (4, 60, 3))
    apart = z - spatial_median(z)[:, None]
    assert np.allclose((apart / np.linalg.norm(apart, axis=2, keepdims=True)).mean(axis=1), 0.0, atol=1e-6)


def test_the_search_adds_up() -> None:
    rng = np.random.default_rng(5)
    sums, sizes = rng.standard_normal((60, 2)), np.ones(60, dtype=np.int64)
    sums[20:] += 2.0
    found = forward(sums, sizes, 8, isolated=True)
    assert found.shifts[0] == ("step", 20)
    assert found.totals[0] == pytest.approx(gains(sums, sizes, isolated=True).max())
    assert np.all(np.diff(found.totals) > 0)
    assert found.totals[-1] < np.sum((sums - sums.mean(axis=0)) ** 2)


@pytest.mark.parametrize(
    "change, complaint, said",
    [
        ({"permutations": 10}, BadRecipe, "at least 19"),
        ({"overall": 0.0}, BadRecipe, "cannot hold"),
        ({"subgroup": ["a"]}, BadRecipe, "one label for each row"),
        ({"subgroup": [k % 30 for k in range(90)]}, BadRecipe, "not neighbours"),
        ({"subgroup": [k // 30 for k in range(90)]}, TooFewRows, "3 subgroups"),
    ],
)
def test_what_cannot_be_asked(change: dict[str, object], complaint: type[Complaint], said: str) -> None:
    with pytest.raises(complaint, match=said):
        distribution_free(heavy(), **change)  # type: ignore[arg-type]


def test_rows_without_scatter_are_a_complaint() -> None:
    x = heavy()
    x[:, 2] = 2 * x[:, 1]
    with pytest.raises(Degenerate):
        distribution_free(x)
    with pytest.raises(TooFewRows):
        distribution_free(x[:8])
