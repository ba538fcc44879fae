"""`spc fit --dynamics`, and what `judge` and `explain` make of the model: the same numbers as in Python."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spc as front
from tests.rooms.cli.conftest import Done
from tests.series import csv as written
from tests.series import var

Spc = Callable[..., Done]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dynamics")
    new = var(5000, 2)  # more rows than are judged at a time
    new[4500, 0] += 9.0
    (folder / "reference.csv").write_text(written(var(300, 1)), encoding="utf-8")
    (folder / "new.csv").write_text(written(new), encoding="utf-8")
    return folder / "reference.csv", folder / "new.csv"


def test_fit_judge_and_explain(spc: Spc, files: tuple[Path, Path], tmp_path: Path) -> None:
    reference, new = files
    model = tmp_path / "model.json"
    done = spc("fit", reference, "-o", model, "--estimator", "classical", "--dynamics", "residual", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["dynamics"]["kind"] == "residual"
    judged = list(csv.DictReader(io.StringIO(spc("judge", model, new, "--blame", "-o", "-").out)))
    assert judged[0]["note"] == "no row before it: not judged"
    frame = front.judge(front.Model.from_json(model.read_text(encoding="utf-8")), pd.read_csv(new), blame=True)
    assert [float(one["t2"]) for one in judged[1:]] == frame["t2"].tolist()[1:]
    assert sum(float(judged[4500][f"blame_{name}"]) for name in ("flow", "temp", "pressure")) == pytest.approx(float(judged[4500]["t2"]))
    told = json.loads(spc("explain", model, new, "--row", 4501, "--arithmetic", "--json").out)
    assert told["t2"] == float(judged[4500]["t2"])
    assert "what the row before implies" in told["sentence"]
    assert ran(told["arithmetic"][0]["snippet"], model) == pytest.approx(told["t2"], rel=1e-12)


def ran(snippet: str, model: Path) -> float:
    """What the lines of Python print."""
    said: list[Any] = []
    text = snippet.replace("'model.json'", repr(str(model)))
    exec(compile(text, "snippet", "exec"), {"print": said.append})  # noqa: S102 - the snippet's own code
    return float(np.array(said[0]))


def test_lagged_columns_are_told_and_the_past_is_in_the_arithmetic(spc: Spc, files: tuple[Path, Path], tmp_path: Path) -> None:
    reference, new = files
    model = tmp_path / "model.json"
    done = spc("fit", reference, "-o", model, "--estimator", "classical", "--dynamics", "lagged 2")
    assert "flow (1 row before)" in done.out
    assert "pressure (2 rows before)" in done.out
    told = json.loads(spc("explain", model, new, "--row", 4502, "--arithmetic", "--json").out)
    assert told["terms"][0]["variable"].startswith("flow")
    assert ran(told["arithmetic"][0]["snippet"], model) == pytest.approx(told["t2"], rel=1e-12)


def test_a_word_that_nobody_knows_is_refused(spc: Spc, files: tuple[Path, Path]) -> None:
    done = spc("fit", files[0], "--dynamics", "lag 1")
    assert done.code != 0
    assert "no dynamics 'lag 1'" in done.err
