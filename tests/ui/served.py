"""The whole house in a thread, and the verbs that a test needs from outside.

Every server of this process has the same port, so that the browser knows the scripts again that it loaded from the one before, and the
same process to fork its fits from, which loads for a second.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import app as composition
from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.nouns import Model, Rows
from spc.settings import LineSettings, Settings
from spc.workbench import bench, starter
from tests.small import FakeClock, model
from tests.small import rows as some_rows

HELD = socket.socket()  # bound and never listening: nobody else is given this port while no server has it
HELD.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
HELD.bind(("127.0.0.1", 0))
PORT = int(HELD.getsockname()[1])
BASE = f"http://127.0.0.1:{PORT}"
ADVICE = {"warp_mm": "Do: check the oven.", "*": "Do: call the engineer."}


def until(page: Any, true: str, seconds: float = 90.0) -> None:
    """Waits until an expression is true in the page. (Playwright's own way evaluates text in the page, which our policy forbids.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(true):
        assert time.monotonic() < end, f"never became true: {true}"
        page.wait_for_timeout(40)


class Bench:
    """The process that fits are forked from, for one server after another: a server that stops does not end it."""

    def __init__(self) -> None:
        self._forks = starter.Forks()
        self._free = threading.Event()
        self._free.set()

    def warm(self) -> None:
        self._forks.warm()

    def child(self) -> starter.Child:
        self._free.wait()
        return self._forks.child()

    def close(self) -> None:
        """The server ends its tasks itself."""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Meanwhile a fit that was begun gets no process: it goes on for as long as a test has to see it."""
        self._free.clear()
        try:
            yield
        finally:
            self._free.set()

    def shut(self) -> None:
        self._forks.close()
        self._forks = starter.Forks()


BENCH = Bench()


class Served:
    """The whole house in a thread: `start`, `stop`, and the verbs that a test needs from outside."""

    def __init__(self, folder: Path) -> None:
        self.base = BASE
        self.settings = Settings(
            port=PORT,
            ledger=f"sqlite:///{folder}/spc.db",
            timezone="Europe/Berlin",
            lines=(
                LineSettings("mixer", "Line 2 mixer", interval_s=600.0, advice=ADVICE, part="Batch"),
                LineSettings("press", "Press 1", interval_s=600.0, advice=ADVICE, priority="critical"),
            ),
            root=folder,
        )
        self.next = {"mixer": 1, "press": 1}
        self._ledger: Ledger | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bench, "usual", lambda: BENCH)
            made, self._ledger = composition.compose(self.settings)
        config = uvicorn.Config(made, host="127.0.0.1", port=PORT, log_level="warning", timeout_graceful_shutdown=1, ws="websockets-sansio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        end = time.monotonic() + 60
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < end, "the server took too long to start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._server and self._thread and self._ledger:
            self._server.should_exit = True
            self._thread.join(60)
            assert not self._thread.is_alive(), "an open page held the server up"
            self._ledger.close()
            self._server = None

    @property
    def ledger(self) -> Ledger:
        assert self._ledger is not None
        return self._ledger

    def activate(self, line: str = "mixer", made: Model | None = None) -> None:
        now = FakeClock(time.time_ns() // 1000)()
        id = save_model(self.ledger, made or model(), reference_id=None, by="Ada", now=now)
        activate(self.ledger, line, id, "new lot", "Ada", now)

    def send(self, n: int = 1, out: tuple[int, ...] = (), line: str = "mixer", block: Rows | None = None) -> None:
        """Rows over HTTP, as a sender would."""
        block = block or some_rows(n, first=self.next[line], out=out)
        self.next[line] += len(block)
        values = [{name: v if math.isfinite(v) else None for name, v in zip(block.names, row, strict=True)} for row in block.x.tolist()]
        body = [{"id": block.ids[i], "time": f"{block.at[i]}Z", "values": values[i]} for i in range(len(block))]
        answer = httpx.post(f"{self.base}/api/v1/lines/{line}/rows", json={"rows": body}, timeout=60)
        assert answer.status_code < 300, answer.text

    def long_ago(self, seconds: float, n: int, line: str = "press") -> None:
        """Rows that came a while ago."""
        settings = dataclasses.replace(next(one for one in self.settings.lines if one.name == line))
        then = FakeClock(time.time_ns() // 1000 - int(seconds * 1e6))
        Line(self.ledger, settings, clock=then).take(some_rows(n, first=self.next[line]))
        self.next[line] += n
