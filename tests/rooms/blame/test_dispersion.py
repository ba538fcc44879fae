"""A covariance that is not the reference's: shares, the variables that are named, what moved, and the sentence that says it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from spc.blame import cause
from spc.blame.level import shifted
from spc.blame.matter import matter
from spc.blame.words import worded
from spc.nouns import Cause, Dialect, Floats, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import Classical

NAMES = ("flow", "heat", "speed", "torque")
WORTH = 39.0


@pytest.fixture(scope="module")
def model() -> Model:
    x = np.random.default_rng(1).standard_normal((2000, 4)) @ np.linalg.cholesky(0.6 + 0.4 * np.eye(4)).T * [1.0, 10.0, 1e-3, 1e5]
    return fit(Reference(Rows.of(x, NAMES), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model


def whitened(model: Model, now: Floats) -> Floats:
    """C of a covariance in the variables' own units."""
    lower = model.scatter.factor
    return np.asarray(np.linalg.solve(lower, np.linalg.solve(lower, now).T))


def divergence(now: Floats, was: Floats) -> float:
    ratio = np.linalg.solve(was, now)
    return float(np.trace(ratio) - np.log(np.linalg.det(ratio)) - len(was))


def scaled(model: Model, **times: float) -> Floats:
    by = np.array([times.get(name, 1.0) for name in NAMES])
    return model.scatter.covariance * np.outer(by, by)


def without(model: Model, j: int, *others: int) -> Floats:
    """The same variances, and variable j without its relations to the others."""
    now = model.scatter.covariance.copy()
    for k in others or [k for k in range(4) if k != j]:
        now[j, k] = now[k, j] = 0.0
    return now


def found(model: Model, now: Floats) -> Cause:
    c = whitened(model, now)
    return cause(model, "mewmc", covariance=c, worth=WORTH, value=divergence(c, np.eye(4)))


def test_shares_are_the_diagonal_of_the_divergence_of_the_matrix(model: Model) -> None:
    noise = np.random.default_rng(2).standard_normal((30, 4))
    now = model.scatter.factor @ (noise.T @ noise / 25) @ model.scatter.factor.T
    one = found(model, now)
    sizes, axes = np.linalg.eig(np.linalg.solve(model.scatter.covariance, now))  # of the matrix that is not symmetric, by itself
    wanted = np.diag(axes @ np.diag(sizes - np.log(sizes) - 1.0) @ np.linalg.inv(axes))
    np.testing.assert_allclose(one.share, wanted, rtol=1e-7, atol=1e-9)
    assert float(one.share.sum()) == pytest.approx(divergence(now, model.scatter.covariance), rel=1e-9)
    given = [  # what a variable is given the others, by the covariances themselves
        (np.linalg.solve(s, now) @ np.linalg.inv(s))[j, j] / np.linalg.inv(s)[j, j] for s in [model.scatter.covariance] for j in range(4)
    ]
    assert np.argsort(one.given).tolist() == np.argsort(given).tolist()


def test_noise_on_one_variable_is_its_own_share_to_the_last_part(model: Model) -> None:
    now = model.scatter.covariance.copy()
    now[2, 2] *= 3.0
    one = found(model, now)
    assert one.share[2] == pytest.approx(one.value, rel=1e-9)
    np.testing.assert_allclose(np.delete(one.share, 2), 0.0, atol=1e-9 * one.value)
    assert one.named == ("speed",)


@pytest.mark.parametrize("j", range(4))
def test_the_named_set_is_the_smallest_without_which_the_others_are_as_they_were(model: Model, j: int) -> None:
    for now in (scaled(model, **{NAMES[j]: 2.5}), scaled(model, **{NAMES[j]: 0.3}), without(model, j)):
        one = found(model, now)
        assert one.named == (NAMES[j],)
        rest = [k for k in range(4) if k != j]
        assert divergence(now[np.ix_(rest, rest)], model.scatter.covariance[np.ix_(rest, rest)]) == pytest.approx(0.0, abs=1e-10)


