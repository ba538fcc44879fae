"""SIGTERM under load: sources stop, the block in hand is finished, leases are let go, and the process ends with 0, soon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from websockets.sync.client import connect

from spc.ledger import Ledger
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BUSY = """
kind = "replay"
path = "{root}/data/demo_circuit_boards/phase2_stream.csv"
rows_per_s = 400.0
loop = true
now_times = true
"""
STUBBORN = '''
import time
from dataclasses import dataclass

@dataclass(frozen=True)
class Stubborn:
    """A source that does not look whether it is to stop."""
    name = "stubborn"

    def read(self, after, stop, clock):
        time.sleep(3600)
        yield
'''

pytestmark = pytest.mark.faults


class House:
    """A folder with settings, a busy line, and one whose source hangs."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder, self.base = folder, f"http://127.0.0.1:{self.port}"
        (folder / "config" / "lines").mkdir(parents=True)
        (folder / "config" / "plant.toml").write_text(f"port = {self.port}\nreserve_mb = 0\n")
        (folder / "config" / "lines" / "busy.toml").write_text(f"[source]{BUSY.format(root=ROOT)}")
        (folder / "config" / "lines" / "hangs.toml").write_text('[source]\nkind = "stubborn:Stubborn"\n')
        (folder / "stubborn.py").write_text(STUBBORN)
        self.process: subprocess.Popen[str] | None = None

    def start(self, *command: str) -> subprocess.Popen[str]:
        env = {**os.environ, "SPC_CONFIG": str(self.folder / "config"), "PYTHONPATH": str(self.folder), "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
        return self.process

    def ask(self, query: str) -> list[tuple[object, ...]]:
        engine = sa.create_engine(f"sqlite:///{self.folder}/var/spc.db")
        try:
            with engine.connect() as connection:
                return [tuple(one) for one in connection.execute(sa.text(query))]
        finally:
            engine.dispose()

    def wait_for_rows(self, n: int) -> None:
        end = time.monotonic() + 60.0
        while True:
            with suppress(sa.exc.OperationalError):
                if (self.ask("select coalesce(max(last_seq), 0) from block")[0][0] or 0) >= n:  # type: ignore[operator]
                    return
            assert time.monotonic() < end, "no rows came"
            time.sleep(0.1)

    def stopped(self) -> str:
        """Asks it to stop; what it said. It must end with 0, soon."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        return said


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    if one.process is not None and one.process.poll() is None:
        one.process.kill()
        one.process.communicate()


def test_the_server_stops_in_good_order_while_streams_sources_and_senders_are_busy(house: House) -> None:
    house.start("-c", "import app; app.GRACE_S = 60; raise SystemExit(app.main())")
    house.wait_for_rows(50)
    taken: list[int] = []
    over = threading.Event()

    def listen() -> None:
        with suppress(httpx.HTTPError), httpx.stream("GET", f"{house.base}/api/v1/lines/busy/stream", timeout=60) as told:
            for _ in told.iter_lines():
                pass

    def send() -> None:
        with suppress(httpx.HTTPError), httpx.Client(base_url=house.base, timeout=60) as client:
            for i in range(100_000):
                body = {"rows": [{"id": f"r{i}", "values": {"x": 1.0 * i}}]}
                answer = client.post("/api/v1/lines/hangs/rows", json=body)
                if answer.status_code != 200 or over.is_set():
                    return
                taken.append(i)

    threads = [threading.Thread(target=work, daemon=True) for work in (listen, send)]
    with connect(f"ws://127.0.0.1:{house.port}/live") as page:
        page.send('{"watch": {"busy": 0}, "values": true}')
        page.recv(timeout=60)
        for thread in threads:
            thread.start()
        end = time.monotonic() + 60.0
        while len(taken) < 20:
            assert time.monotonic() < end, "nobody takes rows"
            time.sleep(0.05)
        said = house.stopped()
    over.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert "Traceback" not in said
    assert "graceful shutdown exceeded" not in said  # nobody had to be cut off, however long a busy machine gave them
    assert [owner for (owner,) in house.ask("select owner from lease")] == ["", ""]
    assert house.ask("select coalesce(max(last_seq), 0) from block where line = 'hangs'")[0][0] >= len(taken)  # type: ignore[operator]
    with Ledger.open(f"sqlite:///{house.folder}/var/spc.db") as ledger:
        assert ledger.check() == []


def test_a_line_in_a_process_of_its_own_stops_in_good_order(house: House) -> None:
    house.start("-m", "spc.cli", "run", "busy", "--config", str(house.folder / "config"))
    house.wait_for_rows(50)
    said = house.stopped()
    assert "Traceback" not in said
    assert house.ask("select owner from lease") == [("",)]


@pytest.mark.slow
def test_a_source_that_does_not_stop_holds_nobody_up(house: House) -> None:
    house.start("-m", "spc.cli", "run", "hangs", "--config", str(house.folder / "config"))
    end = time.monotonic() + 60.0
    while True:
        with suppress(sa.exc.OperationalError):
            if house.ask("select owner from lease where owner <> ''"):
                break
        assert time.monotonic() < end, "nobody runs the line"
        time.sleep(0.1)
    assert "source hangs" in house.stopped()
    assert house.ask("select owner from lease") == [("",)]
