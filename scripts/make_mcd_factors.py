"""Print spc/scatter/mcd_factors.py: how much too large the reweighted MCD's covariance is on average, on a grid of n, p and h.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python scripts/make_mcd_factors.py > spc/scatter/mcd_factors.py

An affine equivariant estimate is, on average over normal tables, c times the true covariance. Each simulated table is first whitened by
its own mean and covariance: these are independent of what is left (Basu 1955), so that c = E trace(S)/p of the whitened tables, with a
far smaller variance. Every number has a standard error below 0.3 %. About ten minutes on one core.
"""

from __future__ import annotations

import sys

import numpy as np

from spc.errors import Degenerate
from spc.limits.calibrated import configuration
from spc.scatter import Mcd
from spc.scatter.mcd_bias import mcd_bias

RATIOS = (2.2, 3.3, 5.0, 8.3, 14.3, 25.0, 50.0, 100.0)  # n / p
VARIABLES = (1, 2, 3, 5, 10, 20)
SHARES = (0.5, 0.75, 0.9)
ERROR, MOST = 0.0025, 4000

HEAD = '''"""How much too large the reweighted MCD's covariance is on average: made by scripts/make_mcd_factors.py."""

from __future__ import annotations

'''


def bias_of(n: int, p: int, h: float) -> float:
    """c for n rows of p variables, before any small-sample factor."""
    rng = np.random.default_rng([7, n, p])
    seen: list[float] = []
    while len(seen) < MOST:
        try:
            seen.append(float(np.sum(Mcd(h=h)(configuration(rng, n, p)).factor ** 2)) / p)
        except Degenerate:
            continue
        if len(seen) >= 50 and np.std(seen) < ERROR * np.sqrt(len(seen)) * np.mean(seen):
            break
    return float(np.mean(seen)) * mcd_bias(n, p, h)


def main() -> None:
    """Print the module."""
    table = [[[bias_of(max(2 * p + 1, 8, round(p * r)), p, h) for r in RATIOS] for p in VARIABLES] for h in SHARES]
    sys.stdout.write(HEAD)
    sys.stdout.write(f"RATIOS = {RATIOS}  # n / p\nVARIABLES = {VARIABLES}\nSHARES = {SHARES}  # h / n\n")
    sys.stdout.write("BIAS = (  # by share, variables, ratio\n")
    for share in table:
        sys.stdout.write("    (\n")
        for row in share:
            sys.stdout.write(f"        ({', '.join(f'{c:.4f}' for c in row)}),\n")
        sys.stdout.write("    ),\n")
    sys.stdout.write(")\n")


if __name__ == "__main__":
    main()
