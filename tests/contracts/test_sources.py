"""Every registered source keeps the contract; a new one is picked up by itself once it has an example here."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spc.errors import BadSettings, Complaint
from spc.nouns import Rows
from spc.settings import PartSettings
from spc.sources import SOURCES, Batch, Gap, Scrap, build, check, check_lost
from tests.small import FakeClock
from tests.small import rows as some_rows

ROOMS = Path(__file__).resolve().parents[1] / "rooms" / "sources"


def _replay(table: Path) -> dict[str, Any]:
    return {"path": str(table), "rows_per_s": 1000.0}


def _tail(table: Path) -> dict[str, Any]:
    return {"path": str(table), "every_s": 0.01}


def _folder(table: Path) -> dict[str, Any]:
    header, *lines = table.read_text().splitlines(keepends=True)
    (table.parent / "in").mkdir()
    for k in range(3):
        (table.parent / "in" / f"{k}.csv").write_text(header + "".join(lines[400 * k : 400 * k + 400]))
    return {"path": str(table.parent / "in"), "every_s": 0.01, "settle_s": 0.0, "order": "name"}


def _sql(table: Path) -> dict[str, Any]:
    header, *lines = (one.split(",") for one in table.read_text().splitlines())
    with sqlite3.connect(table.parent / "plant.db") as made:
        made.execute(f"create table boards ({', '.join(header)})")
        records = [(at, id, *map(float, values)) for at, id, *values in lines]
        made.executemany(f"insert into boards values ({', '.join('?' * len(header))})", records)  # noqa: S608 - of question marks
    made.close()
    where = {"url": f"sqlite:///{table.parent / 'plant.db'}", "table": "boards", "key": "timestamp", "id": "board_id"}
    return {**where, "batch": 500, "every_s": 0.02}


EXAMPLES: dict[str, Callable[[Path], dict[str, Any]]] = {"replay": _replay, "tail": _tail, "folder": _folder, "sql": _sql}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    block = some_rows(1200)
    lines = ["timestamp,board_id," + ",".join(block.names)]
    lines += [f"{at},{id}," + ",".join(map(repr, x)) for at, id, x in zip(block.at, block.ids, block.x.tolist(), strict=True)]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_every_source_keeps_the_contract(kind: str, table: Path) -> None:
    source = build(PartSettings("source", kind, EXAMPLES[kind](table)))
    assert check(source, FakeClock(), quiet_s=0.4, rows=1200) == 1200


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_every_source_can_be_tried_and_is_held_to_the_contract(kind: str) -> None:
    """One that needs a server has its example where that server is: tests/rooms/sources/test_KIND.py."""
    assert callable(getattr(SOURCES[kind], "probe", None))
    assert kind in EXAMPLES or any(" check(" in one.read_text() for one in ROOMS.glob(f"test_{kind}*.py"))


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_the_manual_names_every_option(kind: str) -> None:
    text = (ROOMS.parents[2] / "assets" / "manual" / "70-sources.md").read_text(encoding="utf-8")
    assert f"`{kind}`" in text
    words = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`[^`\n]+`|```toml.*?```", text, re.DOTALL))))
    assert {one.name for one in fields(SOURCES[kind])} - words == set()


@pytest.mark.parametrize("kind", ["folder", "sql"])
def test_one_that_is_lost_says_so_and_goes_on(kind: str, table: Path) -> None:
    options = EXAMPLES[kind](table)
    there = Path(options.get("path") or table.parent / "plant.db")
    gone = there.with_suffix(".gone")
    source = build(PartSettings("source", kind, options))

    def lose() -> None:
        there.rename(gone)

    def find() -> None:
        gone.rename(there)

    check_lost(source, FakeClock(), lose, find, quiet_s=0.4, rows=1200)


def _spoil(kind: str, options: dict[str, Any]) -> Callable[[bytes], bytes]:
    """Makes three rows of an example unreadable; returns how a person corrects a scrap."""
    if kind == "sql":
        path = options["url"].removeprefix("sqlite:///")
        with sqlite3.connect(path) as made:  # behind the first page, which says which columns are numbers
            for n, value in made.execute("select rowid, warp_mm from boards where rowid in (601, 602, 901)").fetchall():
                made.execute("update boards set warp_mm = ? where rowid = ?", (f"!?{value!r}", n))
        made.close()
        return lambda payload: re.sub(rb'"!\?([-0-9.e]+)"', rb"\1", payload)
    files = sorted(Path(options["path"]).iterdir()) if kind == "folder" else [Path(options["path"])]
    for file, places in zip(files, [(7, 8, 400) if kind == "tail" else (7, 8), (2,)], strict=False):
        lines = file.read_text().splitlines(keepends=True)
        for i in places:
            lines[i] = lines[i].strip() + ",!?\n"
        file.write_text("".join(lines))
    return lambda payload: payload.replace(b",!?", b"")


def _given(source: Any, rows: int) -> tuple[dict[str | None, tuple[Any, ...]], list[Scrap]]:
    """Every row by its part number, and the scraps, until so many rows have come."""
    found: dict[str | None, tuple[Any, ...]] = {}
    kept: list[Scrap] = []
    stop = threading.Event()
    end = time.monotonic() + 60.0
    for one in source.read(None, stop, FakeClock()):
        batch = Batch.of(one)
        found |= _by_id([batch.rows])
        kept += batch.scraps
        assert time.monotonic() < end
        if len(found) >= rows and (kept or rows == 1200):
            stop.set()
    return found, kept


def _by_id(blocks: list[Rows]) -> dict[str | None, tuple[Any, ...]]:
    return {id: (one.names, at, *x) for one in blocks for id, at, x in zip(one.ids, one.at.tolist(), one.x.tolist(), strict=True)}


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_scrap_that_was_corrected_is_the_row_that_it_should_have_been(kind: str, table: Path) -> None:
    """Read again as it came it is refused in words; corrected it has the same values, time and part number, to the last bit."""
    options = EXAMPLES[kind](table)
    source: Any = build(PartSettings("source", kind, options))
    if not hasattr(source, "again"):
        assert kind == "replay"  # it plays a table that was read as a whole: it has no scraps
        return
    whole, none = _given(source, 1200)
    assert none == []
    corrected = _spoil(kind, options)
    good, scraps = _given(source, 1197)
    assert len(good) == 1197
    for one in scraps:
        with pytest.raises(Complaint, match=r"cells|number"):
            source.again(one.payload, one.reason)
        good |= _by_id(source.again(corrected(one.payload), one.reason))
    assert good == whole


ORDERED = sorted(kind for kind in EXAMPLES if any(one.name == "reorder_s" for one in fields(SOURCES[kind])))


@pytest.mark.parametrize("kind", ORDERED)
def test_rows_a_little_late_are_put_in_order_and_a_restart_at_any_batch_loses_none(kind: str, table: Path) -> None:
    """Two rows in a hundred come up to seven places too late. A position that is on disk never lies behind a row that is held back."""
    header, *lines = table.read_text().splitlines(keepends=True)
    late = sorted(range(1200), key=lambda k: (k + (7 if k % 50 == 3 else 5 if k % 50 == 6 else 0), k))
    assert late != sorted(late)
    table.write_text(header + "".join(lines[k] for k in late))
    options = {**EXAMPLES[kind](table), "reorder_s": 10.0}
    if kind == "sql":
        with sqlite3.connect(table.parent / "plant.db") as made:  # the key counts how they came
            made.execute("create view counted as select rowid as n, * from boards")
        made.close()
        options |= {"table": "counted", "key": "n", "time": "timestamp"}
    source: Any = build(PartSettings("source", kind, options))
    wanted = {f"B{i:05d}" for i in range(1, 1101)}
    blocks = _batches(source, None, wanted)  # the last ten seconds' rows wait for younger ones
    at = np.concatenate([one.rows.at for one in blocks])
    assert (np.diff(at) > np.timedelta64(0)).all()
    for k in range(1, len(blocks) + 1):
        known = [one.position for one in blocks[:k] if one.position is not None]
        before = {id for one in blocks[:k] for id in one.rows.ids}
        _batches(source, known[-1] if known else None, wanted - before)


def _batches(source: Any, after: Any, wanted: set[str]) -> list[Batch]:
    """What it gives until all these parts have come; they must."""
    stop, found, missing = threading.Event(), [], set(wanted)
    end = time.monotonic() + 60.0
    for one in source.read(after, stop, FakeClock()) if missing else ():
        found.append(Batch.of(one))
        missing -= set(found[-1].rows.ids)
        assert time.monotonic() < end, f"never came: {sorted(missing)[:5]}"
        if not missing:
            break
    return found


@dataclass(frozen=True)
class Broken:
    """Breaks one promise, by name."""

    how: str

    @property
    def name(self) -> str:
        return "" if self.how == "no name" else "broken"

    def probe(self, clock: Callable[[], int]) -> str:
        return "" if self.how == "mute probe" else "twenty rows"

    def read(self, after: Any, stop: threading.Event, clock: Callable[[], int]) -> Iterator[Batch]:
        start = 0 if self.how == "begins again" else (after or {"row": 0})["row"]
        for row in range(start, 20, 10):
            block = some_rows(10, first=row + 1)
            if self.how == "ragged":
                block = Rows(block.names, block.x, block.at[:5], block.ids)
            if self.how == "infinite":
                block.x[0, 0] = np.inf
            if self.how == "odd quality":
                block = replace(block, quality=("fine",) * 10)
            if self.how == "odd code":
                block = replace(block, codes=np.full(block.x.shape, 9, dtype=np.uint8))
            if self.how == "nanoseconds":
                block = replace(block, at=block.at.astype("datetime64[ns]"))
            scraps = (Scrap(b"x", ""),) if self.how == "silent scrap" else ()
            gaps = (Gap(5, 4, "cut"),) if self.how == "backward gap" else ()
            yield Batch(block, {"row": (row + 10,) if self.how == "no json" else row + 10}, scraps, gaps)
        while self.how == "does not stop":
            time.sleep(0.01)


@dataclass
class Soft:
    name: str = "soft"


@pytest.mark.parametrize(
    "how, said",
    [
        ("no name", "has no name"),
        ("begins again", "does not give the rest"),
        ("ragged", "is not whole"),
        ("infinite", "is infinite"),
        ("no json", "trip through JSON"),
        ("does not stop", "goes on after it was told to stop"),
        ("odd quality", "a quality is none of"),
        ("odd code", "a quality is none of"),
        ("nanoseconds", "times are datetime64"),
        ("silent scrap", "no bytes or no reason"),
        ("backward gap", "ends before it begins"),
        ("mute probe", "the probe says nothing"),
    ],
)
def test_a_source_that_breaks_its_promise_is_found(how: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spc.sources.source.STOP_S", 0.3)
    with pytest.raises(BadSettings, match=said):
        check(Broken(how), FakeClock(), quiet_s=0.3)


def test_a_good_one_passes_and_one_that_can_change_does_not() -> None:
    assert check(Broken("not"), FakeClock(), quiet_s=0.3) == 20
    with pytest.raises(BadSettings, match="can change"):
        check(Soft(), FakeClock())  # type: ignore[arg-type]


@dataclass(frozen=True)
class Mute:
    """Goes on as if nothing had happened when it is cut off, or gives its rows once more."""

    again: bool
    name: str = "mute"

    def read(self, after: Any, stop: threading.Event, clock: Callable[[], int]) -> Iterator[tuple[Rows, Any]]:
        if after is None or (self.again and not CUT):
            yield some_rows(5), {"row": 5}
        if CUT and self.again:
            raise OSError("gone")


CUT: list[bool] = []


@pytest.mark.parametrize("again, said", [(False, "says nothing"), (True, "gives rows twice")])
def test_one_that_does_not_say_that_it_is_lost_is_found(again: bool, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        check_lost(Mute(again), FakeClock(), lambda: CUT.append(True), CUT.clear, quiet_s=0.2)
