"""Make spc/limits/mcd.json: calibrated limits of the MCD on a grid of (h, p, n), so that a fit need not simulate.

    .venv/bin/python scripts/make_limits_table.py [--processes 2] [--out spc/limits/mcd.json]

For each cell the estimator is fitted to simulated N(0, I) tables and the limits of `spc.limits.Calibration` are kept, divided by the F
law's (new rows) and the beta law's (reference rows): the ratios are smooth in 1/n and tend to 1. The run takes about an hour on two
cores; every cell has its own seed, so any of them can be made again alone.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402 - after the number of BLAS threads is set

from spc.limits import NewRow, ReferenceRow, calibrate, fits_needed  # noqa: E402
from spc.scatter import Mcd  # noqa: E402

ALPHAS = (0.1, 0.05, 0.02, 0.01, 0.005, 0.0027, 0.001, 3e-4, 1e-4, 1e-5, 1e-6, 1e-7)
OWN_ALPHAS = (0.1, 0.05, 0.02, 0.01, 0.005, 0.0027, 0.001)
SHARES = (0.75, 0.5)
VARIABLES = tuple(range(1, 11))
ROWS_PER = (3, 4, 5, 7, 10, 16, 28, 60)  # times p + 1, at least 10


def cells() -> list[tuple[float, int, int]]:
    return [(h, p, n) for h in SHARES for p in VARIABLES for n in sorted({max(10, k * (p + 1)) for k in ROWS_PER})]


def make(cell: tuple[float, int, int]) -> dict[str, object]:
    h, p, n = cell
    start = time.perf_counter()
    found = calibrate(Mcd(h=h), f"MCD(h = {h:g})", n, p, seed=1, fits=fits_needed(n, p))
    new, error = [], []
    for q in range(1, p + 1):
        forms = found.forms(q)
        exact = NewRow(n, q)
        values = [found.quantile(alpha, forms) for alpha in ALPHAS]
        new.append([value / exact.limit(alpha).value for alpha, value in zip(ALPHAS, values, strict=True)])
        if q == p:
            tails = found.tail(values[ALPHAS.index(0.0027)], forms)
            error = [float(tails.std() / tails.mean() / np.sqrt(found.fits))]
    own = [found.reference_row(alpha).value / ReferenceRow(n, p).limit(alpha).value for alpha in OWN_ALPHAS]
    scale = float(np.mean(np.einsum("kab,kab->k", found.factor, found.factor)) / p)
    return {
        "h": h,
        "p": p,
        "n": n,
        "fits": found.fits,
        "error": error[0],
        "scale": scale,
        "new": [[float(f"{r:.6g}") for r in row] for row in new],
        "own": [float(f"{r:.6g}") for r in own],
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "spc" / "limits" / "mcd.json")
    asked = parser.parse_args()
    todo, made = cells(), []
    with ProcessPoolExecutor(asked.processes) as pool:
        for done in pool.map(make, sorted(todo, key=lambda cell: (-cell[0], cell[1], cell[2]))):
            made.append(done)
            print(
                f"{len(made)}/{len(todo)}  h={done['h']} p={done['p']} n={done['n']}  {done['seconds']} s  ±{100 * float(str(done['error'])):.1f} %",
                flush=True,
            )
            body = {"estimator": "mcd", "alphas": ALPHAS, "own_alphas": OWN_ALPHAS, "cells": made}
            asked.out.write_text(json.dumps(body, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
