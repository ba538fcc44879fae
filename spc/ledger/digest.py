"""What a ledger holds, in a few numbers that do not depend on where it is kept: a backup and what was restored from it must agree."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from spc.ledger.schema import block, judged, line, row_schema

_ROWS = ("first_seq", "last_seq", "received_at", "source", "at", "x", "codes", "labels_json")
_POINTS = ("first_seq", "last_seq", "charts_json", "values", "out", "notes_json")
_MONTH = re.compile(r"_\d{6}$")
_AT_ONCE = 200  # blocks


@dataclass(frozen=True, slots=True)
class Extent:
    """A line's rows at hand: how many, the number of the last one, and a digest (SHA-256) of every bit of the rows and their points."""

    rows: int
    last_seq: int
    digest: str


def revision(connection: Connection) -> str | None:
    """The version of the tables; None when this is no ledger."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar()


def tables(connection: Connection) -> dict[str, int]:
    """How many records each table has."""
    names = [one for one in sorted(sa.inspect(connection).get_table_names()) if not _MONTH.search(one)]
    return {name: int(connection.execute(select(sa.func.count()).select_from(sa.table(name))).scalar_one()) for name in names}


def extents(connection: Connection) -> dict[str, Extent]:
    """The lines with what they hold; none in a ledger of a version that kept rows one by one."""
    if not sa.inspect(connection).has_table(block.name):
        return {}
    return {name: _extent(connection, name) for name in sorted(connection.execute(select(line.c.name)).scalars())}


def _extent(connection: Connection, name: str) -> Extent:
    rows = last = 0
    found = hashlib.sha256()
    stored = select(*(block.c[one] for one in _ROWS), row_schema.c.names_json).join(row_schema, row_schema.c.id == block.c.schema_id)
    for one in _stream(connection, stored.where(block.c.line == name).order_by(block.c.first_seq)):
        rows, last = rows + one.last_seq - one.first_seq + 1, one.last_seq
        _add(found, "block", *one)
    points = select(*(judged.c[one] for one in _POINTS)).where(judged.c.line == name).order_by(judged.c.first_seq)
    for one in _stream(connection, points):
        _add(found, "judged", *one)
    return Extent(rows, last, found.hexdigest())


def _stream(connection: Connection, query: Any) -> Iterator[Any]:
    with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as found:
        yield from found


def _add(found: Any, *parts: Any) -> None:
    """Each part with its length, so that no two different lists of parts give the same bytes."""
    for part in parts:
        raw = (
            b"" if part is None else part.encode() if isinstance(part, str) else bytes(part) if not isinstance(part, int) else b"%d" % part
        )
        found.update(b"%d:" % (-1 if part is None else len(raw)))
        found.update(raw)
