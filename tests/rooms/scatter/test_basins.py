"""When the lowest determinant rests on a tight cluster, the other basin is shown beside it, and a person chooses."""

from __future__ import annotations

import numpy as np
import pytest

from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.phase1 import Recipe, fit
from spc.reference import read
from spc.scatter import Mcd

BAD = 200


def clustered(distance: float, spread: float) -> Floats:
    rng = np.random.default_rng(20)
    x = rng.standard_normal((1000, 10))
    x[:BAD] = spread * x[:BAD]
    x[:BAD, 0] += distance
    return x


@pytest.mark.parametrize("h", [0.5, 0.75])
@pytest.mark.parametrize("distance, spread", [(10.0, 1.0), (100.0, 0.05)])
def test_a_far_cluster_of_twenty_percent_is_found_whole(h: float, distance: float, spread: float) -> None:
    answer = Mcd(h=h)(clustered(distance, spread))
    assert answer.rival is None
    assert answer.used is not None
    assert not answer.used[:BAD].any()
    assert answer.used[BAD:].mean() > 0.97


@pytest.mark.parametrize("h", [0.5, 0.75])
def test_a_tight_cluster_that_lowers_the_determinant_has_a_rival_that_leaves_it_out(h: float) -> None:
    x = clustered(10.0, 0.3)
    lowest = Mcd(h=h)(x)
    rival = lowest.rival
    assert rival is not None
    assert lowest.used is not None
    assert rival.used is not None
    assert (lowest.objective or 0.0) < (rival.objective or 0.0)
    assert lowest.used[:BAD].all()
    assert not rival.used[:BAD].any()
    assert rival.used[BAD:].mean() > 0.97


@pytest.mark.parametrize("n, p, distance", [(150, 6, 8.0), (250, 8, 8.0), (350, 10, 10.0)])
def test_of_a_knot_that_is_taken_for_good_a_person_is_told(n: int, p: int, distance: float) -> None:
    rng = np.random.default_rng([n, p])
    for _ in range(4):
        x = rng.standard_normal((n, p))
        bad = n // 5
        x[:bad] *= 0.3
        x[:bad, 0] += distance
        answer = Mcd()(x)
        assert answer.used is not None
        if answer.used[:bad].mean() > 0.5:
            assert answer.rival is not None
            assert answer.rival.used is not None
            assert answer.rival.used[:bad].mean() < 0.1
            assert answer.rival.used[bad:].mean() > 0.9


def test_the_other_basin_can_be_asked_for() -> None:
    x = clustered(10.0, 0.3)
    lowest, chosen = Mcd()(x), Mcd(basin="deterministic")(x)
    assert lowest.rival is not None
    assert chosen.rival is not None
    assert np.array_equal(chosen.factor, lowest.rival.factor)
    assert np.array_equal(chosen.rival.factor, lowest.factor)
    with pytest.raises(BadRecipe, match="no basin 'best'"):
        Mcd(basin="best")  # type: ignore[arg-type]


def test_clean_tables_hardly_ever_have_two_basins() -> None:
    rng = np.random.default_rng(3)
    rivals = sum(Mcd(h=h)(rng.standard_normal((100, 4))).rival is not None for h in (0.5, 0.75) for _ in range(60))
    assert rivals <= 3


def test_the_fit_tells_of_both_basins_with_their_objectives_and_the_rows_between_them() -> None:
    x = clustered(10.0, 0.3)
    header = "a,b,c,d,e,f,g,h,i,j\n" + "\n".join(",".join(f"{v:.9f}" for v in row) for row in np.vstack([x[100:400], x[400:700]])) + "\n"
    reference = read(header.encode())
    first = fit(reference, Recipe(estimator=Mcd(h=0.75)))
    (told,) = [f for f in first.model.findings if f.kind == "two_basins"]
    assert told.severity == "amber"
    assert set(told.rows) >= set(range(1, 101))
    assert f"log det {first.model.scatter.objective:.6g}, the lower" in told.text
    assert "basin 'deterministic'" in told.cure
    second = fit(reference, Recipe(estimator=Mcd(h=0.75, basin="deterministic")))
    assert set(second.model.outliers) >= set(range(1, 101))
    (back,) = [f for f in second.model.findings if f.kind == "two_basins"]
    assert "basin 'lowest'" in back.cure
