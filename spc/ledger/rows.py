"""Rows as they came: every value bit for bit, each row once."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import chain, pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, bindparam, func, insert, select

from spc.ledger import archived
from spc.ledger.blocks import make_room, month_of, overlapping
from spc.ledger.clock import NONE
from spc.ledger.keys import Keys, keys_of, places, put_keys
from spc.ledger.quick import Quick
from spc.ledger.schema import block, row_schema
from spc.ledger.windows import LABELS, Window
from spc.nouns import Ints, Rows, Times

__all__ = [
    "Keys",
    "Window",
    "append_rows",
    "blobs",
    "blocks_between",
    "keys_of",
    "last_rows",
    "newest",
    "rows_between",
    "schema_of",
    "span",
    "stored",
    "windows",
]


class Blocks(NamedTuple):
    """Stored blocks side by side: each field has one thing for each block."""

    first_seq: tuple[int, ...]
    last_seq: tuple[int, ...]
    received_at: tuple[int, ...]
    source: tuple[str, ...]
    at: tuple[bytes, ...]
    x: tuple[bytes, ...]
    codes: tuple[Any, ...]
    labels_json: tuple[str, ...]
    names_json: tuple[str, ...]


_NAMES = Blocks._fields[:-1]
_COLUMNS = (*(block.c[name] for name in _NAMES), row_schema.c.names_json)
_READ = select(*_COLUMNS).join(row_schema, row_schema.c.id == block.c.schema_id)
_BETWEEN = Quick(overlapping(block, _READ, bindparam("of_line"), bindparam("first"), bindparam("last")))  # asked all the time: built once
_PUT = Quick(insert(block))
_TOGETHER = 65_536  # rows of blocks that are put together at most
_FEW = 8  # stretches of rows with the same columns that are given as they are; more are put side by side


def blobs(rows: Rows) -> list[bytes]:
    """Each row's values as float64, little-endian."""
    whole = np.ascontiguousarray(rows.x, dtype="<f8")
    return [one.tobytes() for one in whole]


def schema_of(connection: Connection, names: tuple[str, ...]) -> int:
    """The number of this list of column names, made when new."""
    text = json.dumps(list(names))
    found = connection.execute(select(row_schema.c.id).where(row_schema.c.names_json == text)).scalar()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(row_schema).values(names_json=text).returning(row_schema.c.id)).scalar_one())


def stored(connection: Connection, line: str, keys: Keys, at: Times | None = None) -> dict[str, tuple[int, bytes, tuple[str, ...]]]:
    """Which of these keys of a line are here already: key → (seq, values, columns).

    A row in the archive is found by its time, so only when the rows' times are given; one that is known by its part number alone is not.
    """
    found: dict[str, tuple[int, bytes, tuple[str, ...]]] = {}
    here = places(connection, keys)
    if not here and at is None:
        return found
    asked = {one for one in keys if one is not None}
    for first, last in _stretches(here):
        for window in windows(connection, line, first, last):
            for i, key in enumerate(keys_of(line, window.rows)):
                if key in asked and key is not None:
                    found[key] = (int(window.seq[i]), window.rows.x[i].tobytes(), window.rows.names)
    if at is not None and len(found) < len(asked):
        times = at.astype("datetime64[us]").view(np.int64).tolist()
        sought = {key: one for key, one in zip(keys, times, strict=True) if key is not None and key not in found}
        found |= archived.repeats(connection, line, sought)
    return found


