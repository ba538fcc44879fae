"""Findings about how the rows are distributed and follow each other: each fires on what it is for, names it, and lets the rest alone."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadTable, Degenerate, TooFewRows
from spc.inspect import henze_zirkler, inspect, mardia, qq, steps
from spc.limits import KnownParameters, ReferenceRow
from spc.nouns import Finding, Floats, Rows
from spc.scatter import Classical

NAMES = ("flow", "level", "heat", "dose")


def normal(n: int = 300, seed: int = 1) -> Floats:
    mixture = np.array([[1, 0.8, 0, 0], [0, 0.6, 0, 0.3], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    z = np.random.default_rng(seed).standard_normal((n, 4)) @ mixture
    return np.asarray(z * [1e-3, 1.0, 50.0, 1e4] + [1.0, 20.0, 900.0, 1e6])


def found(x: Floats) -> dict[str, Finding]:
    return {f.kind: f for f in inspect(Rows.of(x, NAMES[: x.shape[1]]))}


def wandering(rho: float, n: int = 400, seed: int = 3) -> Floats:
    x = np.random.default_rng(seed).standard_normal((n + 100, 4))
    for t in range(1, len(x)):
        x[t] = rho * x[t - 1] + np.sqrt(1 - rho**2) * x[t]
    return x[100:]


# ---------------------------------------------------------------------------------------------------------- nearly collinear


def nearly(noise: float, n: int = 300) -> Floats:
    x = normal(n)
    spread = x.std(axis=0)
    x[:, 3] = 2.0 * x[:, 0] * spread[3] / spread[0] - x[:, 2] * spread[3] / spread[2]
    x[:, 3] += noise * x[:, 3].std() * np.random.default_rng(9).standard_normal(n)
    return x


def test_a_near_relation_is_told_with_its_equation() -> None:
    f = found(nearly(0.05))["collinear"]
    assert set(f.columns) == {"dose", "flow", "heat"}
    assert f.severity == "note"
    assert "R² 0.99" in f.text
    assert "condition number" in f.text


def test_bad_rows_neither_hide_nor_make_it() -> None:
    x = nearly(0.05)
    x[40:60, 3] += 30 * x[:, 3].std()
    assert set(found(x)["collinear"].columns) == {"dose", "flow", "heat"}
    y = normal()
    y[7] += 1000 * y.std(axis=0)
    assert "collinear" not in found(y)
    assert "nearly_copy" not in found(y)


def test_an_exact_relation_with_a_few_slips_names_the_rows() -> None:
    x = normal(200)
    x[:, 3] = 2.0 * x[:, 0] + 1.0
    x[[10, 50], 3] *= 1.5
    f = found(x)["collinear"]
    assert f.severity == "amber"
    assert f.rows == (11, 51)
    assert "in all but 2 rows (11, 51)" in f.text


def test_ordinary_correlation_is_no_finding() -> None:
    assert not {"collinear", "nearly_copy"} & set(found(nearly(0.3)))


# ------------------------------------------------------------------------------------------------------------------ normality


def test_heavy_tails_are_told_with_what_they_cost() -> None:
    x = np.random.default_rng(2).standard_t(3, (400, 4))
    f = found(x)["normality"]
    assert f.severity == "amber"
    assert "kurtosis p" in f.text
    assert "would really give about" in f.text


def test_a_skewed_column_is_named() -> None:
    x = normal()
    x[:, 2] = np.exp((x[:, 2] - x[:, 2].mean()) / x[:, 2].std())
    f = found(x)["normality"]
    assert f.columns == ("heat",)
    assert "skewed" in f.text


def test_a_few_outliers_are_no_other_law() -> None:
    x = normal(200)
    x[:12, :2] += np.array([6.0, -6.0]) * x[:, :2].std(axis=0)
    assert "normality" not in found(x)


def test_two_levels_are_a_step_and_not_another_law() -> None:
    x = normal()
    x[150:, 1] += 6 * x[:, 1].std()
    said = found(x)
    assert "changes" in said
    assert not {"normality", "autocorrelation"} & set(said)


def test_mardia_and_henze_zirkler_do_not_depend_on_units() -> None:
    x = normal(80)
    for test in (lambda y: mardia(y).skewness, lambda y: mardia(y).kurtosis, henze_zirkler):
        assert test(x * 1e-9).p_value == pytest.approx(test(x @ np.triu(np.ones((4, 4)))).p_value, rel=1e-6)


def test_skewness_by_moments_and_by_pairs_is_the_same() -> None:
    x = np.random.default_rng(4).exponential(size=(30, 5))
    z = Classical()(x).whiten(x) * np.sqrt(30 / 29)
    assert mardia(x).skewness.value == pytest.approx(float(np.mean((z @ z.T) ** 3)), rel=1e-10)


@pytest.mark.parametrize("test", [mardia, henze_zirkler])
def test_what_cannot_be_tested_is_a_complaint(test: object) -> None:
    assert callable(test)
    with pytest.raises(TooFewRows):
        test(np.ones((3, 3)))
    with pytest.raises(Degenerate):
        test(np.ones((30, 1)) * np.arange(30.0)[:, None] @ np.ones((1, 2)))
    with pytest.raises(BadTable):
        test(np.array([[np.nan, 1.0]] * 9))


# ------------------------------------------------------------------------------------------------------------- quantile, quantile


def test_distances_of_normal_rows_lie_in_their_band() -> None:
    x = np.random.default_rng(6).standard_normal((150, 3))
    picture = qq(Classical()(x).d2(x), ReferenceRow(150, 3))
    inside = (picture.low <= picture.observed) & (picture.observed <= picture.high)
    assert inside.mean() > 0.9
    assert np.all(np.diff(picture.theoretical) > 0)
    assert np.all(picture.low < picture.theoretical)
    assert np.all(picture.theoretical < picture.high)
    wrong = qq(2.5 * Classical()(x).d2(x), ReferenceRow(150, 3))
    assert np.mean((wrong.low <= wrong.observed) & (wrong.observed <= wrong.high)) < 0.2


def test_many_distances_are_interpolated_closely() -> None:
    d2 = np.random.default_rng(1).chisquare(4, 5000)
    picture = qq(np.append(d2, np.nan), KnownParameters(4))
    assert len(picture.observed) == 5000
    for k in (0, 10, 2500, 4999):
        assert picture.theoretical[k] == pytest.approx(KnownParameters(4).limit(1 - (k + 0.5) / 5000).value, rel=1e-4)


# ------------------------------------------------------------------------------------------------------------ autocorrelation


def test_rows_that_are_alike() -> None:
    f = found(wandering(0.6))["autocorrelation"]
    assert set(f.columns) == set(NAMES)
    assert "400 rows are worth about" in f.text
    worth = int(f.text.split("worth about ")[1].split(" ")[0])
    assert 70 < worth < 150  # 400 · (1 − 0.6) / (1 + 0.6) = 100


def test_a_column_that_only_drifts_is_named() -> None:
    x = normal(400)
    x[:, 1] = wandering(0.99, seed=5)[:, 0]
    f = found(x)["autocorrelation"]
    assert f.severity == "amber"
    assert "level only drifts" in f.text


def test_one_wild_row_neither_hides_nor_makes_it() -> None:
    x = wandering(0.6)
    x[100] = 1e6
    assert "autocorrelation" in found(x)
    y = normal()
    y[[100, 101, 102]] = 1e9
    assert "autocorrelation" not in found(y)


def test_it_is_seen_through_gaps() -> None:
    x = wandering(0.7)
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    x[200:220] = np.nan
    assert set(found(x)["autocorrelation"].columns) == set(NAMES)


def test_rows_that_alternate() -> None:
    x = normal()
    x[::2, 0] += 3 * x[:, 0].std()
    f = found(x)["alternating"]
    assert f.columns == ("flow",)


# -------------------------------------------------------------------------------------------------------------------- changes


def test_a_step_is_told_with_row_variable_and_size() -> None:
    x = normal()
    x[200:, 2] += 1.5 * x[:, 2].std()
    f = found(x)["changes"]
    assert abs(f.rows[0] - 201) <= 3
    assert f.columns == ("heat",)
    assert "heat +1." in f.text
    assert "would alarm at" in f.text


def test_a_step_of_the_spread() -> None:
    x = normal(600)
    x[300:, 3] = x[:, 3].mean() + 3 * (x[300:, 3] - x[:, 3].mean())
    f = found(x)["changes"]
    assert abs(f.rows[0] - 301) <= 30
    assert "dose varies" in f.text


def test_a_step_of_the_correlation() -> None:
    z = np.random.default_rng(8).standard_normal((400, 2))
    x = np.column_stack([z[:, 0], 0.8 * np.where(np.arange(400) < 200, 1, -1) * z[:, 0] + 0.6 * z[:, 1]])
    f = found(x)["changes"]
    assert abs(f.rows[0] - 201) <= 10
    assert "how columns move together" in f.text


def test_two_steps_are_both_found() -> None:
    x = normal(600)
    x[200:400, 0] += 2 * x[:, 0].std()
    first = found(x)["changes"].rows
    assert len(first) == 2
    assert np.allclose(first, [201, 401], atol=3)


@pytest.mark.parametrize("bad", [slice(50, 51), slice(50, 54), slice(None, None, 29)])
def test_single_bad_rows_are_no_step(bad: slice) -> None:
    x = normal()
    x[bad] += 20 * x.std(axis=0)
    assert "changes" not in found(x)


@pytest.mark.parametrize("rho", [0.4, 0.8])
def test_rows_that_wander_by_themselves_are_not_said_to_step(rho: float) -> None:
    assert not [seed for seed in range(8) if "changes" in found(wandering(rho, seed=seed))]


def test_steps_are_the_same_whatever_the_units_and_twice_asked() -> None:
    x = normal(120)
    x[70:, 1] += 2 * x[:, 1].std()
    assert steps(x) == steps(x) == steps(x * 1e6)
    assert steps(x).independent


def test_steps_need_rows() -> None:
    with pytest.raises(TooFewRows, match="Bring more rows"):
        steps(normal(6))


# ------------------------------------------------------------------------------------------------------------- missing pattern


def test_an_outage() -> None:
    x = normal()
    x[100:130, :2] = np.nan
    text = found(x)["missing"].text
    assert "in rows 101 to 130: an outage" in text
    assert "flow, level fail together" in text


def test_an_outage_of_everything() -> None:
    x = normal()
    x[100:130] = np.nan
    text = found(x)["missing"].text
    assert "30 of these rows have no value at all" in text
    assert "fail together" not in text


def test_missing_where_another_is_high() -> None:
    x = normal()
    x[x[:, 2] > np.quantile(x[:, 2], 0.85), 0] = np.nan
    assert "flow is missing where heat is high" in found(x)["missing"].text


def test_missing_by_chance() -> None:
    x = normal()
    x[np.random.default_rng(3).random(300) < 0.15, 1] = np.nan
    assert "as if by chance" in found(x)["missing"].text


def test_what_the_lost_rows_cost() -> None:
    x = normal(60)
    x[::2, 1] = np.nan
    assert "30 rows are left for the fit: for the same false alarms the limit must be" in found(x)["missing"].text
