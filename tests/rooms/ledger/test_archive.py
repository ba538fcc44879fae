"""Closed days go to files; whoever asks gets the same answers as before, to the last bit."""

from __future__ import annotations

import builtins
import itertools
import pickle
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spc.errors import LedgerError
from spc.ledger import Ledger, archive, archived, lines, models, parquet, points, rollups, rows
from spc.ledger.archive import archive_days
from spc.ledger.schema import archived as archived_table
from spc.ledger.schema import block, judged, out_point, row_key
from spc.nouns import Points, Rows, Track
from tests.postgres import Postgres
from tests.small import model
from tests.small import rows as some_rows

DAY = 86_400_000_000
NOW = 1_741_046_400_000_000  # 2025-03-04T00:00Z
LATER = NOW + 400 * DAY
NAT = np.datetime64("NaT", "us")


@pytest.fixture
def ledger(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(archive, "KEPT", 3)
    with Ledger.open(url, tmp_path / "archive") as ledger:
        ledger.write(lambda connection: models.put_model(connection, model(), reference_id=None, by="me", now=NOW))
        yield ledger


def put_line(ledger: Ledger, name: str) -> int:
    """A line with an active model; returns the activation's number."""

    def job(connection: sa.Connection) -> int:
        lines.put_line(connection, name, name, NOW)
        return lines.add_activation(connection, name, model().digest[:16], NOW, "me", "why").id

    return ledger.write(job)


def put(
    ledger: Ledger, name: str, block: Rows, first: int, received: int, activation: int | None, charts: tuple[str, ...] = ("t2",)
) -> None:
    """Stores a block, and points of it when an activation is given."""
    n = len(block)
    chance = np.random.default_rng(first)

    def job(connection: sa.Connection) -> None:
        schema = rows.schema_of(connection, block.names)
        keys = rows.keys_of(name, block)
        rows.append_rows(connection, name, first, block, keys=keys, schema_id=schema, source=f"s{first % 2}", now=received)
        if activation is not None:
            tracks = {}
            for chart in charts:
                value = chance.normal(size=n)
                value[chance.random(n) < 0.2] = np.nan
                with np.errstate(invalid="ignore"):
                    tracks[chart] = Track(value, np.where(np.isnan(value), np.nan, 1.0), value > 1.0)
            notes = tuple("no value" if chance.random() < 0.3 else "" for _ in range(n))
            points.append_points(
                connection, name, Points(np.arange(first, first + n), block.at, block.ids, tracks, notes), activation, received
            )

    ledger.write(job)


def answers(ledger: Ledger, name: str, n: int) -> dict[str, Any]:
    """Everything that may be asked of a line's rows and points, as plain things that can be compared bit for bit."""
    some = [(1, n), (1, 1), (n, n), (n // 3 + 1, 2 * n // 3), (2, n - 1), (n // 2, n), (-5, n // 2), (n - 2, n + 9), (n + 1, n + 3)]
    times = [None, *(NOW + int(k * 0.93 * DAY) for k in (-1, 0, 1, 3))]
    with ledger.read() as connection:
        found: dict[str, Any] = {
            "last": (lines.last_seq(connection, name), lines.last_received(connection, name), rows.newest(connection, name)),
            "span": [rows.span(connection, name, a, b) for a in times for b in times],
            "model": [points.model_of(connection, name, seq) for seq in range(1, n + 2)],
            "stored": rows.stored(connection, name, *_sent(connection, name, n)),
            "last points": [points.last_points(connection, name, k) for k in (1, 3, n, 2 * n)],
            "since": [points.points_since(connection, name, t, limit) for t in times if t is not None for limit in (4, 1000)],
            "after": [points.points_after(connection, name, seq, limit) for seq in (0, 1, n // 2, n) for limit in (1, 3, 1000)],
        }
        for first, last in some:
            window = rows.rows_between(connection, name, first, last)
            codes = None if window.rows.codes is None else window.rows.codes.tobytes()
            words = [getattr(window.rows, word) for word in ("names", "ids", "quality", "subgroup", "product", "raw")]
            arrays = [one.tobytes() for one in (window.seq, window.received, window.rows.at, window.rows.x)]
            found[f"rows {first} {last}"] = (words, arrays, codes, window.source)
            seq, track = points.track_between(connection, name, first, last)
            found[f"track {first} {last}"] = [one.tobytes() for one in (seq, track.value, track.ucl, track.out)]
            found[f"points {first} {last}"] = points.points_between(connection, name, first, last)
            found[f"out {first} {last}"] = points.rows_out(connection, name, first, last)
            found[f"activations {first} {last}"] = points.activations_between(connection, name, window.seq).tolist()
            found[f"judged {first} {last}"] = [
                (int(seq), one.charts, one.value[i].tobytes(), one.ucl[i].tobytes(), one.out[i].tobytes(), one.notes.get(int(seq), ""))
                for one in points.judged_between(connection, name, first, last)
                for i, seq in enumerate(one.seq)
            ]
    for first, last in some[:6]:
        played = list(rows.blocks_between(ledger.read, name, first, last, 4))
        assert all(0 < len(one) <= 4 for one in played)
        found[f"played {first} {last}"] = [
            (id, x.tobytes()) for one in played for id, x in zip(one.ids, one.picked(("a", "b", "seq", "t2")), strict=True)
        ]
    return {key: repr(one) if "points" in key or key in ("since", "after") else one for key, one in found.items()}  # NaN is NaN


def _sent(connection: sa.Connection, name: str, n: int) -> tuple[list[str | None], Any]:
    """The rows with a time, as they would be sent again: block by block, which is how their keys were made."""
    window = rows.rows_between(connection, name, 1, n).rows
    timed = window.some(np.flatnonzero(~np.isnat(window.at)).tolist())
    return rows.keys_of(name, timed), timed.at


def count(ledger: Ledger, table: sa.Table) -> int:
    with ledger.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


_names = itertools.count()
_blocks = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.integers(1, 6),
            "wait": st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.0, 2.5]),  # days to the one before
            "names": st.sampled_from([("a", "b"), ("b", "a"), ("a", "seq", "t2")]),
            "labels": st.sets(st.sampled_from(["ids", "quality", "subgroup", "product", "raw", "codes", "no time"])),
            "charts": st.sampled_from([None, ("t2",), ("t2", "guard"), ("mewma", "t2")]),
        }
    ),
    min_size=1,
    max_size=12,
)


