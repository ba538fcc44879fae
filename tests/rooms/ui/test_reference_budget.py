"""What the reference page says of a budget while it is typed: before a fit about, after it exactly, and bad words in words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from spc.errors import Complaint
from spc.nouns import Model, Reference
from spc.phase1 import Recipe, fit
from spc.reference import read
from spc.runlength.budget import Budget
from spc.ui.pages.reference import estimators, fitting
from spc.ui.pages.reference.budget import asked, promise, said_before, typed
from spc.ui.pages.reference.desk import Done


def table(n: int = 200, p: int = 4) -> Reference:
    x = np.random.default_rng(3).standard_normal((n, p))
    lines = ["time,lot," + ",".join(f"v{j}" for j in range(p))]
    lines += [f"2025-01-01T{i // 60:02d}:{i % 60:02d}:00Z,L{i // 5}," + ",".join(f"{v:.9f}" for v in row) for i, row in enumerate(x)]
    return read("\n".join(lines).encode(), name="t.csv", roles={"time": "time", "lot": "subgroup"})


TABLE = table()


def ucl(words: str) -> float:
    found = re.search(r"UCL.*? ([\d.]+)", words)
    assert found, words
    return float(found.group(1))


def fitted(**words: object) -> Model:
    return fit(TABLE, Recipe.from_dict(words)).model


@pytest.mark.parametrize("key", ["classical", "mcd"])
def test_before_the_fit_the_limit_is_about_that_after_it(key: str) -> None:
    words = promise("0.0027", 60.0, None, TABLE, estimator=key)
    assert "before the fit about" in words
    assert ucl(words) == pytest.approx(fitted(estimator=key).new_limits["t2"][-1].value, rel=0.01)


def test_before_the_fit_the_estimator_counts() -> None:
    few = table(40)
    assert ucl(promise("0.0027", None, None, few, estimator="mcd")) > 1.03 * ucl(promise("0.0027", None, None, few, estimator="classical"))


def test_before_the_fit_of_subgroups() -> None:
    words = promise("370", 300.0, None, TABLE, estimator="classical", subgroup="lot")
    assert "one in 370 subgroups" in words
    assert ucl(words) == pytest.approx(fitted(estimator="classical", subgroup="lot", arl0=370).new_limits["t2"][-1].value, rel=0.01)


def test_charts_that_share_a_budget_get_the_most_that_the_limit_can_be() -> None:
    words = promise("0.01", 60.0, None, TABLE, estimator="classical", memory=["mewma"])
    assert "at most about" in words
    model = fitted(estimator="classical", alpha=0.01, charts=["t2", "mewma"])
    after = promise("0.01", 60.0, model, TABLE, memory=["mewma"])
    assert ucl(after) == pytest.approx(model.new_limits["t2"][-1].value, abs=0.06)
    assert "at most" not in after
    assert ucl(after) <= ucl(words)
    assert "at most" in promise("0.01", 60.0, model, TABLE, memory=["mewma", "mcusum"])
    assert ucl(promise("0.005", 60.0, model, TABLE, memory=["mewma"])) > ucl(after)


def test_after_the_fit_the_limit_is_that_of_the_model() -> None:
    model = fitted(estimator="classical")
    exact = model.new_limits["t2"][-1].value
    assert f"UCL {exact:.3g}" in promise(said_before(model), 60.0, model, TABLE)
    assert "UCL about" in promise("0.001", 60.0, model, TABLE)
    assert "before the fit" in promise("0.001", 60.0, model, TABLE, estimator="mcd50")


def test_a_limit_is_typed_and_what_it_means_is_told() -> None:
    assert typed("ucl 21,5 every 45s, 2 of 3") == {"ucl": "21,5", "every": "45s", "watch": "2 of 3"}
    before = promise("UCL 18", 60.0, None, TABLE, estimator="classical")
    model = fitted(estimator="classical", ucl=18.0)
    assert said_before(model) == "UCL 18"
    after = promise("UCL 18", 60.0, model, TABLE)
    assert f"α {model.alpha:.3g} · ARL₀" in after
    assert "per day" in after
    assert "before the fit" in before
    assert float(re.findall(r"α .*?([\d.]+) ·", before)[0]) == pytest.approx(model.alpha, rel=0.02)
    assert asked("UCL 18", 60.0, "row") == {"ucl": 18.0}
    close = promise("UCL 17", 60.0, model, TABLE)
    assert float(re.findall(r"α about ([\d.]+) ·", close)[0]) == pytest.approx(fitted(estimator="classical", ucl=17.0).alpha, rel=0.05)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "is not said"),
        ("UCL", "not a number"),
        ("UCL -4", "not a limit"),
        ("UCL 0.1", "of the good points"),
        ("now and then", "not a number"),
        ("9 per second", "between 0 and 1"),
        ("0.01, 3 of 2", "3 of 2"),
    ],
)
def test_what_makes_no_sense_is_answered_in_words(text: str, said: str) -> None:
    with pytest.raises(Complaint, match=said) as wrong:
        promise(text, 60.0, None, TABLE, estimator="classical")
    assert wrong.value.cure


def test_a_limit_is_not_shared() -> None:
    with pytest.raises(Complaint, match="T² alone"):
        promise("UCL 18", 60.0, None, TABLE, estimator="mcd", memory=["mewma"])


def test_too_few_rows_say_so() -> None:
    assert "known after the fit" in promise("0.01", 60.0, None, table(4), estimator="mcd")
    assert "known after the fit" in promise("UCL 9", 60.0, None, table(4), estimator=estimators.AS_BEFORE)


def test_an_activation_on_a_line_with_another_rule_or_pace_says_both_rates() -> None:
    model = fitted(estimator="classical", false_alarms="1 per day", every="60s", watch="2 of 3")
    kept = Budget.kept(model)
    assert kept.against(2, 3, 60.0) == ""
    told = kept.against(1, 1, 600.0)
    assert "2 of 3 points beyond, one false alarm in 1440 rows; this line signals at a single point beyond, once in" in told
    assert "one row every 60 s; this line has one every 600 s: 3.04 per month" in told
    done = Done("press", "Press 1", "v2", 0, 7, told)
    words = str(fitting.confirmed(done, "abc", model, "UTC"))
    assert told.partition("; ")[2] in words
    assert "2 of 3" in words
    assert "against" not in str(fitting.confirmed(Done("press", "Press 1", "v2", 0, 7), "abc", model, "UTC"))
