"""A table or a query of any SQL database, read forward by a key that grows. Nothing is written there."""

from __future__ import annotations

import importlib.util
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from spc.errors import BadSettings, BadTable, ColumnMismatch, NotFound
from spc.nouns import Rows
from spc.sources.batch import Batch
from spc.sources.keyset import Place
from spc.sources.payload import parsed
from spc.sources.records import Fields, numeric
from spc.sources.reorder import InOrder
from spc.sources.source import Clock

Record = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Sql:
    """Asks a database every `every_s` seconds for what is new in a `table` (or of a `query`), in order of its column `key`.

    `key` grows with every row: a number that the database counts, or a time. Transactions that were begun earlier may be committed later:
    so the last `overlap` numbers or seconds are read again each time, and rows that were given before are left out. `columns` are the
    values (when none are named: all columns of numbers in the first rows), `time`, `id`, `subgroup` and `product` the others; a key that is
    a time is the row's time. With `reorder_s`, rows that are late by no more than so many seconds are put in order of their times. A row
    with a value that is no number becomes a scrap; NULL is a missing value. The connection only reads
    (SQLite, PostgreSQL; give a user who may only read where it is another database), and a question is given up after `timeout_s`. The
    password stands in a file: `password_file`.
    """

    url: str
    key: str
    table: str = ""
    query: str = ""
    columns: tuple[str, ...] = ()
    time: str | None = None
    id: str | None = None
    subgroup: str = ""
    product: str = ""
    every_s: float = 1.0
    overlap: float = 10.0
    batch: int = 1000
    timeout_s: float = 30.0
    password: str = field(default="", repr=False)
    timezone: str = "UTC"
    reorder_s: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.table) == bool(self.query):
            raise BadSettings("sql: give either table or query.", cure='For example table = "measurements".')
        if self.batch < 1 or not self.every_s > 0 or not self.overlap >= 0 or not self.timeout_s > 0 or not self.reorder_s >= 0:
            raise BadSettings(
                "sql: every_s, batch and timeout_s are more than 0, overlap and reorder_s at least 0.", cure="Correct the number."
            )
        try:
            url = sa.make_url(self.url)
            url.get_dialect()
        except (ArgumentError, NoSuchModuleError) as wrong:
            raise BadSettings(
                f"sql: {self.url!r} is no address of a database.", cure="For example postgresql://reader@host/plant."
            ) from wrong
        if url.password:
            raise BadSettings("sql: a password must not stand in the address.", cure="Put it in a file and name that: password_file = …")
        if url.get_backend_name() == "postgresql" and importlib.util.find_spec("psycopg") is None:
            raise BadSettings("sql: PostgreSQL needs a package that is not installed.", cure="pip install 'spc[postgres]'")

    @property
    def name(self) -> str:
        where = Path(sa.make_url(self.url).database or "").name
        return f"sql {where} {self.table or 'query'} by {self.key}"

    def probe(self, clock: Clock) -> str:
        """What the database answers; raises NotFound when it cannot be reached or the question is wrong, ColumnMismatch."""
        engine = self._engine()
        try:
            names, records = self._page(engine, None, threading.Event(), limit=100)
        finally:
            engine.dispose()
        if not records:
            return f"{self.name}: no row yet; the columns are {', '.join(names)}."
        fields = self._fields(names, records, ())
        rows, scraps = fields.rows(names, records)
        refused = f"; of the first {len(records)} rows {len(scraps)} have a value that is no number" if scraps else ""
        return f"{self.name}: the first row has the key {records[0][names.index(self.key)]}; values: {', '.join(rows.names)}{refused}."

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch]:
        """Position: the last key, and digests of the rows that will be read again. `clock` is not asked."""
        engine, place, order = self._engine(), Place.of(after, self.overlap), InOrder(self.reorder_s)
        try:
            while not stop.is_set():
                for batch in self._look(engine, place, stop):
                    order.put(batch, time.monotonic_ns() // 1000)
                    yield from order.due(time.monotonic_ns() // 1000)
                yield from order.due(time.monotonic_ns() // 1000)
                stop.wait(self.every_s)
        finally:
            engine.dispose()

    def again(self, payload: bytes, reason: str = "") -> list[Rows]:
        """The row of a scrap, corrected or not: a record as JSON. Raises BadTable, and NotFound when the database must say what its
        columns are and is not there."""
        record = parsed(payload)
        if not isinstance(record, dict) or self.key not in record:
            raise BadTable(f"It is no record with {self.key}.", cure="Correct what was sent and take that.")
        engine = self._engine()
        try:
            names, records = self._page(engine, None, threading.Event(), limit=100) if not self.columns else (list(record), [])
        finally:
            engine.dispose()
        fields = self._fields(names, records or [tuple(record.values())], ())
        rows, scraps = fields.rows(list(record), [tuple(record.values())])
        if scraps:
            raise BadTable(scraps[0].reason, cure="Correct what was sent and take that.")
        return [rows]

    def _look(self, engine: sa.Engine, place: Place, stop: threading.Event) -> Iterator[Batch]:
        """What is new, page after page. No transaction is open while the rows are being stored."""
        low = None if place.key is None else place.low
        while not stop.is_set():
            names, records = self._page(engine, low, stop)
            if not records:
                return
            key = names.index(self.key)
            fields = self._fields(names, records, place.columns)
            place.columns = fields.columns
            keys = [one[key] for one in records]
            fresh = place.fresh(records, keys)
            low = keys[-1]
            if fresh:
                rows, scraps = fields.rows(names, [records[i] for i in fresh])
                yield Batch(rows, place.go_on(low), scraps)

    def _fields(self, names: Sequence[str], records: Sequence[Record], known: tuple[str, ...]) -> Fields:
        if self.key not in names:
            raise ColumnMismatch(f"The query gives no column {self.key}.", cure=f"It gives {', '.join(names)}.", column=self.key)
        others = frozenset({self.key, self.time or "", self.id or "", self.subgroup, self.product})
        columns = self.columns or known or numeric(names, records, others)
        if not columns:
            raise ColumnMismatch("No column of the first rows has numbers.", cure="Name the columns of the values.")
        timed = not isinstance(records[0][names.index(self.key)], (int, float, Decimal))
        return Fields(columns, self.time or (self.key if timed else None), self.id, self.subgroup, self.product, self.timezone)

    def _page(self, engine: sa.Engine, low: Any, stop: threading.Event, limit: int = 0) -> tuple[list[str], list[Record]]:
        """The records behind a key, at most a batch of them; those with one key are never torn apart."""
        key: sa.ColumnClause[Any] = sa.column(self.key)
        ahead = key.is_not(None) if low is None else key > low
        most = limit or self.batch
        names, records = self._ask(engine, self._select().where(ahead).order_by(key).limit(most), stop)
        if len(records) < most or limit:
            return names, records
        j = names.index(self.key)
        last = records[-1][j]
        whole = [one for one in records if one[j] != last]
        return (names, whole) if whole else self._ask(engine, self._select().where(key == last), stop)

    def _select(self) -> sa.Select[Any]:
        schema, _, table = self.table.rpartition(".")
        given = sa.table(table, schema=schema or None) if self.table else sa.text(f"({self.query.rstrip().rstrip(';')}) AS given")
        named = dict.fromkeys([self.key, *self.columns, self.time, self.id, self.subgroup, self.product])
        wanted: list[Any] = [sa.column(one) for one in named if one] if self.columns else [sa.text("*")]
        return sa.select(*wanted).select_from(given)

    def _ask(self, engine: sa.Engine, question: sa.Select[Any], stop: threading.Event) -> tuple[list[str], list[Record]]:
        try:
            with engine.connect() as connection, _given_up(connection, stop, self.timeout_s):
                result = connection.execute(question)
                return list(result.keys()), [tuple(one) for one in result]
        except DBAPIError as failed:
            if stop.is_set():
                return [self.key], []
            text = " ".join(str(failed.orig).split())[:300]
            raise NotFound(
                f"The database cannot be read: {text}.", cure="Check its address, the user's rights, table and columns."
            ) from None

    def _engine(self) -> sa.Engine:
        """An engine whose connections only read."""
        url = sa.make_url(self.url)
        if url.get_backend_name() == "sqlite" and url.database:
            return sa.create_engine(url, creator=lambda: _sqlite(str(url.database)), pool_size=1)
        if url.get_backend_name() == "postgresql":
            options = f"-c default_transaction_read_only=on -c statement_timeout={int(1000 * self.timeout_s)}"
            arguments: dict[str, Any] = {"options": options, "connect_timeout": 10, "application_name": "spc"}
        else:
            arguments = {}
        return sa.create_engine(url.set(password=self.password or None), connect_args=arguments, pool_size=1)


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return connection


@contextmanager
def _given_up(connection: sa.Connection, stop: threading.Event, after_s: float) -> Iterator[None]:
    """Ends the question when it takes too long, or when there is no time left for its answer."""
    raw: Any = connection.connection.driver_connection
    give_up: Any = getattr(raw, "interrupt", None) or getattr(raw, "cancel_safe", None)
    over, end = threading.Event(), time.monotonic() + after_s

    def watch() -> None:
        while not over.wait(0.1):
            if stop.is_set() or time.monotonic() > end:
                give_up()
                return

    thread = threading.Thread(target=watch, name="sql question", daemon=True)
    if give_up is not None:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if give_up is not None:
            thread.join()
