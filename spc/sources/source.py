"""What a source of rows is, and the contract that every one must keep."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from spc.errors import BadSettings
from spc.nouns import QUALITIES, Rows
from spc.sources.batch import Batch

STOP_S = 2.0  # a source that was told to stop has ended by then: it looks once a second, on a busy machine
WAITED = 10.0  # times as long as it may be quiet, rows that must come are waited for: it may have to connect, or to load a library

Clock = Callable[[], int]  # µs UTC since 1970


class Source(Protocol):
    """Gives rows in blocks, each with its position: a JSON value that says how far the source has been read with this block.

    What is given is a `Batch`, or simply (rows, position). When the next one is asked for, the one before is on disk: the moment to
    acknowledge it to whoever sent it. `read(after, …)` goes on behind a position, or from the beginning when that is None. It ends soon
    after `stop` is set, and by itself when nothing can ever come again. A source that cannot be reached raises; whoever runs it asks
    again later, from the last position that was taken; not before `wait_s` seconds when what was raised has that attribute. `name` stays
    the same over restarts: the position is kept under it.

    A source that can be tried before it is used also has `probe(clock) -> str`, which connects, looks, takes nothing away, and says in
    a sentence what it found; it raises what it would raise in use. One whose rows cannot be asked for again may have
    `refused(rows, why) -> scraps`: rows that lack a column of the line's model are kept so, and it goes on. One whose scraps can be read
    once more has `again(payload, reason) -> blocks of rows`: the payload as it came or as a person corrected it, and why it was none; it
    raises BadTable when it still is none. Without it a scrap is taken again when it is rows as JSON.
    """

    @property
    def name(self) -> str: ...

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch | tuple[Rows, Any]]: ...


def check(source: Source, clock: Clock, *, quiet_s: float = 1.0, again: bool = True, rows: int = 1) -> int:
    """The contract, tried on a source that has some rows to give; returns how many. Raises BadSettings with what was broken.

    Blocks are whole (times, qualities and scraps, too), positions are JSON, reading on from the first position gives exactly the rest,
    also to who lets it wait, reading twice changes nothing, a set `stop` ends it soon, and a probe says something and takes nothing away.
    `again` is false for a source whose sender forgets what was acknowledged: it cannot be read twice. `rows` is how many it has at least:
    so many are waited for; then it is over when nothing comes for `quiet_s`.
    """
    kind = type(source).__name__
    try:
        hash(source)
    except TypeError:
        raise BadSettings(f"{kind} can change after it was made.", cure="Make it a frozen dataclass.") from None
    if not source.name:
        raise BadSettings(f"{kind} has no name.", cure="Give it one that stays the same over restarts.")
    probe = getattr(source, "probe", None)
    if probe is not None and not probe(clock).strip():
        raise BadSettings(f"{kind}: the probe says nothing.", cure="Say in a sentence what was found.")
    blocks = [one for one in _all(source, None, clock, quiet_s, rows) if len(one[0])]
    if not blocks:
        raise BadSettings(f"{kind} gave no rows to check.", cure="Check it on one that has some.")
    for block, position in blocks:
        _whole(kind, block)
        if json.loads(json.dumps(position, allow_nan=False)) != position:
            raise BadSettings(f"{kind}: the position {position!r} is not the same after a trip through JSON.", cure="Use lists and dicts.")
    if not again:
        return sum(len(block) for block, _ in blocks)
    after = sum(len(block) for block, _ in blocks[1:])
    rest = _all(source, json.loads(json.dumps(blocks[0][1])), clock, quiet_s, after, pause_s=quiet_s)
    if not np.array_equal(_values(rest), _values(blocks[1:]), equal_nan=True):
        raise BadSettings(
            f"{kind}: reading on behind the first block does not give the rest.", cure="The position must say how far it was read."
        )
    return sum(len(block) for block, _ in blocks)


def check_lost(
    source: Source, clock: Clock, lose: Callable[[], None], find: Callable[[], None], *, quiet_s: float = 1.0, rows: int = 1
) -> None:
    """The part of the contract for a source that can be cut off, tried on one that has some rows to give; BadSettings when it is broken.

    `lose` makes it unreachable: then it raises, so that people are told. `find` undoes that: then it goes on behind the last position.
    """
    kind = type(source).__name__
    given = _all(source, None, clock, quiet_s, rows)
    if not given:
        raise BadSettings(f"{kind} gave no rows to check.", cure="Check it on one that has some.")
    last = json.loads(json.dumps(given[-1][1]))
    lose()
    try:
        _all(source, last, clock, quiet_s, 1)
    except Exception as lost:
        if not str(lost).strip():
            raise BadSettings(f"{kind} raises {type(lost).__name__} without a word when it is lost.", cure="Say what is wrong.") from lost
    else:
        raise BadSettings(f"{kind} says nothing when it cannot be reached.", cure="Raise, or people think that the line stands still.")
    finally:
        find()
    if any(len(block) for block, _ in _all(source, last, clock, quiet_s, 0)):
        raise BadSettings(f"{kind} gives rows twice after it was lost.", cure="Go on behind the position.")


def _all(source: Source, after: Any, clock: Clock, quiet_s: float, least: int, pause_s: float = 0.0) -> list[tuple[Rows, Any]]:
    """Everything that a source gives until it ends or is quiet; it must then end when it is told to. So many rows at least are waited for
    longer (`WAITED`). After its first block the reader pauses."""
    given: queue.Queue[tuple[Rows, Any] | BaseException | None] = queue.Queue()
    stop = threading.Event()

    def work() -> None:
        asked = False
        try:
            for one in source.read(after, stop, clock):
                block = Batch.of(one)
                _complete(type(source).__name__, block)
                given.put((block.rows, block.position))
                stop.wait(0.0 if asked else pause_s)
                asked = True
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
            one = given.get(timeout=quiet_s if sum(len(rows) for rows, _ in blocks) >= least else WAITED * quiet_s)
        except queue.Empty:
            break
        if one is None:
            break
        if isinstance(one, BaseException):
            raise one
        blocks.append(one)
    stop.set()
    thread.join(STOP_S)
    if thread.is_alive():
        raise BadSettings(f"{type(source).__name__} goes on after it was told to stop.", cure="Look at `stop` at least once a second.")
    return blocks


def _whole(kind: str, rows: Rows) -> None:
    n, p = rows.x.shape
    labels = (rows.quality, rows.subgroup, rows.product, rows.raw)
    sizes = {n, len(rows.at), len(rows.ids), *(len(one) or n for one in labels)}
    if n == 0 or p != len(rows.names) or sizes != {n} or rows.x.dtype != np.float64 or len(set(rows.names)) != p:
        raise BadSettings(
            f"{kind}: a block of {n} rows and {p} columns is not whole.", cure="Give x (n, p), n times, n ids and p unique names."
        )
    if np.isinf(rows.x).any():
        raise BadSettings(f"{kind}: a value is infinite.", cure="Refuse such a row, or give NaN for a missing value.")
    if rows.at.dtype != np.dtype("datetime64[us]"):
        raise BadSettings(f"{kind}: times are {rows.at.dtype}.", cure="Give datetime64[us] in UTC, NaT where there is none.")
    words = set(rows.quality) - set(QUALITIES)
    codes = rows.codes
    if words or (codes is not None and (codes.shape != (n, p) or codes.dtype != np.uint8 or codes.max(initial=0) >= len(QUALITIES))):
        raise BadSettings(f"{kind}: a quality is none of {', '.join(QUALITIES)}.", cure="Give such a word a row, such a place a value.")


def _complete(kind: str, batch: Batch) -> None:
    """What comes with the rows: scraps with their bytes and a reason, gaps that end after they begin."""
    if any(not one.payload or not one.reason for one in batch.scraps):
        raise BadSettings(f"{kind}: a scrap has no bytes or no reason.", cure="Give what came, and why it is no row.")
    if any(not one.why or (one.until is not None and one.until < one.since) for one in batch.gaps):
        raise BadSettings(f"{kind}: a gap ends before it begins, or has no reason.", cure="Give times in µs UTC, and why.")


def _values(blocks: list[tuple[Rows, Any]]) -> Any:
    return np.concatenate([rows.x for rows, _ in blocks if len(rows)] or [np.empty((0, 0))])