def block_of(one: dict[str, Any], first: int, received: int) -> Rows:
    n, p, has = one["n"], len(one["names"]), one["labels"]
    chance = np.random.default_rng([first, n])
    x = chance.normal(size=(n, p))
    x[chance.random((n, p)) < 0.2] = [np.nan, -0.0, 5e-324, np.inf][first % 4]
    at = (np.full(n, received) - chance.integers(0, DAY, size=n)).view("datetime64[us]")
    at[[i for i in range(n) if "no time" in has and (first + i) % 2]] = NAT
    ids = tuple(f"B{first + i}" if "ids" in has and (first + i) % 3 else None for i in range(n))
    words = {
        label: tuple(f"{label} {(first + i) % 2}" for i in range(n)) if label in has else () for label in ("subgroup", "product", "raw")
    }
    quality = tuple(("good", "bad")[(first + i) % 2] for i in range(n)) if "quality" in has else ()
    codes = chance.integers(0, 3, size=(n, p)).astype(np.uint8) if "codes" in has else None
    return Rows(one["names"], x, at, ids, quality, codes=codes, **words)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=_blocks, days=st.integers(0, 12))
def test_any_rows_give_the_same_answers_before_and_after(ledger: Ledger, blocks: list[dict[str, Any]], days: int) -> None:
    name = f"line-{next(_names)}"
    activation = put_line(ledger, name)
    first, received = 1, NOW
    for one in blocks:
        received += int(one["wait"] * DAY)
        put(ledger, name, block_of(one, first, received), first, received, activation if one["charts"] else None, one["charts"] or ())
        first += one["n"]
    n = first - 1
    before = answers(ledger, name, n)
    files = [one for one in archive_days(ledger, ledger.archive, NOW + days * DAY, lambda: LATER) if one.line == name]
    after = answers(ledger, name, n)
    for part, said in before.items():
        assert after[part] == said, part
    assert [one.first for one in files] == [1, *(one.last + 1 for one in files)][: len(files)]  # whole days, one behind the other
    assert ledger.check() == []
    archived._files.clear()
    assert answers(ledger, name, n) == before


