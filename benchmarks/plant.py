"""A plant as a site has it: `python app.py` in a process of its own, with several lines, each with a model of T² and MEWMA in force."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.house import ROOT, ask, told

P = 20


def fitted(p: int = P, n: int = 1000) -> Any:
    """A model of p variables from n rows, with T² and a MEWMA that together give one false alarm in 370 rows."""
    from spc.charts import T2, Mewma
    from spc.nouns import Dialect, Reference, Rows
    from spc.phase1 import Recipe, fit
    from spc.scatter import Classical

    rows = Rows.of(np.random.default_rng(0).standard_normal((n, p)), names_of(p))
    reference = Reference(rows, (), Dialect("utf-8", ",", "."), (), "0")
    return fit(reference, Recipe(estimator=Classical(), charts={"t2": T2(), "mewma": Mewma()})).model


def names_of(p: int) -> tuple[str, ...]:
    """What the columns are called."""
    return tuple(f"x{j + 1}_mm" for j in range(p))


def prepare(url: str, lines: Sequence[str], model: Any) -> None:
    """A ledger on which the model is in force on these lines."""
    from spc.ledger import Ledger
    from spc.line import Line, activate, save_model
    from spc.settings import LineSettings

    with Ledger.open(url) as ledger:
        id = save_model(ledger, model, reference_id=None, by="benchmark", now=1)
        for name in lines:
            Line(ledger, LineSettings(name))
            activate(ledger, name, id, "benchmark", "benchmark", 1)


@dataclass(frozen=True)
class Weight:
    """What a process holds: resident memory and the ledger's log in MB, and open files."""

    rss: float
    files: int
    wal: float


class Works:
    """A running server with these lines; `sources` are the lines' own, as the text of their settings."""

    def __init__(self, folder: Path, lines: Sequence[str], model: Any, sources: Mapping[str, str] | None = None) -> None:
        self.folder, self.lines, self.database = folder, tuple(lines), folder / "var" / "spc.db"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        config = folder / "config"
        (config / "lines").mkdir(parents=True)
        (config / "plant.toml").write_text(f"port = {self.port}\ndemo = false\n")
        for name in lines:
            (config / "lines" / f"{name}.toml").write_text(f'title = "{name}"\n{(sources or {}).get(name, "")}')
        prepare(f"sqlite:///{self.database}", lines, model)
        env = {**{name: value for name, value in os.environ.items() if not name.startswith("SPC_")}, "SPC_CONFIG": str(config)}
        with (folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=env, stdout=log, stderr=log)
        end = time.monotonic() + 90.0
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self._ready():
                    return
            except OSError:
                time.sleep(0.05)
        self.close()
        raise RuntimeError(f"the server did not come up: {(folder / 'server.log').read_text()[-2000:]}")

    def _ready(self) -> bool:
        client = self.client()
        try:
            return ask(client, "GET", "/readyz")[0] == 200
        finally:
            client.close()

    def client(self) -> Any:
        """A connection that is kept open from request to request."""
        import http.client

        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def post(self, client: Any, line: str, body: bytes) -> Any:
        """Rows to a line; answers when they are on disk."""
        return told(ask(client, "POST", f"/api/v1/lines/{line}/rows", body))

    def stored(self) -> dict[str, int]:
        """The newest row of each line."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return dict(connection.execute("select line, max(last_seq) from block group by line"))

    def weight(self) -> Weight:
        """What the server holds now."""
        here = Path(f"/proc/{self._process.pid}")
        pages = int((here / "statm").read_text().split()[1])
        wal = self.database.with_name(f"{self.database.name}-wal")
        size = wal.stat().st_size if wal.exists() else 0
        return Weight(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(list((here / "fd").iterdir())), size / 1e6)

    def close(self) -> None:
        """Ends the server, and nothing else."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)


class Watcher:
    """Looks every few milliseconds how many rows of each line can be read, which is when they are on disk, and notes when."""

    def __init__(self, works: Works, every_s: float = 0.004) -> None:
        self._works, self._every, self._stop = works, every_s, threading.Event()
        self.before = {line: works.stored().get(line, 0) for line in works.lines}
        self.seen: dict[str, list[tuple[float, int]]] = {line: [] for line in works.lines}
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        connection = sqlite3.connect(f"file:{self._works.database}?mode=ro", uri=True)
        query = "select last_seq from block where line = ? order by first_seq desc limit 1"
        known = dict(self.before)
        while not self._stop.wait(self._every):
            for line in self._works.lines:
                found = connection.execute(query, (line,)).fetchone()
                if found is not None and found[0] > known[line]:
                    known[line] = found[0]
                    self.seen[line].append((time.perf_counter(), found[0] - self.before[line]))
        connection.close()

    def count(self) -> int:
        """Rows on disk since the beginning."""
        return sum(many[-1][1] for many in self.seen.values() if many)

    def until(self, n: int, seconds: float) -> float:
        """Waits until there are n rows, and returns when that was."""
        end = time.perf_counter() + seconds
        while self.count() < n:
            if time.perf_counter() > end:
                raise RuntimeError(f"{self.count()} of {n} rows came within {seconds:g} s")
            time.sleep(self._every)
        return max(many[-1][0] for many in self.seen.values() if many)

    def waits(self, sent: Mapping[str, Sequence[float]]) -> list[float]:
        """Seconds from the sending of each row, in order, by line, until it was on disk."""
        found: list[float] = []
        for line, times in sent.items():
            when, last = (np.array(one) for one in zip(*self.seen[line], strict=True))
            found += (when[np.searchsorted(last, np.arange(1, len(times) + 1))] - np.array(times)).tolist()
        return found

    def close(self) -> None:
        """Looks no more."""
        self._stop.set()
        self._thread.join()


@contextmanager
def works(folder: Path, lines: Sequence[str], model: Any, sources: Mapping[str, str] | None = None) -> Iterator[Works]:
    """A plant in this folder, closed at the end."""
    made = Works(folder, lines, model, sources)
    try:
        yield made
    finally:
        made.close()
