"""Rows from Sparkplug B edge nodes: we are a host application, and say so."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spc.errors import BadSettings
from spc.nouns import Rows
from spc.sources.batch import NO_ROWS, Batch, Gap, Scrap
from spc.sources.broker import Broker, Link, Will, needs
from spc.sources.mqtt import MOST, PROBE_S
from spc.sources.payload import written
from spc.sources.reorder import InOrder
from spc.sources.source import Clock
from spc.sources.sparkplug_host import NAMESPACE, Host, state
from spc.sources.sparkplug_rows import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkplug(Broker):
    """Reads the edge nodes of a group, or one of them, as a Sparkplug B 3.0 host application called `host_id`.

    `columns` are metrics by their full names, as a list or as {column = "Device/Metric"}: "Device/Metric" for a device's, "Metric" for the
    node's own, and with the node's name before when no `node` is set. A message that brings any of them makes a row; the others have their
    last value with `hold`, else they are missing. `id` is the metric with the part number. A row's time is that of its newest metric. A
    birth repeats values that were there before and makes rows only with `births`. At most every `rebirth_s` seconds a node is asked for
    its birth. Nobody keeps Sparkplug data for us: while we are away it is lost, and that is a gap. With `reorder_s`, rows that are late by
    no more than so many seconds are put in order of their times; what is held back when the process dies is lost, too, and lies in the gap
    with which the next one begins. When we are stopped, or the line to the broker is lost, it is given at once. Position: {"at": when the
    last message was taken whose rows are on disk, "ignored": how many made no row}.
    """

    group: str
    columns: Mapping[str, str] | tuple[str, ...] = field(hash=False)
    node: str = ""
    host_id: str = ""
    id: str = ""
    hold: bool = False
    births: bool = False
    rebirth_s: float = 10.0
    waiting: int = 10_000
    reorder_s: float = 0.0

    def __post_init__(self) -> None:
        Broker.__post_init__(self)
        needs("google", "protobuf")
        for word, name in (("group", self.group), ("node", self.node), ("host_id", self.host_id)):
            if any(sign in name for sign in "+/#\0") or (word == "group" and not name):
                raise BadSettings(f"sparkplug: {word} = {name!r} is no name.", cure="It is one level of a topic, without + / #.")
        paths = list(self._paths.values())
        if not paths or len(set(paths)) < len(paths):
            raise BadSettings("sparkplug: columns name no metrics, or one twice.", cure='Write columns = ["Press/Force", "Press/Depth"].')
        if not 1 <= self.waiting <= 65535 or not self.rebirth_s > 0 or not self.reorder_s >= 0:
            raise BadSettings("sparkplug: waiting is 1 to 65535, rebirth_s more than 0 and reorder_s at least 0.", cure="Leave them out.")

    @property
    def name(self) -> str:
        host, port = self.address
        return f"sparkplug {host}:{port} {self.group}/{self.node or '+'}"

    @property
    def session(self) -> str:
        """Our client id, and the name of the host application when none is set: the same as long as broker, user and group are."""
        told = f"{self.username}@{self.name}"
        return self.client_id or f"spc-{hashlib.blake2b(told.encode(), digest_size=6).hexdigest()}"

    def read(self, after: Any, stop: threading.Event, clock: Clock) -> Iterator[Batch]:
        """Raises ConnectionError when the broker cannot be reached or the line to it is lost."""
        host_id, ignored, began = self.host_id or self.session, int((after or {}).get("ignored", 0)), clock() // 1000
        host = Host(self._sheet(), host_id, node=self.node, births=self.births, every_s=self.rebirth_s)
        topic = f"{NAMESPACE}/STATE/{host_id}"
        with self._link(self.session, Will(topic, state(False, began)), topic) as link:
            link.publish(topic, state(True, began), qos=1, retain=True)  # with the will's time: the two belong together
            try:
                since = () if after is None else (Gap(int(after["at"]), clock(), "nobody keeps Sparkplug data while we are away"),)
                yield Batch(NO_ROWS, {"at": clock(), "ignored": ignored}, gaps=since, clear=True)
                if self.node:
                    host.ask(self.group, self.node, clock())
                    _say(host, link, topic, began)
                yield from self._follow(host, link, (topic, began), stop, clock, ignored)
            finally:
                link.publish(topic, state(False, clock() // 1000), qos=1, retain=True)

    def _follow(self, host: Host, link: Link, told: tuple[str, int], stop: threading.Event, clock: Clock, ignored: int) -> Iterator[Batch]:
        """What comes until we are stopped or the line is lost; then what was held back: nobody would send it again."""
        order = InOrder(self.reorder_s)
        try:
            while not stop.is_set():
                messages = link.some(MOST)
                for one in messages:
                    host.take(one.topic, bytes(one.payload), clock(), retained=one.retain)
                host.look(clock())
                _say(host, link, *told)
                if messages:
                    yield from order.apart(self._batch(host, link, ignored, clock()), time.monotonic_ns() // 1000)
                yield from order.due(time.monotonic_ns() // 1000)
                link.acknowledge(messages)  # which says nothing about rows: they come without asking for it
        except ConnectionError:
            yield from order.due(None)
            raise
        yield from order.due(None)

    def probe(self, clock: Clock) -> str:
        """Connects under another name, listens a moment, and says which metrics came; it does not say that a host is there."""
        host, port = self.address
        seen: set[str] = set()
        with self._link(f"{self.session}-probe", None, "") as link:
            end = time.monotonic() + PROBE_S
            while time.monotonic() < end:
                seen |= {one.topic for one in link.some(MOST)}
        named = f"messages of {', '.join(sorted(seen)[:10])}" if seen else f"no message within {PROBE_S:g} s"
        return f"Connected to {host}:{port}; {named}."

    def refused(self, rows: Rows, why: str) -> tuple[Scrap, ...]:
        """Rows that the line will not have, as scraps of JSON: nobody would send them again."""
        return tuple(Scrap(one, why) for one in written(rows))

    def _sheet(self) -> Sheet:
        return Sheet(self._paths, id=self.id, hold=self.hold)

    @property
    def _paths(self) -> Mapping[str, str]:
        return self.columns if isinstance(self.columns, Mapping) else {path: path for path in self.columns}

    def _link(self, client_id: str, will: Will | None, state_topic: str) -> Link:
        from paho.mqtt.subscribeoptions import SubscribeOptions  # noqa: PLC0415 - an extra

        topic = f"{NAMESPACE}/{self.group}/+/{self.node}/#" if self.node else f"{NAMESPACE}/{self.group}/#"
        never = SubscribeOptions.RETAIN_DO_NOT_SEND
        topics = [(topic, SubscribeOptions(qos=0, retainHandling=never))]
        topics += [(state_topic, SubscribeOptions(qos=1, retainHandling=never))] if state_topic else []
        return Link(self, client_id, topics, waiting=self.waiting, will=will)

    def _batch(self, host: Host, link: Link, ignored: int, now: int) -> Batch:
        dropped, ago = link.dropped()
        if dropped:
            host.gaps.append(Gap(now - int(ago * 1e6), now, f"{dropped} messages came faster than they could be kept"))
        made = Batch(
            host.sheet.rows(),
            {"at": now, "ignored": ignored + host.counts["ignored"]},
            tuple(host.scraps),
            tuple(host.gaps),
            host.clear,
        )
        host.scraps.clear()
        host.gaps.clear()
        host.clear = False
        return made


def _say(host: Host, link: Link, topic: str, began: int) -> None:
    """Publishes what the host has to say: that it is here after all, and what it asks of edge nodes."""
    if host.offline:
        link.publish(topic, state(True, began), qos=1, retain=True)
        host.offline = False
    for command, payload in host.commands:
        link.publish(command, payload)
    host.commands.clear()
