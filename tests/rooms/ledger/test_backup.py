"""A drill: back up while a line runs, restore elsewhere, compare to the bit; and every way in which it must refuse."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from spc.errors import Complaint, LedgerError
from spc.ledger import Ledger, backup, copies, digest, engine, points, restore, rows
from spc.ledger.schema import archived
from spc.line import Line, activate, save_model
from spc.settings import LineSettings
from tests.conftest import Postgres
from tests.small import model
from tests.small import rows as some_rows


def a_line(ledger: Ledger) -> Line:
    line = Line(ledger, LineSettings("smt-2"))
    activate(ledger, "smt-2", save_model(ledger, model(), reference_id=None, by="Ada", now=1), "start", "Ada", 1)
    return line


@pytest.fixture
def elsewhere(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A place for what is restored, of the kind from which it came."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/elsewhere/b.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    address = server.database()
    yield address
    server.drop(address)


@pytest.fixture
def kept(url: str, tmp_path: Path) -> Path:
    """A backup of a line with thirty rows."""
    with Ledger.open(url) as ledger:
        a_line(ledger).take(some_rows(30, out=(7,)))
        backup.backup(url, tmp_path / "kept.zip")
    return tmp_path / "kept.zip"


def test_a_backup_during_a_stream_is_restored_to_the_bit(url: str, elsewhere: str, tmp_path: Path) -> None:
    ended = threading.Event()
    with Ledger.open(url) as ledger:
        line = a_line(ledger)
        line.take(some_rows(50, out=(20,)))

        def stream() -> None:
            first = 51
            while not ended.is_set():
                first = (line.take(some_rows(7, first=first, out=(3,))).last_seq or first) + 1

        thread = threading.Thread(target=stream)
        thread.start()
        try:
            made = backup.backup(url, tmp_path / "b.zip")
            assert line.take(some_rows(3, first=900_000)).accepted == 3  # the backup has not stopped the line
        finally:
            ended.set()
            thread.join()
        last = made.lines["smt-2"].last_seq
        assert 50 <= last == made.rows < line.take(some_rows(1, first=950_000)).first_seq  # type: ignore[operator]
        assert restore.restore(tmp_path / "b.zip", elsewhere) == made
        with Ledger.open(elsewhere) as again:
            assert again.check() == []
            with ledger.read() as one, again.read() as other:
                old, new = (rows.rows_between(each, "smt-2", 1, last) for each in (one, other))
                assert new.rows.x.tobytes() == old.rows.x.tobytes()
                assert (new.rows.ids, new.received.tolist(), new.source) == (old.rows.ids, old.received.tolist(), old.source)
                assert points.points_between(other, "smt-2", 1, last) == points.points_between(one, "smt-2", 1, last)
                assert digest.extents(other)["smt-2"] == made.lines["smt-2"]
            assert Line(again, LineSettings("smt-2")).take(some_rows(1, first=last + 1)).first_seq == last + 1


def test_a_ledger_that_is_there_is_left_alone(kept: Path, url: str) -> None:
    with pytest.raises(Complaint, match=r"there already|is not empty"):
        restore.restore(kept, url)
    with Ledger.open(url) as ledger, ledger.read() as connection:
        assert len(rows.last_rows(connection, "smt-2", 100)) == 30


def test_a_backup_takes_the_place_of_an_earlier_one_and_of_nothing_else(kept: Path, url: str, tmp_path: Path) -> None:
    before = restore.look_into(kept)
    assert backup.backup(url, kept).lines == before.lines
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    for taken in (other, tmp_path):
        with pytest.raises(Complaint, match="is not a backup"):
            backup.backup(url, taken)
    assert other.read_text() == "mine"
    assert sorted(one.name for one in tmp_path.iterdir() if "part" in one.name or one.name.startswith(".")) == []


def test_one_bit_that_differs_is_found(kept: Path, elsewhere: str, tmp_path: Path) -> None:
    """A restored ledger that has one value less exact is refused, although every file in the backup is whole."""
    told = json.loads(zipfile.ZipFile(kept).read(backup.MANIFEST))
    told["lines"]["smt-2"]["digest"] = "0" * 64
    wrong = tmp_path / "wrong.zip"
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(wrong, "w") as new:
        for name in told["files"]:
            new.writestr(name, old.read(name))
        new.writestr(backup.MANIFEST, json.dumps(told))
    with pytest.raises(LedgerError, match="points of line smt-2 are not those of the backup"):
        restore.restore(wrong, elsewhere)


@pytest.mark.parametrize("at", [100, 5000, -30])
def test_a_damaged_file_is_no_backup(kept: Path, elsewhere: str, at: int) -> None:
    raw = bytearray(kept.read_bytes())
    raw[at] ^= 0xFF
    kept.write_bytes(raw)
    with pytest.raises(Complaint, match=r"damaged|not a backup"):
        restore.restore(kept, elsewhere)
    kept.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(Complaint, match=r"damaged|not a backup"):
        restore.restore(kept, elsewhere)


def test_words_for_what_is_wrong(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("text")
    with pytest.raises(Complaint, match="There is no ledger"):
        backup.backup(f"sqlite:///{tmp_path}/nowhere/a.db", tmp_path / "b.zip")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(LedgerError, match="not a database"):
        backup.backup(f"sqlite:///{text}", tmp_path / "b.zip")
    (tmp_path / "empty.db").touch()
    with pytest.raises(Complaint, match="is not a ledger"):
        backup.backup(f"sqlite:///{tmp_path}/empty.db", tmp_path / "b.zip")
    with pytest.raises(Complaint, match="There is no folder"):
        backup.backup(f"sqlite:///{tmp_path}/empty.db", tmp_path / "no" / "b.zip")
    for file in (text, tmp_path / "nothing"):
        with pytest.raises(Complaint, match="spc backup"):
            restore.restore(file, f"sqlite:///{tmp_path}/b.db")
    assert not (tmp_path / "b.zip").exists()


def test_the_other_kind_of_database_and_a_newer_program_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    Ledger.open(url).close()
    backup.backup(url, tmp_path / "b.zip")
    with pytest.raises(Complaint, match="backup of a ledger in SQLite"):
        restore.restore(tmp_path / "b.zip", "postgresql://nobody@127.0.0.1:1/spc")
    monkeypatch.setattr(restore, "revisions", lambda: {"0001"})
    with pytest.raises(Complaint, match="newer program"):
        restore.restore(tmp_path / "b.zip", f"sqlite:///{tmp_path}/b.db")
    assert not (tmp_path / "b.db").exists()


def test_a_log_that_a_ledger_left_behind_does_not_get_into_what_is_restored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    Ledger.open(url).close()
    backup.backup(url, tmp_path / "b.zip")
    (tmp_path / "b.db-wal").write_bytes(b"of an earlier ledger")
    with pytest.raises(Complaint, match=r"b\.db-wal is there already"):
        restore.restore(tmp_path / "b.zip", f"sqlite:///{tmp_path}/b.db")


def test_a_ledger_of_an_earlier_version_is_backed_up_as_it_is(blank: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    made = engine.engine_for(engine.database(blank), writes=True)
    engine.migrate(made, "0003")
    with made.begin() as connection:
        connection.execute(sa.text("insert into line (name, title, created_at) values ('smt-2', 'SMT-2', 1)"))
    made.dispose()
    told = backup.backup(blank, tmp_path / "b.zip")
    assert (told.revision, told.lines, told.tables["line"], "row" in told.tables) == ("0003", {}, 1, True)
    other = f"sqlite:///{tmp_path}/b.db" if blank.startswith("sqlite") else request.getfixturevalue("postgres").database()
    restore.restore(tmp_path / "b.zip", other)
    with Ledger.open(other) as ledger, ledger.read() as connection:
        assert digest.revision(connection) != "0003"
        assert digest.tables(connection)["line"] == 1


def test_the_archive_goes_with_it(url: str, elsewhere: str, tmp_path: Path) -> None:
    day = tmp_path / "archive" / "smt-2" / "20250304.parquet"
    day.parent.mkdir(parents=True)
    day.write_bytes(np.arange(100).tobytes())
    with day.open("rb") as one:
        told = backup.sha256(one)
    record = {"line": "smt-2", "first_seq": 1, "last_seq": 9, "day": 20250304, "at_min": 1, "at_max": 2, "path": "smt-2/20250304.parquet"}
    with Ledger.open(url) as ledger:
        a_line(ledger)
        ledger.write(lambda c: c.execute(sa.insert(archived).values(**record, sha256=told, bytes=800, written_at=3)))
    assert backup.backup(url, tmp_path / "b.zip", days=False).left_out == 1
    made = backup.backup(url, tmp_path / "b.zip", tmp_path / "archive")
    assert (made.left_out, "archive/smt-2/20250304.parquet" in made.files) == (0, True)
    restore.restore(tmp_path / "b.zip", elsewhere, tmp_path / "again")
    assert (tmp_path / "again" / "smt-2" / "20250304.parquet").read_bytes() == day.read_bytes()
    day.write_bytes(b"changed")
    with pytest.raises(Complaint, match="is damaged"):
        backup.backup(url, tmp_path / "b.zip", tmp_path / "archive")
    day.unlink()
    with pytest.raises(Complaint, match="is missing"):
        backup.backup(url, tmp_path / "b.zip", tmp_path / "archive")
    assert restore.look_into(tmp_path / "b.zip") == made  # the backup from before is still there


def test_without_the_clients_programs_it_is_said(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> str:
        raise Complaint(f"{name} is not on this machine.", cure="Install PostgreSQL's client programs: apt-get install postgresql-client.")

    address = postgres.ledger()
    monkeypatch.setattr(copies, "program", none)
    with pytest.raises(Complaint, match="apt-get install postgresql-client"):
        backup.backup(address, tmp_path / "b.zip")
    monkeypatch.undo()
    monkeypatch.setattr(copies, "program", lambda name: "/bin/false")
    with pytest.raises(LedgerError, match="pg_dump failed: exit code 1"):
        backup.backup(address, tmp_path / "b.zip")
    assert list(tmp_path.iterdir()) == []
    postgres.drop(address)
