"""How a table remembers: autocorrelations that single bad rows and gaps do not disturb, and how many rows are worth one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from spc.nouns import Floats, Ints

_ROWS = 20_000  # consecutive rows that are enough
_CLIP = 2.5  # robust standard deviations: one bad row cannot make or hide a correlation


@dataclass(frozen=True, eq=False)
class Memory:
    """How a table (n, p) remembers: correlations `first` (p,) with the next row and `tenth` (p,) with the tenth; `known` (p,) values.

    `time_mean` is the integrated autocorrelation time of the whitened rows (how many rows are worth one independent row for the mean),
    `time_scatter` the same for squares and products (for the covariance).
    """

    first: Floats
    tenth: Floats
    known: Ints
    time_mean: float
    time_scatter: float


def clipped(x: Floats, medians: Floats, spreads: Floats) -> Floats:
    """Columns in robust standard deviations from their medians, no cell farther than 2.5; NaN where nothing is known."""
    known = spreads > 0
    z = (x - medians) / np.where(known, spreads, np.nan)
    return np.asarray(np.clip(np.where(np.isfinite(x), z, np.nan), -_CLIP, _CLIP))


def remembered(x: Floats, medians: Floats, spreads: Floats) -> Memory:
    """The memory of a table x (n, p), n ≥ 4, with gaps (NaN): of its middle 20 000 rows, which are taken to be equally far apart."""
    start = max(0, (len(x) - _ROWS) // 2)
    z = clipped(x[start : start + _ROWS], medians, spreads)
    n, _ = z.shape
    lags = min(n // 4, n - 2)
    first = _correlations(z, max(lags, 11))
    whole = np.isfinite(z).all(axis=0) | (np.isfinite(z).mean(axis=0) > 0.5)
    full = np.asarray(np.isfinite(z[:, whole]).all(axis=1))
    complete = np.where(full[:, None], z[:, whole], np.nan)
    rho = _whitened(complete, lags)
    tenth = first[10] if len(first) > 10 else np.zeros(z.shape[1])
    return Memory(first[1], tenth, np.isfinite(z).sum(axis=0), *_times(rho))


def _correlations(z: Floats, lags: int) -> Floats:
    """Autocorrelations (lags + 1, p) of columns with gaps: products of the known pairs over their number, over the variance."""
    known = np.isfinite(z)
    y = np.where(known, z - _means(z), 0.0)
    products, pairs = _lagged(y, lags), _lagged(known.astype(np.float64), lags)
    with np.errstate(invalid="ignore", divide="ignore"):
        gamma = products / np.maximum(np.round(pairs), 1.0)
        return np.asarray(np.nan_to_num(gamma / gamma[0]))


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
