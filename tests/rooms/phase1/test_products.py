"""Several products in one reference: a model each, the report on their scatters, pooling, and complaints that name the product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from spc.errors import BadModel, BadRecipe, TooFewRows
from spc.limits.agreement import box_m, box_tail, trace, trace_tail
from spc.limits.subgroups import NewRowPooled, ReferenceRowPooled
from spc.nouns import Exclusion, ProductModels, Reference, load_model
from spc.phase1 import Recipe, fit, fit_products
from spc.phase1.agreement import agreement
from spc.reference import read
from spc.scatter import Classical, Known, Mcd

RNG = np.random.default_rng(4)
MIX = np.array([[1.0, 0.8], [0.0, 0.6]])
N = {"A": 40, "B": 60, "C": 30}


def frame(stretch: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    parts = [
        pd.DataFrame(rng.standard_normal((n, 2)) @ MIX * (stretch if name == "B" else 1.0) + 10.0 * i, columns=["a", "b"]).assign(kind=name)
        for i, (name, n) in enumerate(N.items())
    ]
    return pd.concat(parts).sample(frac=1.0, random_state=3).reset_index(drop=True)


def reference(table: pd.DataFrame) -> Reference:
    return read(table, roles={"kind": "product"})


def asked(**words: Any) -> Recipe:
    return Recipe(**{"estimator": Classical(), "product": "kind", **words})


def test_each_product_has_the_model_that_its_rows_alone_would_have() -> None:
    table = frame()
    found = fit_products(reference(table), asked())
    assert {name: model.n for name, model in found.models.models.items()} == N
    for name, model in found.models.models.items():
        mine = table[table.kind == name]
        alone = fit(read(mine[["a", "b"]]), Recipe(estimator=Classical())).model
        assert model.scatter.factor == pytest.approx(alone.scatter.factor)
        assert model.new_limits["t2"][-1] == alone.new_limits["t2"][-1]
        assert found.rows[name] == tuple(int(i) + 1 for i in mine.index)


def test_row_numbers_are_those_of_the_whole_reference() -> None:
    table = frame()
    odd = int(table.index[table.kind == "B"][5])
    out = int(table.index[table.kind == "C"][7])
    table.loc[odd, "a"] = np.nan
    table.loc[out, ["a", "b"]] = (200.0, -200.0)
    excluded = int(table.index[table.kind == "A"][0])
    models = fit_products(reference(table), asked(exclusions=(Exclusion(excluded + 1, "slip"),))).models.models
    assert models["A"].excluded == (Exclusion(excluded + 1, "slip"),)
    assert [(one.row, one.reason) for one in models["B"].excluded] == [(odd + 1, "missing a")]
    assert models["C"].outliers == (out + 1,)


def test_box_and_the_trace_statistic_are_the_published_ones_for_the_irises() -> None:
    data = load_iris()
    found = [Classical()(data.data[data.target == k]) for k in range(3)]
    dof, n = (49, 49, 49), (50, 50, 50)
    statistic = box_m(found, dof)
    assert statistic == pytest.approx(146.6632, abs=5e-5)
    tail, law = box_tail(statistic, 4, dof)
    assert tail < 1e-15
    assert law == "Box's F(20, 77567) approximation"
    assert trace(found, n, dof) / 147 == pytest.approx(32.4773, abs=5e-5)
    assert trace_tail(trace(found, n, dof), 4, 3, 147)[1] == "F(8, 286) approximation"
    scaled = [Classical()(data.data[data.target == k] * [1e-9, 1.0, 1e9, 3.0]) for k in range(3)]
    assert box_m(scaled, dof) == pytest.approx(statistic, rel=1e-8)


def test_the_report_says_what_follows() -> None:
    same = fit_products(reference(frame()), asked()).models
    assert same.agreement is not None
    assert same.agreement.p_value > 0.05
    assert "No difference between the scatters of " in same.agreement.text
    assert "pooling would rest one scatter on 130 rows" in same.agreement.text
    other = fit_products(reference(frame(2.0)), asked()).models
    assert other.agreement is not None
    assert other.agreement.p_value < 1e-4
    assert "differ (p < 0.0001): separate models" in other.agreement.text
    assert [f.severity for f in fit_products(reference(frame(2.0)), asked(pool=True)).models.findings if f.kind == "scatters"] == ["amber"]


def test_outliers_do_not_pass_for_a_difference_with_a_robust_estimator() -> None:
    rng = np.random.default_rng(6)
    tables = [rng.standard_normal((60, 2)), rng.standard_normal((60, 2))]
    tables[0][:6] += 20.0
    none: list[None] = [None, None]
    classical = agreement(("A", "B"), tables, none, ("a", "b"), Recipe(estimator=Classical()))
    robust = agreement(("A", "B"), tables, none, ("a", "b"), Recipe(estimator=Mcd()))
    assert classical.p_value < 1e-6
    assert robust.p_value > 0.05
    assert robust.law == "199 simulated references of mcd"
    tables[0] = rng.standard_normal((60, 2)) * 3.0
    assert agreement(("A", "B"), tables, none, ("a", "b"), Recipe(estimator=Mcd())).p_value == 0.005


def test_pooling_shares_the_scatter_and_keeps_the_centres() -> None:
    models = fit_products(reference(frame()), asked(pool=True)).models
    a, b = models.models["A"], models.models["B"]
    assert a.scatter.factor == pytest.approx(b.scatter.factor)
    assert np.all(b.scatter.center - a.scatter.center > 9.0)
    for name, n in N.items():
        model = models.models[name]
        assert (model.n, model.dof) == (n, 127)
        assert model.new_limits["t2"][0].value == NewRowPooled(130, 3, n, 1).limit(0.0027).value
        assert model.reference_limits["t2"].value == ReferenceRowPooled(130, 3, n, 2).limit(0.0027).value


def test_one_model_for_several_products_is_refused() -> None:
    with pytest.raises(BadRecipe, match="asks for a model for each"):
        fit(reference(frame()), asked())


def test_models_by_product_survive_json_and_alterations_are_refused() -> None:
    models = fit_products(reference(frame()), asked()).models
    for pool in (False, True):
        models = fit_products(reference(frame()), asked(pool=pool)).models
        again = load_model(models.to_json())
        assert isinstance(again, ProductModels)
        assert again.digest == models.digest
        assert again.to_json() == models.to_json()
    with pytest.raises(BadModel, match="changed after it was written"):
        load_model(models.to_json().replace('"pooled": true', '"pooled": false', 1))
    with pytest.raises(BadModel, match="not a model file"):
        load_model('{"kind": "products", "version": 1}')


def test_rows_without_a_product_are_named_and_in_no_fit() -> None:
    table = frame()
    table.loc[[3, 9], "kind"] = None
    models = fit_products(reference(table), asked()).models
    assert sum(model.n for model in models.models.values()) == 128
    assert [f.rows for f in models.findings if f.kind == "product_missing"] == [(4, 10)]


def test_each_product_is_inspected_by_itself() -> None:
    table = frame().sort_values("kind", kind="stable").reset_index(drop=True)  # one product after the other: steps of the mixture
    stuck = table.index[table.kind == "C"][10:22]
    table.loc[stuck, "b"] = 19.0
    models = fit_products(reference(table), asked()).models
    assert "changes" in {f.kind for f in reference(table).findings}
    assert "changes" not in {f.kind for f in (*models.findings, *models.models["A"].findings)}
    (found,) = (f for f in models.models["C"].findings if f.kind == "stuck")
    assert set(found.rows) <= {int(i) + 1 for i in stuck}


def test_subgroups_within_products() -> None:
    table = frame().sort_values("kind", kind="stable").reset_index(drop=True)
    table["lot"] = [f"L{i // 5}" for i in range(len(table))]
    models = fit_products(read(table, roles={"kind": "product", "lot": "subgroup"}), asked(subgroup="lot")).models
    assert {name: model.subgroup.groups for name, model in models.models.items() if model.subgroup} == {"A": 8, "B": 12, "C": 6}
    assert models.agreement is not None
    assert models.agreement.p_value > 0.01


def test_a_product_with_too_few_rows_is_named_with_their_number() -> None:
    table = pd.concat([frame(), pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.5], "kind": "D"})], ignore_index=True)
    said = r"Product 'D' \(2 rows, counted by themselves\): 2 complete rows are too few .* Or leave this product's rows out"
    with pytest.raises(TooFewRows, match=said):
        fit_products(reference(table), asked())


@pytest.mark.parametrize(
    "words, said",
    [
        ({"product": "sort"}, "column sort: .* The columns are: a, b, kind"),
        ({"product": "a"}, "column a: .* in the role product"),
        ({"exclusions": (Exclusion(500, "x"),)}, "row 500"),
        ({"pool": True, "estimator": Known(center=(0.0, 0.0), covariance=((1.0, 0.0), (0.0, 1.0)))}, "single rows and estimated"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(words: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        fit_products(reference(frame()), asked(**words))


def test_products_that_chart_other_columns_cannot_be_pooled() -> None:
    table = frame().assign(c=lambda t: np.where(t.kind == "A", 5.0, RNG.standard_normal(len(t))))
    assert fit_products(reference(table), asked()).models.models["A"].guards[0].name == "c"
    with pytest.raises(BadRecipe, match=r"column c: Product 'A' does not chart|column c: Product '[BC]' does not chart"):
        fit_products(reference(table), asked(pool=True))
