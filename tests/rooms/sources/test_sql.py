from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from spc.errors import BadSettings, ColumnMismatch, NotFound
from spc.sources import Batch
from spc.sources.keyset import SEEN
from spc.sources.records import times_of
from spc.sources.sql import Sql
from tests.postgres import PASSWORD, Postgres
from tests.small import FakeClock

START = dt.datetime(2025, 3, 4, 6)  # noqa: DTZ001 - a database often keeps times without a zone
MAKE = "create table boards (n integer, stamp {time}, board text, a_mm {number}, b_mm {number}, note text)"


def row(k: int) -> tuple[Any, ...]:
    return k, (START + dt.timedelta(seconds=k)).isoformat(" "), f"B{k:05d}", 160 + k / 1000, k / 100, "fine"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "plant.db") as made:
        made.execute(MAKE.format(time="text", number="real"))
    made.close()
    return tmp_path / "plant.db"


def put(file: Path, *rows: tuple[Any, ...]) -> None:
    with sqlite3.connect(file) as connection:
        connection.executemany("insert into boards values (?, ?, ?, ?, ?, ?)", rows)
    connection.close()


class Reader:
    """A query read in a thread, and what it gave so far."""

    def __init__(self, source: Sql, after: Any = None) -> None:
        self.given: list[Batch] = []
        self.failed: Exception | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._work, args=(source, after), daemon=True)
        self.thread.start()

    def _work(self, source: Sql, after: Any) -> None:
        try:
            for one in source.read(after, self.stop, FakeClock()):
                self.given.append(one)
        except Exception as broken:  # noqa: BLE001 - looked at by the test
            self.failed = broken

    @property
    def ids(self) -> list[str | None]:
        return [id for one in self.given for id in one.rows.ids]

    @property
    def position(self) -> Any:
        return json.loads(json.dumps(self.given[-1].position))

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60.0
        while not true():
            assert time.monotonic() < end, f"it did not happen: {self.ids[-3:]}, {self.failed}"
            time.sleep(0.005)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(60.0)
        assert not self.thread.is_alive()


@pytest.fixture
def start() -> Iterator[Callable[..., Reader]]:
    readers: list[Reader] = []

    def begin(source: Sql, after: Any = None) -> Reader:
        readers.append(Reader(source, after))
        return readers[-1]

    yield begin
    for one in readers:
        one.close()


def source(file: Path, **options: Any) -> Sql:
    return Sql(f"sqlite:///{file}", **{"key": "n", "table": "boards", "time": "stamp", "id": "board", "every_s": 0.02, **options})


def boards(*numbers: int) -> list[str]:
    return [f"B{k:05d}" for k in numbers]


def test_what_is_there_and_what_comes_is_given_once_in_order(file: Path, start: Callable[..., Reader]) -> None:
    put(file, *map(row, range(1, 26)))
    one = start(source(file, batch=10))
    one.until(lambda: len(one.ids) == 25)
    put(file, row(26), row(27))
    one.until(lambda: one.ids == boards(*range(1, 28)))
    time.sleep(0.1)
    assert len(one.ids) == 27
    rows = one.given[0].rows
    assert rows.names == ("a_mm", "b_mm")
    assert rows.x[0].tolist() == [160.001, 0.01]
    assert str(rows.at[0]) == "2025-03-04T06:00:01.000000"


def test_a_restart_goes_on_and_gives_nothing_twice(file: Path, start: Callable[..., Reader]) -> None:
    put(file, *map(row, range(1, 21)))
    one = start(source(file))
    one.until(lambda: len(one.ids) == 20)
    one.close()
    put(file, row(21))
    two = start(source(file), one.position)
    two.until(lambda: two.ids == boards(21))


def test_a_row_that_was_committed_late_is_seen_within_the_overlap(file: Path, start: Callable[..., Reader]) -> None:
    put(file, *(row(k) for k in range(1, 31) if k not in (5, 25)))
    one = start(source(file, overlap=10))
    one.until(lambda: len(one.ids) == 28)
    put(file, row(25))
    one.until(lambda: one.ids[28:] == boards(25))
    one.close()
    put(file, row(31))
    two = start(source(file, overlap=10), one.position)
    two.until(lambda: two.ids == boards(31))


@pytest.mark.parametrize("columns", [(), ("a_mm", "b_mm")])
def test_a_time_is_a_key_and_many_rows_may_have_the_same(file: Path, start: Callable[..., Reader], columns: tuple[str, ...]) -> None:
    same = [(k, "2025-03-04 06:00:05", f"B{k:05d}", 1.0, 2.0 + k, "") for k in range(100, 125)]
    put(file, row(1), row(2), *same, row(130))
    one = start(source(file, key="stamp", time=None, batch=10, columns=columns))
    one.until(lambda: len(one.ids) == 28)
    put(file, (126, "2025-03-04 06:02:08", "B00126", 1.0, 2.0, ""), row(131))
    one.until(lambda: sorted(map(str, one.ids[28:])) == boards(126, 131))
    assert str(one.given[0].rows.at[0]) == "2025-03-04T06:00:01.000000"


