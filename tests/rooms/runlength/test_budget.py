"""The budget of false alarms: each way to say it, back and forth, and rules of k of n against simulation of the watch itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spc.errors import BadRecipe
from spc.nouns import Points, Track
from spc.phase1 import Recipe
from spc.runlength.budget import Budget
from spc.runlength.persistence import Persistence
from spc.watch import Watch


@pytest.mark.parametrize("watch", [None, "2 of 3", "3 of 5"])
def test_each_way_to_say_it_gives_the_same_budget(watch: str | None) -> None:
    said = {"watch": watch, "every": "45s", "false_alarms": "1 per week"}
    week = Budget.of(said)
    assert week.arl0 == pytest.approx(604800 / 45, rel=1e-12)
    assert week.per("week") == pytest.approx(1.0, rel=1e-12)
    for other in ({"arl0": week.arl0, "watch": watch}, {"alpha": week.alpha, "watch": watch}):
        again = Budget.of(other, interval=45.0)
        assert again.alpha == pytest.approx(week.alpha, rel=1e-9)
        assert again.rate == "1 per week"
    assert Budget.of(week.to_dict()).alpha == week.alpha


@pytest.mark.parametrize("k, n", [(2, 2), (3, 3), (4, 4)])
def test_runs_follow_the_closed_form(k: int, n: int) -> None:
    for p in (0.5, 0.03, 1e-4):
        assert Persistence(k, n).arl(p) == pytest.approx(sum(p**j for j in range(k)) / p**k, rel=1e-12)


@pytest.mark.parametrize("k, n", [(2, 3), (3, 5), (4, 10)])
@pytest.mark.parametrize("arl0", [15.0, 370.0, 1e6, 1e12])
def test_the_alpha_of_an_arl_has_that_arl(k: int, n: int, arl0: float) -> None:
    rule = Persistence(k, n)
    assert rule.arl(rule.alpha(arl0)) == pytest.approx(arl0, rel=1e-12)


@pytest.mark.parametrize("k, n", [(1, 1), (2, 3), (3, 5)])
def test_the_watch_itself_signals_as_rarely_as_promised(k: int, n: int) -> None:
    alpha, rng, firsts = Persistence(k, n).alpha(40.0), np.random.default_rng(4), []
    for _ in range(1500):
        rows = 1200
        out = rng.random(rows) < alpha
        track = Track(out.astype(float), np.full(rows, 0.5), out)
        at = np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
        points = Points(np.arange(1, rows + 1), at, (None,) * rows, {"t2": track}, ("",) * rows)
        firsts.append(Watch(k, n).step({}, points)[1][0].point.row)
    assert np.mean(firsts) == pytest.approx(40.0, abs=4.0 * np.std(firsts) / np.sqrt(len(firsts)))


@pytest.mark.parametrize(
    "said, words",
    [
        ({"alpha": 0.01, "arl0": 100}, "alpha and arl0"),
        ({"arl0": 370, "every": "45s"}, "every has a meaning only with false_alarms"),
        ({"false_alarms": "1 per week"}, "no times"),
        ({"false_alarms": "now and then", "every": "1s"}, "now and then"),
        ({"false_alarms": 3, "every": "1s"}, "'3'"),
        ({"arl0": 2, "watch": "2 of 3"}, "more than 2 points"),
        ({"alpha": "much"}, "'much'"),
        ({"alpha": True}, "'True'"),
        ({"watch": "often"}, "often"),
        ({"watch": "3 of 2"}, "3 of 2"),
        ({"watch": "9 of 40"}, "shorter window"),
    ],
)
def test_what_makes_no_sense_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRecipe) as wrong:
        Budget.of(said)
    assert words in str(wrong.value)


def test_a_recipe_keeps_the_words_and_alpha_is_per_point() -> None:
    recipe = Recipe.from_dict({"false_alarms": "1 per week", "watch": "2 of 3"}, interval=45.0)
    assert recipe.alpha == pytest.approx(Persistence(2, 3).alpha(13440.0), rel=1e-12)
    assert recipe.budget == {"false_alarms": "1 per week", "every": "45s", "watch": "2 of 3"}
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    with pytest.raises(BadRecipe, match="not that of the budget"):
        Recipe.from_dict({**recipe.to_dict(), "alpha": 0.01})
    with pytest.raises(BadRecipe, match="twice"):
        Recipe.from_dict({**recipe.to_dict(), "arl0": 100})
