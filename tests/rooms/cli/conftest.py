"""The command as a function: what it returns, prints and complains."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from spc.cli import main

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run(*words: object) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def spc() -> Callable[..., Done]:
    return run


@pytest.fixture(scope="session")
def reference() -> Path:
    return DEMO / "phase1_reference.csv"


@pytest.fixture(scope="session")
def stream() -> Path:
    return DEMO / "phase2_stream.csv"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, reference: Path) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.json"
    done = run("fit", reference, "-o", path, "--estimator", "classical")
    assert done.code == 0, done.err
    return path
