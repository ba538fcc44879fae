"""SPE in a terminal: fitted beside T², judged, taken apart in words."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Spc = Callable[..., Any]


@pytest.fixture(scope="module")
def model(spc: Spc, tmp_path_factory: pytest.TempPathFactory, reference: Path) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.json"
    done = spc("fit", reference, "-o", path, "--estimator", "classical", "--charts", "t2,spe")
    assert done.code == 0, done.err
    assert "spe: UCL " in done.out
    return path


def test_a_row_that_breaks_a_relation_is_explained(spc: Spc, model: Path, stream: Path, tmp_path: Path) -> None:
    assert spc("judge", model, stream, "-o", tmp_path / "points.csv").code == 0
    with (tmp_path / "points.csv").open(newline="") as lines:
        out = [one for one in csv.DictReader(lines) if one["spe_out"] == "1"]
    assert out
    row, value = int(out[0]["row"]), float(out[0]["spe"])
    found = json.loads(spc("explain", model, stream, "--row", row, "--chart", "spe", "--json").out)
    assert found["value"] == pytest.approx(value, rel=1e-12)
    assert math.fsum(found["blame"].values()) == pytest.approx(value, rel=1e-9)
    assert found["kind"] in ("relation", "level")
    assert any(name in found["sentence"] for name in found["named"])
    assert " imply" in found["sentence"] or " sd " in found["sentence"]
    said = spc("explain", model, stream, "--row", row, "--chart", "spe").out
    assert said.startswith(f"Row {row}: spe {value:.4g}, UCL ")
    assert found["sentence"] in said
    assert "SPE = ‖u − P Pᵀu‖²" in spc("explain", model, stream, "--row", row, "--arithmetic").out


@pytest.mark.parametrize("words", [("spe",), ("t2,spe",), ("t2,spe", "--limit", "17,3")])
def test_a_run_length_of_it_is_refused_in_words(spc: Spc, words: tuple[str, ...]) -> None:
    done = spc("arl", "--chart", *words, "-p", 4, *(() if "--limit" in words else ("--arl0", 370)))
    assert (done.code, done.out) == (2, "")
    assert "spe" in done.err
