"""What the cellwise estimate of clean normal rows lacks in small tables: simulated on a grid of n, p and correlation, then fitted.

    python scripts/make_cellwise_factors.py simulate cellwise.jsonl [seconds per cell]     one line per (n, p, r)
    python scripts/make_cellwise_factors.py fit cellwise.jsonl                             the coefficients in spc/scatter/cellwise.py

Columns are correlated as r^|i−j|. The estimate, after its correction for the cut, is too small by a part of itself and by a part of the
conditional variances on the diagonal (more good cells are flagged in small tables); both parts fall with n. Run with _SMALL = zeros.
The classical covariance of the same rows, whose expectation is known, is the control.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import numpy as np

from spc.scatter.cellsteps import conditional_variances
from spc.scatter.cellwise import Cellwise, small_terms

GRID = [(max(math.ceil(k * p), 10), p, r) for p in (2, 3, 5, 10, 20) for k in (5, 7, 10, 20, 50) for r in (0.0, 0.5, 0.9)]


def ratios(n: int, p: int, r: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Mean variance, conditional variance and (r > 0) covariance of one table, over what they should be, controlled."""
    true = r ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    x = rng.standard_normal((n, p)) @ np.linalg.cholesky(true).T
    found, plain = Cellwise()(x).covariance, np.cov(x, rowvar=False)
    diagonal = np.mean(np.diag(found)) - np.mean(np.diag(plain)) + 1.0
    beside = (found - plain)[~np.eye(p, dtype=bool)].mean() / max(true[~np.eye(p, dtype=bool)].mean(), 0.05) + 1.0
    return float(diagonal), float(np.mean(conditional_variances(found))), float(beside)


def simulate(path: Path, seconds: float) -> None:
    """One line of JSON for every cell of the grid, as soon as it is done."""
    with path.open("a") as out:
        for n, p, r in GRID:
            rng = np.random.default_rng([n, p, int(10 * r)])
            end, drawn = time.monotonic() + seconds, []
            while time.monotonic() < end or len(drawn) < 5:
                drawn.append(ratios(n, p, r, rng))
            mean, error = np.mean(drawn, axis=0), np.std(drawn, axis=0) / math.sqrt(len(drawn))
            row = {"n": n, "p": p, "r": r, "tables": len(drawn), "mean": mean.tolist(), "error": error.tolist()}
            out.write(json.dumps(row) + "\n")
            out.flush()


def fit(path: Path) -> None:
    """Least squares: variances and covariances of the corrected estimate are those of the rows."""
    left, right, weight = [], [], []
    for row in map(json.loads, path.read_text().splitlines()):
        terms = np.array(small_terms(row["n"], row["p"]))
        diagonal, conditional, beside = row["mean"]
        left.append([*(diagonal * terms), *(conditional * terms)])
        right.append(1.0 - diagonal)
        weight.append(1.0 / math.hypot(row["error"][0], 0.004))
        if row["r"] > 0.0:
            left.append([*(beside * terms), *(0.0 * terms)])
            right.append(1.0 - beside)
            weight.append(0.5 / math.hypot(row["error"][2], 0.004))
    w = np.array(weight)
    found = np.linalg.lstsq(np.array(left) * w[:, None], np.array(right) * w, rcond=None)[0]
    off = np.array(left) @ found - np.array(right)
    sys.stdout.write(f"{found.round(4).tolist()} rms {np.sqrt(np.mean(off**2)):.4f} worst {np.max(np.abs(off)):.4f}\n")


if __name__ == "__main__":
    if sys.argv[1] == "simulate":
        simulate(Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 30.0)
    else:
        fit(Path(sys.argv[2]))
