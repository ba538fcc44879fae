"""A subscription at an OPC UA server, in an event loop and a thread of its own, given to who reads it as a bounded queue."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncua.ua
from asyncua.client.client import Client
from asyncua.common.subscription import DataChangeEvent, OverflowPolicy
from asyncua.crypto import security_policies, uacrypto
from cryptography import x509

from spc.errors import NotFound
from spc.sources.assemble import Change
from spc.sources.batch import Gap

if TYPE_CHECKING:
    from spc.sources.opcua import OpcUa

MOST = 20_000  # changes that wait for their reader; before that the server is told to keep them itself
HIGH, LOW = 10_000, 2_000
KEEP_ALIVE_S = 2.0
ua: Any = asyncua.ua  # which exports its names at run time
_OVERFLOW = 0x0480  # of a status code: "this is about a data value" and "the queue was too short"


class Subscriber:
    """`changes` are what came: a Change, or a Gap where the server's queue was too short. `lost` says why the connection ended,
    `held` that the server was asked to keep what is new."""

    def __init__(self, source: OpcUa) -> None:
        self.changes: queue.Queue[Change | Gap] = queue.Queue(MOST)
        self.lost, self.held = "", False
        self._source = source
        self._end, self._answered = threading.Event(), threading.Event()
        self._failed: Exception | None = None
        self._seen: dict[int, int] = {}  # when a node's value came last, by the source's own clock
        self._thread = threading.Thread(target=self._run, name=source.name, daemon=True)

    def __enter__(self) -> Subscriber:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(2.0)

    def connected(self, stop: threading.Event) -> bool:
        """Waits until the nodes are subscribed; false when there is no time left for it. Raises NotFound."""
        while not self._answered.wait(0.05):
            if stop.is_set():
                return False
        if self._failed is not None:
            raise _told(self._source, self._failed)
        return True

    def waiting(self, wait_s: float) -> list[Change | Gap]:
        """What has come; when nothing has, what comes first within this time."""
        found: list[Change | Gap] = []
        try:
            found.append(self.changes.get(timeout=wait_s))
            while len(found) < LOW:
                found.append(self.changes.get_nowait())
        except queue.Empty:
            pass
        return found

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as failed:  # noqa: BLE001 - whoever reads is told, in the reader's own thread
            self._failed = failed
            self._lose(_words(failed))
        finally:
            self._lose("the connection ended")
            self._answered.set()

    def _lose(self, why: str) -> None:
        """The first reason is the one that is told."""
        self.lost = self.lost or why

    async def _serve(self) -> None:
        task = asyncio.create_task(self._subscribed())
        while not task.done() and not (self._end.is_set() and not self._answered.is_set()):
            await asyncio.wait([task], timeout=0.1)  # a connection that is being made is given up when nobody wants it any more
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
            return
        task.result()

    async def _subscribed(self) -> None:
        client = await _client(self._source)
        await client.connect()
        try:
            period = self._source.interval_ms
            subscription = await client.create_subscription(period, queue_maxsize=MOST, overflow=OverflowPolicy.DISCONNECT)
            await self._watch(subscription, client)
            self._answered.set()
            await self._follow(client, subscription)
        finally:
            await _left(client)

    async def _watch(self, subscription: Any, client: Client) -> None:
        """A monitored item for each node: every write counts, also of the same value."""
        wanted = []
        for j, (_, node) in enumerate(self._source.pairs):
            item = ua.MonitoredItemCreateRequest()
            item.ItemToMonitor.NodeId = client.get_node(node).nodeid
            item.ItemToMonitor.AttributeId = ua.AttributeIds.Value
            item.MonitoringMode = ua.MonitoringMode.Reporting
            asked = item.RequestedParameters
            asked.ClientHandle, asked.SamplingInterval, asked.QueueSize, asked.DiscardOldest = j, 0.0, self._source.queue, True
            asked.Filter = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
            wanted.append(item)
        results = await subscription.create_monitored_items(wanted)
        for (name, node), result in zip(self._source.pairs, results, strict=True):
            if isinstance(result, ua.StatusCode):
                raise NotFound(f"{self._source.url}: the node {node} of {name} cannot be watched ({result.name}).", cure="Correct it.")

    async def _follow(self, client: Client, subscription: Any) -> None:
        async def gone(why: Exception) -> None:
            self._lose(_words(why))

        client.connection_lost_callback = gone
        while not self._end.is_set() and not self.lost:
            try:
                event = await subscription.next_event(0.1)
            except StopAsyncIteration:
                self._lose("the subscription ended")
                return
            if isinstance(event, DataChangeEvent):
                self._take(event)
            elif event is not None:
                ended: Any = event
                self._lose(f"the server ended the subscription ({ended.notification.Status.name})")
            waiting = self.changes.qsize()
            if (not self.held and waiting > HIGH) or (self.held and waiting < LOW):  # the server's queues hold what is not asked for
                await subscription.set_publishing_mode(self.held)
                self.held = not self.held

    def _take(self, event: DataChangeEvent) -> None:
        item: Any = event.data.monitored_item
        which, value = item.ClientHandle, item.Value
        code = value.StatusCode if value.StatusCode is not None else ua.StatusCode(0)
        stamp = value.SourceTimestamp or value.ServerTimestamp
        at = _micros(stamp) if stamp is not None else 0
        if code.value & _OVERFLOW == _OVERFLOW:
            name = self._source.columns[which]
            self.changes.put_nowait(Gap(min(self._seen.get(which, at), at), at, f"the server's queue for {name} was too short"))
        good = code.is_good()
        quality = 0 if good else 1 if code.is_uncertain() else 2
        known = which not in self._seen
        self._seen[which] = at
        self.changes.put_nowait(Change(which, event.value, quality, "" if good else code.name, at, known))


async def _client(source: OpcUa) -> Client:
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it has to say is said here, once
    client = Client(source.url, timeout=source.timeout_s, watchdog_intervall=KEEP_ALIVE_S)
    if source.policy:
        policy = getattr(security_policies, f"SecurityPolicy{source.policy}")
        client.application_uri = _uri_of(await uacrypto.load_certificate(source.certificate_file)) or client.application_uri
        mode = getattr(ua.MessageSecurityMode, source.mode)
        server = source.server_certificate_file or None
        await client.set_security(policy, Path(source.certificate_file), Path(source.key_file), None, server, mode)
    if source.user:
        client.set_user(source.user)
        client.set_password(source.password)
    return client


def _uri_of(certificate: x509.Certificate) -> str:
    """The application's name in its certificate: a server compares them."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")


