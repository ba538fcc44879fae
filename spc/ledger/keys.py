"""What makes a row itself, and where to look whether it is here already."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, bindparam, insert, select

from spc.ledger.schema import row_key
from spc.nouns import Rows

_ASK = 500  # keys asked for in one query: databases bound the number of parameters
_FIND = select(row_key.c.hash, row_key.c.seq).where(row_key.c.hash.in_(bindparam("hashes", expanding=True)))
_PUT = insert(row_key)


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
    known = [{"hash": hash_of(key), "seq": first_seq + i, "month": month} for i, key in enumerate(keys) if key is not None]
    if known:
        connection.execute(_PUT, known)


def places(connection: Connection, keys: Sequence[str | None]) -> list[int]:
    """The numbers of the rows that may have one of these keys, in order."""
    hashes = [hash_of(one) for one in keys if one is not None]
    found: set[int] = set()
    for start in range(0, len(hashes), _ASK):
        found.update(seq for _, seq in connection.execute(_FIND, {"hashes": hashes[start : start + _ASK]}))
    return sorted(found)
