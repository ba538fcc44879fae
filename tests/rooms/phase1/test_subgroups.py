"""Rational subgroups: labels, scatter within them, bad rows and bad subgroups, complaints in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spc.errors import BadRecipe, BadTable, TooFewRows
from spc.limits.subgroups import NewSubgroup, ReferenceSubgroup
from spc.nouns import Column, Dialect, Exclusion, Floats, Model, Reference, Rows
from spc.phase1 import Fit, Recipe, fit
from spc.reference import read, read_rows
from spc.scatter import Classical, Known, Mcd
from spc.scatter.within import pooled, robust

NAMES = ("length_mm", "warp_mm", "copper_um")
MIX = np.array([[1.0, 0.8, 0.1], [0.0, 0.6, -0.3], [0.0, 0.0, 0.9]])
SIZES = (5, 5, 4, 5, 3, 5, 6, 5, 5, 2, 5, 5, 5, 1, 5, 5)
LABELS = tuple(f"lot {i + 1}" for i, k in enumerate(SIZES) for _ in range(k))
GROUP = np.repeat(np.arange(len(SIZES)), SIZES)
X = np.random.default_rng(8).standard_normal((len(LABELS), 3)) @ MIX * [0.05, 0.06, 1.2] + [160.0, 0.35, 35.0]


def reference(x: Floats = X, labels: tuple[str, ...] = LABELS) -> Reference:
    columns = (Column("lot", "subgroup"), *(Column(name, "measurement") for name in NAMES))
    return Reference(replace(Rows.of(x, NAMES), subgroup=labels), columns, Dialect("utf-8", ",", "."), (), "0")


def fitted(x: Floats = X, labels: tuple[str, ...] = LABELS, **asked: Any) -> Fit:
    return fit(reference(x, labels), Recipe(**{"estimator": Classical(), "subgroup": "lot", **asked}))


def test_the_scatter_is_pooled_within_and_every_size_has_its_limit() -> None:
    found = fitted()
    rest = np.vstack([X[GROUP == g] - X[GROUP == g].mean(axis=0) for g in range(len(SIZES))])
    assert found.model.scatter.covariance == pytest.approx(rest.T @ rest / (len(X) - len(SIZES)), rel=1e-10)
    assert found.model.scatter.center == pytest.approx(X.mean(axis=0))
    subgroups = found.model.subgroup
    assert subgroups is not None
    assert (subgroups.column, subgroups.size, subgroups.full, subgroups.groups) == ("lot", 5, 6, 16)
    for k in (1, 2, 5, 6, 30):
        sized = found.model.sized(k)
        for q in (1, 2, 3):
            exact = NewSubgroup(len(X), 16, k, q).limit(0.0027).value
            assert sized.new_limits["t2"][q - 1].value == pytest.approx(exact, rel=1e-12)
        mean = X[:4].mean(axis=0)
        assert sized.scatter.d2(mean)[0] == pytest.approx(k * found.model.scatter.d2(mean)[0], rel=1e-12)
    for one, k in zip(found.review.subgroups, SIZES, strict=True):
        assert len(one.rows) == k
        assert one.ucl == pytest.approx(ReferenceSubgroup(len(X), 16, k, 3).limit(0.0027).value, rel=1e-12)
    assert [f.kind for f in found.model.findings] == ["subgroup_sizes", "subgroup_single"]


def test_limits_with_equal_sizes_are_those_of_the_textbooks() -> None:
    m, k, p, alpha = 20, 10, 2, 0.001  # Montgomery, table 11.1
    assert NewSubgroup(m * k, m, k, p).limit(alpha).value == pytest.approx(15.165, abs=0.0005)
    assert ReferenceSubgroup(m * k, m, k, p).limit(alpha).value == pytest.approx(13.72, abs=0.005)


def test_a_model_of_subgroups_survives_json_and_an_older_model_is_still_read() -> None:
    model = fitted().model
    again = Model.from_json(model.to_json())
    assert again.subgroup == model.subgroup
    assert again.digest == model.digest
    plain = fit(reference(), Recipe(estimator=Classical())).model
    assert '"subgroup"' not in plain.to_json()
    assert Model.from_json(plain.to_json()).subgroup is None


def test_outliers_are_the_rows_of_the_subgroups_beyond_the_limit() -> None:
    x = X.copy()
    x[GROUP == 3] += 4.0 * X.std(axis=0)
    found = fitted(x)
    rows = tuple(int(i) + 1 for i in np.flatnonzero(GROUP == 3))
    assert found.model.outliers == rows
    (out,) = (one for one in found.review.subgroups if one.out)
    assert (out.label, out.rows) == ("lot 4", rows)
    assert np.all(found.review.t2[GROUP == 3] == out.t2)


@pytest.mark.parametrize("bad", [10.0, 1e6])
def test_a_bad_row_does_not_inflate_the_robust_scatter(bad: float) -> None:
    x = X.copy()
    for g in (0, 5, 10):  # one bad row in each of three subgroups
        x[np.flatnonzero(GROUP == g)[1]] += bad * X.std(axis=0) * [1.0, -1.0, 1.0]
    clean, spoiled = (robust(Mcd(), one, GROUP) for one in (X, x))
    assert abs(spoiled.logdet - clean.logdet) < 1.0
    assert pooled(x, GROUP).logdet - pooled(X, GROUP).logdet > 2.0
    assert not np.any(spoiled.used[[np.flatnonzero(GROUP == g)[1] for g in (0, 5, 10)]])  # type: ignore[index]
    assert np.max(np.abs(spoiled.center - clean.center) / X.std(axis=0)) < 0.3


@pytest.mark.parametrize("size", [10.0, 1e5])
def test_a_bad_row_in_every_subgroup_of_five_is_withstood(size: float) -> None:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(20), 5)
    x = rng.standard_normal((100, 3))
    before = robust(Mcd(), x, group)
    away = rng.standard_normal((20, 3))
    x[2::5] += size * away / np.linalg.norm(away, axis=1)[:, None]
    after = robust(Mcd(), x, group)
    assert np.exp((after.logdet - before.logdet) / 3) < 1.5
    assert not np.any(after.used[2::5])  # type: ignore[index]


def test_a_rival_within_subgroups_speaks_of_all_rows_single_ones_too() -> None:
    rng = np.random.default_rng(20)
    x = rng.standard_normal((1001, 10))
    bad = np.arange(1001) % 5 == 0
    x[bad] *= 0.05  # the first row of every five is of a tight cluster
    x[bad, 0] += 10.0
    found = robust(Mcd(), x, np.arange(1001) // 5)  # the last subgroup is a single row
    assert found.used is not None
    assert found.rival is not None
    assert found.rival.used is not None
    assert len(found.used) == len(found.rival.used) == 1001
    assert found.rival.center == pytest.approx(found.center)
    assert not found.rival.used[-1]


def test_the_scatter_within_follows_units_and_mixtures() -> None:
    mixture = np.array([[1e-6, 2.0, 0.0], [-1e-6, 1.0, 4e6], [5e-7, 0.0, 1e6]])
    mixed = X @ mixture + 7.0
    for before, after in ((pooled(X, GROUP), pooled(mixed, GROUP)), (robust(Mcd(), X, GROUP), robust(Mcd(), mixed, GROUP))):
        assert after.d2(mixed) == pytest.approx(before.d2(X), rel=1e-6)


@pytest.mark.slow
def test_a_robust_fit_states_a_calibrated_limit() -> None:
    found = fitted(estimator=Mcd())
    limit = found.model.new_limits["t2"][-1]
    assert "calibrated for MCD(h = 0.75): subgroups of 5, 16 of them" in limit.law
    assert limit.value > NewSubgroup(len(X), 16, 5, 3).limit(0.0027).value
    assert np.isfinite(found.review.classical_t2).all()


def test_a_calibrated_limit_of_the_classical_scatter_is_nearly_the_exact_one() -> None:
    told: list[float] = []
    recipe = Recipe(estimator=Classical(), subgroup="lot", limit="calibrated")
    found = fit(reference(), recipe, lambda share, words: told.append(share))
    limit = found.model.new_limits["t2"][-1]
    assert "calibrated for classical: subgroups of 5, 16 of them" in limit.law
    assert limit.value == pytest.approx(NewSubgroup(len(X), 16, 5, 3).limit(0.0027).value, rel=0.03)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_known_parameters_give_chi_squared_for_every_size() -> None:
    known = Known(center=(160.0, 0.35, 35.0), covariance=((0.0025, 0.0, 0.0), (0.0, 0.0036, 0.0), (0.0, 0.0, 1.44)))
    found = fitted(estimator=known)
    assert found.model.new_limits["t2"][-1].law == "χ²(3)"
    assert found.model.sized(1).new_limits["t2"][-1].value == found.model.sized(9).new_limits["t2"][-1].value


def test_excluded_missing_and_unlabelled_rows_are_named_and_take_no_part() -> None:
    x, labels = X.copy(), list(LABELS)
    x[0, 1] = np.nan
    labels[7] = ""
    found = fitted(x, tuple(labels), exclusions=(Exclusion(3, "typing slip"),))
    assert [(one.row, one.reason) for one in found.model.excluded] == [
        (1, "missing warp_mm"),
        (3, "typing slip"),
        (8, "no subgroup: lot is empty"),
    ]
    assert found.model.n == len(X) - 3
    assert found.review.subgroups[0].rows == (2, 4, 5)
    assert np.isnan(found.review.t2[7])
    assert found.review.t2[0] == found.review.t2[1]  # the row's subgroup
    assert any(f.kind == "subgroup_missing" and f.rows == (8,) for f in found.model.findings)


def test_a_subgroup_that_was_excluded_is_judged_as_a_new_one() -> None:
    rows = np.flatnonzero(GROUP == 2)
    found = fitted(exclusions=tuple(Exclusion(int(i) + 1, "other lot") for i in rows))
    one = found.review.subgroups[2]
    assert found.model.subgroup is not None
    assert found.model.subgroup.groups == 15
    assert one.ucl == pytest.approx(NewSubgroup(len(X) - 4, 15, 4, 3).limit(0.0027).value, rel=1e-12)


def test_subgroups_that_differ_more_than_their_rows_are_told() -> None:
    x = X + np.random.default_rng(2).standard_normal((len(SIZES), 3))[GROUP] * 3.0 * X.std(axis=0)
    assert any(f.kind == "between_subgroups" for f in fitted(x).model.findings)
    assert not any(f.kind == "between_subgroups" for f in fitted().model.findings)


@pytest.mark.parametrize(
    "labels, asked, complaint, words",
    [
        (tuple(str(i) for i in range(len(X))), {}, TooFewRows, "column lot: Every subgroup has a single row"),
        (("1",) * len(X), {}, TooFewRows, "one subgroup"),
        (tuple(str(i % 5) for i in range(len(X))), {}, BadTable, "row 6, column lot: Subgroup '0' comes again: it began in row 1"),
        (("",) * len(X), {}, TooFewRows, "no rows|Only 0"),
        (LABELS, {"subgroup": "batch"}, BadRecipe, "column batch: .* The columns are: lot"),
        (LABELS, {"limit": "chi2"}, BadRecipe, "known parameters"),
        (LABELS, {"limit": "f", "estimator": Mcd()}, BadRecipe, "not for mcd"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    labels: tuple[str, ...], asked: dict[str, Any], complaint: type[Exception], words: str
) -> None:
    with pytest.raises(complaint, match=words):
        fitted(labels=labels, **asked)


def test_too_few_degrees_of_freedom_are_counted() -> None:
    with pytest.raises(TooFewRows, match=r"4 rows in 2 groups leave 2 degrees of freedom .* 3 variables"):
        fitted(X[:4], ("a", "a", "b", "b"))


def test_the_reader_fills_the_labels_and_a_table_without_them_has_none() -> None:
    table = read(b"lot;product;a\n" + b"".join(b"L%d;%s;%d\n" % (i // 4, b"AB"[i // 20 : i // 20 + 1], i * i) for i in range(40)))
    assert table.rows.subgroup[:5] == ("L0",) * 4 + ("L1",)
    assert table.rows.product[19:21] == ("A", "B")
    assert table.rows.part(slice(3, 5)).subgroup == ("L0", "L1")
    assert table.rows.some([0, 39]).product == ("A", "B")
    rows = read_rows(b"batch,a\n7,1\n,2\nn/a,3\n", columns=("a",), subgroup="batch")
    assert rows.subgroup == ("7", "", "")
    assert read_rows(b"lot,a\n7,1\n7,2\n8,3\n8,4\n9,5\n", columns=("a",), subgroup="batch").subgroup == ()


def test_recipes_with_subgroups_go_through_plain_words_and_others_stay_as_they_were() -> None:
    recipe = Recipe(subgroup="lot", product="kind", pool=True)
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert not {"subgroup", "product", "pool"} & set(Recipe().to_dict())
