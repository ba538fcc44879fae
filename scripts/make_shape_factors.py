"""Makes the numbers in spc/scatter/unbiased.py: how much too small an estimator's variances are on average over n normal rows.

    python scripts/make_shape_factors.py ogk tau            prints the mean variance per (n, p), its standard error, as Python
    python scripts/make_shape_factors.py mrcd 0.75
    python scripts/make_shape_factors.py scale tau          E s² of the scale itself, per n

Rows are N(0, I); the mean is over replications and columns. Every cell is run until its standard error is near 0.2 %.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from spc.nouns import Floats, Scatter
from spc.scatter.mrcd import Mrcd
from spc.scatter.ogk import Ogk
from spc.scatter.scales import SCALES, Kind
from spc.scatter.unbiased import mrcd_factor, ogk_factor

ROWS = (10, 15, 20, 30, 50, 100, 250, 1000)
COLUMNS = (1, 2, 3, 5, 8, 13, 20)


def cell(estimate: Callable[[Floats], Scatter], factor: float, n: int, p: int, budget: float) -> tuple[float, float]:
    """The mean variance of the estimate without its factor, and the standard error of that mean."""
    rng = np.random.default_rng([n, p])
    replications = int(np.clip(budget / (n * p), 60, 40000))
    seen = []
    for _ in range(replications):
        seen.append(float(np.mean(np.diag(estimate(rng.standard_normal((n, p))).covariance))) / factor)
    return float(np.mean(seen)), float(np.std(seen) / np.sqrt(replications))


def table(kind: str, which: str, budget: float) -> None:
    """Print the mean variance for every n and p of the grid."""
    estimator = Ogk(which) if kind == "ogk" else Mrcd(h=float(which))  # type: ignore[arg-type]
    for p in COLUMNS:
        for n in ROWS:
            if n < 2 * p + 1:
                continue
            known = ogk_factor(n, p, which) if kind == "ogk" else mrcd_factor(n, p, float(which))  # type: ignore[arg-type]
            mean, error = cell(estimator, known, n, p, budget)
            sys.stdout.write(f"({n}, {p}): {mean:.4f},  # ± {error:.4f}\n")


def scales(which: Kind, budget: float) -> None:
    """Print the mean square of a robust scale over n normal values."""
    for n in (5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 20, 21, 30, 31, 50, 51, 100, 250, 1000):
        rng = np.random.default_rng(n)
        squares = np.concatenate([SCALES[which](rng.standard_normal((1000, n)))[1] ** 2 for _ in range(int(max(5, budget / n / 500)))])
        sys.stdout.write(f"{n}: {squares.mean():.4f},  # ± {squares.std() / len(squares) ** 0.5:.4f}\n")


if __name__ == "__main__":
    kind, which = sys.argv[1], sys.argv[2]
    budget = float(sys.argv[3]) if len(sys.argv) > 3 else 1e6
    if kind == "scale":
        scales(which, budget)  # type: ignore[arg-type]
    else:
        table(kind, which, budget)
