"""One reading in a process of its own: prints [seconds of processor time, bytes by which the process grew at most]."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from spc import reference


def main(who: str, path: Path) -> None:
    """A small table is read first, so that neither side pays for what it loads at its first call."""
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        small = Path(folder) / "small.csv"
        with path.open(encoding="utf-8") as file:
            small.write_text("".join(file.readline() for _ in range(60)), encoding="utf-8")
        read(who, small)
    before, start = memory("VmRSS"), time.process_time()
    table = read(who, path)
    seconds = time.process_time() - start
    assert len(table) > 0  # type: ignore[arg-type]
    print(json.dumps([seconds, max(0, memory("VmHWM") - before)]))


def read(who: str, path: Path) -> object:
    """The whole file, as a table."""
    if who == "ours":
        return reference.read(path)
    return pd.read_csv(path, parse_dates=["time"] if who == "pandas-times" else None)


def memory(word: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at most. (The usual ru_maxrss also remembers the process that started this one.)"""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(word))
    return int(line.split()[1]) * 1024


def anew() -> None:
    """From here on VmHWM is the peak of what follows."""
    Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
