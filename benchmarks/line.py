"""Lines at work, p = 20 with T² and MEWMA: rows per second and the time from sending to disk; a backlog; many lines."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clock import quantile
from benchmarks.plant import P, Watcher, Weight, Works, fitted, names_of, prepare, works
from benchmarks.table import Table, number

HEADS = ("way", "rows/s", "p50 ms", "p99 ms", "rows", "lost")
DAY = np.datetime64("2026-01-05T06:00:00", "us")


@dataclass(frozen=True)
class Size:
    """Lines fed at once; seconds of each way; rows of the backlog, of a block, and one by one; lines and seconds of the long run."""

    lines: int = 8
    seconds: float = 8.0
    rate: int = 1000
    burst: int = 5000
    burst_s: float = 5.0
    backlog: int = 100_000
    block: int = 1000
    single: int = 4000
    many: int = 200
    long_s: float = 30.0


TOY = Size(lines=2, seconds=0.3, rate=50, burst=100, burst_s=0.2, backlog=2000, block=500, single=16, many=3, long_s=1.0)


def run(size: Size) -> list[Table]:
    """Each way with a server of its own; at the end every row that was sent must be there, once."""
    model = fitted()
    rows = [*_posts(size, model), *_tails(size, model), *_messages(size, model)]
    notes = (
        f"{size.lines} lines, one connection, file or topic each. HTTP: to the 2xx. CSV and MQTT: from writing or publishing until the row "
        "can be read in the ledger, looked at every 4 ms.",
        "A burst is sent as fast as told, whatever becomes of it; rows/s is then from its first row until its last one is on disk.",
        *(() if _mosquitto() else ("No mosquitto here: MQTT is left out.",)),
    )
    return [
        Table(f"From sender to disk, p = {P}, T² + MEWMA", HEADS, rows, notes),
        _backlog(size, model),
        _single(size, model),
        *_again(size, model),
        _long(size, model),
    ]


def _lines(n: int) -> tuple[str, ...]:
    return tuple(f"line-{k + 1}" for k in range(n))


def _pool(seed: int) -> list[str]:
    """The values of some rows as JSON, made before anything is measured."""
    x = np.random.default_rng(seed).standard_normal((500, P)).round(4)
    return [json.dumps(dict(zip(names_of(P), one, strict=True))) for one in x.tolist()]


def _row(id: str, values: str) -> str:
    return f'{{"id": "{id}", "values": {values}}}'


def _told(way: str, rate: float, waits: list[float], sent: int, there: int) -> tuple[str, ...]:
    if there != sent:
        raise AssertionError(f"{way}: {sent} rows were sent, {there} are there")
    ms = [1e3 * one for one in waits]
    return (way, number(rate), number(quantile(ms, 0.5)), number(quantile(ms, 0.99)), f"{sent:,}", "0")


# ------------------------------------------------------------------------------------------------------------------------- HTTP


def _posts(size: Size, model: Any) -> Iterator[tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder, works(Path(folder), _lines(size.lines), model) as plant:
        _post_all(plant, size, 100, min(1.0, size.seconds), 0)  # loads what is loaded at the first long block
        for rows in (1, 100):
            before = sum(plant.stored().values())
            rate, waits, sent = _post_all(plant, size, rows, size.seconds, rows)
            yield _told(f"HTTP, {rows} row{'s' if rows > 1 else ''} a post", rate, waits, sent, sum(plant.stored().values()) - before)


def _post_all(plant: Works, size: Size, rows: int, seconds: float, run: int) -> tuple[float, list[float], int]:
    """Every line's sender posts for some seconds, one request after another."""
    waits: list[float] = []
    sent: list[int] = []
    start = time.perf_counter()

    def send(k: int, line: str) -> None:
        pool, count, client = _pool(k), 0, plant.client()
        while time.perf_counter() - start < seconds:
            body = ",".join(_row(f"{run}-{count + i}", pool[(count + i) % len(pool)]) for i in range(rows))
            begin = time.perf_counter()
            assert plant.post(client, line, f'{{"rows": [{body}]}}'.encode())["accepted"] == rows
            waits.append(time.perf_counter() - begin)
            count += rows
        sent.append(count)
        client.close()

    _together([lambda k=k, line=line: send(k, line) for k, line in enumerate(plant.lines)])  # type: ignore[misc]
    return sum(sent) / (time.perf_counter() - start), waits, sum(sent)


