"""A connection to an MQTT broker: what comes in waits in a bounded queue, and is acknowledged when its rows are on disk."""

from __future__ import annotations

import contextlib
import importlib.util
import queue
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from spc.errors import BadSettings

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

    from spc.sources.wire import Calm

ANSWER_S = 5.0  # a broker that does not answer for so long is not there
LOOK_S = 0.2  # how often a reader that waits looks whether it is to stop
PATIENCE_S = 2.0  # a message of QoS 0 waits so long for a place in the queue, then it is dropped and counted
REFUSED = 0x80  # reason codes from here on are refusals
TAKEN_OVER, NO_PING = 0x8E, 0x8D  # by the first a broker says that another program came with our client_id; not every broker does
SHORT_S = 30.0  # a connection that the broker closes sooner, and lets us open again, so often in a row, is taken for the same
SHORT = 3
TOLD_WAIT_S, GUESSED_WAIT_S, LONGEST_WAIT_S = 300.0, 60.0, 600.0
_CURE = "Give each program a client_id of its own, or stop the other one"

_short: dict[tuple[str, int, str], int] = {}  # by broker and client_id: how many connections in a row were closed soon


class TakenOver(ConnectionError):
    """Another program has our client_id and took our session.

    Two that take it from each other at once would do so for ever, and both read nothing: it is not asked for before `wait_s` seconds.
    """

    def __init__(self, text: str, wait_s: float) -> None:
        super().__init__(f"{text} {_CURE}; it is asked again after {wait_s / 60:.0f} min")
        self.wait_s = wait_s


