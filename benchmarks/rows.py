"""Durable rows per second through POST: single rows over several connections, and posts of a hundred. A 2xx means: on disk."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.clock import quantile
from benchmarks.house import LINE, House, ask, opened, told
from benchmarks.table import Table, number


@dataclass(frozen=True)
class Way:
    """So many connections, each sending so many requests of so many rows, one after another."""

    name: str
    connections: int
    requests: int
    rows: int


@dataclass(frozen=True)
class Size:
    """The ways of sending, each taken `rounds` times."""

    ways: tuple[Way, ...] = (
        Way("1 row, 1 connection", 1, 200, 1),
        Way("1 row, 8 connections", 8, 200, 1),
        Way("100 rows, 1 connection", 1, 60, 100),
        Way("100 rows, 8 connections", 8, 30, 100),
    )
    rounds: int = 3
    syncs: int = 300


TOY = Size(ways=(Way("1 row, 2 connections", 2, 3, 1), Way("10 rows, 1 connection", 1, 2, 10)), rounds=1, syncs=5)


@dataclass(frozen=True)
class Sent:
    """One round: rows per second, the seconds that each request took, and the server's processor time per row."""

    rate: float
    waits: list[float]
    cpu: float


def run(size: Size) -> list[Table]:
    """One server, all ways in turn; at the end every row must be there, once."""
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        syncs = machine.syncs_per_second(Path(folder), size.syncs)
        with opened(Path(folder)) as house:
            return [_measured(house, size, syncs)]


def _measured(house: House, size: Size, syncs: float) -> Table:
    _round(house, Way("warm up", 2, 3, 5))
    sent = 2 * 3 * 5
    taken: dict[Way, list[Sent]] = {way: [] for way in size.ways}
    for _ in range(size.rounds):
        for way in size.ways:
            taken[way].append(_round(house, way))
            sent += way.connections * way.requests * way.rows
    lines = []
    for way, rounds in taken.items():
        middle = sorted(rounds, key=lambda one: one.rate)[len(rounds) // 2]
        waits = [1e3 * wait for one in rounds for wait in one.waits]
        lines.append((
            way.name, number(middle.rate), number(middle.rate / way.rows), f"{middle.rate / way.rows / syncs:.2f}",
            number(quantile(waits, 0.5)), number(quantile(waits, 0.99)), number(1e6 * middle.cpu),
        ))  # fmt: skip
    last = told(house.ask("GET", f"/api/v1/lines/{LINE}/points?after={sent - 1}"))["points"]
    assert [point["seq"] for point in last] == [sent], f"{sent} rows were sent and acknowledged; the last point is {last}"
    heads = ("POST rows", "rows/s", "requests/s", "per disk sync", "p50 ms", "p99 ms", "server us/row")
    notes = (
        f"This disk confirms {number(syncs)} writes a second to a single writer. All {sent:,} rows were found in the ledger, each once.",
        "Sender and server share the machine.",
    )
    return Table("Rows acknowledged, and so on disk, judged and watched; p = 6", heads, lines, notes)


def _round(house: House, way: Way) -> Sent:
    parcels = [house.bodies(way.requests, way.rows) for _ in range(way.connections)]
    waits: list[float] = []
    wrong: list[BaseException] = []
    ready = threading.Barrier(way.connections + 1)

    def sender(bodies: list[bytes]) -> None:
        try:
            with closing(house.client()) as client:
                ready.wait(30)
                for body in bodies:
                    start = time.perf_counter()
                    answer = told(ask(client, "POST", f"/api/v1/lines/{LINE}/rows", body))
                    waits.append(time.perf_counter() - start)
                    assert answer["accepted"] == way.rows
        except BaseException as failed:  # noqa: BLE001 - told by the thread that waits
            wrong.append(failed)
            ready.abort()

    threads = [threading.Thread(target=sender, args=(bodies,)) for bodies in parcels]
    for thread in threads:
        thread.start()
    before = house.cpu_s()
    ready.wait(30)
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if wrong:
        raise wrong[0]
    total = way.connections * way.requests * way.rows
    return Sent(total / seconds, waits, (house.cpu_s() - before) / total)
