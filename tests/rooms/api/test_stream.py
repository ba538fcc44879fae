"""The stream over a real connection: each row once, in order, from where the reader was cut off; and it ends when the server does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from spc.api import build
from spc.ledger import Ledger
from spc.line import Line, Plant, activate, save_model
from spc.settings import LineSettings, Settings
from tests import small


@dataclass(frozen=True)
class Site:
    url: str
    line: Line
    server: uvicorn.Server
    app: Any
    thread: threading.Thread


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    settings = Settings(ledger=f"sqlite:///{tmp_path}/spc.db", lines=(LineSettings("press"),))
    ledger = Ledger.open(settings.ledger)
    plant = Plant(ledger, settings)
    id = save_model(ledger, small.model(), reference_id=None, by="test", now=plant.clock())
    activate(ledger, "press", id, "test", "test", plant.clock())
    app = build(plant, settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=20))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", plant.line("press"), server, app, thread)
    server.should_exit = True
    thread.join(60)
    ledger.close()


def read(
    site: Site,
    n: int,
    headers: dict[str, str] | None = None,
    path: str = "/api/v1/lines/press/stream?after=0",
    opened: Callable[[], object] = lambda: None,
) -> list[dict[str, Any]]:
    """The next n events; each checked to have its row's number as its id. `opened` is called when the stream has said where it begins."""
    events: list[dict[str, Any]] = []
    with httpx.stream("GET", site.url + path, headers=headers, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        id = ""
        for line in answer.iter_lines():
            if line.startswith(": after"):
                opened()
            elif line.startswith("id: "):
                id = line[4:]
            elif line.startswith("data: "):
                events.append(json.loads(line[6:]))
                assert id == str(events[-1]["seq"])
            if len(events) == n:
                break
    return events


def test_what_is_there_and_what_comes_while_one_reads(site: Site) -> None:
    site.line.take(small.rows(5))
    later = threading.Timer(0.3, lambda: site.line.take(small.rows(5, first=6, out=(2,))))
    later.start()
    events = read(site, 10)
    later.join()
    assert [event["seq"] for event in events] == list(range(1, 11))
    assert [event["id"] for event in events if event["charts"]["t2"]["out"]] == ["B00007"]
    assert events[6]["signal"]
    assert httpx.get(f"{site.url}/api/v1/lines/press/points").json()["points"] == events


def test_a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(site: Site) -> None:
    site.line.take(small.rows(50))
    got: list[int] = []
    while len(got) < 50:
        headers = {"Last-Event-ID": str(got[-1])} if got else None
        got += [event["seq"] for event in read(site, min(7, 50 - len(got)), headers)]
    assert got == list(range(1, 51))


def test_without_a_beginning_it_begins_now(site: Site) -> None:
    site.line.take(small.rows(5))
    events = read(site, 1, path="/api/v1/lines/press/stream", opened=lambda: site.line.take(small.rows(1, first=6)))
    assert [event["seq"] for event in events] == [6]


@pytest.mark.parametrize("id", ["x", "-1", "1.5", "9" * 30])
def test_an_id_that_is_none(site: Site, id: str) -> None:
    answer = httpx.get(f"{site.url}/api/v1/lines/press/stream", headers={"Last-Event-ID": id})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert httpx.get(f"{site.url}/api/v1/lines/oven/stream").status_code == 404


def test_it_ends_when_the_server_is_told_to_stop(site: Site) -> None:
    ended: list[float] = []

    def listen() -> None:
        with httpx.stream("GET", f"{site.url}/api/v1/lines/press/stream", timeout=60) as answer:
            for _ in answer.iter_lines():
                opened.set()
        ended.append(time.monotonic())

    opened = threading.Event()
    listener = threading.Thread(target=listen)
    listener.start()
    assert opened.wait(60)
    site.app.state.stop_streams()  # what the handler of SIGTERM does in a process
    listener.join(60)
    assert ended


def test_a_reader_that_leaves_is_forgotten(site: Site) -> None:
    for _ in range(5):
        site.line.take(small.rows(1, first=1))
        read(site, 1)
    until = time.monotonic() + 60
    while site.server.server_state.connections and time.monotonic() < until:
        site.line.take(small.rows(1, first=2 + int(time.monotonic() * 1000) % 90_000))  # a write is when a server notices
        time.sleep(0.1)
    assert not site.server.server_state.connections
