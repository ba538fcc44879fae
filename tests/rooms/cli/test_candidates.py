"""`spc replay --with`: models side by side, in a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Spc = Callable[..., Any]
DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"
STREAM, TRUTH = DEMO / "phase2_stream.csv", DEMO / "phase2_truth.csv"


@pytest.fixture
def model(spc: Spc, tmp_path: Path) -> Path:
    path = tmp_path / "old.json"
    assert spc("fit", DEMO / "phase1_reference.csv", "-o", path, "--estimator", "classical").code == 0
    return path


def test_a_model_and_a_reference_with_a_recipe_side_by_side(spc: Spc, model: Path) -> None:
    words = ("--with", model, "--with", f"{DEMO / 'phase1_reference.csv'} estimator=classical alpha=0.05")
    done = spc("replay", STREAM, *words, "--truth", "defect", "--truth-file", TRUTH, "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    old, new = said["outcomes"]
    assert (said["n"], old["name"], new["name"], new["asked"]) == (500, "old", "phase1_reference.csv estimator=classical alpha=0.05", 0.05)
    judged = json.loads(spc("judge", model, STREAM, "--json").out)
    assert old["rows_out"] == len(judged["charts"]["t2"]["out"])
    assert [one["row"] for one in old["told"]] == [one["row"] for one in judged["signals"] if one["kind"] == "out"]
    assert said["compared"][0]["only_challenger"] == new["rows_out"] - old["rows_out"]
    assert old["found"]["bad"] == 148
    told = spc("replay", STREAM, "--with", model, "--watch", "2 of 3")
    assert "2 of 3 points beyond the limit" in told.out
    assert "old: 20 rows of 500 beyond the limit" in told.out


@pytest.mark.parametrize(
    "words, why",
    [
        ((), "exactly one of --to and --with"),
        (("--to", "x", "--with", "y"), "exactly one of --to and --with"),
        (("--with", "MODEL", "--watch", "often"), "'often' is not a rule"),
        (("--with", "MODEL", "--with", "MODEL"), "Two candidates are called 'old'"),
        (("--with", "MODEL", "--truth", "nowhere"), "nowhere"),
        (("--with", "nowhere.json"), "There is no file nowhere.json"),
    ],
)
def test_wrong_words_are_one_message(spc: Spc, model: Path, words: tuple[str, ...], why: str) -> None:
    done = spc("replay", STREAM, *(model if one == "MODEL" else one for one in words))
    assert (done.code, done.out) == (2, "")
    assert why in done.err
