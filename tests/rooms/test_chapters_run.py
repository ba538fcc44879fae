"""What the chapters and the README tell a reader to type: Python that runs, commands and estimators' words that exist."""

from __future__ import annotations

import dataclasses
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer.main

from spc.cli.asked import recipe
from spc.cli.program import app
from spc.frames import read
from spc.scatter import ESTIMATORS

ROOT = Path(__file__).resolve().parents[2]
# the library's chapter has a test of its own
CHAPTERS = [path for path in sorted((ROOT / "assets" / "manual").glob("*.md")) if path.name != "90-library.md"]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in [*CHAPTERS, ROOT / "README.md"]}
CODE = {name: re.findall(r"```python\n(.*?)```", text, re.DOTALL) for name, text in TEXTS.items() if name != "README.md"}
TYPED = re.compile(r"(?:^    |`)(?:\.venv/bin/)?(spc [^`\n]*\.[^`\n]*)", re.MULTILINE)  # the ones that name a file
COMMANDS = sorted({found.strip() for text in TEXTS.values() for found in TYPED.findall(text) if "…" not in found})


@pytest.mark.parametrize("name", [name for name, blocks in CODE.items() if blocks])
def test_the_python_of_a_chapter_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "data" / "demo_circuit_boards", tmp_path / "data" / "demo_circuit_boards")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in CODE[name]:
        exec(compile(block, name, "exec"), names)  # noqa: S102 - the chapter's own code, one block after another


@pytest.mark.parametrize("command", COMMANDS)
def test_the_words_of_a_command_are_known(command: str) -> None:
    _, name, *words = shlex.split(command)
    program: Any = typer.main.get_command(app)
    asked = program.commands[name].make_context(name, words).params
    if "estimator" in asked:
        table = read(pd.DataFrame(np.eye(3), columns=["a", "b", "c"]))
        words_of_fit = {key: asked[key] for key in ("estimator", "h", "known", "charts", "limit", "ignore", "seed", "exclude")}
        made = recipe(table, **words_of_fit, budget=(asked["alpha"], asked["arl0"], None, None))
        assert made.estimator.name in ESTIMATORS


def test_commands_are_found() -> None:
    assert len(COMMANDS) >= 8
    assert any("basin=deterministic" in command for command in COMMANDS)


def test_the_chapter_of_estimators_has_a_line_about_each_of_their_words() -> None:
    text = TEXTS["32-estimators.md"]
    fields = [field.name for one in ESTIMATORS.values() if dataclasses.is_dataclass(one) for field in dataclasses.fields(one)]
    words = set(fields) - {"center", "covariance"}  # of known parameters, which a file holds
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []
    assert [name for name in ESTIMATORS if f"| `{name}` |" not in text] == []
