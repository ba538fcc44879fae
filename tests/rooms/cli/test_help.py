"""Help is quick, and every example in it runs."""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spc.cli import archive, arl, backup, explain, fit, inspecting, judge, replay, restore, run, serve, verify
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
ROOMS = (fit, judge, explain, inspecting, arl, serve, replay, run, backup, restore, archive, verify)


def examples(text: str) -> list[str]:
    """The commands under "Example:" in a help text."""
    return [line.strip() for line in text.partition("Example:\n")[2].splitlines() if line.strip()]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a person has it: the demo's data and the settings."""
    shutil.copytree(ROOT / "data" / "demo_circuit_boards", tmp_path / "data" / "demo_circuit_boards")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SPC_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.NAME))
def test_every_command_has_help_with_its_examples(spc: Callable[..., Any], room: Any) -> None:
    done = spc(room.NAME, "--help")
    assert done.code == 0
    assert examples(done.out) == list(room.EXAMPLE)
    assert all(example.startswith(f"spc {room.NAME} ") for example in room.EXAMPLE)
    assert room.NAME in spc("--help").out


@pytest.mark.parametrize("sooner", [pytest.param("30", id="quick"), pytest.param("370", marks=pytest.mark.slow, id="whole")])
def test_the_examples_of_files_run_one_after_the_other(spc: Callable[..., Any], desk: Path, sooner: str) -> None:
    """Word for word; only a false alarm every 370 rows is simulated for half a minute, and asked for every 30 the rest of the time."""
    for line in [*examples(spc("--help").out), *fit.EXAMPLE, *judge.EXAMPLE, *explain.EXAMPLE, *inspecting.EXAMPLE, *arl.EXAMPLE]:
        done = spc(*shlex.split(line.replace("--arl0 370", f"--arl0 {sooner}"))[1:])
        assert done.code == (1 if "--fail-on-signal" in line else 0), (line, done)
    assert {"model.json", "points.csv", "strict.json", "fitted.csv"} <= {one.name for one in desk.iterdir()}


@pytest.fixture
def served(desk: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    words = [word.replace("8050", str(port)) for word in shlex.split(serve.EXAMPLE[0])[1:]]
    child = subprocess.Popen([sys.executable, "-m", "spc.cli", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        answer(port, "/healthz")
        yield port, child
    finally:
        child.kill()
        child.wait()


def answer(port: int, path: str, patience_s: float = 60.0) -> Any:
    until = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as said:
                return json.load(said)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.mark.slow
def test_the_examples_of_serve_and_replay_run(spc: Callable[..., Any], served: tuple[int, subprocess.Popen[bytes]], desk: Path) -> None:
    port, server = served
    words = shlex.split(replay.EXAMPLE[0])[1:]
    done = spc(*words, "--url", f"http://127.0.0.1:{port}", "--json")
    assert done.code == 0, done.err
    first = json.loads(done.out)  # the demo line has begun to replay the same boards itself: those are there already
    assert (first["accepted"] + first["duplicates"], first["refused"]) == (500, [])
    again = json.loads(spc(*words, "--url", f"http://127.0.0.1:{port}", "--json").out)
    assert (again["accepted"], again["duplicates"]) == (0, 500)
    assert (desk / "spc.db").exists()
    server.send_signal(signal.SIGINT)
    assert server.wait(60) == 130


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_ends_well(served: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, server = served
    stream = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/lines/smt-2/stream?after=0", timeout=60)
    assert stream.readline() == b"retry: 1000\n"
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0  # an open stream did not hold it up
    stream.close()


@pytest.mark.slow
def test_the_example_of_run_runs(spc: Callable[..., Any], desk: Path) -> None:
    done = spc(*shlex.split(run.EXAMPLE[0])[1:])
    assert done.code == 0, done.err
    assert "rows on disk" in done.out
    assert (desk / "run.db").exists()
    for line in (*backup.EXAMPLE, *restore.EXAMPLE):
        done = spc(*shlex.split(line)[1:])
        assert done.code == 0, done.err
    assert "smt-2: up to row" in done.out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from spc.cli import main; main(['--help']); main(['fit', '--help']); main(['arl', '--help']);"
        "heavy = {'numpy', 'scipy', 'pandas', 'fastapi', 'sqlalchemy', 'dash', 'plotly', 'httpx', 'uvicorn'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_takes_less_than_four_tenths_of_a_second() -> None:
    def cpu() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "spc.cli", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cpu() for _ in range(3)) < 0.4  # processor time: the machine may be busy with other tests