def days(ledger: Ledger, name: str = "smt-2", n: int = 30) -> int:
    """Three days of ten rows each."""
    activation = put_line(ledger, name)
    for start in range(0, n, 5):
        block = some_rows(5, first=start + 1)
        put(ledger, name, block, start + 1, NOW + start * DAY // 10, activation)
    return activation


def test_closed_days_leave_the_database_and_the_newest_rows_stay(ledger: Ledger) -> None:
    days(ledger)
    done = archive_days(ledger, ledger.archive, NOW + 2 * DAY, lambda: LATER)
    assert [(one.first, one.last, one.day, one.path) for one in done] == [
        (1, 10, 20250304, "line=smt-2/month=2025-03/day=2025-03-04-1.parquet"),
        (11, 20, 20250305, "line=smt-2/month=2025-03/day=2025-03-05-11.parquet"),
    ]
    assert (count(ledger, block), count(ledger, judged), count(ledger, row_key), count(ledger, archived_table)) == (2, 2, 10, 2)
    # the day that is closed, but whose last block is the line's newest, stays in part
    (more,) = archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    assert (more.first, more.last, count(ledger, block)) == (21, 25, 1)
    assert archive_days(ledger, ledger.archive, LATER, lambda: LATER) == []


def test_a_month_that_is_all_in_the_archive_has_no_tables_any_more(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "KEPT", 3)
    url = postgres.database()

    def months() -> list[str]:
        found = postgres.sql("select inhrelid::regclass::text from pg_inherits where inhparent = 'block'::regclass", url.rpartition("/")[2])
        return sorted(str(name) for (name,) in found)

    with Ledger.open(url, tmp_path / "archive") as ledger:
        ledger.write(lambda connection: models.put_model(connection, model(), reference_id=None, by="me", now=NOW))
        days(ledger)
        put(ledger, "smt-2", some_rows(5, first=31), 31, NOW + 40 * DAY, 1)
        assert months() == ["block_202503", "block_202504"]
        before = answers(ledger, "smt-2", 35)
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)
        assert months() == ["block_202503", "block_202504"]  # whoever reads the old state still may
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)
        assert months() == ["block_202504"]
        assert answers(ledger, "smt-2", 35) == before
    postgres.drop(url)


def test_an_sqlite_file_that_may_shrink_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEPT", 3)
    file = tmp_path / "a.db"
    with sqlite3.connect(file) as made:
        made.execute("pragma auto_vacuum = incremental")
        made.execute("create table first (id integer)")
    made.close()
    monkeypatch.setattr(archive, "_PAGES", 20)
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.write(lambda connection: models.put_model(connection, model(), reference_id=None, by="me", now=NOW))
        activation = put_line(ledger, "smt-2")
        for start in range(0, 6000, 1500):
            put(ledger, "smt-2", some_rows(1500, first=start + 1), start + 1, NOW + start * DAY // 1000, activation)
        with ledger.read() as connection:
            before = connection.exec_driver_sql("pragma page_count").scalar_one()
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)
        with ledger.read() as connection:
            assert connection.exec_driver_sql("pragma freelist_count").scalar_one() < 10
            assert connection.exec_driver_sql("pragma page_count").scalar_one() < before


