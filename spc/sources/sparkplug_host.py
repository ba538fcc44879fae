"""What a Sparkplug host application knows of edge nodes and their devices: who is there, what they call things, what was missed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from spc.errors import BadTable
from spc.sources.batch import Gap, Scrap
from spc.sources.payload import KEPT_BYTES, parsed
from spc.sources.sparkplug_payload import Metric, Payload, decode, rebirth
from spc.sources.sparkplug_rows import Named, Sheet

NAMESPACE = "spBv1.0"
_WORDS = {"NBIRTH": 4, "NDATA": 4, "NDEATH": 4, "DBIRTH": 5, "DDATA": 5, "DDEATH": 5}  # message type: levels of its topic
_LONGEST = 4 << 20


@dataclass(slots=True)
class _Unit:
    """A node's own metrics, or those of a device: what a birth has said of them, and whether it still holds."""

    names: dict[int, str]
    kinds: dict[str, int]
    online: bool = True


@dataclass(slots=True)
class _Node:
    """An edge node since its birth. `doubt`: messages are missing since then, so that an alias may mean something else by now."""

    bd: int | None
    seq: int | None
    heard: int
    units: dict[str, _Unit] = field(default_factory=dict)
    doubt: bool = False


class Host:
    """Takes the messages of edge nodes in their order. Rows go to the sheet; `scraps`, `gaps`, `commands` and `counts` collect the rest.

    `path` of a metric is "Device/Metric", or "Metric" of the node itself; with no `node` named, the node's name goes before. A rebirth is
    asked for at most every `every_s` seconds from one node.
    """

    def __init__(self, sheet: Sheet, host_id: str, *, node: str = "", births: bool = False, every_s: float = 10.0) -> None:
        self.sheet = sheet
        self.counts: Counter[str] = Counter()  # messages: "row", "control", "scrap", or "ignored" with no trace besides this
        self.scraps: list[Scrap] = []
        self.gaps: list[Gap] = []
        self.commands: list[tuple[str, bytes]] = []  # to be published: topic and payload
        self.clear = self.offline = False  # the gap that went on is over; the broker says that we are offline
        self._state = f"{NAMESPACE}/STATE/{host_id}"
        self._node, self._births, self._every_us = node, births, every_s * 1e6
        self._nodes: dict[tuple[str, str], _Node] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._due: set[tuple[str, str]] = set()
        self._silent: set[str] = set()

    def take(self, topic: str, payload: bytes, now: int, *, retained: bool = False) -> None:
        """One message, received `now` (µs UTC). It never raises: what is no message of Sparkplug is a scrap."""
        try:
            self.counts[self._take(topic, payload, now, retained)] += 1
        except BadTable as wrong:
            self.counts["scrap"] += 1
            self.scraps.append(Scrap(payload[:KEPT_BYTES], f"{topic}: {wrong}"))

    def ask(self, group: str, node: str, now: int) -> None:
        """Asks an edge node to say its births again: at once, or by `look` when it was asked a moment ago."""
        if now - self._asked.get((group, node), -(1 << 62)) < self._every_us:
            self._due.add((group, node))
        else:
            self._due.discard((group, node))
            self._asked[group, node] = now
            self.commands.append((f"{NAMESPACE}/{group}/NCMD/{node}", rebirth(now // 1000)))

    def look(self, now: int) -> None:
        """To be called now and then: what could not be asked before is asked when its time has come."""
        for group, node in tuple(self._due):
            self.ask(group, node, now)

    def _take(self, topic: str, payload: bytes, now: int, retained: bool) -> str:
        if topic == self._state:
            return self._own_state(payload)
        levels = topic.split("/")
        word = levels[2] if len(levels) in (4, 5) and levels[0] == NAMESPACE else ""
        if retained or _WORDS.get(word) != len(levels):  # a retained message is an old one, and no node may send it
            return "ignored"
        if len(payload) > _LONGEST:
            raise BadTable(f"The message has {len(payload)} bytes; at most {_LONGEST} are read, and the first {KEPT_BYTES} kept.")
        group, name, device = levels[1], levels[3], levels[4] if len(levels) == 5 else ""
        if self._node and name != self._node:
            return "ignored"
        message = decode(payload)
        if word == "NBIRTH":
            return self._nbirth(group, name, message, now)
        if word == "NDEATH":
            return self._ndeath(group, name, message, now)
        return self._of_a_node(word, group, name, device, message, now)

    def _own_state(self, payload: bytes) -> str:
        """Another one, or an old will of ours, says that we are offline: it is to be said again that we are not."""
        state = parsed(payload)
        self.offline = self.offline or (isinstance(state, dict) and state.get("online") is False)
        return "control"

    def _nbirth(self, group: str, name: str, message: Payload, now: int) -> str:
        bd = next((one.value for one in message.metrics if one.name == "bdSeq"), None)
        node = _Node(bd if isinstance(bd, int) else None, message.seq, now)
        self._nodes[group, name] = node
        self._due.discard((group, name))
        self._heard(self._prefix(name, ""), everything=True)
        return self._born(node, name, "", message)

    def _born(self, node: _Node, name: str, device: str, message: Payload) -> str:
        metrics = [one for one in message.metrics if one.name]
        aliases = {one.alias: one.name for one in metrics if one.alias is not None}
        node.units[device] = _Unit(aliases, {one.name: one.kind for one in metrics})
        self._heard(self._prefix(name, device))
        prefix = self._prefix(name, device)
        named = [Named(prefix + one.name, one, one.kind) for one in metrics]
        self.sheet.birth(named)
        made = self.sheet.take(named, message.at) if self._births else 0
        return "row" if made else "control"

    def _ndeath(self, group: str, name: str, message: Payload, now: int) -> str:
        """A death counts when it belongs to the birth that we know: a will may come late, after the node was born again."""
        node = self._nodes.get((group, name))
        bd = next((one.value for one in message.metrics if one.name == "bdSeq"), None)
        if node is None or bd != node.bd:
            return "ignored"
        for unit in node.units.values():
            unit.online = False
        self.sheet.stale(self._prefix(name, ""))
        self._gone(self._prefix(name, ""), now, f"edge node {name} is offline")
        return "control"

    def _of_a_node(self, word: str, group: str, name: str, device: str, message: Payload, now: int) -> str:
        node = self._nodes.get((group, name))
        if node is None or not node.units[""].online:
            self.ask(group, name, now)
            self._gone(self._prefix(name, ""), now, f"edge node {name} sends data and has not said its birth")
            return "ignored"
        self._in_order(node, group, name, message.seq, now)
        if word == "DBIRTH":
            return self._born(node, name, device, message)
        unit = node.units.get(device)
        if unit is None or (word == "DDATA" and not unit.online):
            self.ask(group, name, now)
            return "ignored"
        if word == "DDEATH":
            unit.online = False
            self.sheet.stale(self._prefix(name, device))
            self._gone(self._prefix(name, device), now, f"device {device} of edge node {name} is offline")
            return "control"
        return self._data(node, unit, group, name, device, message, now)

    def _in_order(self, node: _Node, group: str, name: str, seq: int | None, now: int) -> None:
        """Messages are numbered 0 to 255 and round again: a number that was left out is a message that nobody will send again."""
        if seq is not None and node.seq is not None and seq != (node.seq + 1) % 256:
            missing = (seq - node.seq - 1) % 256
            self.gaps.append(Gap(node.heard, now, f"{missing} messages of edge node {name} are missing (number {seq} after {node.seq})"))
            node.doubt = True
        if node.doubt:
            self.ask(group, name, now)
        node.seq, node.heard = (node.seq if seq is None else seq), now

    def _data(self, node: _Node, unit: _Unit, group: str, name: str, device: str, message: Payload, now: int) -> str:
        prefix = self._prefix(name, device)
        named: list[Named] = []
        for one in message.metrics:
            known = self._known(unit, one)
            if known is None:
                self.ask(group, name, now)  # it is not in the birth: the birth is an old one
            else:
                named.append(Named(prefix + known, one, unit.kinds[known] or one.kind))
        by_alias = any(not one.metric.name and self.sheet.wants(one.path) for one in named)
        made = self.sheet.take(named, message.at, quality="uncertain" if node.doubt and by_alias else "good")
        return "row" if made else "ignored"

    def _known(self, unit: _Unit, one: Metric) -> str | None:
        name = one.name or (unit.names.get(one.alias) if one.alias is not None else None)
        return name if name in unit.kinds else None

    def _prefix(self, name: str, device: str) -> str:
        return "".join(f"{part}/" for part in ((name if not self._node else ""), device) if part)

    def _gone(self, prefix: str, now: int, why: str) -> None:
        if not self.sheet.concerns(prefix):
            return
        self.clear = False
        if not self._silent:
            self.gaps.append(Gap(now, None, why))
        self._silent.add(prefix)

    def _heard(self, prefix: str, *, everything: bool = False) -> None:
        before = bool(self._silent)
        self._silent = {one for one in self._silent if one != prefix and not (everything and one.startswith(prefix))}
        self.clear = (self.clear or before) and not self._silent


def state(online: bool, now_ms: int) -> bytes:
    """The payload of a host's STATE message.

    >>> state(True, 1741068000000)
    b'{"online": true, "timestamp": 1741068000000}'
    """
    return json.dumps({"online": online, "timestamp": now_ms}).encode()