def test_a_value_that_is_no_number_is_a_scrap_and_null_is_missing(file: Path, start: Callable[..., Reader]) -> None:
    put(file, row(1), (2, "2025-03-04 06:00:02", "B00002", "broken", 1.0, ""), (3, "2025-03-04 06:00:03", "B00003", None, 1.0, ""))
    put(file, (4, "2025-03-04 06:00:04", "B00004", float("inf"), 1.0, ""), row(5))
    one = start(source(file, columns=("a_mm", "b_mm")))
    one.until(lambda: one.ids == boards(1, 3, 5))
    assert np.isnan(one.given[0].rows.x[1, 0])
    scraps = one.given[0].scraps
    assert [json.loads(scrap.payload)["n"] for scrap in scraps] == [2, 4]
    assert scraps[0].reason == "Column a_mm: 'broken' is not a finite number."


def test_a_query_may_join_and_rename(file: Path, start: Callable[..., Reader]) -> None:
    put(file, *map(row, range(1, 6)))
    query = "select n, board, a_mm as length, b_mm * 2 as warp from boards where note = 'fine';"
    one = start(source(file, table="", query=query, time=None))
    one.until(lambda: len(one.ids) == 5)
    assert one.given[0].rows.names == ("length", "warp")
    assert one.given[0].rows.x[4].tolist() == [160.005, 0.1]


def test_nothing_can_be_written(file: Path) -> None:
    put(file, row(1))
    engine = source(file)._engine()
    with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("delete from boards")
    engine.dispose()


def test_a_question_that_takes_too_long_is_given_up_and_a_stop_does_not_wait_for_it(file: Path, start: Callable[..., Reader]) -> None:
    slow = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 300000000000) select max(n) as n, 1.0 as a from c"
    asked = source(file, table="", query=slow, time=None, id=None, timeout_s=0.3)
    with pytest.raises(NotFound, match="interrupted"):
        next(asked.read(None, threading.Event(), FakeClock()))
    one = start(source(file, table="", query=slow, time=None, id=None))
    time.sleep(0.3)
    one.close()
    assert one.failed is None


def test_the_position_is_bounded(file: Path, start: Callable[..., Reader]) -> None:
    put(file, *map(row, range(1, 3 * SEEN + 1)))
    one = start(source(file, overlap=1e6, every_s=0.5))
    one.until(lambda: len(one.ids) == 3 * SEEN)
    assert len(one.position["seen"]) == SEEN


def test_what_is_wrong_is_said_in_words(file: Path, tmp_path: Path) -> None:
    clock = FakeClock()
    with pytest.raises(NotFound, match="unable to open database file"):
        source(tmp_path / "none.db").probe(clock)
    with pytest.raises(NotFound, match="no such table: cards"):
        source(file, table="cards").probe(clock)
    assert "no row yet; the columns are n, stamp, board" in source(file).probe(clock)
    put(file, row(1))
    assert source(file).probe(clock) == "sql plant.db boards by n: the first row has the key 1; values: a_mm, b_mm."
    with pytest.raises(ColumnMismatch, match="no column colour"):
        source(file, id="colour").probe(clock)
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"table": ""}, "either table or query"),
        ({"url": "nonsense"}, "no address"),
        ({"url": "postgresql://reader:secret@host/plant"}, "must not stand in the address"),
        ({"batch": 0}, "more than 0"),
    )
    for options, said in wrong:
        with pytest.raises(BadSettings, match=said):
            Sql(**{"url": f"sqlite:///{file}", "key": "n", "table": "boards", **options})
    assert "secret" not in repr(source(file, password="secret"))  # noqa: S106


def test_times_of_every_kind_become_utc() -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    at = times_of([START, START.replace(tzinfo=zone), "2025-03-04 07:00", 1741068000, dt.date(2025, 3, 4), None, "soon"], "Europe/Berlin")
    day = "2025-03-04T"
    assert [str(one)[:19] for one in at] == [
        f"{day}05:00:00", f"{day}00:30:00", f"{day}06:00:00", f"{day}06:00:00", "2025-03-03T23:00:00", "NaT", "NaT",
    ]  # fmt: skip


# -------------------------------------------------------------------------------------------------------- a real PostgreSQL


