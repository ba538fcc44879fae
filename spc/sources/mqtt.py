"""Rows as JSON from an MQTT broker: what is acknowledged is on disk."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from spc.errors import BadSettings, BadTable
from spc.nouns import Rows
from spc.sources.batch import NO_ROWS, Batch, Gap, Scrap
from spc.sources.broker import Broker, Link
from spc.sources.payload import Form, Sent, read_payload, runs, written
from spc.sources.reorder import InOrder
from spc.sources.source import Clock

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

MOST = 1000  # rows given together
WEEK_S = 7 * 24 * 3600
PROBE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt(Broker):
    """Reads JSON messages of a topic (`+` and `#` stand for any level) with MQTT 5 and QoS 1.

    A message is acknowledged when its rows are on disk; what is not acknowledged comes again, and rows that are there already are told by
    their part number or time. While we are away the broker keeps what comes, for `session_s` seconds, under our `client_id`: two programs
    must not have the same. At most `waiting` messages are sent to us before we acknowledge. Retained messages are old ones: they are taken
    only with `retained`. `columns` picks values, by their own names (a list) or as {column = "name in the message"}; `time` and `id` are
    what the message calls those. With `reorder_s`, rows that are late by no more than so many seconds are put in order of their times, as
    far as `waiting` messages reach; they are acknowledged after that. Position: {"at": when the last message was taken, "ignored": how
    many messages were not looked at}.
    """

    topic: str
    columns: Mapping[str, str] | tuple[str, ...] = field(default=(), hash=False)
    time: str = "time"
    id: str = "id"
    timezone: str = "UTC"
    retained: bool = False
    waiting: int = 1000
    session_s: int = WEEK_S
    most_bytes: int = 1 << 20
    reorder_s: float = 0.0

    def __post_init__(self) -> None:
        Broker.__post_init__(self)
        levels = self.topic.split("/")
        wild = any(("#" in one and (one != "#" or i < len(levels) - 1)) or ("+" in one and one != "+") for i, one in enumerate(levels))
        if not self.topic or wild or "\0" in self.topic or len(self.topic.encode()) > 65535:
            raise BadSettings(f"mqtt: {self.topic[:80]!r} is no topic filter.", cure="Write plant/line-1/rows, plant/+/rows or plant/#.")
        if not 1 <= self.waiting <= 65535 or self.session_s < 1 or self.most_bytes < 1 or not self.reorder_s >= 0:
            raise BadSettings("mqtt: waiting is 1 to 65535; session_s and most_bytes are at least 1, reorder_s 0.", cure="Leave them out.")

    @property
    def name(self) -> str:
        host, port = self.address
        return f"mqtt {host}:{port} {self.topic}"

    @property
    def session(self) -> str:
        """The client id: the one that is set, else one that stays the same as long as broker, user and topic do."""
        told = f"{self.username}@{self.name}"
        return self.client_id or f"spc-{hashlib.blake2b(told.encode(), digest_size=6).hexdigest()}"

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch]:
        """Raises ConnectionError when the broker cannot be reached or the line to it is lost."""
        form, seen, order = self._form(), _Seen(dict(after or {})), InOrder(self.reorder_s)
        with self._link(self.session, self.session_s) as link:
            gone = () if after is None or link.resumed else (Gap(int(after["at"]), clock(), "the broker did not keep what came meanwhile"),)
            yield Batch(NO_ROWS, seen.position(clock()), gaps=gone)
            while not stop.is_set():
                messages = link.some(MOST)
                for batch in self._batches(messages, form, link, seen, clock):
                    order.put(batch, time.monotonic_ns() // 1000)
                if messages:
                    seen.held += len(messages)
                    order.after(partial(seen.acknowledge, link, messages))
                full = seen.held >= self.waiting  # the broker sends no more before some of them are acknowledged
                yield from order.due(None if full else time.monotonic_ns() // 1000)
                order.done()  # asked for the next: all of these are on disk

    def probe(self, clock: Clock) -> str:
        """Connects under another name, waits a moment for a message, and says what it is; nothing is taken away."""
        with self._link(f"{self.session}-probe", 0, qos=0) as link:
            host, port = self.address
            end = time.monotonic() + PROBE_S
            while time.monotonic() < end:
                for one in link.some(1):
                    sent, scraps = read_payload(bytes(one.payload), self._form())
                    about = f"columns {', '.join(sent[0].names)}" if sent else f"no row: {scraps[0].reason}"
                    return f"Connected to {host}:{port}; a message of {one.topic} has {about}."
            return f"Connected to {host}:{port}; no message of {self.topic} came within {PROBE_S:g} s."

    def again(self, payload: bytes, reason: str = "") -> list[Rows]:
        """The rows of a scrap, corrected or not, as this source reads them, else as it keeps rows. Raises BadTable."""
        sent, wrong = read_payload(payload, self._form())
        if wrong:
            sent, still = read_payload(payload, Form(zone=ZoneInfo(self.timezone), most_bytes=self.most_bytes))
            if still:
                raise BadTable(wrong[0].reason, cure="Correct what was sent and take that.")
        return runs(sent)

    def refused(self, rows: Rows, why: str) -> tuple[Scrap, ...]:
        """Rows that the line will not have, as scraps: without them the message would come again and again."""
        return tuple(Scrap(one, why) for one in written(rows))

    def _form(self) -> Form:
        named = self.columns if isinstance(self.columns, Mapping) else {name: name for name in self.columns}
        return Form(self.time, self.id, named, ZoneInfo(self.timezone), self.most_bytes)

    def _link(self, client_id: str, session_s: int, qos: int = 1) -> Link:
        from paho.mqtt.subscribeoptions import SubscribeOptions  # noqa: PLC0415 - an extra

        old = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if self.retained else SubscribeOptions.RETAIN_DO_NOT_SEND
        options = SubscribeOptions(qos=qos, retainHandling=old)
        return Link(self, client_id, [(self.topic, options)], session_s=session_s, waiting=self.waiting)

    def _batches(self, messages: list[MQTTMessage], form: Form, link: Link, seen: _Seen, clock: Clock) -> Iterator[Batch]:
        """All that these messages brought, in their order, as blocks of rows with equal columns."""
        sent: list[Sent] = []
        scraps: list[Scrap] = []
        for one in messages:
            if not one.payload or (one.retain and not self.retained):  # an empty one deletes a retained one
                seen.ignored += 1
                continue
            good, bad = read_payload(bytes(one.payload), form)
            sent += good
            scraps += bad
        dropped, ago = link.dropped()
        now = clock()
        gaps = (Gap(now - int(ago * 1e6), now, f"{dropped} messages of QoS 0 came faster than they could be kept"),) if dropped else ()
        blocks = [rows.part(slice(k, k + MOST)) for rows in runs(sent) for k in range(0, len(rows), MOST)]
        if not blocks and (scraps or gaps):
            blocks = [NO_ROWS]
        for k, rows in enumerate(blocks):
            first = k == 0
            yield Batch(rows, seen.position(now), tuple(scraps) if first else (), gaps if first else ())


class _Seen:
    """What is remembered of the messages so far."""

    def __init__(self, before: Mapping[str, Any]) -> None:
        self.ignored = int(before.get("ignored", 0))
        self.held = 0  # messages that were not acknowledged yet

    def acknowledge(self, link: Link, messages: list[MQTTMessage]) -> None:
        """All rows of these messages are on disk."""
        self.held -= len(messages)
        link.acknowledge(messages)

    def position(self, now: int) -> dict[str, int]:
        return {"at": now, "ignored": self.ignored}
