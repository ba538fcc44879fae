"""The dispersion in a fit of subgroups: what the model keeps, how the false alarms are shared, what is refused, what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from spc.charts import T2, Chart, Dispersion, Mewma
from spc.errors import BadRecipe
from spc.limits.cache import caching, forget
from spc.limits.subgroups import NewSubgroup
from spc.nouns import Column, Dialect, Exclusion, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit, fit_products
from spc.phase1.given import alpha_of
from spc.phase1.means import ExactMeans, KnownMeans, MeanLaw
from spc.phase1.spreads import drawn, shared
from spc.scatter import Classical, Known

NAMES = ("a", "b")
SIZES = (4, 5, 6, 6, 6) * 4
BOTH: dict[str, Chart] = {"t2": T2(), "dispersion": Dispersion()}


def table(sizes: tuple[int, ...] = SIZES, seed: int = 2) -> Floats:
    return np.asarray(np.random.default_rng(seed).standard_normal((sum(sizes), 2)) @ np.array([[1.0, 0.9], [0.0, 0.4]]))


def reference(x: Floats, sizes: tuple[int, ...] = SIZES) -> Reference:
    labels = tuple(f"g{i}" for i, k in enumerate(sizes) for _ in range(k))
    columns = (Column("lot", "subgroup"), *(Column(name, "measurement") for name in NAMES))
    return Reference(replace(Rows.of(x, NAMES), subgroup=labels), columns, Dialect("utf-8", ",", "."), (), "0")


def asked(**words: object) -> Recipe:
    return Recipe(**{"estimator": Classical(), "subgroup": "lot", "charts": BOTH, "alpha": 0.01, **words})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(reference(table()), asked()).model


def test_a_model_keeps_a_limit_for_every_size_that_can_be_judged(model: Model) -> None:
    assert model.subgroup is not None
    kept = dict(model.subgroup.by_size["dispersion"])
    assert list(kept) == [3, 4, 5, 6]
    assert list(kept.values()) == sorted(kept.values(), reverse=True)  # the fewer rows, the more the statistic is beyond its χ² law
    assert kept[6] == model.new_limits["dispersion"][0].value
    assert model.sized(4).new_limits["dispersion"][0].value == kept[4]
    assert model.sized(4).new_limits["t2"][1].value == pytest.approx(
        NewSubgroup(108, 20, 4, 2).limit(model.new_limits["t2"][1].alpha).value
    )
    assert model.subgroup.limit_of("dispersion", 2) is None
    again = Model.from_json(model.to_json())
    assert again.digest == model.digest
    assert again.subgroup == model.subgroup


def test_a_model_without_it_has_the_digest_that_it_would_have_had() -> None:
    plain = fit(reference(table()), asked(charts={"t2": T2()})).model
    assert plain.subgroup is not None
    assert "by_size" not in plain.subgroup.to_dict()


def test_both_charts_have_one_rate_and_together_the_one_that_was_asked(model: Model) -> None:
    t2, spread = model.new_limits["t2"][-1], model.new_limits["dispersion"][-1]
    assert t2.alpha == spread.alpha
    assert 0.005 < t2.alpha < 0.0052
    assert model.alpha == 0.01
    fits = drawn(ExactMeans(108, 20, 2), 2, 0)
    assert fits.together(t2.value, spread.value, 6) == pytest.approx(0.01, rel=1e-3)
    assert fits.together(t2.value, 1e6, 6) == pytest.approx(t2.alpha, rel=0.02)
    assert "t2 and dispersion together one false alarm in 100 subgroups" in spread.law


def test_a_chart_with_an_alpha_of_its_own_stands_outside_the_budget() -> None:
    charts: Mapping[str, Chart] = {"t2": T2(), "dispersion": Dispersion(alpha=0.001)}
    made = fit(reference(table()), asked(charts=charts)).model
    assert made.new_limits["t2"][-1].alpha == 0.01
    assert made.new_limits["dispersion"][-1].alpha == 0.001
    means = MeanLaw(ExactMeans(108, 20, 2), 6, 6)
    assert alpha_of(means, made.new_limits["t2"][-1].value, 2) == pytest.approx(0.01, rel=1e-6)


def test_known_parameters_need_no_simulation() -> None:
    found = shared(BOTH, MeanLaw(KnownMeans(2), 5, 5), 2, 0.01, 0, "known")
    fits = drawn(KnownMeans(2), 2, 0)
    assert fits.tails(found.limits["dispersion"].value, 5)[0] == pytest.approx(found.alpha["dispersion"], rel=1e-5)
    assert (1.0 - found.alpha["t2"]) ** 2 == pytest.approx(0.99, rel=1e-5)
    assert "known parameters" in found.limits["dispersion"].law
    made = fit(reference(table()), asked(estimator=Known(center=(0.0, 0.0), covariance=((1.0, 0.0), (0.0, 1.0))))).model
    assert set(made.new_limits) == {"t2", "dispersion"}


def test_the_limits_do_not_depend_on_the_relations_of_the_variables(model: Model) -> None:
    other = fit(reference(table() @ np.array([[30.0, 1.0], [0.0, 1e-3]])), asked()).model
    assert other.new_limits["dispersion"][0].value == model.new_limits["dispersion"][0].value


def test_a_store_gives_the_same_bits(model: Model) -> None:
    class Shelf(dict[str, bytes]):
        def put(self, key: str, value: bytes, error: float) -> None:
            self[key] = value

    shelf = Shelf()
    for _ in range(2):
        forget()
        with caching(shelf):
            assert fit(reference(table()), asked()).model.digest == model.digest
    assert len(shelf) == 2  # the fits, and the limits that were worked out from them


def test_a_subgroup_of_the_reference_that_scatters_otherwise_is_found(model: Model) -> None:
    assert not [one for one in model.findings if one.kind == "subgroup_spread"]
    x = table()
    x[9:15, 0] *= 3.0
    (found,) = [one for one in fit(reference(x), asked()).model.findings if one.kind == "subgroup_spread"]
    assert {10, 11, 12, 13, 14, 15} <= set(found.rows)  # it stretches the pooled scatter, in which others may then look narrow
    assert "g2" in found.text
    left = tuple(Exclusion(row, "loose clamp") for row in found.rows)
    assert not [one for one in fit(reference(x), asked(exclusions=left)).model.findings if one.kind == "subgroup_spread"]


@pytest.mark.parametrize(
    "words, wrong",
    [
        ({"subgroup": ""}, "a single row has none"),
        ({"charts": {**BOTH, "mewma": Mewma()}}, "no limit for mewma yet"),
        ({"ucl": 12.0}, "the limit of T² alone"),
        ({"alpha": 1e-9}, "too rare"),
        ({"guarantee": 0.9}, "single rows"),
    ],
)
def test_what_is_refused_is_refused_in_words(words: dict[str, object], wrong: str) -> None:
    with pytest.raises(BadRecipe, match=wrong):
        fit(reference(table()), asked(**words))


def test_subgroups_with_no_more_rows_than_variables_have_no_covariance() -> None:
    sizes = (2,) * 30
    with pytest.raises(BadRecipe, match="Subgroups of 2 rows have no covariance of 2 variables"):
        fit(reference(table(sizes), sizes), asked())


def test_products_each_have_their_own_and_a_pooled_scatter_has_none() -> None:
    labels = tuple("AB"[i // 54] for i in range(108))
    made = reference(table())
    made = replace(made, rows=replace(made.rows, product=labels), columns=(*made.columns, Column("kind", "product")))
    with pytest.raises(BadRecipe, match="pooled scatter has no limit for dispersion"):
        fit_products(made, asked(product="kind", pool=True))
    sizes = (6,) * 18
    even = replace(reference(table(sizes), sizes), columns=made.columns)
    found = fit_products(replace(even, rows=replace(even.rows, product=labels)), asked(product="kind"))
    assert {name: set(one.new_limits) for name, one in found.models.models.items()} == {name: {"t2", "dispersion"} for name in "AB"}
