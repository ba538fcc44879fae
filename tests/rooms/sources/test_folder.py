from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spc.errors import BadSettings, BadTable, NotFound
from spc.ledger import Ledger
from spc.ledger.lines import last_seq
from spc.ledger.scraps import scraps as kept
from spc.line import Plant
from spc.settings import LineSettings, PartSettings, Settings
from spc.sources import Batch
from spc.sources.folder import Folder
from tests.small import FakeClock

HEADER = "time,board,a_mm,b_mm\n"


def line(k: int) -> str:
    return f"2025-03-04T{6 + k // 3600:02d}:{k // 60 % 60:02d}:{k % 60:02d},B{k:05d},{160 + k / 1000:.3f},{0.3 + k / 100:.3f}\n"


def text(first: int, last: int) -> str:
    return HEADER + "".join(map(line, range(first, last + 1)))


def boards(first: int, last: int) -> list[str]:
    return [f"B{k:05d}" for k in range(first, last + 1)]


class Reader:
    """A folder read in a thread, and what it gave so far."""

    def __init__(self, source: Folder, after: Any = None) -> None:
        self.given: list[Batch] = []
        self.failed: Exception | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._work, args=(source, after), daemon=True)
        self.thread.start()

    def _work(self, source: Folder, after: Any) -> None:
        try:
            for one in source.read(after, self.stop, FakeClock()):
                self.given.append(one)
        except Exception as broken:  # noqa: BLE001 - looked at by the test
            self.failed = broken

    @property
    def ids(self) -> list[str | None]:
        return [id for one in self.given for id in one.rows.ids]

    @property
    def scraps(self) -> list[tuple[bytes, str]]:
        return [(scrap.payload, scrap.reason) for one in self.given for scrap in one.scraps]

    @property
    def position(self) -> Any:
        return json.loads(json.dumps(self.given[-1].position))

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60.0
        while not true():
            assert time.monotonic() < end, f"it did not happen: {self.ids[-3:]}, {self.scraps}, {self.failed}"
            time.sleep(0.005)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(60.0)
        assert not self.thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Reader]]:
    readers: list[Reader] = []

    def begin(after: Any = None, **options: Any) -> Reader:
        readers.append(Reader(Folder(folder, **{"every_s": 0.01, "settle_s": 0.05, **options}), after))
        return readers[-1]

    yield begin
    for one in readers:
        one.close()


def drop(folder: Path, name: str, content: str | bytes) -> Path:
    (folder / f".{name}.new").write_bytes(content if isinstance(content, bytes) else content.encode())
    return (folder / f".{name}.new").rename(folder / name)


def test_files_are_taken_oldest_first_and_once(folder: Path, start: Callable[..., Reader]) -> None:
    for name, when, rows in (("b.csv", 100, (1, 5)), ("a.csv", 200, (6, 9)), ("c.csv", 200, (10, 12))):
        os.utime(drop(folder, name, text(*rows)), (when, when))
    one = start()
    one.until(lambda: one.ids == boards(1, 12))
    assert one.given[0].rows.names == ("a_mm", "b_mm")
    drop(folder, "d.csv", text(13, 14).removesuffix("\n"))
    one.until(lambda: one.ids == boards(1, 14))
    time.sleep(0.1)
    assert one.ids == boards(1, 14)


def test_by_name_when_that_is_the_order(folder: Path, start: Callable[..., Reader]) -> None:
    os.utime(drop(folder, "2.csv", text(6, 9)), (100, 100))
    os.utime(drop(folder, "1.csv", text(1, 5)), (200, 200))
    one = start(order="name")
    one.until(lambda: one.ids == boards(1, 9))


class Looked:
    """The clock of a folder: it stands until it is moved, and knows how often it was looked at."""

    def __init__(self) -> None:
        self.now, self.looks = 100.0, 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.now

    def monotonic_ns(self) -> int:
        return int(self.now * 1e9)


