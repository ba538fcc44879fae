"""`spc explain --line`: the names, units and language of a line's settings; and a guard that moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Spc = Callable[..., Any]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "lines").mkdir(parents=True)
    (tmp_path / "config" / "lines" / "press.toml").write_text(
        'language = "de"\n[variables]\nwarp_mm = { name = "Verzug", unit = "µm" }\nwidht_mm = { name = "Breite" }\n'
    )
    return tmp_path / "config"


@pytest.fixture(scope="module")
def files(spc: Spc, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model with a guard (a slot that never moved), and rows: warp jumps on the fifth, the slot moves on the sixth."""
    folder = tmp_path_factory.mktemp("guarded")
    x = np.random.default_rng(4).standard_normal((120, 2))
    new = np.random.default_rng(5).standard_normal((6, 2)) * 0.3
    new[4, 0] += 9.0
    slots = [4.0] * 5 + [5.5]
    lines = "\n".join(f"{a:.6f},{b:.6f},4.0" for a, b in x.tolist())
    (folder / "reference.csv").write_text(f"warp_mm,width_mm,slot\n{lines}\n")
    rows = "\n".join(f"{a:.6f},{b:.6f},{slot}" for (a, b), slot in zip(new.tolist(), slots, strict=True))
    (folder / "rows.csv").write_text(f"warp_mm,width_mm,slot\n{rows}\n")
    done = spc("fit", folder / "reference.csv", "-o", folder / "model.json", "--estimator", "classical")
    assert done.code == 0, done.err
    return folder / "model.json", folder / "rows.csv"


def test_the_lines_names_units_and_language_are_used(spc: Spc, files: tuple[Path, Path], config: Path) -> None:
    done = spc("explain", *files, "--row", 5, "--line", "press", "--config", config)
    assert done.code == 0, done.err
    first, sentence, *more = done.out.splitlines()
    assert first.startswith("Zeile 5: T² ")
    assert first.endswith(": außerhalb.")
    assert sentence.startswith("Verzug ")
    assert "µm" in sentence
    assert any(one.startswith("  Verzug") and "bei gegebenen anderen" in one and "," in one for one in more)
    assert "Ohne Verzug liegt die Zeile innerhalb ihrer Grenze." in more
    assert "warp_mm" not in done.out
    assert "Did you mean width_mm?" in done.err


def test_a_language_that_is_asked_for_wins(spc: Spc, files: tuple[Path, Path], config: Path) -> None:
    done = spc("explain", *files, "--row", 5, "--line", "press", "--config", config, "--language", "en")
    assert "Without Verzug the row lies within its limit." in done.out


def test_its_json_keeps_the_columns(spc: Spc, files: tuple[Path, Path], config: Path) -> None:
    found = json.loads(spc("explain", *files, "--row", 5, "--line", "press", "--config", config, "--json").out)
    assert set(found["blame"]) == {"warp_mm", "width_mm"}
    assert found["sentence"].startswith("Verzug ")


def test_a_line_that_the_settings_do_not_have(spc: Spc, files: tuple[Path, Path], config: Path) -> None:
    done = spc("explain", *files, "--row", 5, "--line", "pres", "--config", config)
    assert done.code == 2
    assert "Did you mean 'press'?" in done.err


def test_a_guard_that_moved_is_told_with_its_value(spc: Spc, files: tuple[Path, Path], config: Path) -> None:
    found = json.loads(spc("explain", *files, "--row", 6, "--chart", "guard", "--json").out)
    assert (found["kind"], found["named"], found["ucl"]) == ("guard", ["slot"], 1.0)
    assert found["value"] == found["blame"]["slot"] > 1.0
    assert found["sentence"] == "slot is 5.5, not 4: in the reference it never moved."
    told = spc("explain", *files, "--row", 6, "--chart", "guard").out
    assert f"guard {found['value']:.4g}, UCL 1: out." in told
    assert "tolerances)" in told
    assert " sd;" not in told
    german = spc("explain", *files, "--row", 6, "--chart", "guard", "--line", "press", "--config", config).out
    assert "slot ist 5,5" in german
    assert "Toleranzen" in german


def test_a_guard_that_stood_still_is_within_its_limit(spc: Spc, files: tuple[Path, Path]) -> None:
    found = json.loads(spc("explain", *files, "--row", 5, "--chart", "guard", "--json").out)
    assert (found["value"], found["sentence"]) == (0.0, "The point lies within its limit.")
