"""How a table remembers: autocorrelations that single bad rows and gaps do not disturb, and how many rows are worth one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.special import ndtri

from spc.nouns import Bools, Floats, Ints

_ROWS = 20_000  # consecutive rows that are enough
_SLOW = 0.5  # correlation with the tenth neighbour from which on a column may only drift
_LEVEL_KNOWN = 15.0  # independent rows below which a column has no level that later rows could be held to
_CHANCE = 0.005  # that independent rows are said to depend on each other
_LITTLE = 0.1  # a correlation below this is of no consequence, however many rows show it
_FEWEST = 20  # rows without which nothing is said
_CLIP = 2.5  # robust standard deviations: one bad row cannot make or hide a correlation


@dataclass(frozen=True, eq=False)
class Memory:
    """How a table (n, p) remembers: correlations `first` (p,) with the next row and `tenth` (p,) with the tenth; `known` (p,) values.

    `time_mean` is the integrated autocorrelation time of the whitened rows (how many rows are worth one independent row for the mean),
    `time_scatter` the same for squares and products (for the covariance). `times` (p,) are those of the columns by themselves, for
    their levels, and `rho` (lags + 1, p) their autocorrelations up to the lag from which on none is seen; 0 beyond.
    """

    first: Floats
    tenth: Floats
    known: Ints
    time_mean: float
    time_scatter: float
    times: Floats
    rho: Floats

    @property
    def worth(self) -> Floats:
        """How many independent rows each column's known values (p,) are worth for its level."""
        return np.asarray(self.known / self.times)

    @property
    def drifts(self) -> Bools:
        """Columns (p,) that only drift: so slow, and so few independent rows, that their level in control cannot be told from them."""
        return np.asarray((self.tenth > _SLOW) & (self.worth < _LEVEL_KNOWN))

    @property
    def alike(self) -> Bools:
        """Columns (p,) whose neighbouring rows are alike beyond chance and beyond what matters."""
        return np.asarray((self.first > self.limit) & (self.known >= _FEWEST))

    @property
    def limit(self) -> Floats:
        """The correlation (p,) with the next row that independent rows of the same number stay below."""
        known = np.maximum(self.known, 1)
        return np.asarray(np.maximum(_LITTLE, -ndtri(_CHANCE / (2 * max(len(known), 1))) / np.sqrt(known)) - 1.0 / known)

    def averaged(self, lam: float) -> Floats:
        """How many times larger (p,) than with independent rows the variance of z ← λx + (1 − λ)z is: 1 + 2 Σ ρ_k (1 − λ)^k."""
        decay = (1.0 - lam) ** np.arange(1, len(self.rho))
        return np.asarray(np.where(self.alike, np.maximum(1.0, 1.0 + 2.0 * decay @ self.rho[1:]), 1.0))

    def averaged_squares(self, lam: float) -> float:
        """The same for squares of whitened rows, such as T²: 1 + 2 Σ ρ_k² (1 − λ)^k, averaged over the columns."""
        decay = (1.0 - lam) ** np.arange(1, len(self.rho))
        return float(np.mean(np.where(self.alike, 1.0 + 2.0 * decay @ self.rho[1:] ** 2, 1.0))) if len(self.times) else 1.0


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
    kept = [_kept(one) for one in first.T]
    times = np.array([_times(one)[0] for one in first.T])
    rhos = (
        np.array([np.where(np.arange(len(one)) < last, one, 0.0) for one, last in zip(first.T, kept, strict=True)])
        .reshape(-1, len(first))
        .T
    )
    return Memory(first[1], tenth, np.isfinite(z).sum(axis=0), *_times(rho), times, rhos)


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
    kept = rho[1 : _kept(rho)]
    return max(1.0, 1.0 + 2.0 * float(kept.sum())), max(1.0, 1.0 + 2.0 * float(np.sum(kept**2)))


def _kept(rho: Floats) -> int:
    """How many autocorrelations, that of a row with itself included, come before a pair of neighbours with no positive sum."""
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    return 2 * int(ends[0]) if len(ends) else len(pairs) * 2
