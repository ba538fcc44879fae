"""Make spc/limits/mcd.json: calibrated limits of the MCD on a grid of (h, p, n), so that an everyday fit need not simulate.

    .venv/bin/python scripts/make_limits_table.py [--processes 2] [--shares 0.75 0.5] [--variables 1 2 ...]
        [--rows 45 63 ...] [--fits 8000] [--out spc/limits/mcd.json]

For each cell the estimator is fitted to simulated N(0, I) tables and the limits of `spc.limits.Calibration` are kept, divided by the F
law's (new rows) and the beta law's (reference rows): the ratios are smooth in 1/n and tend to 1. Every cell has its own seed, so any of
them can be made again alone: cells that are asked for replace those of the file, the others stay. The whole grid takes about half an
hour on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded

from spc.limits import NewRow, ReferenceRow, calibrate
from spc.scatter import Mcd

ALPHAS = (0.1, 0.03, 0.01, 0.0027, 0.001, 1e-4, 1e-5, 1e-7)
OWN_ALPHAS = (0.1, 0.03, 0.01, 0.005, 0.0027, 0.001)
MOST_FITS = 1500  # unless --fits asks for more: with few rows and h = 0.5 a cell's error falls slowly
SHARES = (0.75, 0.5)
VARIABLES = tuple(range(1, 13))
ROWS_PER = (3, 4, 5, 7, 10, 16, 28, 60)  # times p + 1, at least 10
OUT = Path(__file__).resolve().parents[1] / "spc" / "limits" / "mcd.json"

Cell = tuple[float, int, int]


def rows_of(p: int) -> list[int]:
    """The numbers of rows of the grid for p variables."""
    return sorted({max(10, k * (p + 1)) for k in ROWS_PER})


def make(cell: Cell, fits: int | None = None) -> dict[str, Any]:
    """One cell: limits over the classical ones for every alpha and number of observed variables."""
    h, p, n = cell
    start = time.process_time()
    found = calibrate(Mcd(h=h), f"MCD(h = {h:g})", n, p, seed=1, fits=fits or int(min(max(120_000 / n, 400), MOST_FITS)))
    new = []
    for q in range(1, p + 1):
        new.append([found.quantile(alpha, q) / NewRow(n, q).limit(alpha).value for alpha in ALPHAS])
    own = [found.reference_row(alpha).value / ReferenceRow(n, p).limit(alpha).value for alpha in OWN_ALPHAS]
    return {
        "h": h,
        "p": p,
        "n": n,
        "fits": found.fits,
        "error": float(f"{found.error(0.0027):.2g}"),  # of alpha = 0.0027, relative
        "new": [[float(f"{ratio:.6g}") for ratio in row] for row in new],
        "own": [float(f"{ratio:.6g}") for ratio in own],
        "seconds": round(time.process_time() - start, 1),
    }


def main() -> None:
    """Make the cells asked for and write the table after each."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    parser.add_argument("--variables", type=int, nargs="+", default=VARIABLES)
    parser.add_argument("--rows", type=int, nargs="+", default=(), help="only these of the grid")
    parser.add_argument("--fits", type=int, default=None)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    todo: list[Cell] = [(h, p, n) for h in asked.shares for p in asked.variables for n in rows_of(p) if not asked.rows or n in asked.rows]
    kept = json.loads(asked.out.read_text())["cells"] if asked.out.exists() else []
    made = {(cell["h"], cell["p"], cell["n"]): cell for cell in kept}
    with ProcessPoolExecutor(asked.processes) as pool:
        for k, done in enumerate(pool.map(partial(make, fits=asked.fits), todo), 1):
            sys.stderr.write(f"{k}/{len(todo)}  h={done['h']} p={done['p']} n={done['n']}  {done.pop('seconds')} s  {done['error']:.1%}\n")
            made[(done["h"], done["p"], done["n"])] = done
            cells = [made[key] for key in sorted(made, key=lambda key: (-key[0], key[1], key[2]))]
            body = {"estimator": "mcd", "alphas": ALPHAS, "own_alphas": OWN_ALPHAS, "cells": cells}
            asked.out.write_text(json.dumps(body, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
