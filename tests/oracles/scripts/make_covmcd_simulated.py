"""Write tests/oracles/expected/covmcd_simulated.json: robustbase on the simulated references of contaminated.py.

    .venv/bin/python tests/oracles/scripts/make_covmcd_simulated.py

Wants Debian's r-base-core and r-cran-robustbase; about four minutes. None stands where covMcd stops with an error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from contaminated import CASES  # noqa: E402 - the folder of the tests is not a package


def main() -> None:
    """Every case by one R process per shape."""
    answers: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            x = case.table()
            file = Path(folder) / f"t-{case.n}-{case.p}.bin"
            np.asfortranarray(x).T.tofile(file)
            done = subprocess.run(["Rscript", "--vanilla", str(HERE / "covmcd.R"), str(file)], capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{case.name}: {done.stderr}")
            found = {}
            for line in done.stdout.splitlines():
                alpha, random, deterministic, h = line.split()
                found[alpha] = [None if word == "NA" else float(word) for word in (random, deterministic)] + [int(h)]
            answers[case.name] = {"sum": float(x.sum()), "objective": found}
    out = HERE.parent / "expected" / "covmcd_simulated.json"
    version = subprocess.run(
        ["Rscript", "-e", 'cat(as.character(packageVersion("robustbase")))'], capture_output=True, text=True, check=True
    ).stdout
    out.write_text(json.dumps({"by": f"robustbase {version} covMcd: 500 starts, deterministic, h", "cases": answers}, indent=0) + "\n")


if __name__ == "__main__":
    main()
