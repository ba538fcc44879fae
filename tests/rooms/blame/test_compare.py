from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spc.blame.compare import Group, compare, difference_of_means, group
from spc.errors import Complaint, TooFewRows


def two(seed: int = 3, n: int = 60, m: int = 45, p: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(p, p))
    return rng.normal(size=(n, p)) @ mix, 1.4 * rng.normal(size=(m, p)) @ mix + 0.3


def test_a_variable_alone_is_welch_of_scipy() -> None:
    a, b = two(p=1)
    ours = compare(("x",), group(a), group(b))
    theirs = stats.ttest_ind(b[:, 0], a[:, 0], equal_var=False)
    interval = theirs.confidence_interval(0.95)
    sd = a[:, 0].std(ddof=1)
    one = ours.changes[0]
    assert (one.low * sd, one.high * sd) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert one.difference * sd == pytest.approx(b.mean() - a.mean(), rel=1e-12)
    assert ours.t2 == pytest.approx(theirs.statistic**2, rel=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9), "the law for p = 1 is Welch's"
    assert ours.tie is None


def test_the_ratio_of_spreads_has_the_interval_of_two_normal_variances() -> None:
    a, b = two()
    one = compare(tuple("abcd"), group(a), group(b)).changes[2]
    ratio = b[:, 2].std(ddof=1) / a[:, 2].std(ddof=1)
    low, high = stats.f.ppf([0.025, 0.975], len(b) - 1, len(a) - 1)
    assert (one.spread, one.spread_low, one.spread_high) == pytest.approx((ratio, ratio / high**0.5, ratio / low**0.5), rel=1e-10)


def test_t2_of_the_means_does_not_depend_on_units_or_mixtures() -> None:
    a, b = two()
    mix = np.random.default_rng(9).normal(size=(4, 4)) * [1e-6, 1.0, 1e3, 1e6]
    plain = difference_of_means(group(a), group(b))
    assert difference_of_means(group(a @ mix), group(b @ mix)) == pytest.approx(plain, rel=1e-6)
    d = b.mean(axis=0) - a.mean(axis=0)
    s = np.cov(a.T) / len(a) + np.cov(b.T) / len(b)
    assert plain[0] == pytest.approx(d @ np.linalg.solve(s, d), rel=1e-10)


def test_groups_of_one_size_and_shape_have_the_law_of_hotelling() -> None:
    """With equal S and n, ν = 2(n − 1): T² ~ νp/(ν − p + 1) F, exactly Hotelling's two-sample law."""
    a, _ = two(n=40)
    one = group(a)
    other = Group(one.mean + 0.2 * one.sd, one.covariance, one.n)
    t2, p_value = difference_of_means(one, other)
    dof = 2 * (one.n - 1)
    assert p_value == pytest.approx(stats.f.sf(t2 * (dof - 3) / (dof * 4), 4, dof - 3), rel=1e-10)


def test_when_nothing_changed_one_in_twenty_is_below_five_percent_though_the_spreads_differ() -> None:
    rng = np.random.default_rng(5)
    below = 0
    for _ in range(2000):
        a, b = rng.normal(size=(15, 3)), 3.0 * rng.normal(size=(40, 3))
        below += difference_of_means(group(a), group(b))[1] < 0.05
    assert 70 <= below <= 133  # 5 % of 2000 is 100, sd 9.7


def test_the_pair_that_changed_most_is_named_with_fishers_z() -> None:
    rng = np.random.default_rng(2)
    a = rng.multivariate_normal(np.zeros(3), [[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]], size=80)
    b = rng.multivariate_normal(np.zeros(3), np.eye(3), size=70)
    tie = compare(("u", "v", "w"), group(a), group(b)).tie
    assert tie is not None
    assert tie.pair == ("u", "v")
    r1, r2 = np.corrcoef(a.T)[0, 1], np.corrcoef(b.T)[0, 1]
    z = (np.arctanh(r2) - np.arctanh(r1)) / np.sqrt(1 / 77 + 1 / 67)
    assert (tie.before, tie.after) == pytest.approx((r1, r2), rel=1e-12)
    assert tie.p_value == pytest.approx(3 * 2 * stats.norm.sf(abs(z)), rel=1e-9)


def test_rows_with_gaps_are_left_out_and_what_cannot_be_compared_is_said() -> None:
    a, b = two()
    a[3, 1] = np.nan
    assert group(a).n == len(a) - 1
    with pytest.raises(TooFewRows, match="2 rows"):
        group(b[:2])
    flat = a.copy()
    flat[:, 2] = 7.0
    with pytest.raises(Complaint, match="does not vary"):
        compare(tuple("abcd"), group(flat), group(b))
    wide, other = two(n=4, m=3, p=6)
    t2, p_value = difference_of_means(group(wide), group(other))
    assert np.isnan(t2)
    assert np.isnan(p_value), "five degrees of freedom cannot tell six variables"
