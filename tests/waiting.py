"""Waiting for an event: a limit is only there so that what never happens is told, on the busiest machine."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 60.0


def until(true: Callable[[], object], what: str = "it did not happen") -> None:
    """Looks again and again until it is so; fails with what did not happen after a minute."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.01)
