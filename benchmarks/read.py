"""Megabytes per second and peak memory of reading a reference, beside pandas.read_csv, which believes what it reads."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.table import Table, number, times

COLUMNS = 20
HERE = Path(__file__).parent
READERS = {"spc.reference.read": "ours", "pandas.read_csv": "pandas", "pandas.read_csv, times parsed": "pandas-times"}


@dataclass(frozen=True)
class Size:
    """Files of so many megabytes, each read so many times by everybody, in processes of their own."""

    megabytes: tuple[float, ...] = (10, 100)
    rounds: int = 3
    readers: Mapping[str, str] = field(default_factory=lambda: READERS)


TOY = Size(megabytes=(0.05,), rounds=1)


@dataclass(frozen=True)
class Reading:
    """Seconds of processor time, and the bytes by which the process grew at most."""

    seconds: float
    memory: float


def run(size: Size) -> list[Table]:
    """One table per file."""
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        return [_file(megabytes, size, Path(folder)) for megabytes in size.megabytes]


def written(path: Path, megabytes: float) -> int:
    """A CSV with a time, a part number and 20 measurements per row, every row different; answers with the number of rows."""
    rng = np.random.default_rng(1)
    cells = np.array([f"{value:.4f}" for value in 100.0 + rng.standard_normal(10_000)], dtype=object)
    n, start = 0, np.datetime64("2025-01-01T00:00:00", "s")
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(["time", "part", *(f"x{j + 1}_mm" for j in range(COLUMNS))]) + "\n")
        while file.tell() < megabytes * 1e6:
            for row in rng.choice(cells, (500, COLUMNS)).tolist():
                file.write(f"{start + n},P{n:08d},{','.join(row)}\n")
                n += 1
    return n


def _file(megabytes: float, asked: Size, folder: Path) -> Table:
    path = folder / "reference.csv"
    n = written(path, megabytes)
    size = path.stat().st_size
    taken: dict[str, list[Reading]] = {name: [] for name in asked.readers}
    for _ in range(asked.rounds):
        for name, who in asked.readers.items():
            taken[name].append(_reading(who, path))
    middle = {name: Reading(median(r.seconds for r in many), median(r.memory for r in many)) for name, many in taken.items()}
    others = [one for name, one in middle.items() if READERS[name] != "ours"]
    fast, small = min(one.seconds for one in others), min(one.memory for one in others)
    lines = [
        (
            name,
            number(size / 1e6 / one.seconds),
            times(fast / one.seconds),
            number(one.memory / 1e6),
            number(one.memory / size),
            times(one.memory / small),
        )
        for name, one in middle.items()
    ]
    heads = ("read", "MB/s", "to the best peer", "peak MB", "of the file", "peak to the best peer")
    note = "Ours also finds dialect and roles, checks every cell, keeps a digest, and inspects the numbers. Peak: growth over the imports."
    return Table(f"A CSV of {number(size / 1e6)} MB: {n:,} rows, time, part, {COLUMNS} measurements", heads, lines, (note,))


def _reading(who: str, path: Path) -> Reading:
    command = [sys.executable, "-m", "benchmarks.reader", who, str(path)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=True)
    return Reading(*json.loads(done.stdout))
