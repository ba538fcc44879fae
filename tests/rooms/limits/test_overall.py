"""The overall limit: tables with a row on a given distance, weights that sum to one, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import TooFewRows
from spc.limits import Like, ReferenceRow
from spc.limits.overall import outlying, overall
from spc.scatter import Classical, Ogk


def test_a_row_is_put_at_its_distance_and_the_rest_stays_normal() -> None:
    rng = np.random.default_rng(2)
    tables = [outlying(rng, 15, 2, 0.2) for _ in range(4000)]
    own = [Classical()(x).d2(x)[0] for x in tables[:50]]
    assert np.allclose(own, 0.8 * 14**2 / 15)
    scatter = np.mean([np.cov(x.T) for x in tables], axis=0)
    assert np.allclose(scatter, np.eye(2), atol=0.05)
    assert np.allclose(np.var([x.mean(axis=0) for x in tables], axis=0), 1 / 15, rtol=0.1)


def test_tables_drawn_from_the_beta_law_are_plain_normal_tables() -> None:
    rng = np.random.default_rng(3)
    tables = [outlying(rng, 12, 3, float(rng.beta(4.0, 1.5))) for _ in range(6000)]
    fourth = np.mean([x[0] ** 4 for x in tables], axis=0)
    product = np.mean([x[0] * x[1] for x in tables], axis=0)
    assert np.allclose(fourth, 3.0, atol=0.5)
    assert np.allclose(product, 0.0, atol=0.06)


def test_the_weights_are_those_of_clean_references() -> None:
    found = overall(Classical(), "classical", 30, 2, fits=2000)
    assert found.rate(0.0) == pytest.approx(1.0, abs=0.06)
    assert found.error(found.value(0.01)) < 0.1
    each = ReferenceRow(30, 2).limit(1.0 - 0.9 ** (1.0 / 30)).value
    assert found.rate(each) == pytest.approx(0.1, rel=0.15)
    assert found.limit(0.01).law == (
        "the largest of 30 reference rows is beyond it in 1 % of clean references: calibrated for classical, 2000 simulated references"
    )


def test_estimators_that_mixtures_disturb_are_asked_like_the_reference() -> None:
    like = Like(np.linalg.cholesky(np.array([[1.0, 0.9], [0.9, 1.0]])))
    found = overall(Ogk(), "ogk", 30, 2, like=like, fits=300)
    assert found.value(0.05) > ReferenceRow(30, 2).limit(1.0 - 0.95 ** (1.0 / 30)).value
    assert "references like this one" in found.limit(0.05).law


def test_too_few_rows_and_gaps_are_refused() -> None:
    with pytest.raises(TooFewRows):
        overall(Classical(), "classical", 4, 3, fits=10)
    gaps = np.zeros((30, 2), dtype=bool)
    gaps[0, 0] = True
    with pytest.raises(TooFewRows, match="complete"):
        overall(Classical(), "classical", 30, 2, like=Like(np.eye(2), gaps), fits=10)
