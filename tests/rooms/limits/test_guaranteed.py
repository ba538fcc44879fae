"""Guaranteed limits: their order, the same bits, their words, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from spc.errors import BadRecipe
from spc.limits import Guaranteed, Like, NewRow, calibrate, guaranteed
from spc.limits.guaranteed import classical
from spc.scatter import Classical


def test_more_confidence_asks_for_a_larger_limit() -> None:
    found = classical(40, 3)
    values = [guaranteed(found, 0.0027, confidence).value for confidence in (0.5, 0.75, 0.9, 0.99)]
    assert values == sorted(values)
    assert values[0] < NewRow(40, 3).limit(0.0027).value < values[2]  # the average is carried by the few bad references


def test_with_many_rows_the_guarantee_costs_little() -> None:
    excess = [guaranteed(classical(n, 2), 0.0027, 0.9).value / NewRow(n, 2).limit(0.0027).value - 1.0 for n in (50, 800)]
    assert excess[1] == pytest.approx(excess[0] / 4.0, rel=0.25)  # as 1/√n


def test_one_variable_agrees_with_a_simulation_of_mean_and_variance() -> None:
    n, rng = 25, np.random.default_rng(8)
    mean, sd = rng.standard_normal(20_000) / np.sqrt(n), np.sqrt(rng.chisquare(n - 1, 20_000) / (n - 1))
    root = np.sqrt(guaranteed(classical(n, 1), 0.01, 0.9).value)
    share = float(np.mean(ndtr(mean - root * sd) + ndtr(-mean - root * sd) <= 0.01))
    assert abs(share - 0.9) < 0.012


def test_the_same_question_has_the_same_bits_and_its_words() -> None:
    one, two = (guaranteed(classical(50, 4), 0.0027, 0.9, 2) for _ in range(2))
    assert one == two
    assert one.law == (
        "at most 0.27 % with 90 % confidence for this very reference: "
        "calibrated for the mean and covariance: n = 50, 2 of 4 variables observed, 8000 simulated references"
    )


@pytest.mark.slow
def test_references_like_a_given_one_agree_with_the_affine_way() -> None:
    factor = np.linalg.cholesky(np.array([[1.0, 0.7], [0.7, 1.0]]))
    alike = Guaranteed(calibrate(Classical(), "classical", 40, 2, like=Like(factor), fits=1500), 0.9)
    straight = Guaranteed(classical(40, 2), 0.9)
    assert alike.quantile(0.0027, 2) == pytest.approx(straight.quantile(0.0027, 2), rel=0.015)
    assert straight.share(straight.quantile(0.0027, 2), 0.0027) == pytest.approx(0.9, abs=0.002)


@pytest.mark.parametrize("confidence", [0.0, 0.3, 1.0, float("nan")])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(BadRecipe, match="confidence"):
        guaranteed(classical(50, 2), 0.0027, confidence)
