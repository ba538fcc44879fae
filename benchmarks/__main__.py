"""`python -m benchmarks [NAME ...]`: each benchmark in a process of its own, with one thread for linear algebra."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

NAMES = ("judge", "phase1", "limits", "read", "rows", "line", "pixel", "press")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR")}


def main() -> int:
    """Runs what was asked for; 1 when one of them could not be finished."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory beside peers, in one run.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"which ones (all): {', '.join(NAMES)}")
    parser.add_argument("--toy", action="store_true", help="as small as can be: to see that it runs, not how fast")
    parser.add_argument("--seconds", type=float, help="how long the many lines of `line` run (30)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        for name in asked.names:
            show(name, toy=asked.toy, seconds=asked.seconds)
        return 0
    print(machine(), flush=True)
    failed = 0
    for name in asked.names or NAMES:
        start = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "benchmarks",
            "--here",
            name,
            *(["--toy"] if asked.toy else []),
            *([f"--seconds={asked.seconds}"] if asked.seconds else []),
        ]
        failed |= subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=False).returncode
        print(f"({name}: {time.monotonic() - start:.0f} s)", flush=True)
    return 1 if failed else 0


def show(name: str, *, toy: bool, seconds: float | None = None) -> None:
    """One benchmark, in this process."""
    module = importlib.import_module(f"benchmarks.{name}")
    size = module.TOY if toy else module.Size()
    if seconds and hasattr(size, "long_s"):
        size = dataclasses.replace(size, long_s=seconds)
    for table in module.run(size):
        print(f"\n{table}", flush=True)


def machine() -> str:
    """What this was measured on, and how busy that was."""
    import numpy as np
    import scipy
    import sklearn  # type: ignore[import-untyped]

    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return (
        f"{os.cpu_count()} x {cpu or platform.machine()}, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"numpy {np.__version__} ({blas['name']} {blas['version']}), scipy {scipy.__version__}, scikit-learn {sklearn.__version__}.\n"
        "One thread for linear algebra, for us and for the peers. Medians over rounds in which all take their turn; judge, phase1 and read "
        "in processor time.\n'to the best peer': times as fast as the fastest peer; above 1 is ours to the good."
    )


if __name__ == "__main__":
    raise SystemExit(main())
