"""SPE against its formula written another way, its number of axes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from spc.charts import Spe, binds, bound, charts_of
from spc.errors import BadRecipe
from spc.limits.outside import box
from spc.nouns import Floats
from spc.scatter import Classical
from spc.scatter.axes import enough

RNG = np.random.default_rng(5)
X: Floats = (RNG.standard_normal((90, 3)) @ RNG.standard_normal((3, 7)) + 0.4 * RNG.standard_normal((90, 7))) * 10.0 ** np.arange(
    -3, 4
) + 5.0
SCATTER = Classical()(X)


def from_the_table(x: Floats, components: int) -> Floats:
    """What the first right singular vectors of the standardised reference do not reproduce: no Cholesky factor, no correlation matrix."""
    mean, sd = X.mean(axis=0), X.std(axis=0, ddof=1)
    _, _, right = np.linalg.svd((X - mean) / sd, full_matrices=False)
    u = (x - mean) / sd
    return np.asarray(np.sum((u - u @ right[:components].T @ right[:components]) ** 2, axis=1))


@pytest.mark.parametrize("components", [1, 2, 3, 5, 6])
def test_it_is_the_squared_length_of_what_the_singular_vectors_leave(components: int) -> None:
    x = X[:20] + RNG.standard_normal((20, 7)) * X.std(axis=0)
    chart = Spe(components=components).bound(SCATTER.factor)
    _, values = chart.step(chart.start(7), SCATTER.whiten(x))
    assert values == pytest.approx(from_the_table(x, components), rel=1e-9)


def test_the_axes_are_those_that_hold_the_share_and_one_is_left() -> None:
    held = np.cumsum(np.sort(np.linalg.eigvalsh(np.corrcoef(X.T)))[::-1]) / 7
    for share in (0.3, 0.6, 0.9, 0.97):
        assert enough(SCATTER.factor, share) == np.searchsorted(held, share) + 1
    assert enough(np.eye(5), 0.99) == 4
    assert Spe(explained=0.999999).bound(SCATTER.factor).components == 6


def test_bound_again_it_keeps_its_number_of_axes() -> None:
    chart = Spe().bound(SCATTER.factor)
    assert chart.bound(np.eye(7)).components == chart.components < enough(np.eye(7), 0.9)
    assert binds(Spe())
    assert binds(chart)
    assert not any(binds(one) for name, one in charts_of({}, ["t2", "mewma", "mcusum", "ewma_log_t2"]).items())


def test_many_scatters_side_by_side_are_in_units_of_their_usual_limits() -> None:
    factors = np.array([SCATTER.factor, Classical()(X[:40]).factor, Classical()(X[30:]).factor])
    advance = bound(Spe(components=2), factors).lanes(6, 7)
    z = RNG.standard_normal((6, 7))
    wanted = []
    for k, factor in enumerate(factors):
        one = Spe(components=2).bound(factor)
        wanted += (one.step({}, z[2 * k : 2 * k + 2])[1] / box(one.outside.weight, 0.0027)).tolist()
    assert advance(z) == pytest.approx(wanted, rel=1e-12)


def test_without_a_scatter_it_does_not_judge() -> None:
    with pytest.raises(TypeError, match="bind"):
        Spe().step({}, np.ones((1, 3)))
    with pytest.raises(TypeError, match="bind"):
        Spe().lanes(2, 3)


@pytest.mark.parametrize(
    "made, words",
    [
        (lambda: Spe(components=0), "0 axes"),
        (lambda: Spe(components=1.5), "not a number of axes"),  # type: ignore[arg-type]
        (lambda: Spe(explained=1.0), "leaves no SPE"),
        (lambda: Spe(components=7).bound(SCATTER.factor), "of 7 variables it cannot leave out 7"),
        (lambda: Spe().bound(np.eye(1)), "One variable"),
    ],
)
def test_numbers_that_make_no_spe_are_refused(made: object, words: str) -> None:
    with pytest.raises(BadRecipe, match=words):
        made()  # type: ignore[operator]
