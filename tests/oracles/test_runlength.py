"""Run lengths and limits against published tables and against what other programs computed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spc.runlength import Mcusum, Mewma


@pytest.mark.parametrize(
    "p,lam,arl0,printed",
    [
        (2, 0.25, 100, 8.37),  # Rigdon 1995, table 1
        (2, 0.25, 200, 9.90),
        (3, 0.25, 1000, 15.82),  # Knoth 2017, table 2
        (3, 0.20, 1000, 15.62),
        (3, 0.15, 1000, 15.31),
        (3, 0.10, 1000, 14.76),
        (3, 0.05, 1000, 13.60),
        (2, 0.10, 200, 8.64),  # Prabhu & Runger 1997, by a Markov chain with few states: 8.6336
    ],
)
def test_published_limits_of_mewma(p: int, lam: float, arl0: float, printed: float) -> None:
    assert Mewma(p, lam).limit(arl0) == pytest.approx(printed, abs=0.0075)


@pytest.mark.parametrize("p,printed", [(2, 5.4912), (3, 6.8826), (5, 9.3869), (10, 14.9194), (20, 24.7106)])
def test_published_limits_of_mcusum(p: int, printed: float) -> None:
    assert Mcusum(p, 0.5).limit(200.0) == pytest.approx(printed, abs=6e-5)


def test_a_limit_of_5_5_is_right_for_two_variables_only() -> None:
    assert Mcusum(2, 0.5).run_length(5.5).arl == pytest.approx(201.5, abs=0.05)
    assert [round(Mcusum(p, 0.5).run_length(5.5).arl) for p in (3, 4, 5)] == [73, 37, 23]


@pytest.mark.parametrize("shift,printed", [(0.0, 199.78), (0.5, 35.05), (1.0, 12.17), (1.5, 7.22)])
def test_the_run_lengths_of_runger_and_prabhu(shift: float, printed: float) -> None:
    """Molnau et al. 2001, 25 by 25 cells, p = 4, λ = 0.1, h = 12.73: their grid is worth half a per cent."""
    assert Mewma(4, 0.1).run_length(12.73, shift).arl == pytest.approx(printed, rel=5e-3)


def grid(shared: Path, name: str, every: int = 1) -> Iterator[Any]:
    path = shared / "oracle" / "expected" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no {path.name} in the folder of oracles")
    found = json.loads(path.read_text())["grid"]
    assert len(found) >= 50
    yield from found[::every]


@pytest.mark.oracle
def test_limits_of_mewma_over_the_grid(shared: Path) -> None:
    off = [
        one for one in grid(shared, "mewma_crit_grid", 5) if abs(Mewma(one["p"], one["lambda"]).limit(one["ARL0"]) / one["h4"] - 1) > 1e-6
    ]
    assert off == []


@pytest.mark.oracle
def test_limits_of_mewma_with_the_exact_variance_over_the_grid(shared: Path) -> None:
    off = []
    for one in grid(shared, "mewma_exactcov_h_grid", 7):
        if one["lam"] >= 0.05 and abs(Mewma(one["p"], one["lam"], exact=True).limit(one["ARL0"]) / one["h_exactcov"] - 1) > 1e-5:
            off.append(one)
    assert off == []


@pytest.mark.oracle
def test_limits_of_mcusum_over_the_grid(shared: Path) -> None:
    off = [
        one for one in grid(shared, "mcusum_crosier_h_grid", 5) if abs(Mcusum(one["p"], one["k"]).limit(one["ARL0"]) / one["h"] - 1) > 1e-6
    ]
    assert off == []


@pytest.mark.oracle
def test_run_lengths_of_mewma_after_a_shift_over_the_grid(shared: Path) -> None:
    off = []
    for one in grid(shared, "mewma_arl_grid", 7):
        found = Mewma(one["p"], one["lambda"]).run_length(one["h4"], one["noncentrality"])
        if abs(found.arl - one["arl_zero_state"]) > max(10 * one["abs_accuracy"], 1e-4):
            off.append((one, found))
    assert off == []


@pytest.mark.oracle
def test_run_lengths_of_mewma_agree_with_thirty_nodes_of_the_r_package(shared: Path) -> None:
    path = shared / "data" / "reference_values" / "mewma_ooc_arl_spc.csv"
    if not path.exists():
        pytest.skip(f"no {path.name} in the folder of data")
    with path.open(encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    assert len(rows) >= 50
    off = []
    for row in rows[::3]:
        found = Mewma(int(row["p"]), row["lambda"]).run_length(row["h4"], row["delta_mahalanobis"]).arl
        if abs(found / row["ARL_gl_r30"] - 1) > 0.01:
            off.append((row, found))
    assert off == []


@pytest.mark.oracle
@pytest.mark.parametrize("name,key", [("mewma_exactcov_mc", "arl"), ("mcusum_oc_mc", "crosier_arl")])
def test_run_lengths_agree_with_simulations(shared: Path, name: str, key: str) -> None:
    path = shared / "oracle" / "expected" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no {path.name} in the folder of oracles")
    off = []
    for one in json.loads(path.read_text())["grid"]:
        if one.get("lam", 1.0) < 0.1 or one["p"] > 5:
            continue  # a second or more each
        if key == "arl":
            found = Mewma(one["p"], one["lam"], one["exact_covariance"]).run_length(one["h4"], one["noncentrality"]).arl
            error = one["se"]
        else:
            found = Mcusum(one["p"], one["k"]).run_length(one["h_crosier"], one["noncentrality"]).arl
            error = one["crosier_se"]
        if abs(found - one[key]) > 4 * error:
            off.append((one, found))
    assert off == []
