"""Print the average variance that MCD programs report for clean normal rows of variance 1: the table in assets/manual/32-estimators.md.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python tests/oracles/scripts/bias_of_peers.py

All fit the same tables, each whitened by its own mean and covariance; the average of trace(S)/p is then how many times the true covariance
an estimate is (Basu 1955), with standard errors below 0.01. covMcd needs R with robustbase. About a minute.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.covariance import MinCovDet

from spc.limits.calibrated import configuration
from spc.scatter import Mcd

CASES = ((20, 2, 300), (50, 5, 200), (100, 5, 150))
IN_R = """
suppressMessages(library(robustbase))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); set.seed(1)
v <- readBin(a[1], "double", file.size(a[1]) / 8)
x <- aperm(array(v, c(p, n, length(v) / (n * p))), c(3, 2, 1))
size <- function(i) sum(diag(covMcd(x[i, , ], alpha = 0.75)$cov)) / p
cat(as.character(packageVersion("robustbase")), mean(sapply(seq_len(dim(x)[1]), size)))
"""


def main() -> None:
    """One line per case."""
    warnings.simplefilter("ignore")
    for n, p, count in CASES:
        rng = np.random.default_rng([5, n, p])
        tables = np.array([configuration(rng, n, p) for _ in range(count)])
        ours = np.mean([np.trace(Mcd(h=0.75)(x).covariance) / p for x in tables])
        theirs = np.mean([np.trace(MinCovDet(support_fraction=0.75, random_state=0).fit(x).covariance_) / p for x in tables])
        with tempfile.NamedTemporaryFile(suffix=".bin") as file:
            Path(file.name).write_bytes(tables.tobytes())
            command = ["Rscript", "--vanilla", "-e", IN_R, file.name, str(n), str(p)]
            told = subprocess.run(command, capture_output=True, text=True, check=False)
        in_r = told.stdout if told.returncode == 0 else "left out"
        sys.stdout.write(f"n = {n}, p = {p}: Mcd {ours:.3f}, scikit-learn {version('scikit-learn')} {theirs:.3f}, robustbase {in_r}\n")


if __name__ == "__main__":
    main()
