"""What S and MM estimates of normal rows are multiplied by to be right on average: simulated on a grid of n and p.

    python scripts/make_s_factors.py simulate s_factors.jsonl [seconds per cell]     one line per (n, p)
    python scripts/make_s_factors.py fit s_factors.jsonl                             the cubics in spc/scatter/s_factors.py

Both estimators are affine equivariant: the expectation of the covariance is a multiple of the true one that depends on n and p alone.
The classical covariance of the same rows, whose expectation is known, is the control variate. A cell ends when the standard error is
below 0.3 % or its time is over.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import numpy as np

from spc.scatter.biweight import tuned_to_efficiency
from spc.scatter.mscale import Loss
from spc.scatter.s import fixed_point, settled

VARIABLES = (1, 2, 3, 5, 8, 12, 20)
ROWS_PER_VARIABLE = (3.0, 3.5, 4.25, 5.5, 8.0, 14.0, 30.0)
MOST_ROWS = 1000
ENOUGH = 0.003
FEWEST = 12  # with fewer rows the mean variance climbs so steeply, and is so uncertain, that the factor is held


def cells() -> list[tuple[int, int]]:
    """The grid: numbers of rows and of variables."""
    return [(n, p) for p in VARIABLES for n in sorted({max(math.ceil(r * p) + 1, 7) for r in ROWS_PER_VARIABLE}) if n <= MOST_ROWS]


def sizes(n: int, p: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """The mean variance in the classical, S and MM covariance of one normal table whose true variances are 1."""
    x = rng.standard_normal((n, p))
    found, z, scale = fixed_point(x, 0.5, 0)
    by = Loss(tuned_to_efficiency(p, 0.95), 0.0)
    precise = settled(x, z, by.weights(found.d2), by, math.exp(found.objective / p))
    both = [np.trace(one.scatter(x, scale, 1.0).covariance) / p for one in (found, precise)]
    return float(np.mean(np.var(x, axis=0, ddof=1))), both[0], both[1]


def simulate(path: Path, seconds: float) -> None:
    """One line of JSON for every cell, as soon as it is done."""
    with path.open("a") as out:
        for n, p in cells():
            rng = np.random.default_rng([n, p, 7])
            drawn: list[tuple[float, float, float]] = []
            end = time.monotonic() + seconds
            row: dict[str, float] = {}
            while time.monotonic() < end and max(row.get("s_se", 1.0), row.get("mm_se", 1.0)) > ENOUGH:
                drawn += [sizes(n, p, rng) for _ in range(25)]
                row = {"n": n, "p": p, "tables": len(drawn)} | controlled(np.array(drawn))
            out.write(json.dumps(row) + "\n")
            out.flush()


def controlled(sample: np.ndarray) -> dict[str, float]:
    """Means and standard errors of the S and MM variances, with the classical one as control variate."""
    found = {}
    for k, name in ((1, "s"), (2, "mm")):
        slope = np.cov(sample[:, 0], sample[:, k])[0, 1] / np.var(sample[:, 0])
        value = sample[:, k] - slope * (sample[:, 0] - 1.0)
        found[name], found[f"{name}_se"] = float(value.mean()), float(value.std() / math.sqrt(len(sample)))
    return found


def fit(path: Path) -> None:
    """For each number of variables a cubic in p/n without constant: log of the mean variance, least squares with known errors."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for name in ("s", "mm"):
        for p in VARIABLES:
            mine = [row for row in rows if row["p"] == p and row["n"] >= FEWEST]
            x = np.array([p / row["n"] for row in mine])
            value = np.log([row[name] for row in mine])
            weight = 1.0 / np.hypot([row[f"{name}_se"] / row[name] for row in mine], 0.001)
            design = np.stack([x, x**2, x**3], axis=1)
            found = np.linalg.lstsq(design * weight[:, None], value * weight, rcond=None)[0]
            off = (design @ found - value) * weight
            worst = np.max(np.abs(off / weight)[x < p / 19])
            sys.stdout.write(f"{name} {p}: {tuple(found.round(3).tolist())}, chi² {off @ off:.1f}, worst from n = 20 on {worst:.3f}\n")


if __name__ == "__main__":
    if sys.argv[1] == "simulate":
        simulate(Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 25.0)
    else:
        fit(Path(sys.argv[2]))
