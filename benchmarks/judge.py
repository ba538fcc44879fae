"""Rows per second of judging, beside SciPy, scikit-learn and numpy, and beside what the machine can do at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import spc
from benchmarks import machine
from benchmarks.clock import side_by_side
from benchmarks.table import Table, number, times
from spc.nouns import Floats, Model, Rows
from spc.phase2 import Monitor

OURS = ("Monitor.judge", "Scatter.d2")


@dataclass(frozen=True)
class Size:
    """Blocks of so many numbers for each p, `rounds` of turns; `live` is the p of the row that is judged alone."""

    p: tuple[int, ...] = (5, 20, 50, 200)
    numbers: int = 2_000_000
    rounds: int = 9
    least_s: float = 0.05
    live: int = 20
    gemm: int = 1024
    megabytes: int = 384


TOY = Size(p=(3,), numbers=3000, rounds=1, least_s=0.0, live=3, gemm=32, megabytes=1)


def run(size: Size) -> list[Table]:
    """Blocks of rows for each p, then the row that comes alone."""
    machines = machine.limits(size.gemm, size.megabytes, size.rounds)
    return [_blocks(p, size, machines) for p in size.p] + [_alone(size)]


def reference(p: int, n: int, seed: int = 0) -> tuple[Model, Floats]:
    """A model of p related variables, with plain mean and covariance, and n new rows of the same process."""
    rng = np.random.default_rng([seed, p])
    mixing = np.eye(p) + 0.3 * rng.standard_normal((p, p)) / np.sqrt(p)
    frame = pd.DataFrame(rng.standard_normal((5 * p + 100, p)) @ mixing, columns=[f"x{j + 1}" for j in range(p)])
    model = spc.fit(spc.read(frame), spc.Recipe(estimator=spc.scatter.Classical()))
    return model, rng.standard_normal((n, p)) @ mixing


def peers(x: Floats, mean: Floats, covariance: Floats) -> Mapping[str, Callable[[], Any]]:
    """Each answers with the squared distances of the rows x (n, p); what can be made ready once is made ready here."""
    from scipy.linalg import solve_triangular
    from scipy.spatial.distance import cdist
    from sklearn.covariance import MinCovDet  # type: ignore[import-untyped]

    inverse = np.linalg.inv(covariance)
    lower = np.linalg.cholesky(covariance)
    learned = MinCovDet()
    learned.location_, learned.covariance_, learned.precision_ = mean, covariance, inverse

    def triangular() -> Floats:
        z = solve_triangular(lower, (x - mean).T, lower=True)
        return np.asarray(np.einsum("ji,ji->i", z, z))

    def product() -> Floats:
        d = x - mean
        return np.asarray(np.einsum("ij,ij->i", d @ inverse, d))

    def naive() -> Floats:
        d = x - mean
        return np.asarray(np.einsum("ij,jk,ik->i", d, inverse, d))

    return {
        "scipy cdist(mahalanobis, VI)": lambda: cdist(x, mean[None, :], "mahalanobis", VI=inverse)[:, 0] ** 2,
        "scipy solve_triangular + einsum": triangular,
        "sklearn MinCovDet.mahalanobis": lambda: learned.mahalanobis(x),
        "numpy product + einsum": product,
        "numpy naive einsum": naive,
    }


def _blocks(p: int, size: Size, machines: machine.Limits) -> Table:
    n = max(1, size.numbers // p)
    model, x = reference(p, n)
    rows, monitor, scatter = Rows.of(x, model.names), Monitor(model), model.scatter
    others = peers(x, scatter.center, scatter.covariance)
    calls = {OURS[0]: lambda: monitor.judge(rows).tracks["t2"].value, OURS[1]: lambda: scatter.d2(x), **others}
    _agree(calls)
    taken = side_by_side(calls, rounds=size.rounds, least_s=size.least_s)
    best = min(taken[name] for name in others)
    lines = []
    for name, seconds in taken.items():
        gemm = 2.0 * p * p * n / seconds / machines.flops
        memory = 8.0 * (p + 1) * n / seconds / machines.bytes
        lines.append((name, number(n / seconds / 1e6), times(best / seconds), f"{100 * gemm:.0f} %", f"{100 * memory:.0f} %"))
    heads = ("judge", "M rows/s", "to the best peer", "of matrix product", "of memory")
    note = (
        f"This machine, one thread: matrix product {machines.flops / 1e9:.0f} GFLOP/s, memory {machines.bytes / 1e9:.1f} GB/s. "
        "Counted per row: 2 p^2 operations, 8 (p + 1) bytes."
    )
    return Table(f"A block of {n:,} rows, p = {p}", heads, lines, (note,))


def _agree(calls: Mapping[str, Callable[[], Any]]) -> None:
    """A speed counts only for the right answer."""
    answers = {name: call() for name, call in calls.items()}
    ours = answers[OURS[0]]
    for name, answer in answers.items():
        assert np.allclose(answer, ours, rtol=1e-8), f"{name} finds other distances"


def _alone(size: Size) -> Table:
    from scipy.spatial.distance import mahalanobis
    from sklearn.covariance import EllipticEnvelope

    model, x = reference(size.live, 200)
    one, scatter, monitor = x[:1], model.scatter, Monitor(model)
    rows, inverse = Rows.of(one, model.names), np.linalg.inv(scatter.covariance)
    envelope = EllipticEnvelope(support_fraction=1.0, random_state=0).fit(x)
    calls = {
        OURS[0]: lambda: monitor.judge(rows),
        OURS[1]: lambda: scatter.d2(one),
        "scipy distance.mahalanobis": lambda: mahalanobis(one[0], scatter.center, inverse),
        "sklearn EllipticEnvelope.mahalanobis": lambda: envelope.mahalanobis(one),
        "sklearn EllipticEnvelope.predict": lambda: envelope.predict(one),
    }
    taken = side_by_side(calls, rounds=size.rounds, least_s=size.least_s / 5)
    best = min(seconds for name, seconds in taken.items() if name not in OURS)
    lines = [(name, number(1e6 * seconds), times(best / seconds)) for name, seconds in taken.items()]
    note = "Monitor.judge also matches names, looks for missing values, and answers with limit, verdict, number, time, id and note."
    return Table(f"One row that comes alone, p = {size.live}", ("live row", "us", "to the best peer"), lines, (note,))
