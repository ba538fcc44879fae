"""What makes a row itself, and where to look whether it is here already."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, any_, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from spc.ledger.schema import row_key
from spc.nouns import Rows

_ASK = 500  # keys asked for in one query: databases bound the number of parameters
_FIND = select(row_key.c.hash, row_key.c.seq).where(row_key.c.hash.in_(bindparam("hashes", expanding=True)))
_PUT = insert(row_key)
# PostgreSQL takes all of a block at once, as an array: one statement, whatever its length
_FIND_ALL = select(row_key.c.hash, row_key.c.seq).where(row_key.c.hash == any_(bindparam("hashes", type_=ARRAY(BIGINT))))
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
    known = [(hash_of(key), first_seq + i) for i, key in enumerate(keys) if key is not None]
    if not known:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_PUT_ALL, {"hashes": [one for one, _ in known], "seqs": [one for _, one in known], "month": month})
    else:
        connection.execute(_PUT, [{"hash": one, "seq": seq, "month": month} for one, seq in known])


def places(connection: Connection, keys: Sequence[str | None]) -> list[int]:
    """The numbers of the rows that may have one of these keys, in order."""
    hashes = [hash_of(one) for one in keys if one is not None]
    if connection.dialect.name == "postgresql":
        return sorted({seq for _, seq in connection.execute(_FIND_ALL, {"hashes": hashes})}) if hashes else []
    found: set[int] = set()
    for start in range(0, len(hashes), _ASK):
        found.update(seq for _, seq in connection.execute(_FIND, {"hashes": hashes[start : start + _ASK]}))
    return sorted(found)
