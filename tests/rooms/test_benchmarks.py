"""Every benchmark runs and answers with a table; how fast anything was is never a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fitted, judge, limits, line, phase1, pixel, plant, press, read, reader, rows
from benchmarks.clock import quantile, side_by_side
from benchmarks.phase1 import Outcome, Shape, contaminated, counts
from benchmarks.table import Table
from spc.runlength import Mewma

ROOT = Path(__file__).resolve().parents[2]


def cells(table: Table) -> dict[str, list[str]]:
    assert all(len(row) == len(table.heads) for row in table.rows)
    return {row[0]: list(row[1:]) for row in table.rows}


def test_judging_is_compared_with_every_peer_in_blocks_and_alone() -> None:
    block, alone = judge.run(judge.TOY)
    assert set(judge.OURS) < set(cells(block))
    assert len(cells(block)) == 7
    assert len(cells(alone)) == 5
    assert max(float(one[1].split()[0]) for name, one in cells(block).items() if name not in judge.OURS) == 1.0, "the best peer is 1 x"


def test_a_peer_that_finds_other_distances_is_not_compared() -> None:
    with pytest.raises(AssertionError, match="wrong one finds other distances"):
        judge._agree({judge.OURS[0]: lambda: np.ones(3), "wrong one": lambda: np.full(3, 1.001)})


def test_fits_are_timed_in_processes_of_their_own() -> None:
    (table,) = phase1.run(phase1.Size(shapes=(Shape(30, 2, 0.1),), r=False, peers=False))
    assert {name: (row[6], row[7]) for name, row in cells(table).items()} == dict.fromkeys(phase1.OURS, ("0 of 3", "yes"))


def test_limits_are_timed_and_answered() -> None:
    calibrated, lengths = limits.run(limits.TOY)
    assert [row[2] for row in calibrated.rows] == ["20"]
    assert float(lengths.rows[0][2]) == pytest.approx(Mewma(2, 0.2).run_length(8.0, 1.0).arl, rel=1e-8)


def test_a_peer_finds_the_subset_that_it_says_it_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "t.npy", contaminated(Shape(30, 2, 0.1), 0))
    fitted.main("sklearn", 3, 1, 0.75, [str(tmp_path / "t.npy")])
    fitted.main("ours", 3, 1, 0.75, [str(tmp_path / "t.npy")])
    theirs, ours = (json.loads(line)[0] for line in capsys.readouterr().out.splitlines())
    assert ours[1] <= theirs[1] + 1e-9
    assert (ours[2], theirs[2]) == (0, 0)


def test_a_fast_fit_with_a_higher_objective_or_bad_rows_does_not_count() -> None:
    found = {"a": [Outcome(1.0, -2.0, 0)], "high": [Outcome(0.1, -1.9, 0)], "bad": [Outcome(0.1, -2.0, 4)]}
    assert [counts(name, found) for name in found] == [True, False, False]


@pytest.mark.slow
def test_reading_is_compared_in_speed_and_memory() -> None:
    (table,) = read.run(read.Size(megabytes=(0.02,), rounds=1, readers={"spc.reference.read": "ours", "pandas.read_csv": "pandas"}))
    assert list(cells(table)) == ["spc.reference.read", "pandas.read_csv"]


def test_the_file_that_is_read_has_the_rows_that_are_told(tmp_path: Path) -> None:
    n = read.written(tmp_path / "r.csv", 0.05)
    assert (tmp_path / "r.csv").stat().st_size >= 50_000
    assert len(reader.read("ours", tmp_path / "r.csv")) == len(reader.read("pandas", tmp_path / "r.csv")) == n  # type: ignore[arg-type]
    assert reader.memory("VmHWM") >= reader.memory("VmRSS") > 10_000_000


def test_a_backlog_is_stored_whole() -> None:
    table = line._backlog(line.TOY, plant.fitted(n=200))
    assert list(cells(table)) == ["2,000 rows"]


@pytest.mark.slow
def test_lines_at_work_lose_nothing() -> None:
    sent, *_, long = line.run(line.TOY)
    assert {row[-1] for row in sent.rows} == {"0"}
    assert [row[0] for row in long.rows][-1] == "end"


def test_rounds_take_turns_and_the_middle_one_is_told() -> None:
    order: list[str] = []
    taken = side_by_side({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3, least_s=0.0)
    assert order == ["a", "a", "b", "b", "a", "b", "b", "a", "a", "b"], "once to warm up, once to see how long, then in turn"
    assert set(taken) == {"a", "b"}
    assert quantile([5.0], 0.99) == 5.0


@pytest.mark.slow
def test_rows_reach_a_real_server() -> None:
    (table,) = rows.run(rows.TOY)
    assert list(cells(table)) == [way.name for way in rows.TOY.ways]


@pytest.mark.slow
@pytest.mark.browser
def test_rows_reach_the_pixel(chromium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPC_CHROMIUM", chromium)
    (table,) = pixel.run(pixel.TOY)
    assert [0.0 < float(row[0]) < 60_000 for row in cells(table).values()] == [True]


@pytest.mark.slow
@pytest.mark.browser
def test_a_press_is_answered(chromium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPC_CHROMIUM", chromium)
    (table,) = press.run(press.TOY)
    assert [0.0 < float(row[0]) < 60_000 for row in cells(table).values()] == [True] * 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["judge", "phase1"])
def test_each_can_be_asked_for_by_its_name(name: str) -> None:
    env = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--toy", name], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "to the best peer" in done.stdout
