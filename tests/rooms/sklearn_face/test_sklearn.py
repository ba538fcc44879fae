"""The scikit-learn face: its own checks, and the numbers of the front door."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spc
from spc.limits.calibrated import Effort
from spc.scatter import Classical, Mcd

pytest.importorskip("sklearn", reason="no scikit-learn: install the dev extra")

from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from spc.sklearn import HotellingT2, RobustCovariance

X = np.random.default_rng(4).normal(size=(120, 3))


NONE_OUT = "asks that some of its 300 rows, three ordinary clusters, are outliers; at one false alarm in 370 none is"
EXPECTED = dict.fromkeys(("check_outliers_train", "check_outliers_fit_predict"), NONE_OUT)


def expected(estimator: Any) -> dict[str, str]:
    return EXPECTED if estimator.alpha < 0.01 else {}


ASKED = [RobustCovariance(), HotellingT2(), RobustCovariance(alpha=0.0027)]


@pytest.fixture
def _roughly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that scikit-learn asks is a matter of digits: limits are simulated with a hundred references, not with thousands."""
    monkeypatch.setattr("spc.phase1.laws.Effort", lambda fewest: Effort(fewest, most=100))


@pytest.mark.usefixtures("_roughly")
@parametrize_with_checks(ASKED, expected_failed_checks=expected)  # type: ignore[untyped-decorator]
def test_what_scikit_learn_asks_of_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", [Mcd(h=0.75), Classical()])
def test_the_limit_and_the_distances_are_those_of_a_fit(estimator: Any) -> None:
    model = spc.fit(pd.DataFrame(X, columns=["a", "b", "c"]), spc.Recipe(estimator=estimator, alpha=0.01))
    found = RobustCovariance(estimator, alpha=0.01).fit(X)
    assert (-found.offset_, found.limit_.law) == (model.new_limits["t2"][-1].value, model.new_limits["t2"][-1].law)
    assert found.location_.tolist() == model.scatter.center.tolist()
    assert found.covariance_.tolist() == model.scatter.covariance.tolist()
    assert found.mahalanobis(X).tolist() == model.scatter.d2(X).tolist()


def test_scores_limit_and_words_agree() -> None:
    found = RobustCovariance(alpha=0.05).fit(X)
    assert np.array_equal(found.decision_function(X), found.score_samples(X) - found.offset_)
    assert np.array_equal(found.predict(X) == -1, found.mahalanobis(X) > found.limit_.value)
    assert 0 < np.mean(found.predict(X) == -1) < 0.15
    assert found.support_.shape == (120,)


def test_bad_rows_do_not_hide_themselves() -> None:
    bad = np.vstack([X, np.full((30, 3), 7.0)])
    assert (RobustCovariance("mcd").fit(bad).predict(bad[120:]) == -1).all()
    assert (HotellingT2(alpha=0.0027).fit(bad).predict(bad[120:]) == 1).all()  # the classical estimate was pulled there


def test_it_is_cloned_and_stands_in_a_pipeline() -> None:
    again = clone(RobustCovariance(Mcd(h=0.5), alpha=0.01))
    assert again.get_params() == {"estimator": Mcd(h=0.5), "alpha": 0.01, "limit": "auto", "random_state": 0}
    line = make_pipeline(StandardScaler(), HotellingT2()).fit(X)
    assert line.predict(X).tolist() == HotellingT2().fit(X).predict(X).tolist()


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"estimator": "mdc"}, "Did you mean 'mcd'"),
        ({"alpha": 2.0}, "not a probability"),
        ({"limit": "chi"}, "is not one of"),
        ({"limit": "chi2"}, "known parameters"),
    ],
)
def test_a_wrong_word_is_named(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RobustCovariance(**asked).fit(X)


def test_too_few_rows_and_a_flat_table_are_value_errors_with_the_cure() -> None:
    with pytest.raises(ValueError, match="At least 7 are needed"):
        RobustCovariance().fit(X[:6])
    with pytest.raises(ValueError, match="no scatter of their own"):
        HotellingT2().fit(np.column_stack([X, X[:, 0]]))


def test_without_scikit_learn_the_message_says_so() -> None:
    code = "import sys; sys.modules['sklearn'] = None\nimport spc\ntry:\n    spc.sklearn\nexcept ImportError as wrong:\n    print(wrong)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("spc.sklearn needs scikit-learn")


def test_the_front_door_opens_it() -> None:
    assert spc.sklearn.RobustCovariance is RobustCovariance
