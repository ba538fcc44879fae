"""The power goes: after any cut the ledger opens, and every row that was acknowledged is in it once, judged as if nothing had been.

The program writes through a disk that records what was written and what was synced. At a cut all that was not synced may be lost, torn, or
be there while what was written before it is not. With `synchronous = normal`, which many would choose for its speed, the same cuts lose
rows that were acknowledged: the test can fail.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("apsw", reason="cutting the power needs apsw: pip install apsw")

from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.nouns import Rows
from spc.settings import LineSettings
from tests.faults import history
from tests.faults.power import Platter, Tape, recorded
from tests.small import FakeClock, model
from tests.small import rows as some_rows

pytestmark = pytest.mark.faults

NAME, FILE = "smt-2", "spc.db"
BLOCKS, BLOCK = 150, 40
WAYS = ("drop", "torn", "some", "keep")
CUTS = 360
TABLES = ("block", "judged", "row_key", "signal", "alarm_event", "outbox")


@dataclass(frozen=True)
class Stream:
    """What was done to the disk while blocks were taken: `told[k]` operations had been done when block k was acknowledged."""

    folder: Path
    blocks: list[Rows]
    tape: Tape
    told: list[int]
    sure: dict[str, bytes]


def blocks() -> list[Rows]:
    return [some_rows(BLOCK, first=1 + BLOCK * k, out=(7, 8) if k % 5 == 2 else ()) for k in range(BLOCKS)]


def taken(folder: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str = "full") -> Stream:
    """A line that takes its blocks on a recorded disk; how it was before is on the disk for sure."""
    url = f"sqlite:///{folder}/{FILE}"
    with Ledger.open(url) as ledger:
        line = Line(ledger, LineSettings(NAME), clock=FakeClock())
        id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
        activate(ledger, NAME, id, "start", "Ada", 1)
    sure = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.startswith(FILE) and one.suffix != ".lock"}
    told: list[int] = []
    with recorded(monkeypatch, synchronous) as tape, Ledger.open(url) as ledger:
        line, sent = Line(ledger, LineSettings(NAME), clock=FakeClock(), notifiers=("hook",)), blocks()
        for block in sent:
            line.take(block)
            told.append(len(tape.ops))
        done = len(tape.ops)
    return Stream(folder, sent, Tape(tape.ops[:done]), told, sure)


def spread(stream: Stream, cuts: int, chance: np.random.Generator) -> list[int]:
    """Where to cut: a third right behind a sync or a write after it, a third where the database itself is written, the rest anywhere."""
    ops = stream.tape.ops
    syncs = [i + more for i, op in enumerate(ops) if op.offset < 0 for more in (0, 1, 2)]
    checkpoints = [i for i, op in enumerate(ops) if op.file == FILE]
    assert len(checkpoints) > 100, "no checkpoint was made: there is nothing to cut"
    some = [chance.choice(syncs, cuts // 3), chance.choice(checkpoints, cuts // 3), chance.integers(0, len(ops), cuts - 2 * (cuts // 3))]
    return sorted(int(one) for many in some for one in many)


def images(stream: Stream, cuts: int) -> Iterator[tuple[dict[str, bytes], int]]:
    """The files after each cut, and how many blocks had been acknowledged."""
    chance, platter = np.random.default_rng(11), Platter(stream.tape, stream.sure)
    for k, at in enumerate(spread(stream, cuts, chance)):
        platter.go(at)
        yield platter.cut(chance, WAYS[k % len(WAYS)]), sum(done <= at for done in stream.told)


def restored(folder: Path, image: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in image.items():
        if name in (FILE, f"{FILE}-wal"):
            (folder / name).write_bytes(data)
    return folder / FILE


def content(database: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(database) as connection:
        assert connection.execute("pragma quick_check").fetchall() == [("ok",)]
        found = {table: connection.execute(f"select * from {table} order by 1, 2, 3").fetchall() for table in TABLES}  # noqa: S608
    connection.close()
    return found


def lost(stream: Stream, folder: Path, cuts: int, calm: dict[str, list[Any]]) -> list[int]:
    """Of each cut, the acknowledged blocks that are not in the ledger; whatever is there must be what an undisturbed run has there."""
    found = []
    for image, acknowledged in images(stream, cuts):
        there = content(restored(folder, image))
        n = len(there["block"])
        found.append(max(0, acknowledged - n))
        assert there["block"] == calm["block"][:n], "rows differ from an undisturbed run"
        assert there["judged"] == calm["judged"][:n], "points differ from an undisturbed run"
        last = n * BLOCK
        assert there["row_key"] == [one for one in calm["row_key"] if one[1] <= last]
        assert there["signal"] == [one for one in calm["signal"] if one[1] <= last], "signals differ from an undisturbed run"
        for table in ("alarm_event", "outbox"):
            assert there[table] == [one for one in calm[table] if one in there[table]]
    return found


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where files that are not synced for real are made quickly."""
    fast = Path("/dev/shm")
    folder = fast / f"spc-power-{os.getpid()}" if os.access(fast, os.W_OK) else tmp_path_factory.mktemp("disk")
    folder.mkdir(exist_ok=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stream(memory: Path) -> Stream:
    """A stream as the program writes it."""
    (memory / "full").mkdir()
    return taken(memory / "full", pytest.MonkeyPatch())


def test_what_was_acknowledged_is_there_after_any_cut(stream: Stream, memory: Path) -> None:
    calm = content(stream.folder / FILE)
    assert [one[1] for one in calm["block"]] == [1 + BLOCK * k for k in range(BLOCKS)]
    assert lost(stream, memory / "cut", CUTS, calm) == [0] * CUTS


def test_with_less_than_full_sync_acknowledged_rows_are_lost(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (memory / "normal").mkdir()
    stream = taken(memory / "normal", monkeypatch, "normal")
    gone = lost(stream, memory / "cut", 60, content(stream.folder / FILE))
    assert sum(one > 0 for one in gone) > 10, "the cuts find nothing: they would not find it with full sync either"


def whole(stream: Stream, folder: Path, cuts: Sequence[tuple[dict[str, bytes], int]], calm: history.Story) -> None:
    """After each cut the program itself opens the ledger, and the sender sends what it has no answer for, and the block before it."""
    for image, acknowledged in cuts:
        url = f"sqlite:///{restored(folder, image)}"
        with Ledger.open(url) as ledger:
            history.check(history.story(ledger, NAME), stream.blocks[:acknowledged], calm)
            line = Line(ledger, LineSettings(NAME), clock=FakeClock(), notifiers=("hook",))
            for block in stream.blocks[max(0, acknowledged - 1) :]:
                line.take(block)
            assert history.story(ledger, NAME) == calm


def undisturbed(stream: Stream) -> history.Story:
    with Ledger.open(f"sqlite:///{stream.folder / FILE}") as ledger:
        found = history.story(ledger, NAME)
        history.check(found, stream.blocks, found)
        return found


def test_a_line_goes_on_after_a_cut_as_if_nothing_had_been(stream: Stream, memory: Path) -> None:
    cuts = list(images(stream, CUTS))
    whole(stream, memory / "cut", cuts[170::60], undisturbed(stream))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_thousand_cuts(stream: Stream, memory: Path) -> None:
    assert lost(stream, memory / "cut", 2000, content(stream.folder / FILE)) == [0] * 2000
    whole(stream, memory / "cut", list(images(stream, 200))[::4], undisturbed(stream))
