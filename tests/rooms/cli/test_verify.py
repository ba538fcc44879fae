"""spc verify: what the line found is found again, to the last bit, and what was altered is told with its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from spc.ledger import Ledger, archive, archived, lines
from spc.ledger import alarms as book
from spc.ledger.schema import block, judged, memory
from spc.ledger.schema import model as model_table
from spc.line import Line, acknowledge, activate, cause, deactivate, save_model
from spc.line.reproduced import Reproduced, reproduce
from spc.nouns import Limit, Model, Subgroups
from spc.phase1 import Recipe, fit
from spc.settings import LineSettings
from tests.postgres import Postgres
from tests.series import reference, var
from tests.series import rows as series_rows
from tests.small import FakeClock, model
from tests.small import rows as some_rows

LIMIT = Limit(12.0, 0.0013, "simulated")
WATCHING = replace(model(), new_limits={**model().new_limits, "mewma": (LIMIT,), "mcusum": (LIMIT,)}, recipe={"charts": {}})
GROUPED = replace(model(center=0.1), subgroup=Subgroups("lot", 4, 4, 50, {"t2": (0.0, 0.0, 0.0)}, {"t2": 0.0}))
LOOKING_BACK = fit(reference(var(300, 1)), Recipe.from_dict({"estimator": "classical", "dynamics": "lagged 2"})).model


class House:
    """A line on a ledger of its own."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.file = folder / "a.db"
        self.clock = FakeClock()
        self.ledger = Ledger.open(url or f"sqlite:///{self.file}", folder / "archive")
        self.line = Line(self.ledger, LineSettings("smt-2", "SMT-2"), clock=self.clock)
        self.sent = 0

    def activate(self, one: Model, product: str = "") -> None:
        id = save_model(self.ledger, one, reference_id=None, by="Ada", now=self.clock())
        activate(self.ledger, "smt-2", id, "start", "Ada", self.clock(), product=product)

    def send(self, n: int, **words: Any) -> None:
        """The next n rows, in blocks of various sizes."""
        out, labels = words.pop("out", ()), words
        whole = replace(some_rows(n, first=self.sent + 1, out=out, by=4.0), **labels)
        self.sent += n
        start, size = 0, 1
        while start < n:
            self.line.take(whole.part(slice(start, start + size)))
            start, size = start + size, size % 7 + 2
            self.clock.go(3600.0)

    def proof(self, since: int | None = None) -> Reproduced:
        return reproduce(self.ledger, "smt-2", since)

    def change(self, table: sa.Table, column: str, change: Callable[[Any], Any], *, first_seq: int | None = None) -> None:
        """Alters what is stored, as somebody with another program might."""
        where = sa.true() if first_seq is None else table.c.first_seq == first_seq

        def job(connection: sa.Connection) -> None:
            stored = connection.execute(sa.select(table.c[column]).where(where)).scalars().first()
            connection.execute(sa.update(table).where(where).values({column: change(stored)}))

        self.ledger.write(job)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


def nudged(blob: bytes, place: int) -> bytes:
    """The place-th number of a blob, moved to the next one that a float can hold."""
    x = np.frombuffer(blob, dtype="<f8").copy()
    x[place] = np.nextafter(x[place], np.inf)
    return x.tobytes()


def forgotten(text: str) -> str:
    """A memory in which one chart remembers nothing."""
    kept = json.loads(text)
    return json.dumps({**kept, "monitor": {**kept["monitor"], "mewma": {}}})


def busy(house: House) -> None:
    """All that a line may go through."""
    house.send(5)  # before any model
    house.activate(WATCHING)
    house.send(23, out=(4, 5, 6, 7, 8, 9))
    with house.ledger.read() as connection:
        alarm = book.alarms(connection)[0]
    acknowledge(house.ledger, alarm.id, "Ada", "", house.clock())
    cause(house.ledger, alarm.id, "Ada", "wrong panel lot", house.clock())
    house.send(9)
    house.line = Line(house.ledger, LineSettings("smt-2", "SMT-2"), clock=house.clock)  # a restart
    house.send(12, quality=("good", "bad", "good", "late", "stale", "good") * 2)
    codes = np.zeros((8, 3), dtype=np.uint8)
    codes[2, 1] = codes[5] = 2
    house.send(8, codes=codes)
    house.line.take(replace(some_rows(6, first=2, seed=5), ids=(None,) * 6, quality=("good", "bad") * 3))  # long ago: late
    house.sent += 100
    house.activate(GROUPED, "B")
    house.send(22, product=("A", "B", "B") * 7 + ("A",), subgroup=tuple(f"L{i // 5}" for i in range(22)))
    deactivate(house.ledger, "smt-2", "no B for now", "Ada", 2, product="B")
    house.send(10, product=("A", "B") * 5)
    house.activate(model(center=0.3), "B")
    house.send(10, product=("A", "B") * 5)