@pytest.fixture
def table(postgres: Postgres) -> Iterator[tuple[Postgres, str, dict[str, Any]]]:
    """A server, the name of a database with a table, and the words with which a source reads it."""
    url = postgres.database()
    name = url.rpartition("/")[2]
    postgres.sql(MAKE.format(time="timestamptz", number="numeric"), name)
    postgres.sql("grant select, insert on boards to spc", name)
    plain = url.replace(f":{PASSWORD.replace(' ', '%20')}", "")
    yield (
        postgres,
        name,
        {"url": plain, "password": PASSWORD, "table": "public.boards", "id": "board", "every_s": 0.02, "columns": ("a_mm", "b_mm")},
    )
    postgres.drop(url)


def fill(postgres: Postgres, name: str, *numbers: int) -> None:
    values = ", ".join(f"({k}, timestamptz '2025-03-04 06:00+00' + {k} * interval '1 s', 'B{k:05d}', {k} + 0.5, {k}, '')" for k in numbers)
    postgres.sql(f"insert into boards values {values}", name)  # noqa: S608 - of numbers made here


@pytest.mark.parametrize("key", ["n", "stamp"])
def test_postgresql_is_read_by_a_number_or_a_time(table: tuple[Postgres, str, Any], start: Callable[..., Reader], key: str) -> None:
    postgres, name, words = table
    fill(postgres, name, *range(1, 26))
    one = start(Sql(key=key, time="stamp", batch=10, **words))
    one.until(lambda: len(one.ids) == 25)
    assert one.given[0].rows.x[0].tolist() == [1.5, 1.0]
    assert str(one.given[0].rows.at[0]) == "2025-03-04T06:00:01.000000"
    one.close()
    fill(postgres, name, 26, 27)
    two = start(Sql(key=key, time="stamp", batch=10, **words), one.position)
    two.until(lambda: two.ids == boards(26, 27))


def test_a_transaction_that_ends_after_a_later_one_is_seen(table: tuple[Postgres, str, Any], start: Callable[..., Reader]) -> None:
    import psycopg

    postgres, name, words = table
    fill(postgres, name, 1)
    one = start(Sql(key="n", **words))
    one.until(lambda: one.ids == boards(1))
    address = {"host": "127.0.0.1", "port": postgres.port, "user": "spc", "password": PASSWORD, "dbname": name}
    with psycopg.connect(**address) as slow:  # type: ignore[arg-type]
        slow.execute("insert into boards values (2, now(), 'B00002', 1, 1, '')")
        fill(postgres, name, 3)
        one.until(lambda: one.ids == boards(1, 3))
    one.until(lambda: one.ids == boards(1, 3, 2))


def test_a_server_that_goes_away_raises_and_the_position_goes_on(table: tuple[Postgres, str, Any], start: Callable[..., Reader]) -> None:
    postgres, name, words = table
    fill(postgres, name, 1, 2)
    one = start(Sql(key="n", **words))
    one.until(lambda: len(one.ids) == 2)
    end = time.monotonic() + 60.0
    while one.failed is None and time.monotonic() < end:
        postgres.cut(words["url"])
        time.sleep(0.01)
    assert isinstance(one.failed, NotFound)
    fill(postgres, name, 3)
    two = start(Sql(key="n", **words), one.position)
    two.until(lambda: two.ids == boards(3))


def test_postgresql_is_only_read_and_does_not_hold_up_a_stop(table: tuple[Postgres, str, Any], start: Callable[..., Reader]) -> None:
    postgres, _, words = table
    asked = Sql(key="n", **words)
    engine, write = asked._engine(), sa.text("insert into boards (n) values (1)")
    with pytest.raises(NotFound, match="read-only transaction"):
        asked._ask(engine, write, threading.Event())  # type: ignore[arg-type]
    engine.dispose()
    words = {**words, "columns": ()}
    with pytest.raises(NotFound, match="timeout"):
        Sql(key="n", **{**words, "table": "", "query": "select 1 as n, pg_sleep(20)::text as s", "timeout_s": 0.2}).probe(FakeClock())
    one = start(Sql(key="n", **{**words, "table": "", "query": "select 1 as n, 1.0 as a, pg_sleep(600)::text as s", "id": None}))
    asking = "select 1 from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()"
    one.until(lambda: bool(postgres.sql(asking)))
    one.close()
    assert one.failed is None


def test_a_wrong_password_is_said_and_not_shown(table: tuple[Postgres, str, Any]) -> None:
    _, _, words = table
    with pytest.raises(NotFound, match="password authentication failed") as told:
        Sql(key="n", **{**words, "password": "guessed"}).probe(FakeClock())
    assert "guessed" not in str(told.value)


def test_decimals_are_keys_too(table: tuple[Postgres, str, Any], start: Callable[..., Reader]) -> None:
    postgres, name, words = table
    fill(postgres, name, 1, 2)
    one = start(Sql(key="a_mm", **words))
    one.until(lambda: len(one.ids) == 2)
    assert one.position["key"] == {"number": str(Decimal("2.5"))}