def test_a_relation_of_two_that_broke_names_both(model: Model) -> None:
    x = np.random.default_rng(3).standard_normal((2000, 2))
    two = fit(Reference(Rows.of(x, ("a", "b")), (), Dialect("utf-8", ",", "."), (), "0"), Recipe(estimator=Classical(), limit="f")).model
    s = two.scatter.covariance
    now = s.copy()
    now[0, 1] = now[1, 0] = 0.85 * np.sqrt(s[0, 0] * s[1, 1])
    one = cause(two, "mewmc", covariance=whitened(two, now), worth=WORTH)
    assert set(one.named) == {"a", "b"}
    assert [set(pair[:2]) for pair in one.pairs] == [{"a", "b"}]
    assert one.pairs[0][2] == pytest.approx(0.85)
    assert one.value == pytest.approx(divergence(now, s), rel=1e-9)


def test_what_moved_is_told_with_its_size_and_whoever_is_named_is_told_of(model: Model) -> None:
    wide = found(model, scaled(model, heat=2.5))
    assert [pair[:2] for pair in wide.pairs] == [("heat", "heat")]
    assert wide.pairs[0][2] == pytest.approx(2.5)
    lost = found(model, without(model, 0))
    assert {frozenset(pair[:2]) for pair in lost.pairs} == {frozenset(("flow", name)) for name in NAMES[1:]}
    assert all(now == pytest.approx(0.0, abs=1e-9) for *_, now in lost.pairs)
    slight = found(model, scaled(model, torque=1.05))
    assert slight.named
    assert set(slight.named) <= {name for pair in slight.pairs for name in pair[:2]}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"heat": 2.5}, "spread, not level: heat varies 2.5 times as much as in the reference."),
        ({"heat": 0.3}, "spread, not level: heat varies only 0.30 times as much as in the reference."),
    ],
)
def test_the_sentence_of_a_variance(model: Model, change: dict[str, float], words: str) -> None:
    assert worded(matter(model, found(model, scaled(model, **change)))) == words


def test_the_sentence_of_a_relation(model: Model) -> None:
    said = worded(matter(model, found(model, without(model, 0))))
    assert said.startswith("spread, not level: the relation of flow and ")
    assert "is looser (correlation 0.0, reference 0.6)" in said
    assert "as much as" not in said


@pytest.mark.parametrize("kind", ["level", "spread"])
def test_rows_tell_a_shift_from_a_spread(model: Model, kind: str) -> None:
    rng = np.random.default_rng(4)
    z = rng.standard_normal((40, 4))
    x = model.scatter.colour(z)
    sd = np.sqrt(np.diag(model.scatter.covariance))
    x[20:, 1] += 2.0 * sd[1] if kind == "level" else 3.0 * sd[1] * rng.standard_normal(20)
    c = np.cov(model.scatter.whiten(x[20:]).T)
    one = cause(model, "mewmc", covariance=c, worth=WORTH, value=3.0, rows=x)
    assert (one.kind in ("level", "relation")) == (kind == "level")
    assert "heat" in one.named
    assert float(one.share.sum()) == pytest.approx(3.0, rel=1e-9)


def test_rows_in_control_are_seldom_said_to_have_shifted(model: Model) -> None:
    rng = np.random.default_rng(5)
    said = sum(shifted(model, rng.standard_normal((64, 4))) is not None for _ in range(100))
    assert said < 40
    assert sum(shifted(model, rng.standard_normal((64, 4)) + 1.2 * np.eye(4)[1]) is not None for _ in range(20)) == 20


def test_far_rows_are_told_apart_where_probabilities_are_no_longer_numbers(model: Model) -> None:
    rng = np.random.default_rng(6)
    wild, far = rng.standard_normal((2, 40, 4))
    wild[-12:] *= 500.0
    far[-12:, 0] += 500.0
    assert shifted(model, wild) is None
    shift = shifted(model, far)
    assert shift is not None
    assert shift[0] == pytest.approx(500.0 * np.sqrt(12), rel=0.01)


def test_every_subset_of_columns_has_a_smaller_divergence(model: Model) -> None:
    """What a variable takes away when it is set aside is never negative: the chain rule of divergences, of which the set is made."""
    noise = np.random.default_rng(7).standard_normal((30, 4))
    now, was = model.scatter.factor @ (noise.T @ noise / 30) @ model.scatter.factor.T, model.scatter.covariance
    whole = divergence(now, was)
    for some in combinations(range(4), 3):
        assert divergence(now[np.ix_(some, some)], was[np.ix_(some, some)]) < whole


def test_a_cause_is_of_one_thing(model: Model) -> None:
    with pytest.raises(ValueError, match="one of"):
        cause(model, "mewmc", x=np.zeros(4), covariance=np.eye(4))
