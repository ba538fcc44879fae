"""`spc recommend` and `spc fit --recommended`: what a reference asks for, told with its reasons and done when it is wanted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import drifting
from tests.rooms.cli.conftest import Done

Spc = Callable[..., Done]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recommended") / "mixer line.csv"
    path.write_text(drifting.csv(), encoding="utf-8")
    return path


def test_reasons_and_the_command_that_does_it(spc: Spc, file: Path, tmp_path: Path) -> None:
    done = spc("recommend", file)
    assert done.code == 0, done.err
    *reasons, command = done.out.strip().splitlines()
    assert reasons[0].startswith("oil only drifts: for its level 400 rows are worth")
    assert command.strip().endswith("--charts t2,ewma_log_t2 --ignore oil")
    words = shlex.split(command)[1:]
    words[words.index("model.json")] = str(tmp_path / "model.json")
    assert spc(*words).code == 0
    by_flag = spc("fit", file, "--recommended", "-o", tmp_path / "flag.json")
    assert by_flag.code == 0, by_flag.err
    assert "oil only drifts" in by_flag.err
    one, other = (json.loads((tmp_path / name).read_text()) for name in ("model.json", "flag.json"))
    assert one["names"] == other["names"] == ["flow", "speed"]
    assert one["charts"] == other["charts"]


def test_as_json_it_is_a_recipe(spc: Spc, file: Path) -> None:
    said = json.loads(spc("recommend", file, "--json", "--alpha", "0.01").out)
    assert said["recipe"]["ignore"] == ["oil"]
    assert said["recipe"]["alpha"] == 0.01
    assert said["reasons"][0]["columns"] == ["oil"]


def test_what_is_said_stays(spc: Spc, file: Path) -> None:
    done = spc("fit", file, "--recommended", "--estimator", "classical", "--charts", "t2,mewma", "--json")
    said = json.loads(done.out)
    assert said["estimator"] == "classical"
    assert set(said["charts"]) == {"t2", "mewma"}


def test_a_file_that_is_not_there_is_one_message(spc: Spc, tmp_path: Path) -> None:
    done = spc("recommend", tmp_path / "none.csv")
    assert done.code == 2
    assert "Traceback" not in done.err
