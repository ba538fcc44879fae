"""What comes from outside is read in a process of its own, with an end to its memory and time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc.errors import BadTable, Complaint, Refused, TooFewRows
from spc.workbench import Bounds, Cancelled, Ticket, Workbench
from spc.workbench.starter import Cold, Forks, Starter
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "data" / "demo_circuit_boards" / "phase1_reference.csv"
FOREVER = {"estimator": {"name": "mcd", "h": 0.63}, "limit": "calibrated"}  # no table has this h: it is simulated, for seconds


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with so many columns that FOREVER is far from over when a test has seen that it runs."""
    x = np.random.default_rng(1).standard_normal((400, 30)).round(3)
    path = tmp_path_factory.mktemp("wide") / "wide.csv"
    path.write_text("\n".join([",".join(f"v{j}" for j in range(30)), *(",".join(map(str, row)) for row in x.tolist())]) + "\n")
    return path


@pytest.fixture(scope="module", params=[Forks, Cold], ids=["forked", "cold"])
def starter(request: pytest.FixtureRequest) -> Iterator[Starter]:
    made: Starter = request.param()
    yield made
    made.close()


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    made = Forks()
    yield made
    made.close()


def read(bench: Workbench, path: Path) -> dict[str, object]:
    return bench.read(path, name="", roles={}, timezone="UTC")


def fit(bench: Workbench, path: Path, **words: Any) -> str:
    asked: dict[str, Any] = {"recipe": {}, "report": lambda share, stage: None, **words}
    return bench.fit(path, name="", roles={}, timezone="UTC", **asked)


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


def warm_pid(forks: Forks) -> int:
    assert forks._process is not None
    return forks._process.pid


def test_a_table_is_read_there_as_here(starter: Starter) -> None:
    from spc.export import reference_summary
    from spc.reference import read as reading

    assert read(Workbench(starter=starter), DEMO) == reference_summary(reading(DEMO))


def test_a_complaint_comes_back_as_the_same_complaint(starter: Starter, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 20 + "1,2,3\n")
    with pytest.raises(BadTable) as wrong:
        read(Workbench(starter=starter), tmp_path / "a.csv")
    assert (wrong.value.row, bool(wrong.value.cure)) == (21, True)
    (tmp_path / "b.csv").write_text("a,b\n" + "1,2\n2,1\n")
    with pytest.raises(TooFewRows):
        fit(Workbench(starter=starter), tmp_path / "b.csv")


def test_a_mistake_of_the_program_is_told_as_one(starter: Starter) -> None:
    with pytest.raises(Complaint, match=r"mistake of the program \(TypeError"):
        fit(Workbench(starter=starter), DEMO, recipe={"estimator": "collections:OrderedDict"})


def test_it_ends_when_it_takes_too_long(starter: Starter, wide: Path) -> None:
    seen: list[float] = []
    with pytest.raises(Refused, match=r"0\.05 seconds"):
        fit(Workbench(Bounds(seconds=0.05), starter), wide, recipe=FOREVER, report=lambda share, stage: seen.append(share))
    assert max(seen, default=0.0) < 0.9  # it was not let finish


