"""The source of one's own that the manual shows: it is found by its name, gives rows, keeps scraps, and is asked again when it is lost."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spc.ledger import Ledger, scraps
from spc.ledger import rows as store
from spc.line import Plant
from spc.settings import LineSettings, PartSettings, Settings
from spc.sources import build, check
from tests.small import FakeClock

CHAPTER = Path(__file__).resolve().parents[3] / "assets" / "manual" / "70-sources.md"


@pytest.fixture
def gauge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[PartSettings, list[bytes], threading.Event]]:
    """A gauge at a port of its own: it sends what is in the list to whoever connects, and hangs up when told to; the settings for it."""
    (code,) = (one for one in re.findall(r"```python\n(.*?)```", CHAPTER.read_text(encoding="utf-8"), re.DOTALL) if "class Gauge" in one)
    assert len(code.splitlines()) < 50
    (tmp_path / "gauge_of_the_manual.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sends: list[bytes] = []
    over, hangs_up = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def serve() -> None:
            while not over.is_set():
                try:
                    line, _ = server.accept()
                except TimeoutError:
                    continue
                with line:
                    for one in sends:
                        line.sendall(one)
                    while not (over.is_set() or hangs_up.is_set()):
                        over.wait(0.01)

        thread = threading.Thread(target=serve)
        thread.start()
        options = {"host": "127.0.0.1", "port": server.getsockname()[1], "columns": ["length_mm", "warp_mm"]}
        yield PartSettings("source", "gauge_of_the_manual:Gauge", options), sends, hangs_up
        over.set()
        thread.join()


def test_the_manuals_source_runs_in_a_plant(gauge: tuple[PartSettings, list[bytes], threading.Event], tmp_path: Path) -> None:
    part, sends, hangs_up = gauge
    hangs_up.set()
    sends += [b"B1;160.01;0.3", b"5\nB2;160.02;0.36\nB3;broken\n", b"B4;160.04;nan\nB5;160.05;0.39\n"]
    ledger = Ledger(f"sqlite:///{tmp_path / 'spc.db'}")
    plant = Plant(ledger, Settings(ledger=f"sqlite:///{tmp_path / 'spc.db'}", lines=(LineSettings("smt-2", source=part),)))
    plant.start()
    end = time.monotonic() + 60.0
    while plant.source("smt-2").state != "lost":
        assert time.monotonic() < end, plant.source("smt-2")
        time.sleep(0.01)
    with ledger.read() as connection:
        rows = store.rows_between(connection, "smt-2", 1, 100).rows
        reasons = [one.reason for one in scraps.scraps(connection, "smt-2")]
    assert (rows.ids, rows.x.tolist()) == (("B1", "B2", "B5"), [[160.01, 0.35], [160.02, 0.36], [160.05, 0.39]])
    assert reasons == ["could not convert string to float: 'broken'", "not 2 numbers"]
    assert plant.source("smt-2").error == "the gauge has hung up"
    plant.stop()
    ledger.close()


def test_it_keeps_the_contract(gauge: tuple[PartSettings, list[bytes], threading.Event]) -> None:
    part, sends, _ = gauge
    sends += [b"B1;160.01;0.35\nB2;160.02;0.36\n"]
    assert check(build(part), FakeClock(), quiet_s=0.2, again=False, rows=2) == 2
