"""`spc run LINE --probe` tries a line's source and takes nothing away."""

from __future__ import annotations

from pathlib import Path

import pytest

from spc.cli import main


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "lines").mkdir(parents=True)
    (tmp_path / "rows.csv").write_text("time,board,a_mm,b_mm\n2025-03-04T06:00:00,B1,1.5,2\n2025-03-04T06:00:01,B2,1.6,2.5\n")
    return tmp_path / "config"


def line(config: Path, text: str) -> None:
    (config / "lines" / "smt-2.toml").write_text(text)


def probe(config: Path) -> int:
    return main(["run", "smt-2", "--config", str(config), "--probe"])


def test_what_the_source_finds_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line(config, '[source]\nkind = "tail"\npath = "rows.csv"\n')
    assert probe(config) == 0
    said = capsys.readouterr().out
    assert said.startswith("smt-2: rows.csv has ")
    assert "a_mm, b_mm; time in time; part number in board" in said
    assert not (config.parent / "var").exists()  # no ledger was made


@pytest.mark.parametrize(
    "source, said",
    [
        ('kind = "tail"\npath = "none.csv"', "There is no file"),
        ('kind = "sql"\nurl = "sqlite:///none/none.db"\nkey = "n"\ntable = "rows"', "unable to open database file"),
        ('kind = "replay"\npath = "none.csv"', "none.csv"),
        ('kind = "pigeon"', "nobody knows the kind 'pigeon'"),
    ],
)
def test_one_that_cannot_be_reached_is_a_complaint(config: Path, capsys: pytest.CaptureFixture[str], source: str, said: str) -> None:
    line(config, f"[source]\n{source}\n")
    assert probe(config) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_a_line_that_is_sent_its_rows_has_nothing_to_try(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line(config, 'title = "SMT 2"\n')
    assert probe(config) == 2
    assert "has no source" in capsys.readouterr().err
