"""The MCD's objective is never above the better of covMcd's two modes on simulated references with every kind of contamination.

And where the lowest determinant rests on a cluster that the deterministic starts leave out, the answer says so: it has a rival.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from spc.scatter import Mcd
from tests.oracles.contaminated import CASES, KINDS, SHAPES, Case

EXPECTED = Path(__file__).parent / "expected" / "covmcd_simulated.json"
pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def expected() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(EXPECTED.read_text())["cases"]
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}x{shape[1]}")
def test_the_objective_is_never_above_covmcds(shape: tuple[int, int], kind: str, expected: Mapping[str, Any]) -> None:
    above = []
    for case in (one for one in CASES if (one.n, one.p) == shape and one.kind == kind):
        above += list(_above(case, expected[case.name]))
    assert not above


def _above(case: Case, theirs: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    x = case.table()
    assert float(x.sum()) == pytest.approx(theirs["sum"], rel=1e-12), "another numpy draws other numbers: make the expected values again"
    found = []
    for alpha, (random, deterministic, h) in theirs["objective"].items():
        ours = Mcd(h=float(alpha))(x)
        assert ours.h == h
        best = min(value for value in (random, deterministic, float("inf")) if value is not None)
        over = float(ours.objective or 0.0) - best
        if over > 1e-9 * max(1.0, abs(best)):
            found.append((case.name, alpha, over))
    return found