def test_all_that_a_line_may_go_through_is_found_again(house: House) -> None:
    busy(house)
    found = house.proof()
    assert (found.differing, found.differences) == (0, [])
    assert found.rows == 105
    assert found.points > 200
    since = int(some_rows(1, first=150).at[0].astype("datetime64[us]").astype(np.int64))
    later = house.proof(since)
    assert later.differing == 0
    assert later.rows < found.rows


def test_the_same_when_rows_are_in_the_archive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(house)
    before = house.proof()
    monkeypatch.setattr(archive, "KEPT", 20)
    assert archive.archive_days(house.ledger, house.ledger.archive, house.clock.now, house.clock)
    assert house.proof() == before
    house.line = Line(house.ledger, LineSettings("smt-2", "SMT-2"), clock=house.clock)  # which looks back at rows in the archive
    again = house.line.take(some_rows(5))
    assert (again.accepted, again.duplicates, again.conflicts) == (0, 5, ())
    house.send(15, product=("A", "B", "A") * 5)
    assert house.proof().differing == 0


def test_a_model_that_looks_at_the_rows_before_begins_with_those_of_the_line(house: House) -> None:
    x = var(60, 2)
    house.line.take(series_rows(x).some(range(10)))
    house.activate(LOOKING_BACK)
    for start in range(10, 60, 7):
        house.line.take(series_rows(x).some(range(start, min(start + 7, 60))))
    found = house.proof()
    assert (found.differing, found.rows, found.points) == (0, 60, 50)


def test_one_bit_of_a_value_a_limit_a_row_or_a_memory_is_found(house: House) -> None:
    house.activate(WATCHING)
    house.send(20)
    assert house.proof().differing == 0
    house.change(judged, "values", lambda blob: nudged(blob, 6), first_seq=10)  # its second row: three charts have two numbers each
    (one,) = house.proof().differences
    assert (one.row, one.chart, one.what) == (11, "t2", "value")
    assert isinstance(one.found, float)
    assert one.stored == np.nextafter(one.found, np.inf)
    house.change(judged, "values", lambda blob: nudged(blob, 9), first_seq=10)
    assert [(one.row, one.chart, one.what) for one in house.proof().differences] == [(11, "t2", "value"), (11, "mewma", "limit")]
    house.change(judged, "out", lambda blob: bytes([1]) + blob[1:], first_seq=10)
    assert ("t2", "out") in [(one.chart, one.what) for one in house.proof().differences]


def test_an_altered_row_and_an_altered_memory_are_found(house: House) -> None:
    house.activate(WATCHING)
    house.send(20)
    house.change(memory, "memory_json", forgotten)
    (one,) = house.proof().differences
    assert (one.row, one.what) == (20, "memory")
    house.change(block, "x", lambda blob: nudged(blob, 0), first_seq=2)
    changed = house.proof()
    assert {one.row for one in changed.differences} >= {2, 3}  # the charts with memory carry it on
    assert 0.0 < changed.worst < 1e-6
    house.ledger.write(lambda connection: connection.execute(sa.delete(judged).where(judged.c.first_seq == 10)))
    fewer = house.proof()
    assert fewer.points == changed.points - 7 * 3


def test_rows_that_were_not_judged_are_told(house: House) -> None:
    house.activate(model())
    house.send(20)
    house.ledger.write(lambda connection: connection.execute(sa.delete(judged).where(judged.c.first_seq == 10)))
    found = house.proof()
    told = [(one.what, one.row, one.found) for one in found.differences]
    assert told == [("not judged", row, "by activation 1") for row in range(10, 17)]


