"""Subsets of rows whose covariance, mixed with the identity, has a small determinant: the engine of the MRCD.

The scatter of a subset H of h rows is M = ρI + (1 − ρ)·c·S_H, with divisor h. No rotation of the table changes its determinant or the
distances, so with more variables than rows the search runs in the n − 1 dimensions that the rows span: the other directions add log ρ
each and nothing to any distance between rows of the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from spc.nouns import Floats, Ints

_STEPS = 200
_LEAST = 1e-6  # the ρ of a well-conditioned table, as rrcov has it: a singular subset still has a determinant


@dataclass(frozen=True, eq=False)
class Subset:
    """Rows (h,), sorted, and log det of their regularised scatter, divisor h."""

    rows: Ints
    objective: float


def spanned(z: Floats) -> Floats:
    """The rows of z (n, p) in coordinates of the space they span around their mean, (n, r): distances between rows stay as they are."""
    centred = z - z.mean(axis=0)
    n, p = z.shape
    if p < n:
        return np.asarray(centred)
    values, left = np.linalg.eigh(centred @ centred.T)
    seen = values > 1e-14 * values[-1]
    return np.asarray(left[:, seen] * np.sqrt(values[seen]))


def intensity(z: Floats, starts: list[Ints], c: float, maxcond: float) -> tuple[float, list[Ints]]:
    """ρ, and the starts that it suits (Boudt et al. 2020, section 3.3).

    For each start the smallest ρ with which its scatter has the condition number `maxcond`; of these the largest one that is not above
    max(0.1, their median). Starts that need more of the target are dropped: they hold outliers.
    """
    w = spanned(z)
    needed = np.array([_needed(w[rows], z.shape[1], c, maxcond) for rows in starts])
    most = max(0.1, float(np.median(needed)))
    suited = needed <= most
    return float(np.max(needed[suited])), [rows for rows, good in zip(starts, suited, strict=True) if good]


def _needed(subset: Floats, p: int, c: float, maxcond: float) -> float:
    """The smallest ρ with (ρ + (1 − ρ)·largest) / (ρ + (1 − ρ)·smallest) ≤ maxcond, solved in closed form; divisor h − 1."""
    h = len(subset)
    centred = subset - subset.mean(axis=0)
    small = centred @ centred.T if subset.shape[1] > h else centred.T @ centred
    values = np.linalg.eigvalsh(small) * c / max(h - 1, 1)
    smallest = float(values[0]) if p == len(small) and p < h else 0.0
    excess = float(values[-1]) - maxcond * max(smallest, 0.0)
    return min(max(excess / (maxcond - 1.0 + excess), _LEAST), 1.0 - _LEAST) if excess > 0 else _LEAST


def chosen(z: Floats, starts: list[Ints], rho: float, c: float) -> Subset:
    """The best subset that C-steps from any of the starts reach.

    No random starts and no exchanges of single rows, though they would find lower determinants: with few rows per variable a tight
    cluster of bad rows lowers the determinant of any subset that takes it in, and what keeps such rows out is that no start has them.
    """
    w = spanned(z)
    engine = _Engine(w, len(starts[0]), rho, c)
    seen: set[bytes] = set()
    found = [one for rows in starts if (one := engine.settled(rows, seen)) is not None]
    best = min(found, key=lambda one: one.objective)
    return Subset(best.rows, best.objective + (z.shape[1] - w.shape[1]) * math.log(rho))


@dataclass(frozen=True, eq=False)
class _Engine:
    """C-steps on the rows w (n, r) with given ρ and consistency factor c."""

    w: Floats
    h: int
    rho: float
    c: float

    def settled(self, rows: Ints, seen: set[bytes]) -> Subset | None:
        """C-steps (Boudt et al. 2020, theorem 1) to the fixed point; None when the path joins one that was walked before."""
        walked: set[bytes] = set()
        best: Subset | None = None
        while rows.tobytes() not in walked and len(walked) < _STEPS:
            if rows.tobytes() in seen:
                return None
            walked.add(rows.tobytes())
            white, objective = self.whitened(rows)
            best = Subset(rows, objective)
            d2 = np.einsum("ij,ij->j", white, white)
            rows = np.sort(np.argpartition(d2, self.h - 1)[: self.h])
        seen |= walked
        return best

    def whitened(self, rows: Ints) -> tuple[Floats, float]:
        """L⁻¹(w − mean) (r, n) with L Lᵀ the regularised scatter of a subset, and the log det of that."""
        subset = self.w[rows]
        mean = subset.mean(axis=0)
        centred = subset - mean
        matrix = (1.0 - self.rho) * self.c / len(rows) * (centred.T @ centred)
        matrix.flat[:: len(matrix) + 1] += self.rho
        lower, info = lapack.dpotrf(matrix, lower=1, clean=1)
        if info:  # pragma: no cover - rho > 0 keeps every eigenvalue away from 0
            raise ArithmeticError("a regularised scatter has no factor")
        white, _ = lapack.dtrtrs(lower, (self.w - mean).T, lower=1)
        return white, 2.0 * float(np.sum(np.log(np.diag(lower))))
