"""The whole house as a site has it: `python app.py` in a process of its own, with its own folder, ledger and port."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LINE = "bench"
P = 6


def mixing(p: int) -> np.ndarray[Any, Any]:
    """What makes the p variables move together."""
    return np.asarray(np.eye(p) + 0.3 * np.random.default_rng(7).standard_normal((p, p)) / np.sqrt(p))


class House:
    """A running server with an active model of p variables on one line; `post` sends rows as any sender would."""

    def __init__(self, folder: Path, patience_s: float = 90.0, p: int = P) -> None:
        self.names, self._mixing = tuple(f"x{j + 1}_mm" for j in range(p)), mixing(p)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.folder = folder
        config = folder / "config"
        (config / "lines").mkdir(parents=True)
        (config / "plant.toml").write_text(f"port = {self.port}\ndemo = false\n")
        (config / "lines" / f"{LINE}.toml").write_text('title = "Benchmark"\ninterval_s = 600.0\n')
        env = {**{name: value for name, value in os.environ.items() if not name.startswith("SPC_")}, "SPC_CONFIG": str(config)}
        with (folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=env, stdout=log, stderr=log)
        self._rows = 0
        try:
            self._wait(patience_s)
            self._activate(patience_s)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        """Seconds of processor time that the server has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def bodies(self, count: int, rows: int = 1) -> list[bytes]:
        """Requests of so many rows each, every row with a part number of its own."""
        rng = np.random.default_rng([11, self._rows])
        made = []
        for block in (rng.uniform(-1.0, 1.0, (count, rows, len(self.names))) @ self._mixing).tolist():
            sent = []
            for values in block:
                self._rows += 1
                sent.append({"id": f"B{self._rows:07d}", "values": dict(zip(self.names, values, strict=True))})
            made.append(json.dumps({"rows": sent}).encode())
        return made

    def client(self) -> http.client.HTTPConnection:
        """A connection that is kept open from request to request."""
        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        made.connect()
        assert made.sock is not None
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ask(self, how: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, bytes]:
        """One request over a connection of its own."""
        with closing(self.client()) as client:
            return ask(client, how, path, body, kind)

    def close(self) -> None:
        """Ends the server, and nothing else."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)

    def _wait(self, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not come up: {(self.folder / 'server.log').read_text()[-2000:]}")

    def _activate(self, patience_s: float) -> None:
        """A reference is uploaded, a model fitted and made active, all by the interface."""
        table = io.StringIO()
        x = np.random.default_rng(3).standard_normal((max(120, 10 * len(self.names)), len(self.names))) @ self._mixing
        np.savetxt(table, x, "%.6f", ",", header=",".join(self.names), comments="")
        found = told(self.ask("POST", "/api/v1/references?name=reference.csv", table.getvalue().encode(), "text/csv"))
        asked = {"reference_id": found["id"], "recipe": {"estimator": "classical"}}
        job, end = told(self.ask("POST", "/api/v1/models", json.dumps(asked).encode()))["job"], time.monotonic() + patience_s
        while (state := told(self.ask("GET", f"/api/v1/jobs/{job}")))["state"] != "done":
            assert state["state"] != "failed", state["error"]
            assert time.monotonic() < end, "the model was not fitted in time"
            time.sleep(0.05)
        active = json.dumps({"line": LINE, "reason": "benchmark", "by": "benchmark"}).encode()
        told(self.ask("POST", f"/api/v1/models/{state['result']['id']}/activate", active))


@contextmanager
def opened(folder: Path, p: int = P) -> Iterator[House]:
    """A house in this folder, closed at the end."""
    house = House(folder, p=p)
    try:
        yield house
    finally:
        house.close()


def ask(
    client: http.client.HTTPConnection, how: str, path: str, body: bytes | None = None, kind: str = "application/json"
) -> tuple[int, bytes]:
    """One request; the status and the body of its answer."""
    client.request(how, path, body, {"Content-Type": kind} if body is not None else {})
    answer = client.getresponse()
    return answer.status, answer.read()


def told(answer: tuple[int, bytes]) -> Any:
    """The JSON of an answer that must be a good one."""
    status, body = answer
    if not 200 <= status < 300:
        raise RuntimeError(f"{status}: {body[:500]!r}")
    return json.loads(body)
