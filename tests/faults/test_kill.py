"""kill -9 of the server in the middle of a stream, twenty times in a row, under a client that retries.

Every row that was accepted is in the ledger exactly once; points, signals and the alarm with its events are those of a run that nobody
disturbed; and everybody who had to be told was told.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from spc.ledger import Ledger, outbox, points, rows
from spc.ledger import alarms as book
from spc.line import Line, activate, save_model
from spc.nouns import Rows
from spc.settings import LineSettings
from tests.faults.servers import Cold, Forked, Receiver, Server, wait_until_ready
from tests.ports import free_port
from tests.small import model
from tests.small import rows as some_rows
from tests.waiting import until

pytestmark = pytest.mark.faults

KILLS = 20
BLOCK = 7
NAME = "smt-2"


def stream(n: int) -> Rows:
    """Rows with a short excursion in each stretch of 41: the incident goes out, comes back and goes out again, over and over."""
    return some_rows(n, out=tuple(k for start in range(20, n - 5, 41) for k in (start, start + 1)))


class House:
    """A folder with settings, a ledger with an active model, a receiver, and a server to be killed."""

    def __init__(self, folder: Path, server: Callable[[Path], Server]) -> None:
        self.folder = folder
        self.receiver = Receiver()
        self.port = free_port()
        config = folder / "config"
        (config / "lines").mkdir(parents=True)
        hook = f'kind = "webhook"\nurl = "http://127.0.0.1:{self.receiver.port}/"\nallow = ["127.0.0.1"]\n'
        (config / "plant.toml").write_text(f"port = {self.port}\n\n[notify.hook]\n{hook}")
        (config / "lines" / f"{NAME}.toml").write_text('title = "SMT-2"\n')
        self.url = f"sqlite:///{folder}/var/spc.db"
        prepare(self.url)
        self.server = server(config)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60.0)

    def close(self) -> None:
        self.client.close()
        self.server.close()
        self.receiver.close()


def prepare(url: str) -> None:
    with Ledger.open(url) as ledger:
        Line(ledger, LineSettings(NAME))
        id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
        activate(ledger, NAME, id, "start", "Ada", 1)


def body(block: Rows) -> dict[str, Any]:
    return {
        "rows": [
            {"time": f"{at}Z", "id": id, "values": dict(zip(block.names, x, strict=True))}
            for at, id, x in zip(block.at, block.ids, block.x.tolist(), strict=True)
        ]
    }


def story(url: str) -> dict[str, Any]:
    """Everything in the ledger that may not depend on when and how often the server died."""
    with Ledger.open(url) as ledger:
        assert ledger.check() == []
        with ledger.read() as connection:
            window = rows.last_rows(connection, NAME, 1_000_000)
            alarms = book.alarms(connection)
            return {
                "rows": (window.seq.tolist(), window.rows.ids, window.rows.x.tobytes()),
                "points": points.points_after(connection, NAME, 0, 1_000_000),
                "signals": [(one.seq, one.chart, one.kind, one.reason, one.since, one.value, one.alarm_id) for one in
                            points.signals_after(connection, NAME, 0, 1_000_000)],
                "alarms": [(one.id, one.state, one.first_row, one.last_row, one.rows_out, one.worst, one.sentence) for one in alarms],
                "events": [(one.what, one.seq) for alarm in alarms for one in book.events_of(connection, alarm.id)],
                "letters": {one["id"]: one["reason"] for alarm in alarms for one in outbox.letters(connection, alarm.id)},
                "outbox": outbox.counts(connection),
            }  # fmt: skip


def undisturbed(url: str, blocks: list[Rows]) -> dict[str, Any]:
    prepare(url)
    with Ledger.open(url) as ledger:
        line = Line(ledger, LineSettings(NAME, "SMT-2"), notifiers=("hook",))
        for block in blocks:
            line.take(block)
    return story(url)


def waiting(url: str) -> int:
    """How many letters wait, as another program sees it while the server runs."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        return int(other.execute("select count(*) from outbox where state = 'waiting'").fetchone()[0])


@pytest.fixture(params=["forked", pytest.param("cold", marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "house", {"forked": Forked, "cold": Cold}[request.param])
    yield house
    house.close()


def test_twenty_kills_in_a_stream_lose_and_double_nothing(house: House, tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    sent: list[Rows] = []
    accepted = 0
    duplicates = 0
    codes: list[int] = []

    def take(block: Rows) -> None:
        """One POST; raises when the server dies under it."""
        nonlocal accepted, duplicates
        answer = house.client.post(f"/api/v1/lines/{NAME}/rows", json=body(block))
        answer.raise_for_status()
        accepted += answer.json()["accepted"]
        duplicates += answer.json()["duplicates"]
        sent.append(block)

    whole = stream(40_000)
    blocks = (whole.part(slice(start, start + BLOCK)) for start in range(0, 40_000, BLOCK))
    block = next(blocks)
    for _ in range(KILLS):
        house.server.start()
        wait_until_ready(house.client)
        for _ in range(int(chance.integers(1, 6))):
            take(block)
            block = next(blocks)
        timer = threading.Timer(float(chance.uniform(0.0, 0.06)), lambda: codes.append(house.server.kill()))
        timer.start()
        struck = False
        while not struck:
            try:
                take(block)
                block = next(blocks)
            except httpx.TransportError:  # it did take effect: the client sees it in the middle of its stream
                struck = True
        timer.join()
    assert codes == [-signal.SIGKILL] * KILLS

    house.server.start()
    wait_until_ready(house.client)
    take(block)
    expected = undisturbed(f"sqlite:///{tmp_path}/calm/spc.db", sent)
    until(lambda: house.receiver.ids == set(expected["letters"]), "not everybody was told")
    until(lambda: waiting(house.url) == 0, "a letter is not written down as told")  # which comes after the receiver has it
    assert house.server.kill(signal.SIGTERM) in {0, -signal.SIGTERM}

    found = story(house.url)
    n = sum(map(len, sent))
    assert found["rows"] == expected["rows"]
    assert found["rows"][0] == list(range(1, n + 1))
    assert found["rows"][1] == whole.ids[:n]
    # a block that was on disk when the server died before it could say so is a repeat the second time: told as such, never taken twice
    assert accepted + duplicates == n
    for part in ("points", "signals", "alarms", "events", "letters"):
        assert found[part] == expected[part], part
    assert house.receiver.ids == set(expected["letters"])
    assert found["outbox"] == {"waiting": 0, "told": len(expected["letters"]), "dead": 0}
    assert len(expected["letters"]) >= 4
