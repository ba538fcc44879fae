"""More than a server can take for a while, a page that does not read what it asked for, and a network that is gone for twelve seconds."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from spc.ledger import Ledger
from spc.line import Line, activate, save_model
from spc.nouns import Rows
from spc.settings import LineSettings
from tests.faults import history
from tests.faults.servers import ROOT, Forked, wait_until_ready
from tests.ports import free_port
from tests.small import model
from tests.small import rows as some_rows

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]

JSON = {"Content-Type": "application/json"}
CUT_S = 12.0
HERE, THERE = "10.0.0.1", "10.0.0.2"  # inside namespaces that nobody else is in


def prepare(url: str, lines: Sequence[str]) -> None:
    with Ledger.open(url) as ledger:
        id = save_model(ledger, model(), reference_id=None, by="Ada", now=1)
        for name in lines:
            Line(ledger, LineSettings(name))
            activate(ledger, name, id, "start", "Ada", 1)


def settings(folder: Path, lines: dict[str, str], host: str, port: int) -> tuple[Path, str]:
    """Settings of a plant with these lines, and its ledger, prepared."""
    config = folder / "config"
    (config / "lines").mkdir(parents=True)
    (config / "plant.toml").write_text(f'host = "{host}"\nport = {port}\nreserve_mb = 0\n')
    for name, text in lines.items():
        (config / "lines" / f"{name}.toml").write_text(f'title = "{name}"\n{text}')
    url = f"sqlite:///{folder}/var/spc.db"
    prepare(url, tuple(lines))
    return config, url


def body(block: Rows) -> bytes:
    values = (dict(zip(block.names, x, strict=True)) for x in block.x.tolist())
    return json.dumps(
        {"rows": [{"time": f"{at}Z", "id": id, "values": x} for at, id, x in zip(block.at, block.ids, values, strict=True)]}
    ).encode()


def calm(folder: Path, blocks: Sequence[Rows], name: str) -> history.Story:
    url = f"sqlite:///{folder}/calm.db"
    prepare(url, (name,))
    with Ledger.open(url) as ledger:
        line = Line(ledger, LineSettings(name, name))
        for block in blocks:
            line.take(block)
        return history.story(ledger, name)


# --------------------------------------------------------------------------------------------------------------- a burst


def test_a_burst_is_taken_or_put_off_and_never_lost(tmp_path: Path) -> None:
    """5 000 rows a second for five seconds on eight lines, while somebody asked for the stream of points and does not read it."""
    lines = {f"line-{k}": "" for k in range(8)}
    port = free_port()
    config, url = settings(tmp_path, lines, "127.0.0.1", port)
    running, address = Forked(config), f"http://127.0.0.1:{port}"
    sent = [some_rows(50, first=1 + 50 * k, out=(7,) if k == 20 else ()) for k in range(5 * 5000 // 8 // 50)]
    put_off: list[str] = []
    wrong: list[BaseException] = []

    def send(name: str) -> None:
        try:
            with httpx.Client(base_url=address, timeout=60.0) as client:
                start = time.monotonic()
                for k, block in enumerate(sent):
                    time.sleep(max(0.0, start + k * 50 * 8 / 5000 - time.monotonic()))
                    while (answer := client.post(f"/api/v1/lines/{name}/rows", content=body(block), headers=JSON)).status_code == 429:
                        put_off.append(answer.headers["Retry-After"])
                        time.sleep(float(answer.headers["Retry-After"]))
                    assert answer.status_code in {200, 201}, answer.text
                    assert answer.json()["accepted"] == len(block)
        except BaseException as failed:  # noqa: BLE001 - told by the thread that waits
            wrong.append(failed)

    try:
        running.start()
        with httpx.Client(base_url=address) as client:
            wait_until_ready(client)
        with closing(socket.create_connection(("127.0.0.1", port))) as lazy:
            lazy.sendall(f"GET /api/v1/lines/line-0/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            threads = [threading.Thread(target=send, args=(name,)) for name in lines]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        running.close()
    assert not wrong, wrong
    assert all(float(after) >= 1.0 for after in put_off)
    expected = calm(tmp_path, sent, "line-0")
    with Ledger.open(url) as ledger:
        history.check(history.story(ledger, "line-0"), sent, expected)
        for name in lines:
            found = history.story(ledger, name)
            assert (found.seq, found.ids, found.charts) == (expected.seq, expected.ids, expected.charts)


# ------------------------------------------------------------------------------------------------------------ the network


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@pytest.fixture
def apart() -> Iterator[tuple[str, str]]:
    """Two network namespaces of our own, joined by a wire: nothing of the machine's own network is touched."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("a network of one's own needs root")
    for program in ("ip", "nft", "mosquitto"):
        if shutil.which(program) is None and shutil.which(program, path="/usr/sbin") is None:
            pytest.skip(f"no {program} here: apt-get install iproute2 nftables mosquitto")
    server, sender = names = f"spc-{os.getpid()}-a", f"spc-{os.getpid()}-b"
    made: list[str] = []
    try:
        try:
            for name in names:
                ip("netns", "add", name)
                made.append(name)
            ip("-n", server, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", sender)
        except subprocess.CalledProcessError as refused:
            pytest.skip(f"no namespace or wire can be made here: {refused.stderr.strip()}")
        for name, address in zip(names, (HERE, THERE), strict=True):
            ip("-n", name, "address", "add", f"{address}/30", "dev", "wire")
            ip("-n", name, "link", "set", "wire", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in made:
            ip("netns", "delete", name)  # and the wire with them


def nft(namespace: str, *rules: str) -> None:
    for rule in rules:
        subprocess.run(["ip", "netns", "exec", namespace, "nft", rule], check=True, capture_output=True, text=True)


def wait_for(url: str, rows: dict[str, int], seconds: float) -> None:
    """Until the ledger has so many rows of each line."""
    end = time.monotonic() + seconds
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        query = "select coalesce(max(last_seq), 0) from block where line = ?"
        while any((found := {name: connection.execute(query, (name,)).fetchone()[0] for name in rows})[name] < rows[name] for name in rows):
            assert time.monotonic() < end, f"{found} of {rows}"
            time.sleep(0.2)


def test_twelve_seconds_without_a_network_lose_nothing(apart: tuple[str, str], tmp_path: Path) -> None:
    """The sender and the broker are on the other side of a wire on which all packets are dropped for a while."""
    n, a_second, port = 400, 20.0, 1883
    (tmp_path / "mosquitto.conf").write_text(f"listener {port} {THERE}\nallow_anonymous true\nmax_queued_messages 0\n")
    source = f'[source]\nkind = "mqtt"\nhost = "{THERE}"\nport = {port}\ntopic = "rows/mq"\nkeepalive_s = 5\n'
    config, url = settings(tmp_path, {"smt-2": "", "mq": source}, HERE, 8050)
    here, there = (["ip", "netns", "exec", name] for name in apart)
    env = {**os.environ, "SPC_CONFIG": str(config), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        with (tmp_path / "log").open("a") as log:
            started.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True))
        return started[-1]

    try:
        start(*there, "mosquitto", "-c", str(tmp_path / "mosquitto.conf"))
        start(*here, sys.executable, "app.py")
        sender = start(
            *there, sys.executable, "-m", "tests.faults.sender", f"http://{HERE}:8050", "smt-2", str(n), str(a_second), THERE, str(port)
        )
        wait_for(url, {"smt-2": 60, "mq": 60}, 90.0)
        drop = "{{ type filter hook {} priority 0; policy drop; }}"
        local = 'add rule ip cut in iifname "lo" accept', 'add rule ip cut out oifname "lo" accept'
        nft(
            apart[1],
            "add table ip cut",
            f"add chain ip cut in {drop.format('input')}",
            f"add chain ip cut out {drop.format('output')}",
            *local,
        )
        time.sleep(CUT_S)
        nft(apart[1], "delete table ip cut")
        said, tries = map(int, sender.communicate(timeout=120)[0].split())
        assert said == n
        assert tries > n, "the sender never had to try again: nothing was cut"
        wait_for(url, {"smt-2": n, "mq": n}, 60.0)
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.communicate(timeout=30)
    sent = [some_rows(n)]
    with Ledger.open(url) as ledger:
        for name in ("smt-2", "mq"):
            (tmp_path / name).mkdir()
            found = history.story(ledger, name)
            history.check(found, sent, calm(tmp_path / name, sent, name))
