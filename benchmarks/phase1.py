"""Time, peak memory, objective and bad rows kept of the robust fits, beside scikit-learn and, where R is at hand, robustbase and rrcov.

A time counts only beside an answer that is as good: log det of the h-subset's covariance equal or lower than every peer's, and no more
bad rows among those that the final estimate rests on. So a speed is told twice: against the fastest peer, whatever it found, and against
the fastest of the peers that, among themselves, found the best.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.table import Table, number, times
from spc.nouns import Floats

FRACTION = 0.75
SLACK = 1e-6  # of a log determinant: rounding, no more
HERE = Path(__file__).parent
OURS = ("spc Mcd, compiled kernel", "spc Mcd, numpy alone")
PEERS = {"sklearn MinCovDet": "sklearn"}
IN_R = {"robustbase covMcd, 500 starts": "random", "robustbase covMcd, deterministic": "deterministic", "rrcov CovMcd": "rrcov"}
MORE_VARIABLES = ({"spc Mrcd": "mrcd"}, {"rrcov CovMrcd": "mrcd"})


@dataclass(frozen=True)
class Shape:
    """n rows of p variables; this share of them is a cluster six standard deviations off in every variable, `spread` times as wide."""

    n: int
    p: int
    bad: float
    spread: float = 0.3
    tables: int = 1
    rounds: int = 1
    numpy: bool = True


SHAPES = (
    Shape(200, 5, 0.1, tables=3, rounds=5),
    Shape(1000, 10, 0.2, tables=3, rounds=5),
    Shape(10_000, 20, 0.1, 1.0, tables=2, rounds=3),
    Shape(2000, 100, 0.1, 1.0),
    Shape(100_000, 30, 0.1, 1.0, rounds=3),
    Shape(1_000_000, 20, 0.1, 1.0),
    Shape(100, 300, 0.2, 1.0, numpy=False),
)


@dataclass(frozen=True)
class Size:
    """Each shape is drawn `tables` times, and each of these is fitted `rounds` times by everybody."""

    shapes: tuple[Shape, ...] = SHAPES
    r: bool = True
    peers: bool = True


TOY = Size(shapes=(Shape(30, 2, 0.1),), r=False)


@dataclass(frozen=True)
class Outcome:
    """What one program made of one table: seconds of processor time, log det of its subset (divisor h), bad rows kept, bytes grown."""

    seconds: float
    objective: float
    kept: int
    grown: float = 0.0


def run(size: Size) -> list[Table]:
    """One table per shape."""
    with tempfile.TemporaryDirectory(prefix="spc-bench-") as folder:
        return [_shape(shape, size, Path(folder)) for shape in size.shapes]


def contaminated(shape: Shape, seed: int) -> Floats:
    """Rows of one process with related variables; the last ones are the cluster."""
    rng = np.random.default_rng([seed, shape.n, shape.p])
    x = rng.standard_normal((shape.n, shape.p)) @ (np.eye(shape.p) + 0.3 * rng.standard_normal((shape.p, shape.p)) / np.sqrt(shape.p))
    bad = round(shape.bad * shape.n)
    if bad:
        x[-bad:] = 6.0 * x.std(axis=0) + shape.spread * rng.standard_normal((bad, shape.p))
    return np.asarray(x)


def _shape(shape: Shape, size: Size, folder: Path) -> Table:
    bad = round(shape.bad * shape.n)
    files = []
    for seed in range(shape.tables):
        files.append(folder / f"{shape.n}-{shape.p}-{seed}.npy")
        np.save(files[-1], contaminated(shape, seed))
    if shape.p >= shape.n:
        programs, in_r = MORE_VARIABLES
    else:
        programs = {OURS[0]: "ours", **({OURS[1]: "numpy"} if shape.numpy else {}), **(PEERS if size.peers else {})}
        in_r = IN_R
    found = {name: _in_python(who, files, bad, shape.rounds) for name, who in programs.items()}
    missing = "" if size.r else "R is left out at this size."
    for name, who in in_r.items() if size.r else ():
        answered = _in_r(who, files, bad, shape.rounds, folder)
        if isinstance(answered, str):
            missing = answered
        else:
            found[name] = answered
    for file in files:
        file.unlink()
    return _told(shape, bad, found, missing)


def _told(shape: Shape, bad: int, found: dict[str, list[Outcome]], missing: str) -> Table:
    others = {name: many for name, many in found.items() if not name.startswith("spc")} or found
    as_good = [name for name in others if counts(name, others)]
    middle = {name: median(one.seconds for one in many) for name, many in found.items()}
    lines = []
    for name, many in found.items():
        over = [one.objective - min(found[other][k].objective for other in found) for k, one in enumerate(many)]
        kept = sum(one.kept for one in many)
        grown = number(max(one.grown for one in many) / 2**20)
        speed, fair = (times(min(middle[other] for other in some) / middle[name]) if some else "" for some in (others, as_good))
        worst = f"{max(over):.2g}" if max(over) > SLACK else "0"
        counted = "yes" if counts(name, found) else "no"
        bad_rows = f"{kept} of {bad * len(many)}"
        lines.append((name, number(1e3 * middle[name]), speed, fair, grown, number(many[0].objective, 8), worst, bad_rows, counted))
    wide = f", {bad} of them a cluster {shape.spread:g} times as wide as the process" if bad else ""
    heads = (
        "fit",
        "ms",
        "to the fastest peer",
        "to the best",
        "MB grown",
        "log det (1st table)",
        "worst above best",
        "bad rows kept",
        "counts",
    )
    what = "MRCD" if shape.p >= shape.n else "MCD"
    title = f"{what} of {shape.n:,} rows{wide}, p = {shape.p}; {shape.tables} table{'s' if shape.tables > 1 else ''}"
    return Table(title, heads, lines, (missing,) if missing else ())


def counts(name: str, found: dict[str, list[Outcome]]) -> bool:
    """Whether, on every table, nobody found a lower objective and nobody kept fewer bad rows."""
    return all(
        one.objective <= min(many[k].objective for many in found.values()) + SLACK
        and one.kept <= min(many[k].kept for many in found.values())
        for k, one in enumerate(found[name])
    )


def _in_python(who: str, files: list[Path], bad: int, rounds: int) -> list[Outcome]:
    env = {**os.environ, "SPC_KERNEL": "off" if who == "numpy" else ""}
    command = [sys.executable, "-m", "benchmarks.fitted", who, str(bad), str(rounds), str(FRACTION), *map(str, files)]
    done = subprocess.run(command, env=env, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{who}: {done.stderr}")
    return _outcomes(json.loads(done.stdout))


def _outcomes(said: list[Any]) -> list[Outcome]:
    return [Outcome(float(seconds), float(objective), int(kept), float(grown)) for seconds, objective, kept, grown in said]


def _in_r(who: str, files: list[Path], bad: int, rounds: int, folder: Path) -> list[Outcome] | str:
    """The same by R, or the reason why not."""
    program = shutil.which("Rscript")
    if program is None:
        return "R is left out: no Rscript on this machine (Debian: r-base-core, r-cran-robustbase, r-cran-rrcov)."
    tables = []
    for file in files:
        x = np.load(file)
        tables.append(folder / f"{file.stem}-{len(x)}-{x.shape[1]}.bin")
        np.asfortranarray(x).T.tofile(tables[-1])  # column by column, as R keeps it
    command = [program, "--vanilla", str(HERE / "fitted.R"), who, str(bad), str(rounds), str(FRACTION), *map(str, tables)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for table in tables:
        table.unlink()
    if done.returncode:
        return f"{who} in R is left out: {done.stderr.strip().splitlines()[-1]}"
    return _outcomes([line.split() for line in done.stdout.splitlines()])