def needs(package: str, module: str) -> None:
    """Raises BadSettings when a library of the extra `mqtt` is not installed."""
    if importlib.util.find_spec(package) is None or importlib.util.find_spec(f"{package}.{module}") is None:
        raise BadSettings(f"This source needs {package}.{module}, which is not installed.", cure="pip install spc[mqtt]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to reach a broker. `port` 0 is 1883, with TLS 8883; `ca_file` is needed where the system does not know who signed."""

    host: str = "localhost"
    port: int = 0
    client_id: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    keepalive_s: int = 30

    def __post_init__(self) -> None:
        needs("paho", "mqtt")
        if not 0 <= self.port <= 65535 or not 5 <= self.keepalive_s <= 65535:
            raise BadSettings("mqtt: port is 1 to 65535, keepalive_s at least 5.", cure="Leave them out for the usual ones.")
        if (self.ca_file or self.cert_file or self.key_file) and not self.tls:
            raise BadSettings("mqtt: certificates are named, and tls is not set.", cure="Set tls = true.")

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port or (8883 if self.tls else 1883)


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name when we are gone."""

    topic: str
    payload: bytes


class Link:
    """One connection, opened on entering and closed on leaving. A connection that is lost stays lost: whoever reads opens another one.

    `resumed` says that the broker still had our session, with everything that came since; `waiting` bounds what it may send before it is
    acknowledged (the receive maximum of MQTT 5); messages of QoS 0 beyond that wait a little, then they are dropped and counted.
    Raises ConnectionError, with the reason in words.
    """

    def __init__(
        self, broker: Broker, client_id: str, topics: Sequence[Any], *, session_s: int = 0, waiting: int = 1000, will: Will | None = None
    ) -> None:
        self.resumed = False
        self._broker, self._topics, self._will = broker, list(topics), will
        self._waiting: queue.Queue[MQTTMessage] = queue.Queue()
        self._most = waiting
        self._up, self._over = threading.Event(), threading.Event()
        self._why = "the broker did not answer"
        self._alone = f"when this happens again and again, another program has our client_id {client_id}"
        self._key = (*broker.address, client_id)
        self._taken_over: tuple[str, float] | None = None  # why, and how long to wait
        self._up_at, self._closing = 0.0, False
        self._dropped, self._dropped_since = 0, 0.0
        self._client = self._made(client_id)
        self._opening = self._properties(session_s, waiting)

    def _made(self, client_id: str) -> Calm:
        from paho.mqtt.client import MQTTv5  # noqa: PLC0415 - an extra
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

        from spc.sources.wire import Calm  # noqa: PLC0415

        client = Calm(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5, manual_ack=True, reconnect_on_failure=False)
        client.connect_timeout = ANSWER_S
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password or None)
        if self._broker.tls:
            client.tls_set(self._broker.ca_file or None, self._broker.cert_file or None, self._broker.key_file or None)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_disconnect, client.on_message = self._disconnected, self._came
        return client

    def _properties(self, session_s: int, waiting: int) -> dict[str, Any]:
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415
        from paho.mqtt.properties import Properties  # noqa: PLC0415

        made: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        made.SessionExpiryInterval, made.ReceiveMaximum = session_s, waiting
        return {"clean_start": session_s == 0, "properties": made}

    # ------------------------------------------------------------------------------------------------------------- to be called

    def __enter__(self) -> Self:
        host, port = self._broker.address
        try:
            self._client.connect(host, port, self._broker.keepalive_s, **self._opening)
        except (OSError, ValueError) as broken:
            _short.pop(self._key, None)  # it is the broker that goes and comes
            raise ConnectionError(f"mqtt {host}:{port} cannot be reached: {broken}") from broken
        self._client.loop_start()
        if not self._up.wait(ANSWER_S) or self._over.is_set():
            why = self._lost() if self._taken_over else ConnectionError(f"mqtt {host}:{port}: {self._why}")  # closing gives another
            self.close()
            raise why
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Sends what is still to be sent, for a second at most, and ends the connection."""
        self._closing = True
        self._client.disconnect()
        if not self._over.wait(1.0):
            line: Any = self._client.socket()
            with contextlib.suppress(OSError, AttributeError):  # a cut line would hold the network thread until the next ping is missed
                line.shutdown(socket.SHUT_RDWR)
        self._over.set()
        self._client.loop_stop()
        own: Any = self._client
        own._reset_sockets(sockpair_only=True)  # which paho leaves to the garbage collector: a source may be lost often

    def some(self, most: int) -> list[MQTTMessage]:
        """What has come, at most so many, none when nothing does for a moment. Raises ConnectionError once a lost line has no more."""
        try:
            found = [self._waiting.get(timeout=LOOK_S)]
        except queue.Empty:
            if self._over.is_set() and self._waiting.empty():
                raise self._lost() from None
            return []
        while len(found) < most:
            try:
                found.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return found

    def acknowledge(self, messages: Sequence[MQTTMessage]) -> None:
        """Their rows are on disk: the broker may forget them. A connection that is gone is told nothing: the next one gets them again."""
        self._client.done(one.mid for one in messages if one.qos == 1)
        for one in messages:
            if one.qos == 2:
                self._client.ack(one.mid, one.qos)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Sends a message; one of QoS 1 is waited for, at most a second."""
        told = self._client.publish(topic, payload, qos=qos, retain=retain)
        end = time.monotonic() + 1.0
        while qos and not self._over.is_set() and time.monotonic() < end:
            if told.is_published():
                return
            time.sleep(0.005)

    def dropped(self) -> tuple[int, float]:
        """How many messages of QoS 0 had no place in the queue since this was last asked, and how many seconds ago the first was."""
        n, since = self._dropped, self._dropped_since
        self._dropped = 0
        return n, time.monotonic() - since

    # --------------------------------------------------------------------------------------------------- in the network's thread

    def _connected(self, client: Client, _: Any, flags: Any, reason: Any, __: Any) -> None:
        if reason.is_failure:
            self._ended(f"the broker refuses us: {reason}")
            return
        self.resumed = bool(flags.session_present)
        client.subscribe(self._topics)

    def _subscribed(self, _: Client, __: Any, ___: Any, reasons: Sequence[Any], ____: Any) -> None:
        for (topic, _options), reason in zip(self._topics, reasons, strict=False):
            if reason.value >= REFUSED:
                self._ended(f"the broker refuses to let us read {topic}: {reason}")
        self._up_at = time.monotonic()
        self._up.set()

    def _lost(self) -> ConnectionError:
        return TakenOver(*self._taken_over) if self._taken_over else ConnectionError(self._why)

    def _disconnected(self, _: Client, __: Any, flags: Any, reason: Any, ___: Any) -> None:
        if not self._closing:
            told = flags.is_disconnect_packet_from_server and reason.value == TAKEN_OVER
            self._taken_over = self._by_another(told=told, broken=reason.value == NO_PING)
        about = f"it says: {reason}" if flags.is_disconnect_packet_from_server else self._alone
        self._ended(f"the connection to the broker was lost; {about}")

    def _by_another(self, *, told: bool, broken: bool) -> tuple[str, float] | None:
        """Whether another program took our session: the broker says so, or closes our connections again and again."""
        host, port, client_id = self._key
        if told:
            return f"mqtt {host}:{port}: another program has our client_id {client_id} and took our session over.", TOLD_WAIT_S
        if not self._up_at:  # it was never open: that says nothing
            return None
        soon = time.monotonic() - self._up_at < SHORT_S and not broken
        _short[self._key] = times = _short.get(self._key, 0) + 1 if soon else 0
        if times < SHORT:
            return None
        wait_s = min(GUESSED_WAIT_S * 2 ** (times - SHORT), LONGEST_WAIT_S)
        text = f"mqtt {host}:{port} let us in {times} times and closed the connection soon after: "
        return f"{text}another program seems to have our client_id {client_id}.", wait_s

    def _ended(self, why: str) -> None:
        if not self._over.is_set():
            self._why = why
        self._over.set()
        self._up.set()

    def _came(self, _: Client, __: Any, message: MQTTMessage) -> None:
        end = time.monotonic() + PATIENCE_S
        while message.qos == 0 and self._waiting.qsize() >= self._most:  # the others are held back by the window
            if self._over.is_set() or not self._up.is_set() or time.monotonic() > end:
                self._dropped_since = self._dropped_since if self._dropped else time.monotonic()
                self._dropped += 1
                return
            time.sleep(0.005)  # the network waits, too: TCP holds the broker back
        self._waiting.put(message)
