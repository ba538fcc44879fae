"""Five thousand MQTT messages a second over four lines, and the program is killed in the middle of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from spc.ledger import Ledger, lines
from spc.ledger import alarms as book
from spc.line import Line, activate, save_model
from spc.settings import LineSettings
from tests.faults import history
from tests.faults.brokers import DEFAULT, Mosquitto
from tests.faults.burst import stream
from tests.faults.history import Story, story
from tests.faults.servers import ROOT, Forked, wait_until_ready
from tests.ports import free_port
from tests.small import model

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(180)]

LINES = ("a", "b", "c", "d")
EACH, A_SECOND = 1900, 5000.0  # messages of a line; of all of them in a second
KEEPS = f"{DEFAULT}max_queued_messages 1000000\nmax_queued_bytes 1073741824\nmax_inflight_messages 1000\n"  # as in our configuration


def prepared(url: str) -> str:
    with Ledger.open(url) as ledger:
        id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
        for name in LINES:
            Line(ledger, LineSettings(name))
            activate(ledger, name, id, "start", "Ada", 1)
    return url


def of_line(ledger: Ledger, line: str) -> Story:
    """The story of one of several lines: its alarms alone, numbered as if there were no other line."""
    found = story(ledger, line)
    with ledger.read() as connection:
        own = sorted(book.alarms(connection, line=line, limit=history.ALL), key=lambda one: one.id)
        place = {one.id: k for k, one in enumerate(own)}
        events = [(one.what, one.seq) for alarm in own for one in book.events_of(connection, alarm.id)]
    signals = [(*one[:-1], place[one[-1]]) for one in found.signals]
    alarms = sorted((place[one[0]], *one[1:]) for one in found.alarms if one[0] in place)
    return replace(found, signals=signals, alarms=alarms, events=events)


def on_disk(url: str) -> dict[str, int]:
    with Ledger.open(url) as ledger, ledger.read() as connection:
        return {name: lines.last_seq(connection, name) for name in LINES}


def sources(port: int, broker: Mosquitto, config: Path) -> None:
    (config / "lines").mkdir(parents=True)
    (config / "plant.toml").write_text(f"port = {port}\nreserve_mb = 0\n")
    for name in LINES:
        where = f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}\ntopic = "rows/{name}"\n'
        (config / "lines" / f"{name}.toml").write_text(f"[source]\n{where}")


def until_running(client: httpx.Client, seconds: float = 30.0) -> None:
    wait_until_ready(client, seconds)
    end = time.monotonic() + seconds
    while any(one["source"] != "running" for one in client.get("/readyz").json()["lines"].values()):
        assert time.monotonic() < end, client.get("/readyz").json()
        time.sleep(0.05)


def test_a_burst_over_four_lines_with_a_kill_in_the_middle_loses_and_changes_nothing(tmp_path: Path) -> None:
    url, config, port = f"sqlite:///{tmp_path}/house/var/spc.db", tmp_path / "house" / "config", free_port()
    with Mosquitto(tmp_path, KEEPS) as broker:
        sources(port, broker, config)
        prepared(url)
        server = Forked(config)
        sender = [sys.executable, str(Path(__file__).with_name("burst.py")), str(broker.port), ",".join(LINES), str(EACH), str(A_SECOND)]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5.0) as client:
                server.start()
                until_running(client)  # subscribed: from now on the broker keeps what comes
                with subprocess.Popen(sender, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}) as burst:
                    assert burst.stdout is not None
                    assert burst.stdout.readline().strip() == "half"
                    assert server.kill() == -signal.SIGKILL
                    struck = on_disk(url)
                    server.start()
                    told = json.loads(burst.stdout.readline())
                until_running(client)
                assert told["acknowledged"] == EACH * len(LINES)
                end = time.monotonic() + 60.0
                while (found := on_disk(url)) != dict.fromkeys(LINES, EACH):
                    assert time.monotonic() < end, found
                    time.sleep(0.2)
                server.kill(signal.SIGTERM)
        finally:
            server.close()
    assert 0 < sum(struck.values()) < EACH * len(LINES), "it was not killed in the middle"
    print(f"sent in {told['seconds']:.2f} s; on disk when it was killed: {struck}")
    calm = prepared(f"sqlite:///{tmp_path}/calm.db")
    with Ledger.open(url) as ledger, Ledger.open(calm) as other:
        for k, name in enumerate(LINES):
            given = stream(k, EACH)
            Line(other, LineSettings(name)).take(given)
            history.check(of_line(ledger, name), [given], of_line(other, name))
            assert len(of_line(ledger, name).signals) > 4
