"""Rows and points in blocks instead of one by one; leases, gaps, scraps, the archive's catalogue; partitions in PostgreSQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

MOST = 1000  # rows in a block that is made of rows that were stored one by one
NONE = -(2**63)  # "no time", as in the arrays
CUT = {"block": ("line", "first_seq"), "judged": ("line", "first_seq"), "row_key": ("hash", "seq")}  # tables that are cut by month


def upgrade() -> None:
    _rows()
    _archive()
    _running()
    with op.batch_alter_table("activation") as table:
        table.add_column(sa.Column("product", sa.Text, nullable=False, server_default=""))
    _memories()
    connection = op.get_bind()
    _move_rows(connection)
    _move_points(connection)
    op.drop_table("point")
    op.drop_table("row")


def downgrade() -> None:
    raise NotImplementedError("rows in blocks are not taken apart again: restore a backup")


def _line() -> sa.Column[Any]:
    return sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), nullable=False)


def _create(name: str, *columns: sa.Column[Any]) -> None:
    """A table that PostgreSQL cuts by month: there the month is part of the key, as it must be."""
    server = op.get_bind().dialect.name == "postgresql"
    key = (*CUT[name], "month") if server else CUT[name]
    options: dict[str, Any] = {"postgresql_partition_by": "RANGE (month)"} if server else {"sqlite_with_rowid": False}
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key), **options)


def _rows() -> None:
    _create(
        "block",
        _line(),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("at_min", sa.BigInteger, nullable=False),
        sa.Column("at_max", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("schema_id", sa.Integer, sa.ForeignKey("row_schema.id"), nullable=False),
        sa.Column("at", sa.LargeBinary, nullable=False),
        sa.Column("x", sa.LargeBinary, nullable=False),
        sa.Column("codes", sa.LargeBinary, nullable=True),
        sa.Column("labels_json", sa.Text, nullable=False),
    )
    op.create_index("block_by_time", "block", ["line", "at_max"])
    _create(
        "row_key",
        sa.Column("hash", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
    )
    _create(
        "judged",
        _line(),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        sa.Column("activation_id", sa.Integer, sa.ForeignKey("activation.id"), nullable=False),
        sa.Column("charts_json", sa.Text, nullable=False),
        sa.Column("values", sa.LargeBinary, nullable=False),
        sa.Column("out", sa.LargeBinary, nullable=False),
        sa.Column("rows_out", sa.Integer, nullable=False),
        sa.Column("notes_json", sa.Text, nullable=False),
    )


def _archive() -> None:
    op.create_table(
        "out_point",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chart", sa.String(40), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("ucl", sa.Double, nullable=False),
        sa.Column("part", sa.Text, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("chart", sa.String(40), primary_key=True),
        sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("out", sa.BigInteger, nullable=False),
        sa.Column("low", sa.Double, nullable=True),
        sa.Column("middle", sa.Double, nullable=True),
        sa.Column("high", sa.Double, nullable=True),
        sa.Column("ucl", sa.Double, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archived",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("first_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("at_min", sa.BigInteger, nullable=False),
        sa.Column("at_max", sa.BigInteger, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("archived_by_time", "archived", ["line", "at_max"])


def _running() -> None:
    op.create_table(
        "lease",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
    )
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _line(),
        sa.Column("after_seq", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("gap_of_line", "gap", ["line", "after_seq"])
    op.create_table(
        "scrap",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _line(),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("handled_at", sa.BigInteger, nullable=True),
        sa.Column("handled_by", sa.Text, nullable=False),
    )
    op.create_index("scrap_of_line", "scrap", ["line", "state", "id"])


def _memories() -> None:
    """One for each activation in force, no longer one for each line."""
    op.rename_table("memory", "memory_before")
    op.create_table(
        "memory",
        sa.Column("line", sa.String(80), sa.ForeignKey("line.name"), primary_key=True),
        sa.Column("activation_id", sa.Integer, sa.ForeignKey("activation.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("memory_json", sa.Text, nullable=False),
    )
    columns = "line, activation_id, seq, memory_json"
    op.execute(f"insert into memory ({columns}) select {columns} from memory_before")  # noqa: S608 - no word of a person's
    op.drop_table("memory_before")


# ------------------------------------------------------------------------------------------- what is there already moves over


def _pieces(connection: sa.Connection, query: str, same: Any) -> Iterator[list[Any]]:
    """Rows of a query that follow each other and are alike, at most MOST at a time."""
    piece: list[Any] = []
    for one in connection.execute(sa.text(query).execution_options(yield_per=MOST)):
        if piece and (len(piece) == MOST or same(piece[-1], one)):
            yield piece
            piece = []
        piece.append(one)
    if piece:
        yield piece


def _move_rows(connection: sa.Connection) -> None:
    query = """select line, seq, "key", at, received_at, part, quality, source, schema_id, x from "row" order by line, seq"""

    def other(a: Any, b: Any) -> bool:
        alike = (a.line, a.seq + 1, a.source, a.schema_id, a.received_at) == (b.line, b.seq, b.source, b.schema_id, b.received_at)
        return not alike

    for piece in _pieces(connection, query, other):
        first, month = piece[0], _month(piece[0].received_at)
        _partition(connection, month)
        at = [NONE if one.at is None else one.at for one in piece]
        known = [first.received_at if one.at is None else one.at for one in piece]
        parts, qualities = [one.part for one in piece], [one.quality for one in piece]
        labels = {
            **({"part": parts} if any(parts) else {}),
            **({"quality": qualities} if any(one != "good" for one in qualities) else {}),
        }
        connection.execute(
            sa.text(
                'insert into block (line, first_seq, last_seq, month, received_at, at_min, at_max, source, schema_id, "at", x, labels_json)'
                " values (:line, :first, :last, :month, :received, :low, :high, :source, :schema, :at, :x, :labels)"
            ),
            {
                "line": first.line,
                "first": first.seq,
                "last": piece[-1].seq,
                "month": month,
                "received": first.received_at,
                "low": min(known),
                "high": max(known),
                "source": first.source,
                "schema": first.schema_id,
                "at": np.array(at, dtype="<i8").tobytes(),
                "x": b"".join(bytes(one.x) for one in piece),
                "labels": json.dumps(labels),
            },
        )
        keys = [{"hash": _hash(one[2]), "seq": one.seq, "month": month} for one in piece if one[2] is not None]
        if keys:
            connection.execute(sa.text("insert into row_key (hash, seq, month) values (:hash, :seq, :month)"), keys)


def _move_points(connection: sa.Connection) -> None:
    query = (
        'select p.line, p.seq, p.chart, p.value, p.ucl, p.out, p.note, p.activation_id, r.received_at from point p join "row" r'
        " on r.line = p.line and r.seq = p.seq order by p.line, p.seq, p.chart"
    )
    found = connection.execute(sa.text(query).execution_options(yield_per=MOST))
    piece: list[list[Any]] = []
    for points in (list(some) for _, some in groupby(found, key=lambda one: (one.line, one.seq))):
        if piece and (len(piece) == MOST or not _follows(piece[-1], points)):
            _put_judged(connection, piece)
            piece = []
        piece.append(points)
    if piece:
        _put_judged(connection, piece)


def _follows(before: list[Any], after: list[Any]) -> bool:
    a, b = before[0], after[0]
    charts = [one.chart for one in before] == [one.chart for one in after]
    return charts and (a.line, a.seq + 1, a.activation_id, a.received_at) == (b.line, b.seq, b.activation_id, b.received_at)


def _put_judged(connection: sa.Connection, piece: list[list[Any]]) -> None:
    first, nan = piece[0][0], float("nan")
    month = _month(first.received_at)
    _partition(connection, month)
    numbers = [[(nan if p.value is None else p.value, nan if p.ucl is None else p.ucl) for p in row] for row in piece]
    out = np.array([[bool(p.out) for p in row] for row in piece], dtype=np.uint8)
    notes = {str(i): row[0].note for i, row in enumerate(piece) if row[0].note}
    connection.execute(
        sa.text(
            'insert into judged (line, first_seq, last_seq, month, activation_id, charts_json, "values", "out", rows_out, notes_json)'
            " values (:line, :first, :last, :month, :activation, :charts, :values, :out, :rows_out, :notes)"
        ),
        {
            "line": first.line,
            "first": first.seq,
            "last": piece[-1][0].seq,
            "month": month,
            "activation": first.activation_id,
            "charts": json.dumps([p.chart for p in piece[0]]),
            "values": np.array(numbers, dtype="<f8").tobytes(),
            "out": out.tobytes(),
            "rows_out": int(out.any(axis=1).sum()),
            "notes": json.dumps(notes),
        },
    )


def _month(us: int) -> int:
    at = datetime.fromtimestamp(us / 1e6, UTC)
    return at.year * 100 + at.month


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little", signed=True)


def _partition(connection: sa.Connection, month: int) -> None:
    if connection.dialect.name == "postgresql":
        for name in CUT:
            connection.exec_driver_sql(
                f"create table if not exists {name}_{month} partition of {name} for values from ({month}) to ({month + 1})"
            )
