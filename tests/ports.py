"""Ports for servers of these tests that must be known before the server is there."""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress

_FIRST, _LAST = 20_000, 32_000
_PART = 1_000  # of each process that runs tests: two of them never pick the same port
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody has, and that nobody is given by chance.

    It lies below those that outgoing connections are given: while a server is not up yet, or down, one of them could take its port. It is
    of a part of the range that belongs to this process alone among those that run tests together, and is given once.
    """
    part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) * _PART % (_LAST - _FIRST)
    while True:
        port = _FIRST + part + random.SystemRandom().randrange(_PART)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