def test_in_the_terminal(house: House, spc: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    busy(house)
    monkeypatch.setattr(archive, "KEPT", 20)
    done = archive.archive_days(house.ledger, house.ledger.archive, house.clock.now, house.clock)
    config = house.file.parent / "config"
    words = ("--ledger", house.file, "--config", config)
    good = spc("verify", *words)
    assert (good.code, good.err) == (0, "")
    assert "smt-2: 105 rows judged again" in good.out
    assert good.out.endswith("All is well.\n")
    told = json.loads(spc("verify", *words, "--line", "smt-2", "--since", "2025-03-04T06:30", "--json").out)
    assert (told["good"], told["troubles"], told["lines"][0]["differing"]) == (True, [], 0)

    file = house.ledger.archive / done[0].path
    whole = file.read_bytes()
    file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    flipped = spc("verify", *words)
    assert flipped.code == 1
    assert f"{file} is not the one that was written" in flipped.out
    file.write_bytes(whole)
    archived._files.clear()

    house.change(judged, "values", lambda blob: nudged(blob, 0), first_seq=_newest(house))
    altered = spc("verify", *words)
    assert altered.code == 1
    assert "the value is stored as" in altered.out
    assert "1 numbers differ" in altered.out

    house.change(model_table, "body", lambda text: text.replace('"alpha": 0.0027', '"alpha": 0.0028', 1))
    tampered = json.loads(spc("verify", *words, "--json").out)
    assert not tampered["good"]
    assert any(one.startswith("model ") for one in tampered["troubles"])


def test_on_postgresql_as_well(postgres: Postgres, tmp_path: Path, spc: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    address = postgres.ledger()
    house = House(tmp_path, address)
    try:
        busy(house)
        before = house.proof()
        assert (before.differing, before.rows) == (0, 105)
        monkeypatch.setattr(archive, "KEPT", 20)
        assert archive.archive_days(house.ledger, house.ledger.archive, house.clock.now, house.clock)
        assert house.proof() == before
        words = ("verify", "--ledger", address, "--archive", house.ledger.archive, "--config", tmp_path / "config")
        good = spc(*words)
        assert (good.code, good.err) == (0, "")
        assert good.out.endswith("All is well.\n")
        newest = _newest(house)
        house.change(judged, "values", lambda blob: nudged(blob, 0), first_seq=newest)
        (one,) = house.proof().differences
        assert (one.row, one.chart, one.what) == (newest, "t2", "value")
        altered = spc(*words)
        assert altered.code == 1
        assert f"row {newest}" in altered.out
        assert "1 numbers differ" in altered.out
    finally:
        house.ledger.close()
        postgres.drop(address)


def _newest(house: House) -> int:
    with house.ledger.read() as connection:
        return int(connection.execute(sa.select(sa.func.max(judged.c.first_seq))).scalar_one())


@pytest.mark.parametrize(
    "words, said",
    [
        (("verify", "--ledger", "none.db"), "There is no ledger"),
        (("verify", "--line", "nobody"), "There is no line 'nobody'"),
        (("verify", "--since", "yesterday"), "is no time"),
        (("archive", "--ledger", "none.db", "--before", "2025-03-05"), "There is no ledger"),
        (("archive", "--before", "soon"), "is no date"),
        (("archive",), "Nothing says which days are old"),
    ],
)
def test_bad_words_are_told_in_one_message(house: House, spc: Callable[..., Any], words: tuple[str, ...], said: str) -> None:
    named = () if "--ledger" in words else ("--ledger", house.file)
    done = spc(*words, *named, "--config", house.file.parent / "config")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not Path("none.db").exists()


def test_archive_in_the_terminal_says_what_it_did(house: House, spc: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEPT", 3)
    house.activate(model())
    house.send(30)
    config = house.file.parent / "config"
    config.mkdir()
    (config / "plant.toml").write_text('archive = "old"\nkeep_days = 400\n')
    said = spc("archive", "--ledger", house.file, "--config", config)
    assert (said.code, said.err) == (0, "")
    folder = house.file.parent / "old"
    assert said.out.startswith("22 rows in 1 files")
    assert list(folder.rglob("*.parquet"))
    again = json.loads(spc("archive", "--ledger", house.file, "--config", config, "--json").out)
    assert again == {"rows": 0, "bytes": 0, "folder": str(folder), "files": []}
    with house.ledger.read() as connection:
        assert lines.last_seq(connection, "smt-2") == 30
    assert spc("verify", "--ledger", house.file, "--config", config).code == 0
