"""Rows that depend on the ones before: stationary VAR(1) processes, shared by tests."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from spc.nouns import Column, Dialect, Floats, Reference, Rows

NAMES = ("flow", "temp", "pressure")
A = np.array([[0.8, 0.01, 0.5], [0.4, 0.5, 1.5], [0.004, 0.0, 0.3]])
SD = np.array([1.0, 10.0, 0.1])
MEAN = np.array([10.0, 50.0, 3.0])
START = np.datetime64("2026-01-05T06:00:00", "us")


def var(n: int, seed: int, matrix: Floats = A, sd: Floats = SD, mean: Floats = MEAN) -> Floats:
    """n rows of x_t = mean + A(x_{t−1} − mean) + innovations with standard deviations sd, stationary from the first row on."""
    rng = np.random.default_rng([seed, len(sd)])
    p = len(sd)
    noise = rng.normal(size=(n, p)) * sd
    spread = np.asarray(solve_discrete_lyapunov(matrix, np.diag(sd**2)), dtype=np.float64)
    x = np.empty((n, p))
    x[0] = np.linalg.cholesky(spread) @ rng.normal(size=p)
    for t in range(1, n):
        x[t] = matrix @ x[t - 1] + noise[t]
    return mean + x


def turned(p: int, largest: float, seed: int = 0) -> Floats:
    """Coefficients (p, p) of a VAR(1) with roots from −0.2 to `largest` in directions of their own."""
    q = np.linalg.qr(np.random.default_rng([seed, p]).normal(size=(p, p)))[0]
    return np.asarray(q @ np.diag(np.linspace(-0.2, largest, p)) @ q.T)


def rows(x: Floats, *, timed: bool = True, step: float = 60.0, names: tuple[str, ...] = NAMES, first: int = 0) -> Rows:
    """The rows as a block, one every `step` seconds, with part numbers."""
    at = START + (np.arange(first, first + len(x)) * step * 1e6).astype("timedelta64[us]")
    none = np.full(len(x), np.datetime64("NaT"), dtype="datetime64[us]")
    return Rows(names, x, at if timed else none, tuple(f"B{first + i:05d}" for i in range(len(x))))


def reference(x: Floats, *, timed: bool = True, names: tuple[str, ...] = NAMES) -> Reference:
    """The rows as a reference that passed inspection."""
    columns = tuple(Column(name, "measurement", unit="l/min" if name == "flow" else "") for name in names)
    return Reference(rows(x, timed=timed, names=names), columns, Dialect("utf-8", ",", "."), (), "0" * 64)


def csv(x: Floats, *, names: tuple[str, ...] = NAMES, step: float = 60.0) -> str:
    """The rows as a CSV with their times."""
    block = rows(x, names=names, step=step)
    lines = [",".join(("time", *names))]
    lines += [",".join((f"{at}Z", *(f"{v:.6f}" for v in row))) for at, row in zip(block.at, block.x.tolist(), strict=True)]
    return "\n".join(lines) + "\n"