def _stretches(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers that are close to each other, as first and last: one query for each."""
    first: int | None = None
    for seq, after in pairwise([*seqs, None]):
        first = seq if first is None else first
        if seq is not None and first is not None and (after is None or after > seq + 100):
            yield first, seq
            first = None


def append_rows(
    connection: Connection, line: str, first_seq: int, rows: Rows, *, keys: Keys, schema_id: int, source: str, now: int
) -> None:
    """Stores a block whose first row gets the number `first_seq`."""
    month = month_of(now)
    make_room(connection, month)
    at = np.ascontiguousarray(rows.at.astype("datetime64[us]").view("<i8"))
    known = np.where(at == NONE, now, at)
    _PUT.change(
        connection,
        {
            "line": line,
            "first_seq": first_seq,
            "last_seq": first_seq + len(rows) - 1,
            "month": month,
            "received_at": now,
            "at_min": int(known.min()),
            "at_max": int(known.max()),
            "source": source,
            "schema_id": schema_id,
            "at": at.tobytes(),
            "x": np.ascontiguousarray(rows.x, dtype="<f8").tobytes(),
            "codes": None if rows.codes is None else rows.codes.tobytes(),
            "labels_json": _labels(rows),
        },
    )
    put_keys(connection, keys, first_seq, month)


def _labels(rows: Rows) -> str:
    """The labels that any row has, as JSON."""
    all = {"part": tuple(rows.ids), "quality": rows.quality, "subgroup": rows.subgroup, "product": rows.product, "raw": rows.raw}
    kept = {name: one for name, one in all.items() if one and one.count(LABELS[name]) < len(one)}
    return json.dumps(kept) if kept else "{}"


def rows_between(connection: Connection, line: str, first: int, last: int) -> Window:
    """The rows with first <= seq <= last, in order."""
    found = list(windows(connection, line, first, last))
    if len(found) == 1:
        return _own(found[0])
    names = tuple(dict.fromkeys(name for one in found for name in one.rows.names))
    n = sum(map(len, found))
    x = np.full((n, len(names)), np.nan)
    codes = np.zeros((n, len(names)), dtype=np.uint8) if any(one.rows.codes is not None for one in found) else None
    done = 0
    for one in found:
        here = slice(done, done + len(one))
        where = slice(None) if one.rows.names == names else [names.index(name) for name in one.rows.names]
        x[here, where] = one.rows.x
        if codes is not None and one.rows.codes is not None:
            codes[here, where] = one.rows.codes
        done += len(one)

    at = np.concatenate([one.rows.at for one in found]) if found else np.empty(0, dtype="datetime64[us]")
    ids = tuple(chain.from_iterable([one.rows.ids for one in found]))
    quality, subgroup, product, raw = (_joined(found, label) for label in ("quality", "subgroup", "product", "raw"))
    rows = Rows(names, x, at, ids, quality, subgroup, product, codes, raw)
    seq, received = (
        np.concatenate([getattr(one, name) for one in found]) if found else np.empty(0, np.int64) for name in ("seq", "received")
    )
    return Window(seq, rows, received, tuple(chain.from_iterable([one.source for one in found])))


def _own(window: Window) -> Window:
    """The same with values of its own: those of the archive are kept for whoever asks next."""
    rows = window.rows
    codes = None if rows.codes is None else rows.codes.copy()
    return replace(window, rows=replace(rows, x=rows.x.copy(), at=rows.at.copy(), codes=codes))


def blocks_between(
    read: Callable[[], AbstractContextManager[Connection]], line: str, first: int, last: int, n: int = 4096
) -> Iterator[Rows]:
    """The rows with first <= seq <= last in blocks of at most n; the next stretches are read, in threads, while one is made use of.

    `read` gives a connection (Ledger.read). Rows of one block have the same columns, those of the next one may have others.
    """
    with read() as connection:
        files = archived.places(connection, line, first, last)
    begin = max(first, files[-1][1] + 1 if files else 1)
    stretches = [(max(a, first), min(b, last)) for a, b in files] + [(k, min(k + n - 1, last)) for k in range(begin, last + 1, n)]

    def load(low: int, high: int) -> list[Rows]:
        with read() as connection:
            found = list(windows(connection, line, low, high))
            return [one.rows for one in found] if len(found) <= _FEW else [rows_between(connection, line, low, high).rows]

    with ThreadPoolExecutor(2, "rows") as pool:
        ahead = deque(pool.submit(load, *one) for one in stretches[:3])
        for following in [*stretches[3:], None, None, None][: len(stretches)]:
            found = ahead.popleft().result()
            if following is not None:
                ahead.append(pool.submit(load, *following))
            for rows in found:
                yield from (rows.part(slice(start, start + n)) for start in range(0, len(rows), n))


def _joined(found: list[Window], label: str) -> tuple[str, ...]:
    """A label of all rows; empty when none of them has one."""
    kept = [getattr(one.rows, label) for one in found]
    if not any(kept):
        return ()
    return tuple(chain.from_iterable(some or (LABELS[label],) * len(one) for one, some in zip(found, kept, strict=True)))


def windows(connection: Connection, line: str, first: int, last: int) -> Iterator[Window]:
    """The same, a window for as long as rows came with the same columns and labels; those in the archive, a line's first, come before."""
    found = _BETWEEN.all(connection, {"of_line": line, "first": first, "last": last})
    if (begin := found[0][0] if found else last + 1) > max(first, 1):
        yield from archived.windows(connection, line, first, begin - 1)
    yield from _grouped(found, first, last)


def _grouped(found: Sequence[Any], first: int, last: int) -> Iterator[Window]:
    """Stored blocks as windows: those of a slow line have one row each, and are put together before anything is made of them."""
    if not found:
        return
    blocks = Blocks._make(zip(*found, strict=True))
    labels = json.loads(f"[{','.join(blocks.labels_json)}]")  # all at once: a call for each would take longer than all the rest
    have = list(map(tuple, labels))
    kept = {one: tuple(label for label in one if label != "part") for one in set(have)}
    known: dict[tuple[Any, ...], int] = {}
    kinds = [
        known.setdefault((names, codes is None, kept[one]), len(known))
        for names, codes, one in zip(blocks.names_json, blocks.codes, have, strict=True)
    ]
    for here in runs(np.array(kinds), np.array(blocks.first_seq), np.array(blocks.last_seq), _TOGETHER):
        yield _window(Blocks._make(one[here] for one in blocks), labels[here], first, last)


def runs(kinds: Ints, first: Ints, last: Ints, most: int) -> Iterator[slice]:
    """The blocks, given by their first and last rows, of one kind that follow each other without a gap: at most so many rows together."""
    cuts = np.flatnonzero((kinds[1:] != kinds[:-1]) | (first[1:] != last[:-1] + 1)) + 1
    for start, end in pairwise([0, *cuts.tolist(), len(first)]):
        while start < end:
            stop = max(start + 1, start + int(np.searchsorted(last[start:end], first[start] + most)))
            yield slice(start, stop)
            start = stop


def _window(some: Blocks, labels: Sequence[Mapping[str, Any]], first: int, last: int) -> Window:
    begin, n = some.first_seq[0], [b - a + 1 for a, b in zip(some.first_seq, some.last_seq, strict=True)]
    names, whole = tuple(json.loads(some.names_json[0])), sum(n)
    here = slice(max(first - begin, 0), min(last - begin, whole - 1) + 1)
    at = np.frombuffer(b"".join(some.at), dtype="<i8")[here].astype(np.int64).view("datetime64[us]")
    x = np.frombuffer(b"".join(some.x), dtype="<f8").reshape(whole, len(names))[here]
    codes = None if some.codes[0] is None else np.frombuffer(b"".join(some.codes), dtype=np.uint8).reshape(whole, len(names))[here]
    ids, quality, subgroup, product, raw = (_label(labels, n, label)[here] for label in ("part", "quality", "subgroup", "product", "raw"))
    rows = Rows(names, x, at, ids or (None,) * len(x), quality, subgroup, product, codes=codes, raw=raw)
    received = np.repeat(np.array(some.received_at, dtype=np.int64), n)[here]
    sources = tuple(chain.from_iterable(map(repeat, some.source, n)))
    return Window(np.arange(begin + here.start, begin + here.stop, dtype=np.int64), rows, received, sources[here])


def _label(labels: Sequence[Mapping[str, Any]], n: Sequence[int], label: str) -> tuple[Any, ...]:
    """A label of all rows; empty when no block has it."""
    there = [label in kept for kept in labels]
    if all(there):
        return tuple(chain.from_iterable([kept[label] for kept in labels]))
    if not any(there):
        return ()
    usual = LABELS[label]
    return tuple(chain.from_iterable(kept[label] if label in kept else (usual,) * k for kept, k in zip(labels, n, strict=True)))


def span(connection: Connection, line: str, since: int | None, until: int | None) -> tuple[int, int]:
    """The first and the last row made between two times (µs UTC, either may be open); (1, 0) when there is none.

    A row that came without a time has the time at which it was received.
    """
    query = select(block.c.first_seq, block.c.at, block.c.received_at).where(block.c.line == line)
    for bound in ([] if since is None else [block.c.at_max >= since]) + ([] if until is None else [block.c.at_min <= until]):
        query = query.where(bound)
    first = archived.within(connection, line, since, until, 0) or _first_within(
        connection, query.order_by(block.c.first_seq), since, until, 0
    )
    last = _first_within(connection, query.order_by(block.c.first_seq.desc()), since, until, -1)
    last = archived.within(connection, line, since, until, -1) if last is None else last
    return (1, 0) if first is None or last is None else (first, last)


def _first_within(connection: Connection, query: Any, since: int | None, until: int | None, which: int) -> int | None:
    """The first (0) or the last (-1) row within the times of the first block that has one."""
    with connection.execute(query) as found:
        for first_seq, blob, received in found:
            at = np.frombuffer(blob, dtype="<i8")
            at = np.where(at == NONE, received, at)
            within = np.flatnonzero((at >= (since if since is not None else at)) & (at <= (until if until is not None else at)))
            if within.size:
                return int(first_seq + within[which])
    return None


def newest(connection: Connection, line: str) -> int:
    """The newest time of any row of a line, µs; a row without one has that of its receipt. 0 when there is no row."""
    here = connection.execute(select(func.max(block.c.at_max)).where(block.c.line == line)).scalar()
    return max((int(one) for one in (here, archived.newest_time(connection, line)) if one is not None), default=0)


def last_rows(connection: Connection, line: str, n: int) -> Window:
    """The newest n rows, oldest first."""
    last = int(connection.execute(select(func.max(block.c.last_seq)).where(block.c.line == line)).scalar() or 0)
    return rows_between(connection, line, last - n + 1, last)
