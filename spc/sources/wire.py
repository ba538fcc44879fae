"""paho's client with fewer calls of the system: what has come is read at once, and what is acknowledged together is sent together.

By itself it reads every message in four or five pieces and sends every acknowledgement alone. Each such call gives up Python's lock and has
to wait for it again: with many lines in one process that wait, and not the work, is how long a row is on its way.
"""

from __future__ import annotations

import contextlib
import ssl
from collections import deque
from collections.abc import Iterable
from typing import Any

from paho.mqtt.client import Client

_AT_ONCE = 1 << 16  # bytes asked for in one call
_PUBACK = b"\x40\x02"  # MQTT 5, 3.4.2: without a reason code it is "success"
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """A socket in front of which bytes wait, in both directions. All else is the socket's own."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._came, self._read = b"", 0
        self._going = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def recv(self, most: int) -> bytes:
        """What has come, at most so many bytes; raises what the socket raises when nothing has."""
        if self._read >= len(self._came):
            self._came, self._read = self._line.recv(_AT_ONCE), 0
        found = self._came[self._read : self._read + most]
        self._read += len(found)
        return found

    def pending(self) -> int:
        """Bytes that can be read although the socket has nothing new."""
        waiting = len(self._came) - self._read
        return waiting or (self._line.pending() if isinstance(self._line, ssl.SSLSocket) else 0)

    def put(self, data: bytes) -> None:
        """Something that waits for `flush`, or for the next that is sent."""
        self._going += data

    def send(self, data: bytes | bytearray) -> int:
        """Sends, after what waits; raises BlockingIOError while the network does not take that."""
        self.flush()
        if self._going:
            raise BlockingIOError
        return int(self._line.send(data))

    def flush(self) -> None:
        """Sends what waits, as much as the network takes now."""
        while self._going:
            try:
                del self._going[: self._line.send(self._going)]
            except _LATER:
                return
            except OSError:  # whoever reads from the line hears of it
                self._going.clear()

    @property
    def blocked(self) -> bool:
        """Something is left that the network did not take."""
        return bool(self._going)


class Calm(Client):
    """A client whose messages of QoS 1 are acknowledged many at once, from any thread: `done`."""

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self._acknowledged: deque[int] = deque()

    def done(self, mids: Iterable[int]) -> None:
        """These were taken care of: the broker may forget them."""
        self._acknowledged.extend(mids)
        with contextlib.suppress(OSError, AttributeError):  # a connection that is gone
            self._sockpairW.send(b"0")  # type: ignore[union-attr]  # ends the wait of the network's thread

    def _create_socket(self) -> Any:
        self._acknowledged.clear()  # a new connection: its numbers begin anew
        return Wire(super()._create_socket())

    def loop_read(self, max_packets: int = 1) -> Any:
        """Takes all messages that have come, not one for each look at the network."""
        code = super().loop_read(max_packets)
        while code == 0 and isinstance(self._sock, Wire) and self._sock.pending():
            code = super().loop_read(max_packets)
        return code

    def loop_write(self) -> Any:
        """Sends the acknowledgements in one piece, then all else."""
        if isinstance(self._sock, Wire):
            while self._acknowledged:
                self._sock.put(_PUBACK + self._acknowledged.popleft().to_bytes(2, "big"))
            self._sock.flush()
        return super().loop_write()

    def want_write(self) -> bool:
        """True while something is left to be sent."""
        return super().want_write() or (isinstance(self._sock, Wire) and self._sock.blocked)
