"""Make spc/limits/mcd.json: calibrated limits of the MCD on a grid of (h, p, n), so that an everyday fit need not simulate.

    .venv/bin/python scripts/make_limits_table.py [--processes 2] [--shares 0.75 0.5] [--variables 1 2 ...]
        [--rows 45 63 ...] [--fits 8000] [--error 0.03] [--noisy] [--out spc/limits/mcd.json]

For each cell the estimator is fitted to simulated N(0, I) tables and the limits of `spc.limits.Calibration` are kept, divided by the F
law's (new rows) and the beta law's (reference rows): the ratios are smooth in 1/n and tend to 1. Every cell has its own seed, so any of
them can be made again alone: cells that are asked for replace those of the file, the others stay. The whole grid takes about half an
hour on two idle cores. With --error a cell goes on until the standard error of its alpha = 0.0027 is that share of it; with --noisy only
cells are made whose error in the file is more than that, and whose rows are at least five per variable.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded

from spc.limits import Calibration, Effort, NewRow, ReferenceRow, calibrate
from spc.scatter import Mcd

ALPHAS = (0.1, 0.03, 0.01, 0.0027, 0.001, 1e-4, 1e-5, 1e-7)
OWN_ALPHAS = (0.1, 0.03, 0.01, 0.005, 0.0027, 0.001)
MOST_FITS = 1500  # unless --fits or --error asks for more: with few rows and h = 0.5 a cell's error falls slowly
MOST = 200_000  # with --error
SHARES = (0.75, 0.5)
VARIABLES = tuple(range(1, 13))
ROWS_PER = (3, 4, 5, 7, 10, 16, 28, 60)  # times p + 1, at least 10
OUT = Path(__file__).resolve().parents[1] / "spc" / "limits" / "mcd.json"

Cell = tuple[float, int, int]


def rows_of(p: int) -> list[int]:
    """The numbers of rows of the grid for p variables."""
    return sorted({max(10, k * (p + 1)) for k in ROWS_PER})


def ratio(found: Calibration, alpha: float, q: int) -> float:
    """The limit over the classical one; of very many fits some thousand tell about where it is."""
    classical = NewRow(found.n, q).limit(alpha).value
    every = slice(None, None, -(-found.fits // 3000))
    few = replace(found, center=found.center[every], factor=found.factor[every])
    about = few.quantile(alpha, q)
    return (about if few.fits == found.fits else found.quantile(alpha, q, about, within=1e-4)) / classical


def make(cell: Cell, fits: int | None = None, error: float | None = None) -> dict[str, Any]:
    """One cell: limits over the classical ones for every alpha and number of observed variables."""
    h, p, n = cell
    start = time.process_time()
    usual = int(min(max(120_000 / n, 400), MOST_FITS))
    effort = Effort(fits or usual, MOST, error or 1.0)
    found = calibrate(Mcd(h=h), f"MCD(h = {h:g})", n, p, seed=1, fits=None if error else fits or usual, effort=effort)
    new = []
    for q in range(1, p + 1):
        new.append([ratio(found, alpha, q) for alpha in ALPHAS])
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
    parser.add_argument("--error", type=float, default=None)
    parser.add_argument("--noisy", action="store_true", help="only cells of the file with a larger error")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    todo: list[Cell] = [(h, p, n) for h in asked.shares for p in asked.variables for n in rows_of(p) if not asked.rows or n in asked.rows]
    kept = json.loads(asked.out.read_text())["cells"] if asked.out.exists() else []
    made = {(cell["h"], cell["p"], cell["n"]): cell for cell in kept}
    if asked.noisy:
        todo = [(h, p, n) for h, p, n in todo if n >= 5 * p and made.get((h, p, n), {"error": 1.0})["error"] > (asked.error or 0.0)]
    with ProcessPoolExecutor(asked.processes) as pool:
        for k, done in enumerate(pool.map(partial(make, fits=asked.fits, error=asked.error), todo), 1):
            sys.stderr.write(f"{k}/{len(todo)}  h={done['h']} p={done['p']} n={done['n']}  {done.pop('seconds')} s  {done['error']:.1%}\n")
            made[(done["h"], done["p"], done["n"])] = done
            cells = [made[key] for key in sorted(made, key=lambda key: (-key[0], key[1], key[2]))]
            body = {"estimator": "mcd", "alphas": ALPHAS, "own_alphas": OWN_ALPHAS, "cells": cells}
            asked.out.write_text(json.dumps(body, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
