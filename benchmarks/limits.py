"""What a limit costs: a calibrated one, simulated and from the store of earlier simulations; a run length, beside R's spc."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.clock import side_by_side
from benchmarks.table import Table, number, times
from spc.cli.shelf import Files
from spc.limits import Calibration, Effort
from spc.limits.cache import caching, forget
from spc.phase1 import laws
from spc.runlength import Mewma
from spc.scatter import Mcd

ALPHA = 1e-5
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Size:
    """References (n, p) that are calibrated for, with so many fits when it must be quick; MEWMA charts (λ, p, limit, shift, nodes in R)."""

    references: tuple[tuple[int, int], ...] = ((50, 8), (200, 20))
    fits: int | None = None
    charts: tuple[tuple[float, int, float, float, int], ...] = (
        (0.1, 4, 0.0, 0.0, 30),
        (0.1, 4, 12.73, 0.0, 30),
        (0.1, 4, 12.73, 1.0, 30),
        (0.05, 2, 8.0, 0.25, 60),
        (0.1, 20, 38.0, 1.0, 30),
    )
    rounds: int = 3
    r: bool = True


TOY = Size(references=((20, 2),), fits=20, charts=((0.2, 2, 8.0, 1.0, 20),), rounds=1, r=False)


def run(size: Size) -> list[Table]:
    """Calibrated limits, then run lengths."""
    return [_calibrated(size), _lengths(size)]


def _calibrated(size: Size) -> Table:
    lines = []
    for n, p in size.references:
        with tempfile.TemporaryDirectory() as folder:
            ask = partial(_asked, Files(Path(folder)), n, p, Effort() if size.fits is None else Effort(size.fits, size.fits))
            forget()
            start = time.process_time()
            found, value = ask()
            cold = time.process_time() - start
            known = side_by_side({"known": ask}, rounds=size.rounds, least_s=0.0)["known"]
        tabled = laws.law(Mcd(), "auto", n, p, ALPHA) if size.fits is None and p in (2, 3, 4, 5, 6, 8) else None
        shipped = number(1e3 * _once(partial(tabled.new_row, ALPHA, p))) if tabled is not None else "-"
        error = found.error(ALPHA)
        lines.append((f"n = {n}, p = {p}", number(cold), str(found.fits), number(1e3 * known), shipped, number(value, 5), f"{error:.1%}"))
    heads = ("MCD, h = 0.75", "s, simulated", "references", "ms, from the store", "ms, shipped table", "UCL", "error of α")
    return Table(f"A calibrated limit for α = {ALPHA:g}", heads, lines)


def _asked(store: Files, n: int, p: int, effort: Effort) -> tuple[Calibration, float]:
    """The calibration and its limit as a process has them that has simulated nothing itself: from the store, when they are there."""
    forget()
    with caching(store):
        found = laws.simulated(Mcd(), n, p, 0, None, None, effort)
        assert isinstance(found, Calibration)
        return found, found.new_row(ALPHA).value


def _once(call: Callable[[], object]) -> float:
    call()
    start = time.process_time()
    call()
    return time.process_time() - start


def _lengths(size: Size) -> Table:
    theirs, missing = _in_r(size) if size.r else ({}, "R is left out at this size.")
    lines = []
    for chart in size.charts:
        lam, p, limit, shift, _ = chart
        ask = partial(_answer, Mewma(p, lam), limit, shift)
        ours = side_by_side({"ours": ask}, rounds=size.rounds, least_s=0.02)["ours"]
        answer = ask()
        what = f"λ = {lam:g}, p = {p}, " + ("limit for ARL₀ 370" if limit == 0 else f"h = {limit:g}, shift {shift:g}")
        if chart in theirs:
            taken, value = theirs[chart]
            beside = (number(1e3 * taken), times(max(taken, 1e-3) / ours), f"{abs(answer / value - 1):.1g}")
        else:
            beside = ("-", "-", "-")
        lines.append((what, number(1e3 * ours), number(answer, 9), *beside))
    heads = ("MEWMA", "ms", "answer", "ms, R spc", "to R spc", "apart, relative")
    notes = ["Ours also answers with standard deviation, quantiles, steady state, and the error from half the nodes."]
    return Table("Run lengths by the integral equation", heads, lines, [*notes, *([missing] if missing else [])])


def _answer(chart: Mewma, limit: float, shift: float) -> float:
    return chart.limit(370.0) if limit == 0 else chart.run_length(limit, shift).arl


def _in_r(size: Size) -> tuple[dict[tuple[float, int, float, float, int], tuple[float, float]], str]:
    program = shutil.which("Rscript")
    if program is None:
        return {}, "R is left out: no Rscript on this machine (Debian: r-base-core, r-cran-spc)."
    words = [f"{one:g}" for chart in size.charts for one in chart]
    done = subprocess.run([program, "--vanilla", str(HERE / "arl.R"), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        return {}, f"R is left out: {done.stderr.strip().splitlines()[-1]}"
    found = [line.split() for line in done.stdout.splitlines()]
    return {chart: (float(taken), float(value)) for chart, (taken, value) in zip(size.charts, found, strict=True)}, ""
