"""What makes a row itself, and where to look whether it is here already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from sqlalchemy import Connection, any_, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from spc.ledger.quick import Quick, raw_of, run
from spc.ledger.schema import row_key
from spc.nouns import Rows

# SQLite is told all keys of a block at once, as a list in JSON, or the one that there is: a statement for each would give up Python's lock
# as often, and wait for it. In the order of the index they touch fewer of its pages.
_FIND_ONE = Quick(select(row_key.c.seq).where(row_key.c.hash == bindparam("hash")))
_FIND = "select seq from row_key where hash in (select value from json_each(?))"
_PUT_ONE = Quick(insert(row_key))
_PUT = "insert into row_key (hash, seq, month) select value, ? + key, ? from json_each(?) where value is not null order by value"
# PostgreSQL takes all of a block at once, as an array: one statement, whatever its length
_FIND_ALL = select(row_key.c.seq).where(row_key.c.hash == any_(bindparam("hashes", type_=ARRAY(BIGINT))))
_PUT_ALL = text(
    "insert into row_key (hash, seq, month)"
    " select hash, seq, :month from unnest(cast(:hashes as bigint[]), cast(:seqs as bigint[])) as given (hash, seq)"
)


def keys_of(line: str, rows: Rows) -> list[str | None]:
    """What makes each row itself: its line and its part number if it has one, else its time; None when it has neither.

    >>> rows = Rows(("a",), np.zeros((2, 1)), np.array(["2025-03-04T06:00", "NaT"], dtype="datetime64[us]"), (None, "B7"))
    >>> keys_of("smt-2", rows)
    ['smt-2 at 2025-03-04T06:00:00.000000', 'smt-2 id B7']
    """
    if all(rows.ids):
        return [f"{line} id {id}" for id in rows.ids]
    texts = np.datetime_as_string(rows.at.astype("datetime64[us]"))
    return [f"{line} id {id}" if id else (None if text == "NaT" else f"{line} at {text}") for id, text in zip(rows.ids, texts, strict=True)]


def hash_of(key: str) -> int:
    """A key as a whole number of 64 bits, which is what the index holds. Two keys with one number are told apart by the rows themselves.

    >>> hash_of("smt-2 id B7")
    3225378918854833155
    """
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little", signed=True)


def put_keys(connection: Connection, keys: Sequence[str | None], first_seq: int, month: int) -> None:
    """Writes down the keys of rows from `first_seq` on."""
    seqs = [first_seq + i for i, key in enumerate(keys) if key is not None]
    if not seqs:
        return
    hashes = _hashes(tuple(keys))
    if len(hashes) == 1:
        _PUT_ONE.change(connection, {"hash": hashes[0], "seq": seqs[0], "month": month})
    elif connection.dialect.name == "postgresql":
        connection.execute(_PUT_ALL, {"hashes": hashes, "seqs": seqs, "month": month})
    else:
        known = iter(hashes)
        placed = hashes if len(hashes) == len(keys) else [None if key is None else next(known) for key in keys]
        run(connection, raw_of(connection), _PUT, (first_seq, month, json.dumps(placed)))


def places(connection: Connection, keys: Sequence[str | None]) -> list[int]:
    """The numbers of the rows that may have one of these keys, in order."""
    if not (hashes := _hashes(tuple(keys))):
        return []
    if len(hashes) == 1:
        return sorted(seq for (seq,) in _FIND_ONE.all(connection, {"hash": hashes[0]}))
    if connection.dialect.name == "postgresql":
        return sorted(set(connection.execute(_FIND_ALL, {"hashes": hashes}).scalars()))
    raw = raw_of(connection)
    found = connection.exec_driver_sql(_FIND, (str(hashes),)) if raw is None else run(connection, raw, _FIND, (str(hashes),))
    return sorted({seq for (seq,) in found.fetchall()})


@lru_cache(maxsize=8)  # a block's keys are looked up, then written down
def _hashes(keys: tuple[str | None, ...]) -> list[int]:
    """hash_of of the keys that there are."""
    digest = hashlib.blake2b
    whole = b"".join([digest(key.encode(), digest_size=8).digest() for key in keys if key is not None])
    return [int(one) for one in np.frombuffer(whole, dtype="<i8").tolist()]