async def _left(client: Client) -> None:
    """Says goodbye, if anybody is there to hear it."""
    try:
        await asyncio.wait_for(client.disconnect(), 0.7)
    except Exception:  # noqa: BLE001 - it is over either way
        client.disconnect_socket()


def looked_at(source: OpcUa) -> dict[str, str]:
    """The values of all nodes now, as text; raises NotFound."""

    async def look() -> dict[str, str]:
        client = await _client(source)
        await client.connect()
        try:
            found = {}
            for name, node in source.pairs:
                value = await client.get_node(node).read_data_value(raise_on_bad_status=False)
                code = value.StatusCode if value.StatusCode is not None else ua.StatusCode(0)
                if code.value in (ua.StatusCodes.BadNodeIdUnknown, ua.StatusCodes.BadNodeIdInvalid, ua.StatusCodes.BadUserAccessDenied):
                    raise NotFound(f"{source.url}: the node {node} of {name} cannot be read ({code.name}).", cure="Correct it.")
                found[name] = str(value.Value.Value if value.Value is not None else None) + ("" if code.is_good() else f" ({code.name})")
            return found
        finally:
            await _left(client)

    try:
        return asyncio.run(look())
    except Exception as failed:
        raise _told(source, failed) from failed


def _told(source: OpcUa, failed: Exception) -> NotFound:
    if isinstance(failed, NotFound):
        return failed
    return NotFound(f"{source.url} cannot be reached: {_words(failed)}.", cure="Check the address, the user, and the certificates.")


def _words(failed: Exception) -> str:
    if isinstance(failed, TimeoutError) and not str(failed):
        return "it does not answer"
    return (str(failed) or type(failed).__name__).splitlines()[0].rstrip(".")


def _micros(stamp: datetime) -> int:
    """A time of OPC UA (UTC, with or without saying so) in µs since 1970, without a float's rounding."""
    aware = stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
    return int((aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
