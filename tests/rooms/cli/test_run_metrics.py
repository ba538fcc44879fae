"""`spc run LINE --metrics PORT`: the numbers of a line in a process of its own, there and in the server beside it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from spc.api.counters import Counters
from spc.cli import main
from spc.ledger import Ledger
from spc.line import Plant
from spc.settings import load
from spc.ui import sourced
from spc.ui.pages.sources import row, summary
from spc.ui.view import View
from tests.ports import free_port

LINE = 'own_process = true\n{more}[source]\nkind = "tail"\npath = "rows.csv"\nevery_s = 0.05\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "lines").mkdir(parents=True)
    (tmp_path / "rows.csv").write_text("time,board,a_mm,b_mm\n2025-03-04T06:00:00,B1,1.5,2\n2025-03-04T06:00:01,B2,1.6,2.5\n")
    (tmp_path / "config" / "plant.toml").write_text(f'ledger = "sqlite:///{tmp_path}/a.db"\nreserve_mb = 0\nlog_level = "error"\n')
    (tmp_path / "config" / "lines" / "other.toml").write_text("")
    (tmp_path / "config" / "lines" / "own.toml").write_text(LINE.format(more=""))
    return tmp_path / "config"


def said(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found[f"{one.name}[{one.labels.get('line', '')}]"] = one.value
    return found


def beside(config: Path, port: int) -> dict[str, Any]:
    """Runs the line until its two rows are told; what a scraper gets of it, and what a server on the same ledger knows meanwhile."""
    found: dict[str, Any] = {}

    def ask() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and "code" not in found:
            try:
                found["own"] = said(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=1).text)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if all(found["own"].get(name) == 2.0 for name in ("spc_rows_accepted_total[own]", "spc_source_rows_total[own]")):
                break  # each is counted by its own thread: whichever comes second
            time.sleep(0.05)
        settings = load(config, {})
        with Ledger.open(settings.ledger) as ledger:
            plant = Plant(ledger, settings)
            found["text"] = Counters(plant).text().decode()
            found["app"] = said(found["text"])
            found["told"] = sourced.told(View(plant))
        if "code" not in found:
            os.kill(os.getpid(), signal.SIGTERM)  # what ends a service, and so the wait of the line

    thread = threading.Thread(target=ask)
    thread.start()
    found["code"] = main(["run", "own", "--config", str(config), "--seconds", "300"])
    thread.join()
    return found


def test_a_line_in_its_own_process_gives_its_numbers_and_the_server_what_is_on_disk(config: Path) -> None:
    port = free_port()
    (config / "lines" / "own.toml").write_text(LINE.format(more=f"metrics_port = {port}\n"))
    found = beside(config, port)
    assert found["code"] == 0
    own, app = found["own"], found["app"]
    assert (own["spc_source_up[own]"], own["spc_source_rows_total[own]"], own["spc_lease_held[own]"]) == (1.0, 2.0, 1.0)
    assert own["spc_rows_accepted_total[own]"] == 2.0
    assert not any("[other]" in name for name in own)  # nor what is of the whole plant: that is the server's to tell
    assert "spc_alarms_open[]" not in own
    assert "spc_source_up[own]" not in app
    assert (app["spc_lease_held[own]"], app["spc_line_run[own]"], app["spc_line_run[other]"]) == (0.0, 1.0, 0.0)
    assert app["spc_rows_accepted_total[own]"] == 2.0
    assert abs(app["spc_last_row_timestamp_seconds[own]"] - time.time()) < 600
    assert 'spc_line_holder_info{holder="process ' in found["text"]
    told = {one.line: one for one in found["told"]}["own"]
    assert (told.words, told.state, told.source, told.rows, told.since) == ("In a process of its own", "elsewhere", "tail", 2, None)
    assert told.run_by.startswith("process ")
    assert 0 <= told.age_s < 600
    assert summary(found["told"]) == "1 without a source, 1 in another process."
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_a_line_whose_own_process_does_not_run_is_told(config: Path) -> None:
    settings = load(config, {})
    with Ledger.open(settings.ledger) as ledger:
        plant = Plant(ledger, settings)
        one = {one.line: one for one in sourced.told(View(plant))}["own"]
        assert said(Counters(plant).text().decode())["spc_line_run[own]"] == 0.0
    assert (one.state, one.words, one.run_by) == ("absent", "Its own process does not run: start spc run", "")
    assert row(one, "UTC")[-1] == "nobody"
    assert summary([one]) == "1 not running."


def test_a_port_that_is_taken_is_a_complaint_before_anything_is_read(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["run", "own", "--config", str(config), "--seconds", "5", "--metrics", str(port)]) == 2
    assert f"port {port} for metrics cannot be used" in capsys.readouterr().err


def test_a_port_for_metrics_is_of_a_line_in_its_own_process(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config / "lines" / "other.toml").write_text("metrics_port = 9100")
    assert main(["run", "own", "--config", str(config)]) == 2
    assert "own_process = true" in capsys.readouterr().err
