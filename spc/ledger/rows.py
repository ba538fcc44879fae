"""Rows as they came: every value bit for bit, each row once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, bindparam, func, insert, select

from spc.ledger.clock import from_us, to_us
from spc.ledger.schema import row, row_schema
from spc.nouns import Ints, Rows

_ASK = 500  # keys asked for in one query: databases bound the number of parameters
_STORED = select(row.c.key, row.c.seq, row.c.x, row.c.schema_id).where(row.c.key.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Stored rows: their numbers (n,), the rows, and when each was received (n,) in µs. Columns are all that any of them had."""

    seq: Ints
    rows: Rows
    received: Ints
    source: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.seq)


def keys_of(line: str, rows: Rows) -> list[str | None]:
    """What makes each row itself: its line and its part number if it has one, else its time; None when it has neither.

    One text, because databases that must choose between an index on (line, number) and one on (line, key) for many keys choose wrongly.

    >>> rows = Rows(("a",), np.zeros((2, 1)), np.array(["2025-03-04T06:00", "NaT"], dtype="datetime64[us]"), (None, "B7"))
    >>> keys_of("smt-2", rows)
    ['smt-2 at 2025-03-04T06:00:00.000000', 'smt-2 id B7']
    """
    texts = np.datetime_as_string(rows.at.astype("datetime64[us]"))
    return [f"{line} id {id}" if id else (None if text == "NaT" else f"{line} at {text}") for id, text in zip(rows.ids, texts, strict=True)]


def blobs(rows: Rows) -> list[bytes]:
    """Each row's values as float64, little-endian."""
    block = np.ascontiguousarray(rows.x, dtype="<f8")
    return [one.tobytes() for one in block]


def schema_of(connection: Connection, names: tuple[str, ...]) -> int:
    """The number of this list of column names, made when new."""
    text = json.dumps(list(names))
    found = connection.execute(select(row_schema.c.id).where(row_schema.c.names_json == text)).scalar()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(row_schema).values(names_json=text).returning(row_schema.c.id)).scalar_one())


def stored(connection: Connection, keys: Sequence[str | None]) -> dict[str, tuple[int, bytes, int]]:
    """Which of these keys are here already: key → (seq, values, schema)."""
    asked = [one for one in keys if one is not None]
    found: dict[str, tuple[int, bytes, int]] = {}
    for start in range(0, len(asked), _ASK):
        some = connection.execute(_STORED, {"keys": asked[start : start + _ASK]})
        found.update({key: (seq, x, schema) for key, seq, x, schema in some})
    return found


def append_rows(
    connection: Connection, line: str, first_seq: int, rows: Rows, *, keys: Sequence[str | None], schema_id: int, source: str, now: int
) -> None:
    """Stores a block whose first row gets the number `first_seq`."""
    common = {"line": line, "received_at": now, "source": source, "schema_id": schema_id}
    quality = rows.quality or ("good",) * len(rows)
    connection.execute(
        insert(row),
        [
            {**common, "seq": first_seq + i, "key": key, "at": at, "part": part, "quality": good, "x": x}
            for i, (key, at, part, good, x) in enumerate(zip(keys, to_us(rows.at), rows.ids, quality, blobs(rows), strict=True))
        ],
    )


def rows_between(connection: Connection, line: str, first: int, last: int) -> Window:
    """The rows with first <= seq <= last, in order."""
    query = (
        select(row.c.seq, row.c.at, row.c.part, row.c.quality, row.c.x, row_schema.c.names_json, row.c.received_at, row.c.source)
        .join(row_schema, row_schema.c.id == row.c.schema_id)
        .where(row.c.line == line, row.c.seq >= first, row.c.seq <= last)
        .order_by(row.c.seq)
    )
    found = connection.execute(query).all()
    known = {text: tuple(json.loads(text)) for text in dict.fromkeys(one.names_json for one in found)}
    names = tuple(dict.fromkeys(name for one in known.values() for name in one))
    x = np.full((len(found), len(names)), np.nan)
    where = {text: [names.index(name) for name in one] for text, one in known.items()}
    for i, one in enumerate(found):
        x[i, where[one.names_json]] = np.frombuffer(one.x, dtype="<f8")
    rows = Rows(names, x, from_us([one.at for one in found]), tuple(one.part for one in found), tuple(one.quality for one in found))
    seq = np.array([one.seq for one in found], dtype=np.int64)
    return Window(seq, rows, np.array([one.received_at for one in found], dtype=np.int64), tuple(one.source for one in found))


def span(connection: Connection, line: str, since: int | None, until: int | None) -> tuple[int, int]:
    """The first and the last row made between two times (µs UTC, either may be open); (1, 0) when there is none.

    A row that came without a time has the time at which it was received.
    """
    at = func.coalesce(row.c.at, row.c.received_at)
    query = select(func.min(row.c.seq), func.max(row.c.seq)).where(row.c.line == line)
    for bound in ([] if since is None else [at >= since]) + ([] if until is None else [at <= until]):
        query = query.where(bound)
    first, last = connection.execute(query).one()
    return (1, 0) if first is None else (int(first), int(last))


def last_rows(connection: Connection, line: str, n: int) -> Window:
    """The newest n rows, oldest first."""
    query = select(row.c.seq).where(row.c.line == line).order_by(row.c.seq.desc()).limit(n)
    seqs = connection.execute(query).scalars().all()
    return rows_between(connection, line, seqs[-1] if seqs else 1, seqs[0] if seqs else 0)