def test_a_file_that_is_being_written_waits(folder: Path, start: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Looked()
    monkeypatch.setattr("spc.sources.folder.time", clock)
    for name in (".hidden.csv", "x.tmp", "x.csv.part", "x.csv~", "notes.txt"):
        (folder / name).write_text(text(90, 95))
    one = start(settle_s=0.4, pattern="*.csv*")
    with (folder / "slow.csv").open("w") as out:
        for k in range(1, 9):
            out.write(HEADER if k == 1 else line(k))
            out.flush()
            clock.now += 0.3
            looks = clock.looks
            one.until(lambda looks=looks: clock.looks >= looks + 3)
            assert one.ids == []
    clock.now += 0.5
    one.until(lambda: one.ids == boards(2, 8))


def test_the_same_bytes_under_another_name_are_not_taken_twice(folder: Path, start: Callable[..., Reader]) -> None:
    drop(folder, "a.csv", text(1, 5))
    one = start()
    one.until(lambda: len(one.ids) == 5)
    drop(folder, "b.csv", text(1, 5))
    one.until(lambda: len(one.given) == 2)
    one.close()
    drop(folder, "c.csv", text(1, 5))
    drop(folder, "d.csv", text(6, 7))
    two = start(one.position)
    two.until(lambda: two.ids == boards(6, 7))


def test_another_content_under_an_old_name_is_new(folder: Path, start: Callable[..., Reader]) -> None:
    drop(folder, "a.csv", text(1, 5))
    one = start()
    one.until(lambda: len(one.ids) == 5)
    drop(folder, "a.csv", text(6, 10))
    one.until(lambda: one.ids == boards(1, 10))


def test_a_file_with_an_old_date_dropped_late_is_taken(folder: Path, start: Callable[..., Reader]) -> None:
    drop(folder, "a.csv", text(1, 5))
    one = start()
    one.until(lambda: len(one.ids) == 5)
    one.close()
    os.utime(drop(folder, "old.csv", text(6, 7)), (1000, 1000))
    two = start(one.position)
    two.until(lambda: two.ids == boards(6, 7))


def test_a_restart_in_a_long_file_goes_on_in_it(folder: Path, start: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.sources.folder.BLOCK", 8192)
    drop(folder, "a.csv", text(1, 1000))
    blocks: Any = Folder(folder, settle_s=0).read(None, threading.Event(), FakeClock())
    first = next(blocks)
    assert 100 < len(first.rows) < 300
    blocks.close()
    two = start(json.loads(json.dumps(first.position)), settle_s=0)
    two.until(lambda: list(first.rows.ids) + two.ids == boards(1, 1000))
    assert len(two.given) > 3


def test_what_is_no_table_is_a_scrap_and_the_next_file_is_read(folder: Path, start: Callable[..., Reader]) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8000
    files = {"a.csv": picture, "b.csv": b"", "c.csv": HEADER.encode(), "d.csv": text(1, 3).encode("utf-16")}
    for name, content in files.items():
        drop(folder, name, content)
    drop(folder, "e.csv", text(1, 3) + "x;y\n" + line(4) + "Total: 4\n")
    one = start(order="name")
    one.until(lambda: one.ids == boards(1, 4))
    assert [reason.split(":")[0] for _, reason in one.scraps] == ["File a.csv", "File d.csv", "File e.csv"]
    assert one.scraps[0][0] == files["a.csv"][: 1 << 20]
    assert one.scraps[2][0] == HEADER.encode() + b"x;y\nTotal: 4\n"


def test_a_line_without_end_is_passed_over(folder: Path, start: Callable[..., Reader]) -> None:
    drop(folder, "a.csv", text(1, 3) + "9" * 3_000_000 + "\n" + line(4))
    one = start()
    one.until(lambda: one.ids == boards(1, 4))
    assert [len(payload) for payload, _ in one.scraps] == [1 << 20]


def test_what_was_taken_is_moved_only_when_it_is_on_disk(folder: Path) -> None:
    drop(folder, "a.csv", text(1, 5))
    source = Folder(folder, settle_s=0, every_s=0.01, done="done")
    stop = threading.Event()
    blocks: Any = source.read(None, stop, FakeClock())
    first = next(blocks)
    assert (folder / "a.csv").exists()  # given, and not yet on disk
    blocks.close()
    drop(folder, "b.csv", text(6, 7))
    again = source.read(json.loads(json.dumps(first.position)), stop, FakeClock())
    assert list(next(again).rows.ids) == boards(6, 7)  # asked anew behind the position: the first file is on disk, and goes
    assert sorted(one.name for one in folder.glob("**/*.csv")) == ["a.csv", "b.csv"]
    assert not (folder / "a.csv").exists()
    drop(folder, "a.csv", text(8, 8))
    assert list(next(again).rows.ids) == boards(8, 8)
    stop.set()
    assert list(again) == []
    assert sorted(one.name for one in (folder / "done").iterdir()) == ["a.1.csv", "a.csv", "b.csv"]


def test_the_position_does_not_grow_for_ever(folder: Path, start: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.sources.dropped.KEPT", 20)
    monkeypatch.setattr("spc.sources.dropped.MORE", 10)
    n = 70
    for k in range(1, n + 1):
        (folder / f"{k:04d}.csv").write_text(text(k, k))
        time.sleep(0.001)
    one = start(settle_s=0, order="name")
    one.until(lambda: len(one.ids) == n)
    one.close()
    assert len(one.position["taken"]) <= 30
    assert one.position["before"] > 0
    two = start(one.position, settle_s=0)
    drop(folder, "new.csv", text(9000, 9001))
    two.until(lambda: two.ids == boards(9000, 9001))
    time.sleep(0.05)
    assert two.ids == boards(9000, 9001)


def test_no_folder_is_a_complaint_and_a_probe_says_what_lies_there(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        Folder(tmp_path / "none").probe(FakeClock())
    with pytest.raises(NotFound):
        next(Folder(tmp_path / "none").read(None, threading.Event(), FakeClock()))
    assert "no file to take" in Folder(folder).probe(FakeClock())
    drop(folder, "a.csv", text(1, 5))
    said = Folder(folder).probe(FakeClock())
    assert "1 files to take; the first is a.csv with these columns: a_mm, b_mm; time in time; part number in board" in said
    with pytest.raises(BadSettings, match="order"):
        Folder(folder, order="size")


def test_in_a_plant_rows_and_scraps_are_on_disk_before_the_file_is_moved(folder: Path, tmp_path: Path) -> None:
    drop(folder, "a.csv", text(1, 50) + "torn;line\n")
    drop(folder, "b.csv", b"\x00\x01 no table")
    url = f"sqlite:///{tmp_path / 'spc.db'}"
    part = PartSettings("source", "folder", {"path": str(folder), "settle_s": 0.0, "every_s": 0.02, "done": "done", "order": "name"})
    site = Settings(ledger=url, lines=(LineSettings("smt-2", source=part),))

    def run(rows: int, scraps: int, moved: set[str]) -> None:
        with Ledger.open(url) as ledger:
            plant = Plant(ledger, site)
            plant.start()
            end = time.monotonic() + 60.0
            while {one.name for one in (folder / "done").glob("*")} != moved:
                assert time.monotonic() < end, plant.source("smt-2")
                time.sleep(0.02)
            plant.stop()
            with ledger.read() as connection:
                assert last_seq(connection, "smt-2") == rows
                assert len(kept(connection, "smt-2")) == scraps

    run(50, 2, {"a.csv", "b.csv"})
    drop(folder, "c.csv", text(40, 60))  # ten of them are there already
    run(60, 2, {"a.csv", "b.csv", "c.csv"})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.binary(max_size=300), st.text(max_size=60).map(lambda junk: (HEADER + junk).encode())), min_size=1, max_size=3)
)
def test_whatever_is_dropped_the_next_file_is_read(tmp_path_factory: pytest.TempPathFactory, junk: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("in")
    for k, content in enumerate(junk):
        (folder / f"{k}.csv").write_bytes(content)
    (folder / "9.csv").write_text(text(901, 903))
    stop = threading.Event()
    ids: list[str | None] = []
    for batch in Folder(folder, settle_s=0.0, every_s=0.01, order="name").read(None, stop, FakeClock()):
        ids += batch.rows.ids
        if "B00903" in ids:
            stop.set()
    assert ids[-3:] == boards(901, 903)


def test_a_scrap_is_read_again_as_the_file_it_came_from(folder: Path, start: Callable[..., Reader]) -> None:
    drop(folder, "a.csv", text(1, 3) + line(4).strip() + ",much\n")
    drop(folder, "b.csv", "time,board,b_mm,a_mm\n" + "".join(map(line, (5, 6))))  # another order of columns
    one = start(order="name", done="taken")
    one.until(lambda: len(one.ids) == 5 and (folder / "taken" / "b.csv").exists())
    ((payload, reason),) = one.scraps
    source = Folder(folder, done="taken")
    with pytest.raises(BadTable, match="has 5 cells"):
        source.again(payload, reason)
    (rows,) = source.again(payload.replace(b",much", b""), reason)
    assert (rows.names, rows.ids, rows.x.tolist()) == (("a_mm", "b_mm"), ("B00004",), [[160.004, 0.34]])
    bare = payload.replace(b",much", b"").removeprefix(HEADER.encode())
    assert source.again(bare, reason)[0].names == ("a_mm", "b_mm")
    assert source.again(bare, "File b.csv: why")[0].names == ("b_mm", "a_mm")
    with pytest.raises(BadTable, match="names of the columns"):
        source.again(bare, "File ../b.csv/none: why")


def test_a_file_of_which_rows_are_held_back_stays_until_they_are_on_disk(folder: Path, start: Callable[..., Reader]) -> None:
    drop(folder, "a.csv", text(1, 20))
    drop(folder, "b.csv", HEADER + line(22) + line(24))
    one = start(order="name", done="taken", reorder_s=5.0)
    one.until(lambda: one.ids == boards(1, 19))
    assert (folder / "a.csv").exists()  # B00020 is held back
    drop(folder, "c.csv", HEADER + line(21) + line(23) + line(40))
    one.until(lambda: one.ids == [*boards(1, 24)])
    one.until((folder / "taken" / "b.csv").exists)
    assert not (folder / "a.csv").exists()
    assert (folder / "c.csv").exists()
    one.close()
    two = start(one.position, order="name", done="taken", reorder_s=0.5)  # half a second after it came nothing younger is waited for
    two.until(lambda: "B00040" in two.ids)
    two.until((folder / "taken" / "c.csv").exists)
