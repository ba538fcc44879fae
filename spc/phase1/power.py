"""How soon charts together see a shift of the mean, and the smallest shift that they find in time: by simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from spc.charts import Chart
from spc.errors import BadRecipe
from spc.nouns import Floats
from spc.phase1.chains import Fits
from spc.runlength.chain import PROBABILITIES

_PROCESSES = 20_000
_LONGEST = 30.0  # in-control runs that are waited for at most
_NEAR = 0.005  # to which a smallest shift is worked out


@dataclass(frozen=True)
class Wait:
    """Rows until the first alarm of any chart, the alarming row included: mean, standard deviation, quantiles, relative standard error."""

    arl: float
    sd: float
    quantiles: dict[float, int]
    error: float


def wait(
    charts: Mapping[str, Chart], limits: Mapping[str, float], fits: Fits, shift: float, longest: float, *, calm: int = 0, seed: int = 0
) -> Wait:
    """The wait for an alarm after the mean has moved by `shift` (Mahalanobis length).

    calm: rows in control before it (0: the shift is there from the first row); processes with a false alarm in these are left out.
    longest: the mean run in control, thirty times which is waited at most.
    """
    rows = _rows(charts, limits, fits, shift, int(_LONGEST * longest), calm, seed)
    found = {q: int(np.quantile(rows, q, method="inverted_cdf")) for q in PROBABILITIES}
    mean, sd = float(rows.mean()), float(rows.std(ddof=1))
    return Wait(mean, sd, found, sd / mean / np.sqrt(len(rows)))


def smallest_shift(
    charts: Mapping[str, Chart], limits: Mapping[str, float], fits: Fits, within: int, probability: float = 0.9, seed: int = 0
) -> float:
    """The Mahalanobis length of the smallest shift that has raised an alarm `within` so many rows with this probability.

    Raises BadRecipe when even a shift of 20 standard deviations is not found in time.
    """

    def share(shift: float) -> float:
        return float(np.mean(_rows(charts, limits, fits, shift, within, 0, seed) <= within))

    low, high = 0.0, 20.0
    if share(high) < probability:
        raise BadRecipe(f"No shift is found within {within} rows with probability {probability:g}.", cure="Allow more rows.")
    while high - low > _NEAR:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if share(middle) >= probability else (middle, high)
    return high


def _rows(charts: Mapping[str, Chart], limits: Mapping[str, float], fits: Fits, shift: float, most: int, calm: int, seed: int) -> Floats:
    """The row of the first alarm of each process after the shift; most + 1 where none came."""
    count, p = fits.center.shape
    each = -(-_PROCESSES // count)
    rng = np.random.default_rng([seed, p, count, 7])
    inverse = np.array([solve_triangular(lower, np.eye(p), lower=True).T for lower in fits.factor])
    direction = rng.standard_normal((count, 1, p))
    direction /= np.linalg.norm(direction, axis=2, keepdims=True)
    lanes = {name: chart.lanes(count * each, p) for name, chart in charts.items()}

    def out(moved: float) -> np.ndarray:
        z = ((rng.standard_normal((count, each, p)) + moved * direction - fits.center[:, None, :]) @ inverse).reshape(-1, p)
        return np.asarray(np.any([advance(z) > limits[name] for name, advance in lanes.items()], axis=0))

    quiet = _until(out, 0.0, calm, count * each) > calm
    return _until(out, shift, most, count * each)[quiet].astype(np.float64)


def _until(out: Callable[[float], np.ndarray], moved: float, most: int, total: int) -> np.ndarray:
    first = np.full(total, most + 1)
    for row in range(1, most + 1):
        first[out(moved) & (first > most)] = row
        if np.all(first <= most):
            break
    return first
