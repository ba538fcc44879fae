"""What a source of rows is, and the contract that every one must keep."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from spc.errors import BadSettings
from spc.nouns import Rows
from spc.sources.batch import Batch

Clock = Callable[[], int]  # µs UTC since 1970


class Source(Protocol):
    """Gives rows in blocks, each with its position: a JSON value that says how far the source has been read with this block.

    What is given is a `Batch`, or simply (rows, position). When the next one is asked for, the one before is on disk: the moment to
    acknowledge it to whoever sent it. `read(after, …)` goes on behind a position, or from the beginning when that is None. It ends soon
    after `stop` is set, and by itself when nothing can ever come again. A source that cannot be reached raises; whoever runs it asks
    again later, from the last position that was taken. `name` stays the same over restarts: the position is kept under it.

    A source that can be tried before it is used also has `probe(clock) -> str`, which connects, looks, takes nothing away, and says in
    a sentence what it found; it raises what it would raise in use.
    """

    @property
    def name(self) -> str: ...

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch | tuple[Rows, Any]]: ...


def check(source: Source, clock: Clock, *, quiet_s: float = 1.0, again: bool = True) -> int:
    """The contract, tried on a source that has some rows to give; returns how many. Raises BadSettings with what was broken.

    Blocks are whole, positions are JSON, reading on from the first position gives exactly the rest, reading twice changes nothing, and
    a set `stop` ends it. `again` is false for a source whose sender forgets what was acknowledged: it cannot be read twice.
    """
    kind = type(source).__name__
    try:
        hash(source)
    except TypeError:
        raise BadSettings(f"{kind} can change after it was made.", cure="Make it a frozen dataclass.") from None
    if not source.name:
        raise BadSettings(f"{kind} has no name.", cure="Give it one that stays the same over restarts.")
    blocks = [one for one in _all(source, None, clock, quiet_s) if len(one[0])]
    if not blocks:
        raise BadSettings(f"{kind} gave no rows to check.", cure="Check it on one that has some.")
    for rows, position in blocks:
        _whole(kind, rows)
        if json.loads(json.dumps(position, allow_nan=False)) != position:
            raise BadSettings(f"{kind}: the position {position!r} is not the same after a trip through JSON.", cure="Use lists and dicts.")
    if not again:
        return sum(len(rows) for rows, _ in blocks)
    rest = _all(source, json.loads(json.dumps(blocks[0][1])), clock, quiet_s)
    if not np.array_equal(_values(rest), _values(blocks[1:]), equal_nan=True):
        raise BadSettings(
            f"{kind}: reading on behind the first block does not give the rest.", cure="The position must say how far it was read."
        )
    return sum(len(rows) for rows, _ in blocks)


def _all(source: Source, after: Any, clock: Clock, quiet_s: float) -> list[tuple[Rows, Any]]:
    """Everything that a source gives until it ends or is quiet; it must then end when it is told to."""
    given: queue.Queue[tuple[Rows, Any] | BaseException | None] = queue.Queue()
    stop = threading.Event()

    def work() -> None:
        try:
            for one in source.read(after, stop, clock):
                block = Batch.of(one)
                given.put((block.rows, block.position))
                if stop.is_set():
                    break
            given.put(None)
        except Exception as broken:  # noqa: BLE001 - it is raised again below, in the thread that asked
            given.put(broken)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    blocks: list[tuple[Rows, Any]] = []
    while True:
        try:
            one = given.get(timeout=quiet_s if blocks else 10.0 * quiet_s)  # a first block may have to connect, or to load a library
        except queue.Empty:
            break
        if one is None:
            break
        if isinstance(one, BaseException):
            raise one
        blocks.append(one)
    stop.set()
    thread.join(5.0)
    if thread.is_alive():
        raise BadSettings(f"{type(source).__name__} goes on after it was told to stop.", cure="Look at `stop` at least once a second.")
    return blocks


def _whole(kind: str, rows: Rows) -> None:
    n, p = rows.x.shape
    sizes = {n, len(rows.at), len(rows.ids), len(rows.quality) or n}
    if n == 0 or p != len(rows.names) or sizes != {n} or rows.x.dtype != np.float64 or len(set(rows.names)) != p:
        raise BadSettings(
            f"{kind}: a block of {n} rows and {p} columns is not whole.", cure="Give x (n, p), n times, n ids and p unique names."
        )
    if np.isinf(rows.x).any():
        raise BadSettings(f"{kind}: a value is infinite.", cure="Refuse such a row, or give NaN for a missing value.")


def _values(blocks: list[tuple[Rows, Any]]) -> Any:
    return np.concatenate([rows.x for rows, _ in blocks if len(rows)] or [np.empty((0, 0))])
