"""What makes a row itself, and where to look whether it is here already.

The index holds a number for each key. Keys that follow each other, as times and serial numbers do, have numbers that follow each other:
the keys of a block then stand side by side in the index, and a thousand of them touch ten of its pages, not each a page of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final, overload

import numpy as np
from sqlalchemy import Connection, any_, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from spc.ledger.clock import NONE
from spc.ledger.quick import Quick, raw_of, run
from spc.ledger.schema import row_key
from spc.nouns import Rows

# SQLite is told all keys of a block at once, as a list in JSON, or the one that there is: a statement for each would give up Python's lock
# as often, and wait for it. In the order of the index they touch fewer of its pages.
_FIND_ONE = Quick(select(row_key.c.seq).where(row_key.c.hash == bindparam("hash")))
_ANY = "select 1 from row_key where hash between ? and ? limit 1"
_FIND = "select seq from row_key where hash in (select value from json_each(?))"
_PUT_ONE = Quick(insert(row_key))
_PUT = "insert into row_key (hash, seq, month) select value, ? + key, ? from json_each(?) where value is not null"
_PUT_SORTED = f"{_PUT} order by value"
# PostgreSQL takes all of a block at once, as an array: one statement, whatever its length
_FIND_ALL = select(row_key.c.seq).where(row_key.c.hash == any_(bindparam("hashes", type_=ARRAY(BIGINT))))
_PUT_ALL = text(
    "insert into row_key (hash, seq, month)"
    " select hash, seq, :month from unnest(cast(:hashes as bigint[]), cast(:seqs as bigint[])) as given (hash, seq)"
)
_DIGITS: Final = "0123456789"
_LONGEST: Final = 18  # digits of a serial number that count; those before them are part of its name
_WHOLE: Final = 2**64


class Keys(Sequence[str | None]):
    """What makes each row of a block itself: its line and its part number if it has one, else its time; None when it has neither.

    As texts, which are made when they are asked for, and as the numbers under which the index knows them. Two keys with one number are
    told apart by the rows themselves.
    """

    def __init__(self, line: str, rows: Rows) -> None:
        self._line, self._rows = line, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, i: int) -> str | None: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[str | None]: ...
    def __getitem__(self, i: int | slice) -> str | Sequence[str | None] | None:
        return self.texts[i]

    def __iter__(self) -> Iterator[str | None]:
        return iter(self.texts)

    @cached_property
    def texts(self) -> list[str | None]:
        """Each row's key as text."""
        line, ids = self._line, self._rows.ids
        if all(ids):
            return [f"{line} id {id}" for id in ids]
        times = np.datetime_as_string(self._rows.at.astype("datetime64[us]"))
        return [f"{line} id {id}" if id else (None if at == "NaT" else f"{line} at {at}") for id, at in zip(ids, times, strict=True)]

    @cached_property
    def placed(self) -> list[int | None]:
        """The number of each row's key; None for a row without one."""
        ids = self._rows.ids
        if all(ids):
            return [_number_of(self._line, id) for id in ids if id]
        at = self._rows.at.astype("datetime64[us]").view(np.int64)
        moments = (at.view(np.uint64) + np.uint64(_base(f"{self._line} at"))).view(np.int64).tolist()
        if not any(ids):
            return moments if (at != NONE).all() else [None if one == NONE else k for one, k in zip(at.tolist(), moments, strict=True)]
        both = zip(ids, at.tolist(), moments, strict=True)
        return [_number_of(self._line, id) if id else (None if one == NONE else moment) for id, one, moment in both]

    @cached_property
    def hashes(self) -> list[int]:
        """The numbers of the keys that there are."""
        return [one for one in self.placed if one is not None]

    @property
    def distinct(self) -> bool:
        """Whether no two rows have one key: their numbers say so. When they do not, the texts must be looked at."""
        return len(set(self.hashes)) == len(self.hashes)


def keys_of(line: str, rows: Rows) -> Keys:
    """
    >>> rows = Rows(("a",), np.zeros((2, 1)), np.array(["2025-03-04T06:00", "NaT"], dtype="datetime64[us]"), (None, "B7"))
    >>> list(keys_of("smt-2", rows))
    ['smt-2 at 2025-03-04T06:00:00.000000', 'smt-2 id B7']
    """
    return Keys(line, rows)


def _number_of(line: str, id: str) -> int:
    """A part number as a number of 64 bits: those that differ in the digits at their end alone follow each other as these do.

    >>> [_number_of("smt-2", id) - _number_of("smt-2", "B07") for id in ("B07", "B08", "B17")]
    [0, 1, 10]
    """
    digits = min(len(id) - len(id.rstrip(_DIGITS)), _LONGEST)
    if not digits:
        return _signed(_base(f"{line} id {id}"))
    return _signed(_base(f"{line} id {id[:-digits]} {digits}") + int(id[-digits:]))


def _signed(whole: int) -> int:
    whole %= _WHOLE
    return whole - _WHOLE if whole >= _WHOLE // 2 else whole


@lru_cache(maxsize=4096)
def _base(name: str) -> int:
    """Where the numbers of keys with this name begin: far from those of all others."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def put_keys(connection: Connection, keys: Keys, first_seq: int, month: int) -> None:
    """Writes down the keys of rows from `first_seq` on."""
    placed, hashes = keys.placed, keys.hashes
    if not hashes:
        return
    if len(hashes) == 1:
        _PUT_ONE.change(connection, {"hash": hashes[0], "seq": first_seq + placed.index(hashes[0]), "month": month})
    elif connection.dialect.name == "postgresql":
        seqs = [first_seq + i for i, one in enumerate(placed) if one is not None]
        connection.execute(_PUT_ALL, {"hashes": hashes, "seqs": seqs, "month": month})
    else:
        sql = _PUT if bool((np.diff(hashes) > 0).all()) else _PUT_SORTED
        run(connection, raw_of(connection), sql, (first_seq, month, json.dumps(placed)))


def places(connection: Connection, keys: Keys) -> list[int]:
    """The numbers of the rows that may have one of these keys, in order."""
    if not (hashes := keys.hashes):
        return []
    if len(hashes) == 1:
        return sorted(seq for (seq,) in _FIND_ONE.all(connection, {"hash": hashes[0]}))
    if connection.dialect.name == "postgresql":
        return sorted(set(connection.execute(_FIND_ALL, {"hashes": hashes}).scalars()))
    if not _ask(connection, _ANY, (min(hashes), max(hashes))):  # new rows follow those that are here: nothing is where they will be
        return []
    return sorted({seq for (seq,) in _ask(connection, _FIND, (str(hashes),))})


def _ask(connection: Connection, sql: str, values: tuple[int, int] | tuple[str]) -> Sequence[tuple[int]]:
    raw = raw_of(connection)
    found = connection.exec_driver_sql(sql, values) if raw is None else run(connection, raw, sql, values)
    return [(one[0],) for one in found.fetchall()]
