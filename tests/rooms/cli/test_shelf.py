"""The terminal's folder of simulated results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spc.cli.shelf import Files

KEY = "b" * 64
FIT = "import sys; from spc.cli import main; sys.argv = ['spc', *sys.argv[1:]]; main()"


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    store = Files(tmp_path / "new")
    assert store.get(KEY) is None
    store.put(KEY, b"one", 0.0)
    store.put(KEY, b"two", 0.0)
    assert store.get(KEY) == b"two"
    assert [one.name for one in store.folder.iterdir()] == [f"{KEY}.sim"]


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    store = Files(tmp_path, most=25)
    for k in range(4):
        store.put(f"{k}", bytes(10), 0.0)
        os.utime(tmp_path / f"{k}.sim", (k, k))
    assert [store.get(f"{k}") is not None for k in range(4)] == [False, False, True, True]


def test_a_folder_that_cannot_be_made_is_as_good_as_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Files(tmp_path / "file" / "spc")
    store.put(KEY, b"one", 0.0)
    assert store.get(KEY) is None


def test_two_processes_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from spc.cli.shelf import Files\n"
    program += "for _ in range(50): Files(Path(sys.argv[1])).put('k', bytes([int(sys.argv[2])]) * 100_000, 0.0)"
    both = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(k)]) for k in (1, 2)]
    assert [one.wait() for one in both] == [0, 0]
    found = Files(tmp_path).get("k")
    assert found in (bytes([1]) * 100_000, bytes([2]) * 100_000)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("a\n" + "\n".join(str((37 * k) % 401) for k in range(400)) + "\n")
    return path


def fitted(table: Path, *words: str) -> bytes:
    out = table.with_suffix(".json")
    asked = [str(table), "-o", str(out), "--estimator", "mcd", "--h", "0.63", "--limit", "calibrated", *words]
    done = subprocess.run([sys.executable, "-c", FIT, "fit", *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


def test_a_second_fit_takes_what_the_first_one_simulated(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    shelf = tmp_path / "home" / "spc"
    without = fitted(table, "--no-cache")
    assert not shelf.exists()
    assert fitted(table) == without
    kept = {one: one.stat().st_mtime_ns for one in shelf.iterdir()}
    assert len(kept) == 2
    assert fitted(table) == without
    assert {one: one.stat().st_mtime_ns for one in shelf.iterdir()} == kept
    for one in kept:
        one.write_bytes(b"foreign")
    assert fitted(table) == without
    assert all(one.stat().st_size > 100 for one in kept)
