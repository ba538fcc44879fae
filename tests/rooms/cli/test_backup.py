"""`spc backup` and `spc restore`: what they say, and exit code 2 with words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spc.ledger import Ledger
from spc.line import Line
from spc.settings import LineSettings
from tests.small import rows


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    with Ledger.open(f"sqlite:///{tmp_path}/a.db") as ledger:
        Line(ledger, LineSettings("smt-2")).take(rows(5))
    return tmp_path / "a.db"


def test_there_and_back(spc: Callable[..., Any], ledger: Path, tmp_path: Path) -> None:
    done = spc("backup", tmp_path / "b.zip", "--ledger", ledger)
    assert (done.code, done.err) == (0, "")
    assert "lines smt-2; 5 rows" in done.out
    done = spc("restore", tmp_path / "b.zip", "--ledger", tmp_path / "c.db")
    assert (done.code, done.err) == (0, "")
    assert "the same to the bit" in done.out
    assert "smt-2: up to row 5" in done.out
    with Ledger.open(f"sqlite:///{tmp_path}/c.db") as again:
        assert Line(again, LineSettings("smt-2")).take(rows(6)).accepted == 1


def test_one_object_of_json(spc: Callable[..., Any], ledger: Path, tmp_path: Path) -> None:
    made = json.loads(spc("backup", tmp_path / "b.zip", "--ledger", ledger, "--json").out)
    assert (made["file"], made["rows"], made["kind"], made["lines"]["smt-2"]["last_seq"]) == (str(tmp_path / "b.zip"), 5, "sqlite", 5)
    read = json.loads(spc("restore", tmp_path / "b.zip", "--ledger", tmp_path / "c.db", "--json").out)
    assert read["lines"] == made["lines"]


@pytest.mark.parametrize(
    "words, said",
    [
        (("backup", "{}/b.zip", "--ledger", "{}/none.db"), "There is no ledger"),
        (("backup", "{}/a.db", "--ledger", "{}/a.db"), "is not a backup"),
        (("backup", "{}/b.zip", "--ledger", "mysql://plant/spc"), "in SQLite (sqlite:///…) or in PostgreSQL"),
        (("backup", "{}/b.zip", "--ledger", "postgresql://spc:hush@127.0.0.1:1/spc"), "Connection refused"),
        (("restore", "{}/a.db", "--ledger", "{}/c.db"), "not a backup"),
        (("restore", "{}/none.zip", "--ledger", "{}/c.db"), "There is no file"),
        (("restore", "{}/none.zip"), "--ledger"),
    ],
)
def test_bad_input_is_told_in_words(spc: Callable[..., Any], ledger: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = spc(*(word.format(tmp_path) for word in words))
    assert done.code == 2
    assert said in done.err
    assert "hush" not in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert not (tmp_path / "c.db").exists()
