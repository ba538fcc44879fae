"""`spc explain --chart`: whose doing a row's point on any chart is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Spc = Callable[..., Any]
CHARTS = ("mewma", "mcusum", "ewma_log_t2", "mewmc")


@pytest.fixture(scope="module")
def remembering(spc: Spc, tmp_path_factory: pytest.TempPathFactory, reference: Path) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.json"
    done = spc("fit", reference, "-o", path, "--estimator", "classical", "--charts", f"t2,{','.join(CHARTS)}")
    assert done.code == 0, done.err
    return path


def beyond(spc: Spc, model: Path, stream: Path, tmp_path: Path, chart: str) -> tuple[int, float]:
    """The first row from 301 on that is out on a chart, and its statistic: the press wears (301 to 360), a clamp is loose (401 to 425)."""
    assert spc("judge", model, stream, "-o", tmp_path / "points.csv").code == 0
    head, *lines = (tmp_path / "points.csv").read_text().splitlines()
    place = {name: j for j, name in enumerate(head.split(","))}
    for line in lines[300:]:
        cells = line.split(",")
        if cells[place[f"{chart}_out"]] == "1":
            return int(cells[place["row"]]), float(cells[place[chart]])
    raise AssertionError(f"{chart} never rang")


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_with_memory_blames_the_worn_press_or_the_loose_clamp(
    spc: Spc, remembering: Path, stream: Path, tmp_path: Path, chart: str
) -> None:
    row, value = beyond(spc, remembering, stream, tmp_path, chart)
    done = spc("explain", remembering, stream, "--row", row, "--chart", chart, "--json")
    found = json.loads(done.out)
    assert (done.code, found["row"], found["chart"]) == (0, row, chart)
    assert found["value"] == pytest.approx(value, rel=1e-9)
    assert math.fsum(found["blame"].values()) == pytest.approx(value, rel=1e-9)
    if row <= 400:
        assert set(found["named"]) & {"thickness_mm", "copper_um"}
    else:  # every variable varies 1.9 times as much
        assert found["kind"] == "spread"
        assert chart in ("ewma_log_t2", "mewmc")
        assert all(1.2 < now < 3.0 for one, other, now in found["pairs"] if one == other)
        assert len(found["named"]) >= 3
    assert found["sentence"].endswith(".")
    text = spc("explain", remembering, stream, "--row", row, "--chart", chart).out
    assert found["sentence"] in text
    assert f"{chart} {value:.4g}" in text


def test_a_point_within_its_limit_blames_nobody_in_words(spc: Spc, remembering: Path, stream: Path) -> None:
    found = json.loads(spc("explain", remembering, stream, "--row", 3, "--chart", "mewma", "--json").out)
    assert found["sentence"] == "The point lies within its limit."


def test_a_chart_that_the_model_does_not_have(spc: Spc, remembering: Path, stream: Path) -> None:
    done = spc("explain", remembering, stream, "--row", 3, "--chart", "mewm")
    assert (done.code, done.out) == (2, "")
    assert "t2, mewma, mcusum, ewma_log_t2" in done.err
