"""The dispersion of subgroups in a terminal: fitted, judged, explained, and where it is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.rooms.cli.conftest import Done

Spc = Callable[..., Done]


def table(seed: int, lots: int) -> pd.DataFrame:
    x = np.random.default_rng(seed).standard_normal((6 * lots, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    return pd.DataFrame({"lot": [f"L{i // 6 + 1}" for i in range(6 * lots)], "warp_mm": x[:, 0], "copper_um": x[:, 1]})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dispersion")
    new = table(2, 4)
    wide = new.lot == "L3"
    new.loc[wide, "warp_mm"] = new.warp_mm[wide].mean() + 6.0 * (new.warp_mm[wide] - new.warp_mm[wide].mean())
    table(1, 20).to_csv(folder / "reference.csv", index=False)
    new.to_csv(folder / "new.csv", index=False)
    return folder / "reference.csv", folder / "new.csv"


@pytest.fixture(scope="module")
def model(spc: Spc, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.json"
    done = spc("fit", files[0], "-o", path, "--estimator", "classical", "--subgroup", "lot", "--charts", "t2,dispersion")
    assert done.code == 0, done.err
    return path


def test_a_subgroup_that_scatters_wider_is_called_out_on_its_last_row_and_explained(
    spc: Spc, files: tuple[Path, Path], model: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO(spc("judge", model, files[1], "-o", "-").out)))
    stated = {int(row["row"]): float(row["dispersion"]) for row in rows if row["dispersion"]}
    assert list(stated) == [6, 12, 18, 24]
    limit = json.loads(model.read_text())["subgroup"]["by_size"]["dispersion"][-1][1]
    assert [value > limit for value in stated.values()] == [False, False, True, False]
    said = json.loads(spc("explain", model, files[1], "--row", "18", "--chart", "dispersion", "--json").out)
    assert said["value"] == stated[18]
    assert said["ucl"] == limit
    assert said["kind"] == "spread"
    assert said["named"] == ["warp_mm"]
    assert said["since_row"] is None
    assert sum(said["blame"].values()) == pytest.approx(stated[18])
    assert said["sentence"].startswith("spread, not level: warp_mm varies ")
    worked = json.loads(spc("explain", model, files[1], "--row", "18", "--arithmetic", "--json").out)["arithmetic"]
    assert [one["what"] for one in worked[2:]] == ["dispersion of this subgroup", "UCL of dispersion for a new subgroup of 6 rows"]
    assert worked[2]["value"] == stated[18]
    told = spc("explain", model, files[1], "--row", "18", "--chart", "dispersion", "--language", "de").out
    assert "Streuung, nicht Lage: warp_mm streut" in told
    inside = spc("explain", model, files[1], "--row", "14", "--chart", "dispersion")
    assert inside.out.startswith("Row 18: dispersion ")  # where the subgroup of row 14 closes


def test_what_it_cannot_do_is_said(spc: Spc, files: tuple[Path, Path]) -> None:
    single = spc("fit", files[0], "--estimator", "classical", "--ignore", "lot", "--charts", "t2,dispersion")
    assert single.code == 2
    assert "a single row has none" in single.err
    assert "--subgroup" in single.err
    for names in ("dispersion", "t2,dispersion"):
        run = spc("arl", "--chart", names, "-p", 2, "--arl0", 100)
        assert run.code == 2
        assert "judges subgroups" in run.err
