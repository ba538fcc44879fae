"""Limits from the reference itself on the Tennessee-Eastman process: fresh normal runs alarm as often as promised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spc.nouns import Dialect, Model, Reference, Rows
from spc.phase1 import Recipe, fit
from spc.scatter import Classical

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def runs(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two normal tables, one after the other as one reference, and the four fresh normal runs."""
    folders = shared / "data" / "tep_braatz", shared / "data" / "tep_fresh_normal"
    for folder in folders:
        if not folder.exists():
            pytest.skip(f"no data at {folder}")
    reference = pd.concat([pd.read_csv(folders[0] / name) for name in ("d00.csv", "d00_te.csv")])
    return reference, pd.concat([pd.read_csv(path) for path in sorted(folders[1].glob("normal_*.csv"))])


def columns(table: pd.DataFrame, p: int) -> list[str]:
    measured = [name for name in table.columns if name.startswith("XMEAS")]
    return [*(measured if p == 52 else measured[:22]), *(name for name in table.columns if name.startswith("XMV"))]


def model(table: pd.DataFrame, names: list[str], recipe: Recipe) -> Model:
    rows = Rows.of(table[names].to_numpy(float), tuple(names))
    return fit(Reference(rows, (), Dialect("utf-8", ",", "."), (), "0"), recipe).model


def rate(found: Model, fresh: pd.DataFrame) -> float:
    return float(np.mean(found.scatter.d2(fresh[list(found.names)].to_numpy(float)) > found.new_limits["t2"][-1].value))


@pytest.mark.parametrize("p", [33, 52])
def test_auto_really_alarms_as_often_as_it_says_and_the_f_law_does_not(runs: tuple[pd.DataFrame, pd.DataFrame], p: int) -> None:
    reference, fresh = runs
    names = columns(reference, p)
    assert len(names) == p
    chosen = model(reference, names, Recipe(alpha=0.01))
    law = model(reference, names, Recipe(alpha=0.01, estimator=Classical(), limit="f"))
    assert 0.005 <= rate(chosen, fresh) <= 0.015, rate(chosen, fresh)
    assert rate(law, fresh) > 0.015
    (why,) = (one for one in chosen.findings if one.kind == "limit")
    assert "neighbouring rows are alike" in why.text
    assert "taken from the reference itself" in why.text
