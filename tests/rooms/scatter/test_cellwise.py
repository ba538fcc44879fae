"""The cellwise estimate: bad cells are found one by one, missing ones do not matter, good rows are not lost."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadRecipe, BadTable, Degenerate, TooFewRows
from spc.nouns import Bools, Floats
from spc.scatter import Cellwise, Classical, Mcd, check
from spc.scatter.cellsteps import TRIMMED, Penalty, best, concentrate, floored
from spc.scatter.ddc import deviating, location_and_scale
from spc.scatter.patterns import Patterns


def correlated(n: int, p: int, r: float, seed: int) -> Floats:
    true = r ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    return np.asarray(np.random.default_rng(seed).standard_normal((n, p)) @ np.linalg.cholesky(true).T)


def spoilt(x: Floats, share: float, far: float, seed: int) -> tuple[Floats, Bools]:
    bad = np.random.default_rng(seed).random(x.shape) < share
    return np.where(bad, far, x), bad


def worst_shape(found: Floats, true: Floats) -> float:
    """The largest of the ratios of variances, over all directions, and of their inverses."""
    half = np.linalg.inv(np.linalg.cholesky(true))
    values = np.linalg.eigvalsh(half @ found @ half.T)
    return float(max(values[-1], 1.0 / values[0]))


def test_the_contract_holds() -> None:
    check(Cellwise())


def test_where_nearly_every_row_has_a_bad_cell_only_the_cellwise_estimate_survives() -> None:
    n, p = 400, 10
    true = 0.7 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    x, bad = spoilt(correlated(n, p, 0.7, 1), 0.20, 8.0, 2)
    assert bad.any(axis=1).mean() > 0.85
    answer = Cellwise()(x)
    assert answer.cells is not None
    assert (~answer.cells[bad]).mean() > 0.95
    assert answer.cells[~bad].mean() > 0.95
    assert worst_shape(answer.covariance, true) < 3.0
    assert worst_shape(Classical()(x).covariance, true) > 8.0
    assert worst_shape(Mcd()(x).covariance, true) > 8.0


def test_a_cell_that_only_its_row_betrays_is_found_and_what_it_should_have_been() -> None:
    x = correlated(200, 4, 0.95, 3)
    truth = x.copy()
    x[:10, 1] = -x[:10, 1] + np.where(x[:10, 1] > 0, -0.8, 0.8)  # inside the column's range, against the row's other cells
    cells = Cellwise().cells(x)
    assert cells.flagged[:10, 1].sum() >= 8
    assert cells.flagged[10:].mean() < 0.04
    assert cells.flagged[:10, 3].sum() <= 1
    assert np.abs(cells.expected[:10, 1] - truth[:10, 1]) == pytest.approx(np.zeros(10), abs=4 * cells.sd[:10, 1].max())
    assert cells.sd[50, 1] == pytest.approx(np.sqrt((1 - 0.95**2) ** 2 / (1 - 0.95**4)), rel=0.2)


def test_rows_that_are_far_out_as_a_whole_have_no_say() -> None:
    x = correlated(200, 5, 0.9, 4)
    x[:20] += 12.0  # along the direction in which all columns move together: every cell agrees with the others
    answer = Cellwise()(x)
    assert answer.used is not None
    assert not answer.used[:20].any()
    assert answer.used[20:].mean() > 0.95
    assert np.max(np.abs(answer.center)) < 0.35


@pytest.mark.statistics
def test_cells_missing_at_random_leave_the_estimate_unbiased() -> None:
    found, centers = [], []
    for seed in range(20):
        x = correlated(200, 4, 0.8, 100 + seed)
        holes = np.random.default_rng(seed).random(x.shape) < 0.10
        holes[0] = True
        plain = np.cov(x, rowvar=False)
        answer = Cellwise()(np.where(holes, np.nan, x))
        assert answer.used is not None
        assert not answer.used[0]
        found.append(answer.covariance - plain)
        centers.append(answer.center - x.mean(axis=0))
    true = 0.8 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    assert np.mean(found, axis=0) + true == pytest.approx(true, abs=0.03)
    assert np.mean(centers, axis=0) == pytest.approx(np.zeros(4), abs=0.02)


def test_a_table_with_holes_but_no_cut_is_fitted_by_maximum_likelihood() -> None:
    """With a monotone pattern the likelihood has a closed form (Anderson 1957): column 2 by regression on column 1."""
    x = correlated(120, 2, 0.6, 5)
    x[80:, 1] = np.nan
    mean, s = x[:80].mean(axis=0), np.cov(x[:80], rowvar=False, bias=True)
    near = ~np.isnan(x)
    fit = concentrate(x, near, mean, s, near, Penalty(np.full(2, 1e9), near.sum(axis=0)), 1e-12)
    slope = s[0, 1] / s[0, 0]
    first = x[:, 0]
    assert fit.mean == pytest.approx([first.mean(), mean[1] + slope * (first.mean() - mean[0])], abs=1e-9)
    assert fit.s[0, 1] == pytest.approx(slope * np.var(first), abs=1e-9)
    assert fit.s[1, 1] == pytest.approx(s[1, 1] - slope**2 * s[0, 0] + slope**2 * np.var(first), abs=1e-9)


def test_the_objective_never_rises() -> None:
    x, _ = spoilt(correlated(150, 5, 0.8, 6), 0.1, 6.0, 7)
    z = (x - np.median(x, axis=0)) / 1.2
    near = np.ones(z.shape, dtype=bool)
    start = floored(np.cov(np.clip(z, -1.5, 1.5), rowvar=False))[0]
    penalty = Penalty(np.full(5, 0.3), np.full(5, 113))
    kept, mean, s, last = near, np.zeros(5), start, np.inf
    for _ in range(25):
        one = concentrate(z, kept, mean, s, near, penalty, np.inf if last == np.inf else 1.0)
        assert one.objective <= last + 1e-9
        kept, mean, s, last = one.kept, one.mean, one.s, one.objective


def test_what_is_kept_of_a_row_says_of_the_rest_what_the_normal_law_says() -> None:
    rng = np.random.default_rng(8)
    half = rng.standard_normal((4, 4))
    s = half @ half.T
    x = rng.standard_normal((30, 4))
    kept = rng.random((30, 4)) < 0.6
    rows = Patterns(x, kept, s)
    rows.flip(np.arange(7), 2)
    kept[:7, 2] ^= True
    filled, left, d2 = rows.filled()
    expected_left = np.zeros((4, 4))
    loglik = 0.0
    for i in range(30):
        o, m = np.flatnonzero(kept[i]), np.flatnonzero(~kept[i])
        block = s[np.ix_(o, o)]
        beta = np.linalg.solve(block, s[np.ix_(o, m)]).T
        assert filled[i, m] == pytest.approx(beta @ x[i, o], abs=1e-9)
        assert d2[i] == pytest.approx(x[i, o] @ np.linalg.solve(block, x[i, o]), abs=1e-9)
        expected_left[np.ix_(m, m)] += s[np.ix_(m, m)] - beta @ s[np.ix_(o, m)]
        loglik += d2[i] + np.linalg.slogdet(block)[1] + len(o) * np.log(2 * np.pi)
        for j in range(4):
            others = np.setdiff1d(o, [j])
            residual, variance = (one[i] for one in rows.conditional(j))
            weights = np.linalg.solve(s[np.ix_(others, others)], s[others, j])
            assert residual == pytest.approx(x[i, j] - weights @ x[i, others], abs=1e-9)
            assert variance == pytest.approx(s[j, j] - weights @ s[others, j], abs=1e-9)
    assert left == pytest.approx(expected_left, abs=1e-9)
    assert rows.minus_twice_loglik(d2) == pytest.approx(loglik, abs=1e-9)


def test_units_and_the_order_of_columns_change_no_distance_in_a_dirty_table() -> None:
    x, _ = spoilt(correlated(120, 4, 0.8, 9), 0.08, 5.0, 10)
    x[::9, 2] = np.nan
    full = np.nan_to_num(x)
    plain = Cellwise()(x)
    units, shift = np.array([1e-9, 1.0, 1e9, 1e3]), np.array([3e-9, -50.0, 1e10, 0.0])
    scaled = Cellwise()(x * units + shift)
    assert scaled.d2(full * units + shift) == pytest.approx(plain.d2(full), rel=1e-6)
    assert scaled.cells is not None
    assert plain.cells is not None
    assert np.array_equal(scaled.cells, plain.cells)
    order = [3, 1, 0, 2]
    assert Cellwise()(x[:, order]).d2(full[:, order]) == pytest.approx(plain.d2(full), rel=1e-6)
    again = Cellwise()(x)
    assert np.array_equal(again.factor, plain.factor)


def test_the_cut_shrinks_a_variance_by_the_factor_that_is_corrected() -> None:
    x = np.random.default_rng(11).standard_normal((20_000, 1))
    fit = best(x, 0.75)
    assert fit.s[0, 0] == pytest.approx(TRIMMED * np.var(x), rel=0.01)
    assert (~fit.kept).mean() == pytest.approx(0.0145, abs=0.003)
    assert Cellwise()(x).covariance[0, 0] == pytest.approx(np.var(x), rel=0.01)


def test_robust_yardsticks_are_right_at_the_normal_and_stand_a_third_of_bad_values() -> None:
    x = np.random.default_rng(12).standard_normal((20_000, 2))
    center, scale = location_and_scale(x)
    assert center == pytest.approx(np.zeros(2), abs=0.03)
    assert scale == pytest.approx(np.ones(2), abs=0.02)
    x[:6000, 1] = 1e6
    center, scale = location_and_scale(x)
    assert abs(center[1]) < 1.0
    assert scale[1] < 3.0


def test_deviating_cells_are_predicted_from_correlated_columns() -> None:
    x = correlated(300, 5, 0.9, 13)
    truth = x.copy()
    x[:15, 2] = 6.0
    flagged, expected = deviating(x)
    assert flagged[:15, 2].all()
    assert flagged[15:].mean() < 0.03
    assert np.corrcoef(expected[:, 2], truth[:, 2])[0, 1] > 0.9


def test_a_linear_equation_among_the_columns_is_answered_with_it() -> None:
    x = correlated(100, 3, 0.5, 14)
    x[:, 2] = 2.0 * x[:, 0] - 1.0
    with pytest.raises(Degenerate, match=r"x3 = 2·x1 - 1 in \d+ of 100 rows|x1 = 0\.5·x3 \+ 0\.5 in \d+ of 100 rows"):
        Cellwise()(x)
    x[:, 2] = 7.0
    with pytest.raises(Degenerate, match="x3 = 7 in 100 of 100 rows"):
        Cellwise()(x)


def test_what_cannot_be_asked_is_said() -> None:
    x = correlated(60, 4, 0.5, 15)
    with pytest.raises(TooFewRows, match="19 rows with values"):
        Cellwise()(np.vstack([x[:19], np.full((9, 4), np.nan)]))
    with pytest.raises(BadRecipe, match=r"h = 0\.3"):
        Cellwise(h=0.3)(x)
    holes = x.copy()
    holes[:40, 2] = np.nan
    with pytest.raises(BadTable, match="Only 20 of 60 rows") as said:
        Cellwise()(holes)
    assert said.value.column == "3"
    holes = x.copy()
    holes[:30, 0], holes[26:, 3] = np.nan, np.nan
    holes[26:30, 3] = 1.0
    with pytest.raises(BadTable, match="Columns 1 and 4 have values together in only 0 rows"):
        Cellwise()(holes)
    x[5, 1] = np.inf
    with pytest.raises(BadTable, match="inf"):
        Cellwise()(x)


def test_cells_of_which_most_have_the_same_value_are_ordinary_input() -> None:
    x = correlated(100, 3, 0.6, 16)
    x[:60, 1] = 0.25  # the scale of half of the rows is 0
    x[:, 2] = np.round(x[:, 2])
    x[60:70] = x[70:80]
    assert np.all(np.isfinite(Cellwise()(x).factor))


@pytest.mark.statistics
@pytest.mark.parametrize("n, p, r, tables", [(20, 2, 0.5, 60), (50, 5, 0.8, 30), (100, 20, 0.5, 4), (400, 5, 0.0, 8)])
def test_the_covariance_of_clean_rows_is_right_on_average(n: int, p: int, r: float, tables: int) -> None:
    ratio = []
    for seed in range(tables):
        x = correlated(n, p, r, 1000 + seed)
        ratio.append(np.trace(Cellwise()(x).covariance) / p - np.mean(np.var(x, axis=0, ddof=1)) + 1.0)
    error = np.std(ratio) / np.sqrt(tables)
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.02 + 2.5 * error)
    assert error < 0.03


@pytest.mark.slow
@pytest.mark.statistics
@pytest.mark.parametrize("r", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("n, p, tables", [(20, 2, 200), (40, 8, 60), (75, 15, 20), (150, 4, 50), (1000, 8, 4)])
def test_the_covariance_of_clean_rows_is_right_on_average_for_many_sizes(n: int, p: int, tables: int, r: float) -> None:
    """Sizes between those that the small-sample part was fitted to."""
    off = []
    for seed in range(tables):
        x = correlated(n, p, r, 10_000 + seed)
        off.append(Cellwise()(x).covariance - np.cov(x, rowvar=False))
    variances = np.trace(off, axis1=1, axis2=2) / p
    assert np.mean(variances) == pytest.approx(0.0, abs=0.02 + 2.0 * np.std(variances) / np.sqrt(tables))
    beside = np.mean([np.diag(one, 1) for one in off], axis=1)  # covariances of neighbours, for variances of 1; too small at middling r
    assert np.mean(beside) == pytest.approx(0.0, abs=0.03 + 2.0 * np.std(beside) / np.sqrt(tables))
