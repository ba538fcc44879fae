"""The machine's own limits, measured in the same run: what no program on it can beat."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.clock import side_by_side


@dataclass(frozen=True)
class Limits:
    """Of one thread: multiplications and additions per second in a matrix product, and bytes per second read from memory."""

    flops: float
    bytes: float


def limits(side: int = 1024, megabytes: int = 384, rounds: int = 7) -> Limits:
    """A product of two square matrices of float64, and the sum of squares of an array that no cache holds."""
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, side, side))
    out = np.empty_like(a)
    long = np.ones(megabytes * 2**20 // 8)
    taken = side_by_side({"gemm": lambda: np.matmul(a, b, out=out), "read": lambda: long @ long}, rounds=rounds, least_s=0.0)
    return Limits(2.0 * side**3 / taken["gemm"], long.nbytes / taken["read"])


def syncs_per_second(folder: Path, count: int) -> float:
    """How many times a second this disk can promise that 4 kB are on it: one writer, one fdatasync after each write."""
    path, block, taken = folder / "syncs", b"x" * 4096, []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            start = time.perf_counter()
            file.write(block)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    path.unlink()
    return 1.0 / median(taken)
