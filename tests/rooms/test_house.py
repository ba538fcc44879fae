"""The rules of the house that no linter knows: floors, names of files, docstrings of the front door, what a committed text may not say."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import spc

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(ROOT.glob("spc/**/*.py"))
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
STATISTICS = {"nouns", "scatter", "limits", "charts", "runlength", "blame", "distances", "inspect", "phase1", "phase2", "watch", "replay"}

# Spliced, so that this file does not contain what it looks for.
FORBIDDEN = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "registry" + r"\.npmjs",
            r"npmjs" + r"\.com",
            "/wo" + r"rk/(main|shared|\.library)",
            "/tmp/" + "design",
            "/opt/" + "(pypi|wheels)",
        ]
    )
)


@pytest.fixture(scope="module")
def contracts() -> dict[str, dict[str, list[str]]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return {c["id"]: c for c in tomllib.load(file)["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    """The text files that git tracks and that are still there."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are committed")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [p for p in paths if p.is_file() and b"\0" not in p.read_bytes()[:8192]]


def test_imports_only_go_down() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.skip("no lint-imports beside this Python: install the dev extra")
    done = subprocess.run([str(lint), "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_statistics_room_that_is_built_is_kept_from_web_sql_and_tables(contracts: dict[str, dict[str, list[str]]]) -> None:
    built = {path.stem for path in (ROOT / "spc").iterdir()} & STATISTICS
    assert {f"spc.{room}" for room in built} <= set(contracts["statistics"]["source_modules"])


def test_a_room_in_parentheses_is_not_built_yet(contracts: dict[str, dict[str, list[str]]]) -> None:
    built = {path.stem for path in (ROOT / "spc").iterdir()}
    pending = {room for layer in contracts["floors"]["layers"] for room in re.findall(r"\((\w+)\)", layer)}
    assert not pending & built, "this room is built: take its parentheses off in pyproject.toml"


def test_the_front_door_is_sorted_and_every_name_opens() -> None:
    names = list(getattr(spc, "__all__", ()))
    if not names:
        pytest.skip("nothing is on offer yet: spc.__all__ is empty")
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert [name for name in names if not inspect.getdoc(getattr(spc, name))] == []


def test_what_the_front_door_needs_from_other_programs_is_loaded_on_use() -> None:
    heavy = "import sys, spc; print(sorted({'plotly', 'dash', 'fastapi', 'sqlalchemy', 'uvicorn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_module_says_in_a_sentence_what_it_is_for(path: Path) -> None:
    if "versions" in path.parts:  # a migration: Alembic makes its heading
        return
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text, "no docstring"
    first = text.split("\n\n")[0]
    assert len(first.split()) >= 4, first
    assert first.rstrip().endswith((".", ":", "?", "!")), first


def test_every_file_has_a_name_that_says_what_is_in_it(committed: list[Path]) -> None:
    nameless = [p for p in committed if p.suffix == ".py" and ({p.stem.lstrip("_"), *p.relative_to(ROOT).parent.parts} & NAMELESS)]
    assert nameless == []


def test_no_committed_text_names_an_index_or_the_machine_it_was_written_on(committed: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in committed
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (match := FORBIDDEN.search(line))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-run.lock", "requirements-site.lock"])
def test_a_lock_names_versions_and_hashes_and_no_host(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or line.lstrip().startswith(("-i ", "--index", "--extra-index", "--find"))] == []
    pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert pinned
    assert [line for line in pinned if not re.match(r"[a-z0-9][a-z0-9._-]*==\S+.* \\$", line)] == []


def test_the_program_runs_on_the_versions_that_its_tests_ran_on() -> None:
    def versions(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert versions("requirements-run.lock") <= versions("requirements-site.lock") <= versions("requirements.lock")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    asked = {re.split(r"[\[>= ]", one)[0] for name, needs in extras.items() if name not in ("dev", "build") for one in needs}
    assert asked <= {one.split("==")[0] for one in versions("requirements-site.lock")}, "make lock names every extra in EXTRAS"


def test_the_installed_version_is_the_one_in_the_code() -> None:
    try:
        installed = importlib.metadata.version("spc")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed: pip install --editable .")
    assert installed == spc.__version__
