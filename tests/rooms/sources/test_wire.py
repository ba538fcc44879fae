"""Bytes that wait on both sides of a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

pytest.importorskip("paho.mqtt.client", reason="no paho: install the extra mqtt")

from paho.mqtt.enums import CallbackAPIVersion

from spc.sources.wire import Calm, Wire


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield Wire(ours), theirs
    ours.close()
    theirs.close()


def test_what_has_come_is_read_at_once_and_given_in_pieces(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    with pytest.raises(BlockingIOError):
        wire.recv(1)
    theirs.sendall(b"abcdef")
    assert (wire.recv(1), wire.pending()) == (b"a", 5)
    assert (wire.recv(3), wire.recv(10), wire.pending()) == (b"bcd", b"ef", 0)
    with pytest.raises(BlockingIOError):
        wire.recv(1)
    theirs.close()
    assert wire.recv(1) == b"", "the end is told"


def test_what_waits_leaves_before_what_comes_after_it(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    wire.put(b"12")
    wire.put(b"34")
    assert wire.blocked
    assert wire.send(b"56") == 2
    assert theirs.recv(100) == b"123456"
    assert not wire.blocked


def test_a_network_that_takes_no_more_is_waited_for(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    whole = bytes(range(256)) * 20_000
    wire.put(whole)
    wire.flush()
    assert wire.blocked
    with pytest.raises(BlockingIOError):
        wire.send(b"after")
    theirs.settimeout(60.0)
    found = b""
    while len(found) < len(whole):
        found += theirs.recv(1 << 20)
        wire.flush()
    assert found == whole
    assert not wire.blocked


def test_acknowledgements_leave_together_in_their_order(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    client = Calm(CallbackAPIVersion.VERSION2)
    client._sock = wire  # type: ignore[assignment]
    client.done([1, 2])
    client.done([513])
    assert not client.want_write()
    assert client.loop_write() == 0
    assert theirs.recv(100) == b"\x40\x02\x00\x01\x40\x02\x00\x02\x40\x02\x02\x01"
    client._sock = None


def test_a_line_that_broke_is_told_by_whoever_reads_it(ends: tuple[Wire, socket.socket]) -> None:
    wire, theirs = ends
    theirs.close()
    wire.put(b"12")
    wire.flush()
    assert not wire.blocked
    assert wire.recv(1) == b""
