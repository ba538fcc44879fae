"""What happens to a machine that runs a line: killed at named points of a transaction, its clock set back and forth, its disk full."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from spc.ledger import Ledger, rows, store
from spc.line import Line, Plant, activate, plant, save_model
from spc.nouns import Rows
from spc.settings import LineSettings, PartSettings, Settings
from tests.faults import history
from tests.small import NAMES, FakeClock, model
from tests.small import rows as some_rows
from tests.waiting import until

pytestmark = pytest.mark.faults

NAME = "smt-2"
BLOCKS, BLOCK = 12, 20


def blocks() -> list[Rows]:
    return [some_rows(BLOCK, first=1 + BLOCK * k, out=(7, 8) if k % 3 == 1 else ()) for k in range(BLOCKS)]


def prepare(url: str) -> None:
    with Ledger.open(url) as ledger:
        Line(ledger, LineSettings(NAME), clock=FakeClock())
        id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
        activate(ledger, NAME, id, "start", "Ada", 1)


def a_line(ledger: Ledger, clock: Callable[[], int] | None = None) -> Line:
    return Line(ledger, LineSettings(NAME), clock=clock or FakeClock(), notifiers=("hook",))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> history.Story:
    """The run that nothing happened to."""
    url = f"sqlite:///{tmp_path_factory.mktemp('calm')}/spc.db"
    prepare(url)
    with Ledger.open(url) as ledger:
        line = a_line(ledger)
        for block in blocks():
            line.take(block)
        found = history.story(ledger, NAME)
    history.check(found, blocks(), found, told=True)
    assert any(one[2] == "out" for one in found.signals)
    return found


# ------------------------------------------------------------------------------------------------------------------- kill -9


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(fifth: Callable[..., Any], *, after: bool = False) -> Callable[..., Any]:
    """A function that kills its process when it is called for the fifth time, before or after it did its work."""
    calls = 0

    def called(*args: Any, **words: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5 and not after:
            die()
        value = fifth(*args, **words)
        if calls == 5:
            die()
        return value

    return called


def before_insert(_: Ledger, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rows, "append_rows", dying(rows.append_rows))


def after_insert(_: Ledger, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rows, "append_rows", dying(rows.append_rows, after=True))


def before_commit(ledger: Ledger, _: pytest.MonkeyPatch) -> None:
    sa.event.listen(ledger._writer, "commit", dying(lambda connection: None))


def before_acknowledgement(_: Ledger, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(store, "_tell", dying(store._tell))


POINTS = {
    "before the block is inserted": (before_insert, 0),
    "after the block is inserted": (after_insert, 0),
    "before the commit": (before_commit, 0),
    "after the commit, before the acknowledgement": (before_acknowledgement, 1),
}


def run_and_die(url: str, told: Path, where: Callable[[Ledger, pytest.MonkeyPatch], None]) -> int:
    """Takes blocks in a process of its own, which writes down how many were acknowledged; returns how it ended."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the process that dies
        try:
            with Ledger.open(url) as ledger, told.open("w") as acknowledged:
                line = a_line(ledger)
                where(ledger, pytest.MonkeyPatch())
                for block in blocks():
                    line.take(block)
                    acknowledged.write("x")
                    acknowledged.flush()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked to be killed")
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_of_the_transaction(point: str, calm: history.Story, tmp_path: Path) -> None:
    url, where = f"sqlite:///{tmp_path}/spc.db", POINTS[point]
    prepare(url)
    assert run_and_die(url, tmp_path / "told", where[0]) == -signal.SIGKILL
    told = len((tmp_path / "told").read_text())
    assert told == 4, "it was to die in its fifth block"
    with Ledger.open(url) as ledger:
        found = history.story(ledger, NAME)
        assert len(found) == (told + where[1]) * BLOCK
        history.check(found, blocks()[:told], calm)
        line = a_line(ledger)
        receipts = [line.take(block) for block in blocks()[told:]]  # the sender has no answer for the fifth
        assert receipts[0].duplicates == where[1] * BLOCK
        assert history.story(ledger, NAME) == calm


# ---------------------------------------------------------------------------------------------------------------- the clock


@pytest.mark.parametrize("hours", [-1.0, 1.0])
def test_a_clock_that_jumps_moves_no_point(hours: float, calm: history.Story, tmp_path: Path) -> None:
    """The rows carry their own times: when the machine thought that they came does not matter to any chart or alarm."""
    url, clock = f"sqlite:///{tmp_path}/spc.db", FakeClock()
    prepare(url)
    with Ledger.open(url) as ledger:
        line = a_line(ledger, clock)
        for k, block in enumerate(blocks()):
            if k == BLOCKS // 2:
                clock.go(3600.0 * hours)
            line.take(block)
            clock.go(1.0)
            line.look()
        assert history.story(ledger, NAME) == calm


# ----------------------------------------------------------------------------------------------------------------- the disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 8 MB; mounting needs root."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"cannot mount a small disk here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Takes all the room there is."""
    with ballast.open("ab", buffering=0) as full, contextlib.suppress(OSError):
        while full.write(bytes(4096)) == 4096:
            pass


def test_a_source_goes_on_when_a_full_disk_has_room_again(small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is followed while the ledger's disk is full: the line says so, takes nothing twice, and catches up by itself."""
    monkeypatch.setattr(plant, "FIRST_S", 0.05)
    monkeypatch.setattr(plant, "LONGEST_S", 0.2)
    url, file = f"sqlite:///{small_disk}/spc.db", tmp_path / "rows.csv"
    ballast = small_disk / "ballast"
    prepare(url)
    whole = some_rows(4000)
    texts = [f"{id},{','.join(map(repr, x))}\n" for id, x in zip(whole.ids, whole.x.tolist(), strict=True)]
    file.write_text(",".join(("id", *NAMES)) + "\n" + "".join(texts[:100]))
    source = PartSettings("source", "tail", {"path": str(file), "id": "id", "every_s": 0.02})
    site = Settings(lines=(LineSettings(NAME, source=source),), demo=False, reserve_mb=0)
    with Ledger.open(url) as ledger:
        running = Plant(ledger, site)
        running.start()

        def there() -> int:
            with ledger.read() as connection:
                return len(rows.last_rows(connection, NAME, history.ALL))

        try:
            until(lambda: there() == 100, "the first rows did not come")
            fill(ballast)
            with file.open("a") as grows:
                grows.writelines(texts[100:3000])
            until(lambda: running.source(NAME).state == "lost", "nobody said that the disk is full")
            assert "full" in running.source(NAME).error
            assert there() < 3000
            ballast.unlink()
            until(lambda: there() == 3000, "the line did not go on")
            with file.open("a") as grows:
                grows.writelines(texts[3000:])
            until(lambda: there() == 4000, "the line did not go on")
            until(lambda: running.source(NAME).state == "running", "the source is still said to be lost")
        finally:
            running.stop()
        found = history.story(ledger, NAME)
        assert (found.seq, found.ids, found.x) == (list(range(1, 4001)), whole.ids, whole.x.tobytes())
        assert found.judged == found.seq
