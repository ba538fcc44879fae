"""Which set is named: the search over sets against trying all of them, pairs that cannot be told apart, and how long it takes."""

from __future__ import annotations

import itertools
import time
from functools import partial

import numpy as np
import pytest

from spc.blame import cause, eliminated, explain
from spc.blame.named import Laws, inside, named
from spc.blame.sets import Rest
from spc.blame.whose import _broken
from spc.nouns import Dialect, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import Classical


def model_of(correlation: Floats, n: int = 500, seed: int = 4) -> Model:
    x = np.random.default_rng(seed).standard_normal((n, len(correlation))) @ np.linalg.cholesky(correlation).T
    x = (x - x.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T)).T) @ np.linalg.cholesky(correlation).T  # exactly so
    return fit(Reference(Rows.of(x), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model


def alike(p: int, rho: float) -> Floats:
    return np.asarray(np.full((p, p), rho) + (1.0 - rho) * np.eye(p))


def outside(model: Model, x: Floats, gone: tuple[int, ...]) -> float:
    """T² of the others by themselves, from their own block of S."""
    keep = [j for j in range(model.p) if j not in gone]
    block = model.scatter.covariance[np.ix_(keep, keep)]
    off = (x - model.scatter.center)[keep]
    return float(off @ np.linalg.solve(block, off)) if keep else 0.0


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.95])
@pytest.mark.parametrize("seed", range(6))
def test_the_best_set_is_the_best_of_all_sets_of_its_size(rho: float, seed: int) -> None:
    model = model_of(alike(6, rho))
    rng = np.random.default_rng(seed)
    x = model.scatter.colour(rng.standard_normal((1, 6)))[0]
    x[rng.choice(6, 1 + seed % 3, replace=False)] += 7.0
    whole = Rest.of(model.scatter, x[None])
    _, chosen = named(whole, inside(Laws(model)))
    rests = {sets: outside(model, x, sets) for sets in itertools.combinations(range(6), len(chosen))}
    assert outside(model, x, chosen) == pytest.approx(min(rests.values()), rel=1e-7)
    smaller = [outside(model, x, sets) for sets in itertools.combinations(range(6), len(chosen) - 1)]
    assert len(chosen) == 1 + seed % 3
    assert min(smaller) > model.new_limits["t2"][6 - len(chosen)].value or len(chosen) == 1


def test_a_hidden_second_variable_is_named_where_the_t2_of_the_rest_is_not_out() -> None:
    """Of thirty variables one that is five standard deviations out hardly moves the T² of all."""
    model = model_of(alike(30, 0.0))
    x = model.scatter.center.copy()
    x[[3, 8]] += 9.0, 5.0
    assert explain(model, x).smallest_set == ("x4",)
    assert set(cause(model, x=x).named) == {"x4", "x9"}


def test_a_second_variable_as_far_out_as_the_first_is_named_though_the_rest_is_inside() -> None:
    model = model_of(alike(3, 0.0))
    assert (explain(model, np.array([4.4, 3.2, 0.1])).smallest_set, cause(model, x=np.array([4.4, 3.2, 0.1])).named) == (
        ("x1",),
        ("x1", "x2"),
    )
    assert cause(model, x=np.array([8.0, 3.2, 0.1])).named == ("x1",)  # beside so large a shift that may well be noise
    assert cause(model, x=np.array([2.6, 2.7, 0.1])).named == ("x2",)  # no signal: T² is within its limit
    z = model.scatter.whiten(np.array([[4.4, 3.2, 0.1]]))[0]
    assert cause(model, "mewma", remembered=z, value=float(z @ z)).named == ("x1",)  # it rings as soon as it is out: its rest is large


def test_two_that_hang_closely_together_and_part_cannot_be_told_apart() -> None:
    model = model_of(alike(2, 0.95))
    both = cause(model, x=np.array([1.5, -1.5]))
    assert (both.kind, set(both.named)) == ("relation", {"x1", "x2"})
    ((one, other, off),) = both.pairs
    assert {one, other} == {"x1", "x2"}
    assert abs(off) == pytest.approx(float(np.max(np.abs(both.given))), rel=1e-9)
    alone = cause(model, x=np.array([5.0, 0.1]))
    assert (alone.kind, alone.named, alone.pairs) == ("level", ("x1",), ())


def test_the_pair_that_broke_is_not_that_of_two_that_left_a_third_together() -> None:
    correlation = np.array([[1.0, 0.9, 0.9, 0.0], [0.9, 1.0, 0.9, 0.3], [0.9, 0.9, 1.0, 0.0], [0.0, 0.3, 0.0, 1.0]])
    model = model_of(correlation)
    found = cause(model, x=np.array([1.3, 1.2, -1.3, 0.2]))
    assert (found.kind, found.named) == ("relation", ("x3",))
    assert found.pairs[0][:2] == ("x3", "x1")  # the furthest off, not the most closely tied: both are
    ((one, other, off),) = _broken(model, np.array([1.3, 1.2, -1.3, 0.2]), [0, 1])
    assert ({one, other}, off > 4.0) == ({"x1", "x3"}, True)


def test_of_three_the_one_that_left_the_other_two_is_named_though_its_own_value_is_ordinary() -> None:
    model = model_of(alike(3, 0.95))
    found = cause(model, x=np.array([1.6, 1.5, -1.5]))
    assert (found.kind, found.named) == ("relation", ("x3",))
    assert abs(found.sigma[2]) < 2.0
    assert abs(found.given[2]) > 3.0
    assert found.pairs[0][0] == "x3"


def test_a_row_within_its_limit_still_has_a_cause_and_a_row_without_values_none() -> None:
    model = model_of(alike(3, 0.5))
    assert len(cause(model, x=np.array([0.1, -0.2, 0.3])).named) == 1
    with pytest.raises(ValueError, match="without any value"):
        cause(model, x=np.full(3, np.nan))
    with pytest.raises(ValueError, match="one of"):
        cause(model)


def test_what_is_missing_is_not_named_and_says_nothing_of_the_direction() -> None:
    model = model_of(alike(3, 0.5))
    found = cause(model, x=np.array([np.nan, 6.0, 0.0]))
    assert found.named == ("x2",)
    assert np.isnan(found.share).tolist() == [True, False, False]
    implied = model.scatter.colour(found.direction[None] * np.sqrt(found.value))[0] - model.scatter.center
    assert implied[1:] == pytest.approx([6.0, 0.0], abs=1e-9)
    assert implied[0] == pytest.approx(alike(3, 0.5)[0, 1:] @ np.linalg.solve(alike(2, 0.5), [6.0, 0.0]), abs=1e-9)


@pytest.mark.parametrize("shifted", [1, 2, 10, 50])
def test_fifty_variables_take_milliseconds_a_row(shifted: int) -> None:
    model = model_of(alike(50, 0.5), n=1000)
    x = model.scatter.colour(np.random.default_rng(1).standard_normal((1, 50)))[0]
    x[:shifted] += 8.0 * (-1.0) ** np.arange(shifted)
    assert len(cause(model, x=x).named) == shifted
    for verb in (partial(cause, model, x=x), partial(eliminated, model, x)):
        took = []
        for _ in range(5):
            start = time.thread_time()
            verb()
            took.append(time.thread_time() - start)
        assert min(took) < 0.1  # some 2 ms here; who tries every set of them needs hours
