"""Real servers that a test can start and kill, and a real receiver of webhooks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import httpx

ROOT = Path(__file__).resolve().parents[2]


class Server(Protocol):
    def start(self) -> None: ...
    def kill(self, how: int = signal.SIGKILL) -> int: ...
    def close(self) -> None: ...


def _env(config: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SPC_")}
    return {**own, "SPC_CONFIG": str(config), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


class Cold:
    """`python app.py`, as `make run` starts it."""

    def __init__(self, config: Path) -> None:
        self._env = _env(config)
        self._log = (config.parent / "server.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=self._env, stdout=self._log, stderr=self._log)

    def kill(self, how: int = signal.SIGKILL) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(60)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._log.close()


class Forked:
    """The same program, forked from a process that has imported it already."""

    def __init__(self, config: Path) -> None:
        self._log = (config.parent / "server.log").open("ab")
        self._zygote = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            cwd=ROOT, env=_env(config), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        assert self._line() == "ready"
        self._pid = 0

    def _line(self) -> str:
        assert self._zygote.stdout is not None
        return self._zygote.stdout.readline().strip()

    def start(self) -> None:
        assert self._zygote.stdin is not None
        self._zygote.stdin.write("\n")
        self._zygote.stdin.flush()
        self._pid = int(self._line())

    def kill(self, how: int = signal.SIGKILL) -> int:
        os.kill(self._pid, how)
        self._pid, code = 0, int(self._line())
        return code

    def close(self) -> None:
        if self._pid:
            self.kill()
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(60)
        self._zygote.stdout.close()
        self._log.close()


def wait_until_ready(client: httpx.Client, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if client.get("/readyz", timeout=60.0).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end, "the server did not come up: see server.log"
        time.sleep(0.02)


class Receiver:
    """A web server that keeps every message it was sent; `answer` is its status, or 0 to hang up."""

    def __init__(self, port: int = 0) -> None:
        self.answer = 204
        self.got: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Idempotency-Key"] == body["id"]
                outer.got.append(body)
                self.send_response(outer.answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A sender that was killed in the middle is what these tests are about."""

        self._server = Quiet(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def ids(self) -> set[str]:
        return {one["id"] for one in self.got}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
