"""A review: the leverage of its rows, and the same review again from a stored model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spc.errors import Complaint
from spc.nouns import Column, Dialect, Exclusion, Model, Reference, Rows
from spc.phase1 import Recipe, fit, review
from spc.scatter import Classical, Mcd

NAMES = ("a", "b", "c")


def reference(n: int = 40, *, gaps: tuple[int, ...] = (), digest: str = "0") -> Reference:
    x = np.random.default_rng(4).standard_normal((n, 3)) * [1e-6, 1.0, 1e6]
    x[7] += [9e-6, 0.0, 0.0]
    x[[row - 1 for row in gaps], 1] = np.nan
    return Reference(Rows.of(x, NAMES), (), Dialect("utf-8", ",", "."), (), digest)


@pytest.mark.parametrize("estimator", [Classical(), Mcd(h=0.75)])
def test_leverages_are_the_diagonal_of_the_hat_matrix_of_the_fitted_rows(estimator: Classical | Mcd) -> None:
    table = reference(gaps=(3,))
    seen = fit(table, Recipe(estimator=estimator, exclusions=(Exclusion(5, "tool or wear"),))).review
    inside = np.isin(np.arange(40), [2, 4], invert=True)
    design = np.column_stack([np.ones(38), table.x[inside] / [1e-6, 1.0, 1e6]])
    hat = np.einsum("ij,ij->i", design @ np.linalg.inv(design.T @ design), design)
    assert seen.leverage[inside] == pytest.approx(hat, rel=1e-10)
    assert np.nansum(seen.leverage) == pytest.approx(3 + 1)
    assert np.isnan(seen.leverage[[2, 4]]).all()
    assert np.nanargmax(seen.leverage) == 7


def test_a_stored_model_gives_the_same_review_again() -> None:
    table = reference(gaps=(3,))
    made = fit(table, Recipe(estimator=Mcd(h=0.75), exclusions=(Exclusion(5, "tool or wear"),)))
    seen = review(table, Model.from_json(made.model.to_json()))
    for name in ("t2", "ucl", "out", "kin", "fitted", "classical_t2", "classical_ucl", "leverage"):
        assert np.array_equal(getattr(seen, name), getattr(made.review, name), equal_nan=True), name
    assert np.array_equal(seen.used, seen.fitted)


def test_subgroups_have_no_leverage_and_are_reviewed_again() -> None:
    plain = reference()
    labelled = replace(plain.rows, subgroup=tuple(f"s{i // 4}" for i in range(40)))
    table = replace(plain, rows=labelled, columns=(Column("lot", "subgroup"),))
    made = fit(table, Recipe(estimator=Classical(), subgroup="lot"))
    seen = review(table, made.model)
    assert np.isnan(seen.leverage).all()
    assert np.array_equal(seen.t2, made.review.t2)
    assert seen.subgroups == made.review.subgroups


def test_the_model_of_another_file_is_refused() -> None:
    made = fit(reference(), Recipe(estimator=Classical()))
    with pytest.raises(Complaint, match="another file"):
        review(reference(digest="1"), made.model)
