"""An OPC UA server: the values of some nodes as rows, as the server's subscription gives them."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from spc.errors import BadSettings, NotFound
from spc.nouns import Rows
from spc.sources.assemble import Assembler, rows_of
from spc.sources.batch import NO_ROWS, Batch, Gap, Scrap
from spc.sources.payload import written
from spc.sources.reorder import InOrder
from spc.sources.source import Clock

POLICIES = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
MODES = ("Sign", "SignAndEncrypt")
_TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class OpcUa:
    """Subscribes to `nodes` (a table: column = node id) of the server at `url`; its sources' times are the rows' times.

    The values of one moment are a row: their times differ by no more than `tolerance_ms`. A row that is not complete after `wait_ms` is
    given with the others missing. With `trigger`, a column, there is a row for each change of that one, with the others as they were
    then. `id` is the column whose node holds the part number. Every write counts, also of the same value; the server keeps `queue` of
    them for each node between two answers (every `interval_ms`), and what it had to drop becomes a gap. Its status codes become the
    qualities good, uncertain and bad, and are kept in words. For encryption give `policy` (as in Basic256Sha256), `mode` (Sign,
    SignAndEncrypt), `certificate_file` and `key_file`, and `server_certificate_file` to know the server again. A user's password stands
    in `password_file`. While the server cannot be reached there is a gap. With `reorder_s`, rows that are late by no more than so many
    seconds are put in order of their times; the server cannot be asked for them again, so what is held back when the process dies is lost
    and lies in the gap with which the next one begins. When we are stopped, or the server is lost, it is given at once. Needs
    `pip install 'spc[opcua]'`.
    """

    url: str
    nodes: Mapping[str, str] | tuple[tuple[str, str], ...]
    trigger: str = ""
    id: str = ""
    tolerance_ms: float = 10.0
    wait_ms: float = 1000.0
    interval_ms: float = 100.0
    queue: int = 1000
    user: str = ""
    password: str = field(default="", repr=False)
    policy: str = ""
    mode: str = "SignAndEncrypt"
    certificate_file: str = ""
    key_file: str = ""
    server_certificate_file: str = ""
    timeout_s: float = 5.0
    reorder_s: float = 0.0

    def __post_init__(self) -> None:
        pairs = tuple(self.nodes.items()) if isinstance(self.nodes, Mapping) else tuple(self.nodes)
        object.__setattr__(self, "nodes", pairs)
        names = [name for name, _ in pairs]
        if not set(names) - {self.id}:
            raise BadSettings("opcua: no node is named.", cure='Below [source.nodes] write warp_mm = "ns=2;s=Line1.Warp".')
        for word, one in (("trigger", self.trigger), ("id", self.id)):
            if one and one not in names:
                raise BadSettings(f"opcua: {word} is {one!r}, which is none of the nodes.", cure=f"Nodes: {', '.join(names)}.")
        if not (self.tolerance_ms >= 0 and self.wait_ms > 0 and self.interval_ms > 0 and self.queue >= 1 and self.timeout_s > 0):
            raise BadSettings("opcua: a time or the queue is not more than 0.", cure="Correct the number.")
        if not self.reorder_s >= 0:
            raise BadSettings("opcua: reorder_s is less than 0.", cure="Give seconds, or leave it out.")
        if self.policy not in ("", *POLICIES) or self.mode not in MODES:
            raise BadSettings(
                f"opcua: {self.policy!r} with {self.mode!r} is no security.", cure=f"{', '.join(POLICIES)}; {', '.join(MODES)}."
            )
        if self.policy and not (self.certificate_file and self.key_file):
            raise BadSettings("opcua: encryption needs a certificate and its key.", cure="Give certificate_file and key_file.")
        if importlib.util.find_spec("asyncua") is None:
            raise BadSettings("opcua: the package asyncua is not installed.", cure="pip install 'spc[opcua]'")

    @property
    def name(self) -> str:
        return f"opcua {self.url.partition('//')[2]}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all nodes, that of the part number, too."""
        return tuple(name for name, _ in self.pairs)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Column and node, of each."""
        return cast(tuple[tuple[str, str], ...], self.nodes)

    def probe(self, clock: Clock) -> str:
        """Connects and reads every node once; raises NotFound when the server cannot be reached or a node is not there."""
        from spc.sources.subscribing import looked_at  # noqa: PLC0415 - asyncua is an extra

        found = looked_at(self)
        return f"{self.url} answers; " + ", ".join(f"{name} = {text}" for name, text in found.items()) + "."

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch]:
        """Position: when the last row came ("at") and what its time is ("last"), of those on disk. First the server gives its state."""
        from spc.sources.subscribing import Subscriber  # noqa: PLC0415 - asyncua is an extra

        after = after or {}
        place = _Place(self._assembler(), int(after.get("last", 0)))
        with Subscriber(self) as given:
            if not given.connected(stop):
                return
            now = clock()
            gaps = (Gap(int(after["at"]), now, "the OPC UA server was not connected"),) if "at" in after and not after.get("cut") else ()
            yield Batch(NO_ROWS, {"at": now, "last": place.last}, gaps=gaps, clear=True)
            order = InOrder(self.reorder_s)
            while not stop.is_set():
                batch = self._next(given, place, clock)
                if batch is not None:
                    yield from order.apart(batch, time.monotonic_ns() // 1000)
                lost = given.lost
                yield from order.due(None if lost else time.monotonic_ns() // 1000)
                if lost:
                    now = clock()
                    why = "the OPC UA server was not connected"
                    yield Batch(NO_ROWS, {"at": now, "last": place.last, "cut": True}, gaps=(Gap(now, None, why),))
                    raise NotFound(f"{self.url} was lost: {lost}.", cure="It is asked again and again.")
            yield from order.due(None)  # nobody would give it again

    def refused(self, rows: Rows, why: str) -> tuple[Scrap, ...]:
        """Rows that the line will not have, as scraps of JSON: the server would not give them again."""
        return tuple(Scrap(one, why) for one in written(rows))

    def _assembler(self) -> Assembler:
        trigger = self.columns.index(self.trigger) if self.trigger else None
        wait = self.wait_ms if trigger is None else min(self.wait_ms, self.interval_ms)
        return Assembler(len(self.columns), tolerance=int(1000 * self.tolerance_ms), wait=int(1000 * wait), trigger=trigger)

    def _next(self, given: Any, place: _Place, clock: Clock) -> Batch | None:
        """What is complete after the next changes, if anything."""
        changes = given.waiting(_TICK_S)
        now = place.now(given)
        for one in changes:
            if not isinstance(one, Gap):
                place.rows.add(one, now)
        gaps = tuple(one for one in changes if isinstance(one, Gap))
        # what was given before the connection was lost is the state at the beginning of the next one
        made = [row for row in place.rows.ready(now) if row.at > place.last or not row.known]
        if not made and not gaps:
            return None
        rows = rows_of(made, self.columns, self.columns.index(self.id) if self.id else None) if made else NO_ROWS
        place.last = max([place.last, *(row.at for row in made)])
        return Batch(rows, {"at": clock(), "last": place.last}, gaps=gaps)


@dataclass(slots=True)
class _Place:
    """The rows that are not complete, the time of the last one that was given, and a clock that only runs while nothing is held back."""

    rows: Assembler
    last: int
    _now: int = 0
    _looked: int = 0

    def now(self, given: Any) -> int:
        """A slow reader must not tear rows apart: the time in which values wait for it, or the server for us, does not count."""
        before, self._looked = self._looked, time.monotonic_ns() // 1000
        if not given.held and given.changes.empty():
            self._now += min(self._looked - before, int(2e6 * _TICK_S))
        return self._now
