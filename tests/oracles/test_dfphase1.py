"""The distribution-free Phase I against R's dfphase1 (mphase1) on every open table.

The signed ranks and the first shift with its statistic are the same to the iteration's tolerance, and so are all later ones as long as
they are isolated. After a *step*, dfphase1 no longer counts the last row before it but keeps that row in its sums, so that its later
statistics differ a little from ours, and with them its p-values; on tables where both are far from the border they agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spc.nouns import Floats
from spc.phase1.distribution_free import distribution_free
from spc.phase1.shifts import forward
from spc.phase1.spatial import scores

pytestmark = pytest.mark.oracle


def tables(shared: Path) -> Iterator[tuple[str, Floats, int, dict[str, Any]]]:
    for path in sorted((shared / "oracle" / "expected").glob("*.dfphase1.json")):
        expected = json.loads(path.read_text())
        p, size, m = expected["dim"]
        name = expected["meta"]["data"]
        table = pd.read_csv(shared / "oracle" / "data" / f"{name}.csv").select_dtypes("number").to_numpy(float)
        if "mphase1" in expected and m >= 12:
            yield name, table[:, -p:], size, expected["mphase1"]


def test_signed_ranks_and_the_first_shift(shared: Path) -> None:
    compared = 0
    for name, x, size, expected in tables(shared):
        m = len(x) // size
        sizes = np.full(m, size)
        z = (x - x.mean(axis=0)) / x.std(axis=0)
        ours = scores(z[None], sizes)[0]
        theirs = np.array(expected["signed_ranks"])
        if theirs.ndim == 2:
            assert ours @ ours.T == pytest.approx(theirs.T @ theirs, abs=1e-4), name
        found = forward(ours.reshape(m, size, -1).sum(axis=1), sizes, 1, isolated=size > 1)
        first = expected["forward"][0]
        assert found.totals[0] == pytest.approx(first["T"], rel=1e-5), name
        assert (found.shifts[0][0], found.shifts[0][1] + 1) in {
            (first["type"].lower(), first["time"]),
            (first["type"].lower(), first["time"] + 1),  # some of its steps are told by the last row before
        }, name
        compared += 1
    assert compared >= 30


@pytest.mark.parametrize("name", ["archery1", "carbon1", "carbon2"])
def test_isolated_shifts_to_the_last(shared: Path, name: str) -> None:
    _, x, size, expected = next(one for one in tables(shared) if one[0] == name)
    steps = [k for k, one in enumerate(expected["forward"]) if one["type"] == "Step"]
    theirs = [one["T"] for one in expected["forward"]][: (steps[0] + 1) if steps else None]
    m = len(x) // size
    ours = scores(((x - x.mean(axis=0)) / x.std(axis=0))[None], np.full(m, size))[0]
    found = forward(ours.reshape(m, size, -1).sum(axis=1), np.full(m, size), len(theirs), isolated=True)
    assert found.totals == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("name, stable", [("archery1", True), ("carbon1", True), ("ryan", False), ("syn_step", False), ("boiler", False)])
def test_the_verdict(shared: Path, name: str, stable: bool) -> None:
    _, x, size, expected = next(one for one in tables(shared) if one[0] == name)
    label = None if size == 1 else np.repeat(np.arange(len(x) // size), size).tolist()
    found = distribution_free(x, permutations=399, subgroup=label)
    assert found.stable == stable == (expected["p_value"] > 0.05)
    if stable:
        assert found.p_value == pytest.approx(expected["p_value"], abs=0.1)
