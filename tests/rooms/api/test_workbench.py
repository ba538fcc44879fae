"""What comes from outside is read in a process of its own, with an end to its memory and time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from spc.errors import BadTable, Refused, TooFewRows
from spc.workbench import Bounds, Workbench

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo_circuit_boards" / "phase1_reference.csv"


def read(bench: Workbench, path: Path) -> dict[str, object]:
    return bench.read(path, name="", roles={}, timezone="UTC")


def test_a_table_is_read_there_as_here() -> None:
    from spc.export import reference_summary
    from spc.reference import read as reading

    assert read(Workbench(), DEMO) == reference_summary(reading(DEMO))


def test_a_complaint_comes_back_as_the_same_complaint(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 20 + "1,2,3\n")
    with pytest.raises(BadTable) as wrong:
        read(Workbench(), tmp_path / "a.csv")
    assert (wrong.value.row, bool(wrong.value.cure)) == (21, True)
    (tmp_path / "b.csv").write_text("a,b\n" + "1,2\n2,1\n")
    with pytest.raises(TooFewRows):
        Workbench().fit(tmp_path / "b.csv", name="", roles={}, timezone="UTC", recipe={}, report=lambda share, stage: None)


def test_it_ends_when_it_takes_too_long() -> None:
    started = time.monotonic()
    with pytest.raises(Refused, match=r"0\.05 seconds"):
        read(Workbench(Bounds(seconds=0.05)), DEMO)
    assert time.monotonic() - started < 10


def test_it_ends_when_it_takes_too_much(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a_mm,b_mm\n" + "1.25,2.5\n2.5,1.25\n" * 300_000)
    with pytest.raises(Refused, match="150 MiB of memory"):
        read(Workbench(Bounds(memory=150 * 1024**2, seconds=60)), path)


def test_closing_it_ends_what_is_still_running() -> None:
    bench, ended = Workbench(), threading.Event()

    def work() -> None:
        with pytest.raises(Refused):
            read(bench, DEMO)
        ended.set()

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.2)
    bench.close()
    worker.join(10)
    assert ended.is_set()
    with pytest.raises(Refused, match="stopping"):
        read(bench, DEMO)