def _together(jobs: list[Callable[[], None]]) -> None:
    wrong: list[BaseException] = []

    def one(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as failed:  # noqa: BLE001 - told by the thread that waits
            wrong.append(failed)

    threads = [threading.Thread(target=one, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


# --------------------------------------------------------------------------------------------------------------- CSV and MQTT


def _paced(plant: Works, send: Callable[[int, int], None], rate: float, seconds: float) -> tuple[float, list[float], int]:
    """Sends single rows to the lines in turn at a rate; how long each took to be on disk, and the rate at which all were."""
    watcher, times, n = Watcher(plant), {line: list[float]() for line in plant.lines}, int(rate * seconds)
    start = time.perf_counter()
    try:
        for k in range(n):
            ahead = start + k / rate - time.perf_counter()
            if ahead > 0.001:
                time.sleep(ahead)
            times[plant.lines[k % len(plant.lines)]].append(time.perf_counter())
            send(k % len(plant.lines), k)
        end = watcher.until(n, 60.0 + seconds)
        return n / (end - start), watcher.waits(times), n
    finally:
        watcher.close()


def _tails(size: Size, model: Any) -> Iterator[tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        names = _lines(size.lines)
        paths = [Path(folder) / f"{line}.csv" for line in names]
        for path in paths:
            path.write_text(",".join(("id", *names_of(P))) + "\n")
        words = {line: f'[source]\nkind = "tail"\npath = "{path}"\nid = "id"\n' for line, path in zip(names, paths, strict=True)}
        x = np.random.default_rng(5).standard_normal((500, P))
        pool = [",".join(f"{value:.4f}" for value in one) for one in x]
        with works(Path(folder), names, model, words) as plant:
            files = [path.open("a") for path in paths]
            sent = 0

            def send(line: int, k: int) -> None:
                files[line].write(f"B{sent + k:08d},{pool[k % len(pool)]}\n")
                files[line].flush()

            sent = _paced(plant, send, size.rate, 1.0)[2]  # a file's first rows are looked at for its layout, which takes longer
            rate, waits, n = _paced(plant, send, size.rate, size.seconds)
            for file in files:
                file.close()
            yield _told(f"CSV that grows, {size.rate:,} rows/s", rate, waits, n, sum(plant.stored().values()) - sent)


def _mosquitto() -> str | None:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    return program if program and importlib.util.find_spec("paho") else None


@contextmanager
def _broker(folder: Path, program: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    text = f"allow_anonymous true\nlistener {port} 127.0.0.1\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
    (folder / "mosquitto.conf").write_text(text)
    process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _messages(size: Size, model: Any) -> Iterator[tuple[str, ...]]:
    program = _mosquitto()
    if program is None:
        return
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion

    lines = _lines(size.lines)
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder, _broker(Path(folder), program) as port:
        words = {line: f'[source]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {port}\ntopic = "bench/{line}"\n' for line in lines}
        pool = _pool(6)
        with works(Path(folder), lines, model, words) as plant:
            client = Client(CallbackAPIVersion.VERSION2, "", protocol=MQTTv5)
            client.max_inflight_messages_set(1000)
            client.connect("127.0.0.1", port)
            client.loop_start()
            sent = 0

            def send(line: int, k: int) -> None:
                client.publish(f"bench/{lines[line]}", _row(f"B{sent + k}", pool[k % len(pool)]), qos=1)

            time.sleep(3.0)  # until all lines have subscribed
            ways = (("warm up", size.rate, 1.0), ("MQTT", size.rate, size.seconds), ("MQTT burst", size.burst, size.burst_s))
            for way, a_second, seconds in ways:
                rate, waits, n = _paced(plant, send, a_second, seconds)
                sent += n
                if way != "warm up":
                    yield _told(f"{way}, {a_second:,} messages/s", rate, waits, n, n)
            assert sum(plant.stored().values()) == sent
            client.disconnect()
            client.loop_stop()


# -------------------------------------------------------------------------------------------------------- backlog, many lines


def _backlog(size: Size, model: Any) -> Table:
    """Rows that wait are scored and stored in blocks, in this process: what a source does after a night without us."""
    from spc.ledger import Ledger
    from spc.line import Line
    from spc.nouns import Rows
    from spc.settings import LineSettings

    x, names = np.random.default_rng(1).standard_normal((size.backlog + size.block, P)), names_of(P)
    at = DAY + np.arange(len(x)) * np.timedelta64(1_000_000, "us")
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        url = f"sqlite:///{folder}/spc.db"
        prepare(url, ("bench",), model)
        with Ledger.open(url) as ledger:
            line = Line(ledger, LineSettings("bench"))
            parts = [slice(i, i + size.block) for i in range(0, len(x), size.block)]
            blocks = [Rows(names, x[here], at[here], (None,) * len(x[here])) for here in parts]
            line.take(blocks[0])
            start, cpu = time.perf_counter(), time.process_time()
            for waiting in [line.submit(block) for block in blocks[1:]]:
                waiting.result()
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            with ledger.read() as connection:
                signals = connection.exec_driver_sql("select count(*) from signal where kind = 'out'").scalar()
                there = connection.exec_driver_sql("select max(last_seq) from block").scalar()
            assert there == len(x)
    n = len(x) - size.block
    row = (f"{n:,} rows", number(n / wall), number(n / cpu), f"{signals}")
    heads = ("backlog", "rows/s", "rows/s of processor time", "false alarms")
    note = f"Blocks of {size.block:,} rows, SQLite with synchronous FULL. A false alarm is explained like any alarm."
    return Table(f"Scoring and storing a backlog, p = {P}, T² + MEWMA", heads, (row,), (note,))


def _single(size: Size, model: Any) -> Table:
    """Rows that come one by one, each a block with the position of its source: what one costs the thread that writes."""
    from spc.ledger import Ledger
    from spc.line import Line
    from spc.nouns import Rows
    from spc.settings import LineSettings

    n, names = max(1, size.single // size.lines) * size.lines, names_of(P)
    x, at = np.random.default_rng(3).standard_normal((n, P)), np.full(1, np.datetime64("NaT"), dtype="datetime64[us]")
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        url = f"sqlite:///{folder}/spc.db"
        prepare(url, _lines(size.lines), model)
        with Ledger.open(url) as ledger:
            lines = [Line(ledger, LineSettings(name)) for name in _lines(size.lines)]
            blocks = [Rows(names, x[k : k + 1], at, (f"B{k}",)) for k in range(n)]

            def take(some: range) -> None:
                waiting = [lines[k % size.lines].submit(blocks[k], source="mqtt", position={"at": k}) for k in some]
                for one in waiting:
                    one.result()

            take(range(n // 4))  # every line opens what it needs
            begin = ledger.write(lambda _: time.thread_time())
            for k in range(n // 4, n, size.lines):
                take(range(k, min(k + size.lines, n)))
            cpu = ledger.write(lambda _: time.thread_time()) - begin
            ledger.write(lambda connection: _listen(connection, said))
            first = Rows(names, np.zeros((1, P)), at, ("last",))
            for k in range(2):  # the first looks whether the job above has changed anything
                said.clear()
                lines[0].take(replace(first, ids=(f"last {k}",)), source="mqtt", position={"at": k})
            statements = len(said)
    row = (f"{n - n // 4:,} rows", number(1e3 * cpu / (n - n // 4)), str(statements))
    note = f"One row of each of {size.lines} lines at a time, SQLite with synchronous FULL; false alarms and their explanations are in it."
    heads = ("rows one by one", "ms of processor time a row", "statements a row by itself")
    return Table(f"A row by itself, p = {P}, T² + MEWMA", heads, (row,), (note,))


def _listen(connection: Any, said: list[str]) -> None:
    """Every statement of this connection to SQLite is written down."""
    connection.connection.driver_connection.set_trace_callback(said.append)


def _again(size: Size, model: Any) -> Iterator[Table]:
    """Rows that went to the archive are read and judged again."""
    if importlib.util.find_spec("pyarrow") is None:
        return
    from spc.ledger import Ledger
    from spc.ledger.archive import archive_days
    from spc.ledger.parquet import File
    from spc.line import Line
    from spc.nouns import Rows
    from spc.phase2 import Monitor
    from spc.settings import LineSettings

    n, day = max(size.backlog, 4 * size.block), 86_400_000_000
    x, names, then = np.random.default_rng(2).standard_normal((n, P)).round(4), names_of(P), int(DAY.astype(np.int64))
    at = DAY + np.arange(n) * np.timedelta64(100_000, "us")
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        url = f"sqlite:///{folder}/spc.db"
        prepare(url, ("bench",), model)
        with Ledger.open(url) as ledger:
            line = Line(ledger, LineSettings("bench"), clock=lambda: then)
            for i in range(0, n, size.block):
                here = slice(i, i + size.block)
                line.take(Rows(names, x[here], at[here], (None,) * len(x[here])))
            done = archive_days(ledger, Path(folder) / "archive", then + 2 * day, lambda: then + 2 * day)
        files = sorted((Path(folder) / "archive").rglob("*.parquet"))
        rates, cpu, judged = [], [], 0
        for _ in range(9):
            monitor, start, spent, judged = Monitor(model), time.perf_counter(), time.process_time(), 0
            for path in files:
                for window in File(path).windows:
                    monitor.judge(window.rows, int(window.seq[0]))
                    judged += len(window)
            rates.append(judged / (time.perf_counter() - start))
            cpu.append(judged / (time.process_time() - spent))
        size_ = sum(path.stat().st_size for path in files) / judged
    middle = len(rates) // 2
    row = (f"{judged:,} rows", number(sorted(rates)[middle]), number(sorted(cpu)[middle]), number(size_), str(len(done)))
    heads = ("archive", "rows/s", "rows/s of processor time", "bytes a row", "files")
    yield Table(f"Reading and judging again from Parquet, p = {P}, T² + MEWMA", heads, (row,))


def _long(size: Size, model: Any) -> Table:
    """Many lines at a row a second each, by HTTP; the server's weight at the start, in the middle and at the end."""
    lines, last = _lines(size.many), max(1, int(size.long_s))
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder, works(Path(folder), lines, model) as plant:
        weights: list[tuple[str, Weight]] = []
        waits: list[float] = []
        pool, client = _pool(8), plant.client()
        _round(plant, client, pool, 0, waits)  # every line opens what it needs
        waits.clear()
        start = time.perf_counter()
        begin = end = start
        marks = {0: "start", last // 2: "middle", last: "end"}
        for second in range(last + 1):
            time.sleep(max(0.0, start + second - time.perf_counter()))
            if second in marks:
                weights.append((marks[second], plant.weight()))
            begin = time.perf_counter()
            _round(plant, client, pool, second + 1, waits)
        end = time.perf_counter()
        assert set(plant.stored().values()) == {last + 2}, "each line has each of its rows once"
        client.close()
    rows = [(when, number(one.rss), str(one.files), number(one.wal)) for when, one in weights]
    ms = [1e3 * one for one in waits]
    notes = (
        f"p50 {number(quantile(ms, 0.5))} ms, p99 {number(quantile(ms, 0.99))} ms from a post to its 2xx, one after another over one "
        f"connection; the last round of all lines took {number(end - begin)} s and ended {number(end - start - last)} s after it was due.",
        "`--seconds 600` makes it the ten minutes.",
    )
    return Table(f"{size.many} lines at 1 Hz for {size.long_s:g} s", ("when", "memory MB", "open files", "log MB"), rows, notes)


def _round(plant: Works, client: Any, pool: list[str], k: int, waits: list[float]) -> None:
    for i, line in enumerate(plant.lines):
        body = f'{{"rows": [{_row(f"B{k}", pool[(k + i) % len(pool)])}]}}'.encode()
        begin = time.perf_counter()
        assert plant.post(client, line, body)["accepted"] == 1
        waits.append(time.perf_counter() - begin)
