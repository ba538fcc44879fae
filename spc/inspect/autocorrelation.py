"""Whether neighbouring rows are alike, how many independent rows they are worth, and what that does to the limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.special import fdtrc, ndtri

from spc.inspect.measured import Measured
from spc.inspect.sentence import counted, listed
from spc.limits import NewRow
from spc.nouns import Finding, Floats

NOMINAL = 0.0027
_ROWS = 20_000  # consecutive rows that are enough
_CLIP = 2.5  # robust standard deviations: one bad row cannot make or hide a correlation
_LEVEL = 0.005  # chance that independent rows are said to depend on each other
_LITTLE = 0.1  # a correlation below this is of no consequence, however many rows show it
_DRIFT = 0.7  # correlation with the tenth neighbour from which on a column only drifts
_GRAVE = 1.5
_FEWEST = 20


@dataclass(frozen=True, eq=False)
class Memory:
    """How a table (n, p) remembers: `first` (p,) the correlation of each column with its neighbour, `tenth` (p,) with the tenth.

    `time_mean` is the integrated autocorrelation time of the whitened rows (how many rows are worth one independent row for the mean),
    `time_scatter` the same for squares and products (for the covariance).
    """

    first: Floats
    tenth: Floats
    time_mean: float
    time_scatter: float


def autocorrelation(m: Measured) -> Iterator[Finding]:
    """Columns whose neighbouring rows are alike, with the effective number of rows; columns that only drift."""
    if m.n < _FEWEST or not m.p:
        return
    start = max(0, (m.n - _ROWS) // 2)
    part = slice(start, start + _ROWS)
    z = clipped(m.x[part], m.medians, m.spreads)
    known = np.isfinite(z).sum(axis=0)
    if known.max(initial=0) < _FEWEST:
        return
    memory = remembered(z)
    limit = np.maximum(_LITTLE, -ndtri(_LEVEL / (2 * m.p)) / np.sqrt(np.maximum(known, 1))) - 1.0 / np.maximum(known, 1)
    alike = [int(j) for j in np.argsort(-memory.first) if memory.first[j] > limit[j] and known[j] >= _FEWEST]
    if alike:
        yield _told(m, alike, memory)
    swings = [j for j in range(m.p) if memory.first[j] < -limit[j] - 2.0 / max(int(known[j]), 1) and known[j] >= _FEWEST]
    if swings:
        shown = listed([f"{m.names[j]} {memory.first[j]:.2g}" for j in swings])
        text = f"Neighbouring rows are opposite: correlation {shown}. The process is over-adjusted, or two streams alternate in one table."
        yield Finding("alternating", "note", text, "Chart each stream by itself.", tuple(m.names[j] for j in swings))


def _told(m: Measured, alike: list[int], memory: Memory) -> Finding:
    n, p = int(m.complete.sum()), m.p
    worth = max(1, round(n / memory.time_mean))
    shown = listed([f"{m.names[j]} {memory.first[j]:.2f}" for j in alike])
    drifting = [m.names[j] for j in alike if memory.tenth[j] > _DRIFT]
    text = f"Neighbouring rows are alike: correlation {shown}. {n} rows are worth about {worth} independent ones."
    grave = bool(drifting)
    if n > p + 2:
        rate = real_rate(n, p, memory)
        about = "about" if worth > 10 * p else "more than"
        grave = grave or rate >= _GRAVE * NOMINAL
        text += f" A limit for {100 * NOMINAL:.2g} % false alarms would really give {about} {100 * rate:.2g} %, and they come in runs."
    cure = "Collect rows at longer intervals, or over a longer time until enough independent ones are there."
    if drifting:
        text += f" {listed(drifting)} only {'drifts' if len(drifting) == 1 else 'drift'} (correlation with the tenth row above {_DRIFT})."
        cure += f" Leave {'it' if len(drifting) == 1 else 'them'} out of T², or chart what is left after a trend."
    return Finding("autocorrelation", "amber" if grave else "note", text, cure, tuple(m.names[j] for j in alike))


def clipped(x: Floats, medians: Floats, spreads: Floats) -> Floats:
    """Columns in robust standard deviations from their medians, no cell farther than 2.5; NaN where nothing is known."""
    known = spreads > 0
    z = (x - medians) / np.where(known, spreads, np.nan)
    return np.asarray(np.clip(np.where(np.isfinite(x), z, np.nan), -_CLIP, _CLIP))


def remembered(z: Floats) -> Memory:
    """The memory of clipped columns z (n, p) with gaps (NaN); rows are taken to be equally far apart."""
    n, _ = z.shape
    lags = min(n // 4, n - 2)
    first = _correlations(z, max(lags, 11))
    whole = np.isfinite(z).all(axis=0) | (np.isfinite(z).mean(axis=0) > 0.5)
    complete = np.where(np.isfinite(z[:, whole]).all(axis=1)[:, None], z[:, whole], np.nan)
    rho = _whitened(complete, lags)
    return Memory(first[1], first[10] if len(first) > 10 else np.zeros(z.shape[1]), *_times(rho))


def _correlations(z: Floats, lags: int) -> Floats:
    """Autocorrelations (lags + 1, p) of columns with gaps: products of the known pairs over their number, over the variance."""
    known = np.isfinite(z)
    y = np.where(known, z - _means(z), 0.0)
    products, pairs = _lagged(y, lags), _lagged(known.astype(np.float64), lags)
    with np.errstate(invalid="ignore", divide="ignore"):
        gamma = products / np.maximum(np.round(pairs), 1.0)
        return np.nan_to_num(gamma / gamma[0])


def _means(z: Floats) -> Floats:
    known = np.isfinite(z)
    return np.asarray(np.where(known, z, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _lagged(y: Floats, lags: int) -> Floats:
    """Σ_t y_t y_{t+k} for k = 0 … lags, each column."""
    size = fft.next_fast_len(len(y) + lags, real=True)
    f = fft.rfft(y, size, axis=0)
    return np.asarray(fft.irfft(f * np.conj(f), size, axis=0)[: lags + 1])


def _whitened(z: Floats, lags: int) -> Floats:
    """The autocorrelation of the whitened rows, averaged over its coordinates: tr(Γ₀⁻¹ Γ_k) / p for k = 0 … lags."""
    known = np.isfinite(z).all(axis=1)
    if known.sum() < 2 or not z.shape[1]:
        return np.ones(1)
    y = z[known] - z[known].mean(axis=0)
    values, vectors = np.linalg.eigh(y.T @ y / len(y))
    kept = values > 1e-9 * values[-1]
    white = np.full((len(z), int(kept.sum())), np.nan)
    white[known] = y @ (vectors[:, kept] / np.sqrt(values[kept]))
    return np.asarray(_correlations(white, lags).mean(axis=1))


def _times(rho: Floats) -> tuple[float, float]:
    """1 + 2 Σ ρ_k and 1 + 2 Σ ρ_k² over the initial positive sequence: sums of neighbouring pairs as long as they are positive.

    Source: Geyer 1992, section 3.3.
    """
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    last = 2 * int(ends[0]) if len(ends) else len(pairs) * 2
    kept = rho[1:last]
    return max(1.0, 1.0 + 2.0 * float(kept.sum())), max(1.0, 1.0 + 2.0 * float(np.sum(kept**2)))


def real_rate(n: int, p: int, memory: Memory, nominal: float = NOMINAL) -> float:
    """The probability that a good new row, long after the reference, is beyond the F limit that was drawn as if n rows were independent.

    The mean varies like one of n / τ_mean rows, the covariance like one of n / τ_scatter rows and is too small by 1 − τ_mean / n, so
    that T² follows (1 + 1/a) / (1 − 1/a) · (n − 1)/n · pν/(ν − p + 1) · F(p, ν − p + 1) with a = n / τ_mean and ν = n / τ_scatter − 1: the
    F law itself when both times are 1. Where few independent rows are left, the times and with them the rate come out too small.
    """
    limit = NewRow(n, p).limit(nominal).value
    a = max(n / memory.time_mean, 2.0)
    nu = max(n / memory.time_scatter - 1.0, p + 0.5)
    factor = (1 + 1 / a) / (1 - 1 / a) * (n - 1) / n * p * nu / (nu - p + 1)
    return float(fdtrc(p, nu - p + 1, limit / factor))