def test_today_is_not_closed(ledger: Ledger) -> None:
    days(ledger)
    done = archive_days(ledger, ledger.archive, LATER, lambda: NOW + DAY + DAY // 2)
    assert [one.last for one in done] == [10]


def test_a_repeat_of_an_archived_row_is_known_by_its_time(ledger: Ledger) -> None:
    days(ledger)
    archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    again = some_rows(5, first=6)
    with ledger.read() as connection:
        found = rows.stored(connection, "smt-2", rows.keys_of("smt-2", again), again.at)
        later = rows.stored(connection, "smt-2", rows.keys_of("smt-2", again), again.at + np.timedelta64(1, "us"))
    assert [found[f"smt-2 id B{k:05d}"] for k in range(6, 11)] == [(k, again.x[k - 6].tobytes(), again.names) for k in range(6, 11)]
    assert later == {}  # another time with the same number: it cannot be found, and is taken as new


def test_points_that_were_out_and_hours_stay_at_hand(ledger: Ledger) -> None:
    days(ledger)
    with ledger.read() as connection:
        before = [one for one in points.points_between(connection, "smt-2", 1, 25) if one.out]
        _, track = points.track_between(connection, "smt-2", 1, 25)
    archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    with ledger.read() as connection:
        kept = connection.execute(sa.select(out_point).order_by(out_point.c.seq)).mappings().all()
        hours = rollups.rollups(connection, "smt-2", "t2", 0, LATER)
    assert before
    assert [(one["seq"], one["value"], one["ucl"], one["part"]) for one in kept] == [
        (one.row, one.value, one.ucl, one.id) for one in before
    ]
    good = track.value[~np.isnan(track.value)]
    assert (sum(one.points for one in hours), sum(one.out for one in hours)) == (len(good), len(before))
    assert (min(one.low for one in hours if one.low is not None), max(one.high for one in hours if one.high is not None)) == (
        good.min(),
        good.max(),
    )
    assert sum(one.middle * one.points for one in hours if one.middle is not None) / len(good) == pytest.approx(good.mean(), rel=1e-12)


def test_a_flipped_byte_is_an_error_and_no_number(ledger: Ledger) -> None:
    days(ledger)
    (one, *_) = archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    file = ledger.archive / one.path
    whole = file.read_bytes()
    with ledger.read() as connection:
        good = rows.rows_between(connection, "smt-2", 1, 10).rows.x.tobytes()
    said: list[str] = []
    for place in range(4, len(whole) - 4, 37):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        archived._files.clear()
        with ledger.read() as connection:
            try:
                assert rows.rows_between(connection, "smt-2", 1, 10).rows.x.tobytes() == good  # a byte that nothing depends on
            except LedgerError as damaged:
                said.append(str(damaged))
    assert len(said) > 10
    assert all(file.name in one and "backup" in one for one in said)
    file.unlink()
    archived._files.clear()
    with ledger.read() as connection, pytest.raises(LedgerError, match="is not there"):
        rows.rows_between(connection, "smt-2", 1, 10)
    archived._files.clear()


def test_without_pyarrow_one_is_told_what_to_install(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return importing(name, *rest)

    importing = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(LedgerError, match=r'pip install "spc\[archive\]"'):
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)


def test_only_one_process_archives_at_a_time(ledger: Ledger) -> None:
    days(ledger)
    with archive._alone(ledger.archive), pytest.raises(LedgerError, match="Another process"):
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    assert archive_days(ledger, ledger.archive, LATER, lambda: LATER)


def test_a_file_that_reads_back_differently_archives_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    days(ledger)
    write = parquet.write

    def careless(file: Path, line: str, windows: Any, found: Any, *, plainly: bool) -> None:
        x = windows[0].rows.x.copy()
        x[3, 1] = np.nextafter(x[3, 1], 1.0)
        write(file, line, [replace(windows[0], rows=replace(windows[0].rows, x=x)), *windows[1:]], found, plainly=plainly)

    monkeypatch.setattr(parquet, "write", careless)
    with pytest.raises(LedgerError, match="does not read back"):
        archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    assert count(ledger, archived_table) == 0
    assert not list(ledger.archive.rglob("*.part"))


@pytest.mark.parametrize("plainly", [False, True])
def test_numbers_that_recur_keep_every_bit(ledger: Ledger, plainly: bool) -> None:
    x = np.array([0.0, -0.0, 1.5, 5e-324, np.inf, -np.inf, np.nan, np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\xff", "<f8")[0]] * 500)
    block = Rows(("a",), x[:, None], np.full(len(x), NAT), (None,) * len(x))
    window = rows.Window(np.arange(1, len(x) + 1), block, np.full(len(x), NOW), ("",) * len(x))
    file = ledger.archive.parent / f"{plainly}.parquet"
    parquet.write(file, "smt-2", [window], [], plainly=plainly)
    (back,) = parquet.File(file).windows
    assert back.rows.x.tobytes() == x.tobytes()
    assert file.stat().st_size < 30_000


def test_noise_is_read_fast_and_so_are_files_of_other_encodings(ledger: Ledger) -> None:
    import pyarrow.parquet as pq

    n, chance = 1000, np.random.default_rng(1)
    x, codes = chance.standard_normal((n, 3)), np.zeros((n, 3), dtype=np.uint8)
    x[:, 2] = 100.0 + np.cumsum(x[:, 2]) / 1000.0  # noise that stays near a level: its first bytes are the same
    ids = tuple(None if i % 7 == 0 else f"B{i}" for i in range(n))
    quality, raw = tuple(("good", "bad")[i % 5 == 0] for i in range(n)), tuple(str(i % 3) for i in range(n))
    at = np.where(np.arange(n) % 9 == 0, NAT, np.datetime64("2025-03-04", "us") + np.arange(n) * np.timedelta64(7, "s"))
    block = Rows(("a", "b", "c"), x, at, ids, quality, (), ("A",) * n, codes, raw)
    window = rows.Window(np.arange(1, n + 1), block, np.full(n, NOW), ("one", "two") * (n // 2))
    file, old = ledger.archive.parent / "new.parquet", ledger.archive.parent / "old.parquet"
    parquet.write(file, "smt-2", [window], [])
    group = pq.ParquetFile(file).metadata.row_group(0)
    kinds = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert kinds["a"].compression == "UNCOMPRESSED"
    assert kinds["c"].compression == "LZ4"
    assert "BYTE_STREAM_SPLIT" in kinds["c"].encodings
    assert kinds["c"].total_compressed_size < 0.9 * kinds["a"].total_compressed_size
    assert kinds["at"].total_compressed_size < 2 * n
    unread: Any = parquet.File(file).windows[0].rows.part(slice(5, 90)).ids
    assert len(unread) == 85
    assert unread._made.cache_info().currsize == 0  # who judges rows looks at no part number, and none is made
    assert (unread[3], unread._made.cache_info().currsize) == (ids[8], 1)
    words = ["part", "source", "quality", "subgroup", "product", "raw", "activation_id", "note"]
    pq.write_table(  # as files were written before
        pq.read_table(file), old, row_group_size=400, compression="zstd", use_dictionary=words, use_byte_stream_split=["a", "b", "c"]
    )
    for one in (file, old):
        (back,) = parquet.File(one).windows
        assert parquet.same(back, window)
        assert back.rows.ids == ids
        assert back.rows.ids[8:2:-3] == ids[8:2:-3]
        assert pickle.loads(pickle.dumps(back.rows.part(slice(3, 9)).ids)) == ids[3:9]  # noqa: S301 - made here


def test_what_all_rows_say_is_not_read_from_the_file(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    x, file = np.arange(6.0)[:, None], ledger.archive.parent / "a.parquet"
    for ids, source in (((None,) * 6, ("line",) * 6), (("B1", *(None,) * 5), ("line",) * 5 + ("",)), ((None,) * 6, ("",) * 6)):
        window = rows.Window(np.arange(1, 7), Rows(("a",), x, np.full(6, NAT), ids), np.full(6, NOW), source)
        parquet.write(file, "smt-2", [window], [])
        one = parquet.File(file)
        asked: list[str] = []
        read = one._file.read

        def noted(columns: list[str], read: Any = read, asked: list[str] = asked) -> Any:
            asked += columns
            return read(columns=columns)

        monkeypatch.setattr(one._file, "read", noted)
        (back,) = one.windows
        assert parquet.same(back, window)
        assert ("part" in asked, "source" in asked) == (ids[0] is not None, source[-1] != source[0])


def test_other_programs_read_the_file(ledger: Ledger) -> None:
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    days(ledger)
    (one, *_) = archive_days(ledger, ledger.archive, LATER, lambda: LATER)
    table = pq.read_table(ledger.archive / one.path, partitioning=None)
    first = some_rows(5)
    assert table["seq"].to_pylist() == list(range(1, 11))
    assert table["warp_mm"].to_numpy()[:5].tobytes() == first.x[:, 1].tobytes()
    assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"
    assert {"received_at", "part", "quality", "source", "t2", "t2_ucl", "t2_out", "activation_id", "note"} <= set(table.column_names)
