"""More rows than the disk takes: senders are told to come back, and nothing of what anyone sends is lost or doubled."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from spc.ledger import store

SENDERS = store.WAITING + 60  # so many at once that the last of them find the queue full


@contextmanager
def slow_disk(house: Any) -> Iterator[threading.Event]:
    """Nothing is written until the event is set."""
    free, begun = threading.Event(), threading.Event()

    def hold(connection: object) -> None:
        begun.set()
        free.wait(60)

    held: Future[None] = house.ledger.submit(hold)
    assert begun.wait(60)
    try:
        yield free
    finally:
        free.set()
        held.result(60)


def stored(house: Any) -> tuple[int, int]:
    """Rows on disk, and different part numbers among them, as another program sees them."""
    other = sqlite3.connect(house.path)
    n = other.execute("select coalesce(sum(last_seq - first_seq + 1), 0) from block").fetchone()[0]
    keys = other.execute("select count(distinct hash) from row_key").fetchone()[0]
    other.close()
    return int(n), int(keys)


class Senders:
    """Each sends one row, and again whenever it is told to come back."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.full = client, asyncio.Event()
        self.refused: list[httpx.Response] = []
        self.answers: list[dict[str, Any]] = []

    async def send(self, k: int, tries: int = 40) -> None:
        body = {"rows": [{"id": f"B{k}", "values": {"x": float(k)}}]}
        for _ in range(tries):
            answer = await self.client.post("/api/v1/lines/press/rows", json=body)
            if answer.status_code != 429:
                assert answer.status_code == 200, answer.text
                self.answers.append(answer.json())
                return
            self.refused.append(answer)
            if len(self.refused) == SENDERS - store.WAITING:  # the others wait for the disk
                self.full.set()
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        raise AssertionError(f"row {k} was refused {tries} times")


async def send_all(house: Any, free: threading.Event) -> Senders:
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://plant", timeout=60) as client:
        senders = Senders(client)
        sending = [asyncio.create_task(senders.send(k)) for k in range(SENDERS)]
        await asyncio.wait_for(senders.full.wait(), 30)
        assert senders.answers == []  # nobody has been told that a row is on disk
        assert stored(house) == (0, 0)
        free.set()
        await asyncio.gather(*sending)
        return senders


@pytest.mark.timeout(90)
def test_whoever_is_refused_and_comes_back_gets_everything_in(house: Any) -> None:
    with slow_disk(house) as free:
        senders = asyncio.run(send_all(house, free))
    assert len(senders.refused) >= SENDERS - store.WAITING
    for answer in senders.refused:
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json()["detail"] == "Too many blocks of rows wait for the disk."
        assert answer.json()["cure"]
    assert [(one["accepted"], one["duplicates"]) for one in senders.answers] == [(1, 0)] * SENDERS  # a row that was refused was not kept
    assert stored(house) == (SENDERS, SENDERS)
    assert sorted(one["first_seq"] for one in senders.answers) == list(range(1, SENDERS + 1))


def test_pages_are_read_while_rows_are_refused(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.ledger._tasks, "maxsize", 1)
    with slow_disk(house):
        house.ledger.submit(lambda connection: None)
        assert house.send({"id": "a", "values": {"x": 1}}).status_code == 429
        csv = {"content": "id,x\na,1\nb,2\n", "headers": {"Content-Type": "text/csv"}}
        assert house.post("/api/v1/lines/press/rows", **csv).status_code == 429
        assert house.get("/api/v1/lines").status_code == 200
        assert "spc_ledger_waiting 1.0" in house.get("/metrics").text
    assert house.post("/api/v1/lines/press/rows", **csv).json()["accepted"] == 2
    assert house.send({"id": "a", "values": {"x": 1}}).json()["duplicates"] == 1