def test_it_ends_when_it_takes_too_much(starter: Starter, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a_mm,b_mm\n" + "1.25,2.5\n2.5,1.25\n" * 300_000)
    with pytest.raises(Refused, match="150 MiB of memory"):
        read(Workbench(Bounds(memory=150 * 1024**2, seconds=60), starter), path)


def test_a_task_can_be_cancelled_before_it_begins_and_while_it_runs(starter: Starter, wide: Path) -> None:
    bench, ticket = Workbench(starter=starter), Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        fit(bench, DEMO, ticket=ticket)
    running, seen = Ticket(), []

    def report(share: float, stage: str) -> None:
        seen.append(share)
        running.cancel()

    with pytest.raises(Cancelled):
        fit(bench, wide, recipe=FOREVER, ticket=running, report=report)
    assert max(seen) < 0.9
    assert read(bench, DEMO)["n"] == 200


def test_a_second_task_costs_no_start(forks: Forks) -> None:
    bench = Workbench(starter=forks)
    read(bench, DEMO)
    pid = warm_pid(forks)
    for _ in range(3):
        read(bench, DEMO)
    assert warm_pid(forks) == pid
    until(lambda: children(pid) == [])  # nothing is left of them, not even a zombie


def test_a_warm_process_that_was_killed_is_started_anew(forks: Forks) -> None:
    bench = Workbench(starter=forks)
    read(bench, DEMO)
    before = warm_pid(forks)
    os.kill(before, signal.SIGKILL)
    assert read(bench, DEMO)["n"] == 200
    assert warm_pid(forks) != before


def test_a_task_goes_on_when_the_warm_process_is_killed_and_can_still_be_ended(forks: Forks, wide: Path) -> None:
    bench, ticket, running = Workbench(starter=forks), Ticket(), threading.Event()
    said: list[BaseException] = []

    def work() -> None:
        try:
            fit(bench, wide, recipe=FOREVER, ticket=ticket, report=lambda share, stage: running.set())
        except BaseException as wrong:  # noqa: BLE001 - looked at below
            said.append(wrong)

    thread = threading.Thread(target=work)
    thread.start()
    assert running.wait(60)
    (child,) = children(warm_pid(forks))
    os.kill(warm_pid(forks), signal.SIGKILL)
    time.sleep(0.1)
    assert alive(child)
    ticket.cancel()
    thread.join(60)
    assert [type(one) for one in said] == [Cancelled]
    until(lambda: not alive(child))


def test_closing_it_ends_what_is_still_running(wide: Path) -> None:
    own = Forks()
    bench, ended, running = Workbench(starter=own), threading.Event(), threading.Event()

    def work() -> None:
        with pytest.raises(Refused, match="stopping"):
            fit(bench, wide, recipe=FOREVER, report=lambda share, stage: running.set())
        ended.set()

    worker = threading.Thread(target=work)
    worker.start()
    assert running.wait(60)
    warm = warm_pid(own)
    (child,) = children(warm)
    bench.close()
    worker.join(60)
    assert ended.is_set()
    with pytest.raises(Refused, match="stopping"):
        read(bench, DEMO)
    until(lambda: not alive(warm) and not alive(child))


def test_closing_it_does_not_wait_for_the_loading() -> None:
    """The warm process stands still while it loads: whoever waited for it would wait for ever."""
    forks = Forks()
    forks.warm()
    os.kill(warm_pid(forks), signal.SIGSTOP)
    bench, asked = Workbench(starter=forks), threading.Event()
    said: list[BaseException] = []

    def work() -> None:
        asked.set()
        try:
            read(bench, DEMO)
        except Refused as wrong:
            said.append(wrong)

    worker = threading.Thread(target=work)
    worker.start()
    assert asked.wait(60)
    bench.close()
    worker.join(60)
    assert len(said) == 1


OWNER = """
import sys
from pathlib import Path
from spc.workbench import Workbench
def tell(share, stage):
    print("running", flush=True)
Workbench().fit(Path(sys.argv[1]), name="", roles={}, timezone="UTC", recipe=%r, report=tell)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_when_the_server_is_killed(how: int, wide: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER % FOREVER, str(wide)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline() == b"running\n"
        (warm,) = children(owner.pid)
        (child,) = children(warm)
        owner.send_signal(how)
        owner.wait(60)
    until(lambda: not alive(warm) and not alive(child))


class Shelf(dict[str, bytes]):
    """A store for simulated results."""

    def put(self, key: str, value: bytes, error: float) -> None:
        self[key] = value
        assert 0.0 <= error < 0.1


def test_a_child_asks_for_what_another_one_simulated(starter: Starter, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\n" + "\n".join(str((37 * k) % 401) for k in range(400)) + "\n")
    shelf = Shelf()
    bench = Workbench(starter=starter, cache=shelf)
    first = fit(bench, path, recipe=FOREVER)
    assert len(shelf) == 2
    seen: list[str] = []
    again = fit(bench, path, recipe=FOREVER, report=lambda share, stage: seen.append(stage))
    assert again == first
    assert not any("calibrating" in stage for stage in seen)
    if isinstance(starter, Cold):
        return  # each fit loads everything anew, and what follows asks nothing of how children are started
    assert first == fit(Workbench(starter=starter), path, recipe=FOREVER)
    shelf.update(dict.fromkeys(shelf, b"something else"))
    assert fit(bench, path, recipe=FOREVER) == first
    assert min(map(len, shelf.values())) > 100
