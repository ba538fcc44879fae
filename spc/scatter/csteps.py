"""Concentration steps: from a subset of h rows to one whose covariance determinant is never larger (Rousseeuw & Van Driessen 1999).

Many subsets go through a step together. A subset is a row of a boolean table `member` (k, n); its moments and all rows' distances are
two matrix products on the quadratic features 1, z_a, z_a z_b of the (standardised) rows, so the work is done by BLAS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spc.nouns import Bools, Floats

_NOTHING = 1e-20  # variance in a standardised table that is none
_RIDGE = 1e-12  # keeps a singular *candidate* alive until the search is over; the winner is examined without it


@dataclass(frozen=True)
class Features:
    """The rows of a standardised table z (n, p) with their products, so that moments and distances are matrix products."""

    z: Floats
    q: Floats  # (n, p(p+1)/2): z_a z_b for a ≤ b
    a: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, z: Floats) -> Features:
        a = np.triu_indices(z.shape[1])
        return cls(z, z[:, a[0]] * z[:, a[1]], a)

    def moments(self, member: Bools | Floats) -> tuple[Floats, Floats]:
        """Means (k, p) and covariances (k, p, p), divisor h, of k subsets (or sets of weights that sum to h)."""
        weight = member.astype(np.float64)
        h = weight.sum(axis=1)[:, None]
        mean = weight @ self.z / h
        k, p = mean.shape
        upper = weight @ self.q / h - mean[:, self.a[0]] * mean[:, self.a[1]]
        covariance = np.empty((k, p, p))
        covariance[:, self.a[0], self.a[1]] = upper
        covariance[:, self.a[1], self.a[0]] = upper
        return mean, covariance

    def distances(self, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
        """Squared distances (k, n) of all rows from k centres, and the log determinants (k,)."""
        lower = _factors(covariance)
        p = mean.shape[1]
        inverse = np.linalg.solve(lower, np.broadcast_to(np.eye(p), lower.shape))
        precision = inverse.transpose(0, 2, 1) @ inverse
        logdet = 2.0 * np.log(np.einsum("kjj->kj", lower)).sum(axis=1)
        towards = np.einsum("kab,kb->ka", precision, mean)
        weights = precision[:, self.a[0], self.a[1]] * np.where(self.a[0] == self.a[1], 1.0, 2.0)
        d2 = weights @ self.q.T - 2.0 * (towards @ self.z.T) + np.einsum("ka,ka->k", towards, mean)[:, None]
        return d2, logdet


def _factors(covariance: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        floor = _RIDGE * np.maximum(values[:, -1:], _NOTHING)
        clipped = np.maximum(values, floor)
        return np.asarray(np.linalg.cholesky((vectors * clipped[:, None, :]) @ vectors.transpose(0, 2, 1)))


def nearest(d2: Floats, h: int) -> Bools:
    """The h rows nearest to each of k centres, as (k, n) memberships."""
    member = np.zeros(d2.shape, dtype=bool)
    if h == d2.shape[1]:
        return ~member
    np.put_along_axis(member, np.argpartition(d2, h - 1, axis=1)[:, :h], True, axis=1)
    return member


def grow(features: Features, member: Bools, h: int) -> Bools:
    """The h rows nearest each of k subsets of any size."""
    d2, _ = features.distances(*features.moments(member))
    return nearest(d2, h)


def converge(features: Features, member: Bools, h: int, steps: int = 0) -> tuple[Bools, Floats]:
    """C-steps on k subsets until none changes (or for `steps` steps): the subsets reached and their log determinants.

    A subset stops when its *members* stop changing. Determinants only fall, so a test on their difference must not have a sign error;
    members cannot lie. A step that would raise the determinant by rounding is refused, which also breaks cycles among ties.
    """
    member = member.copy()
    best = np.full(len(member), np.inf)
    moving = np.arange(len(member))
    taken = 0
    while len(moving) and (steps == 0 or taken < steps):
        d2, logdet = features.distances(*features.moments(member[moving]))
        fell = logdet < best[moving] - 1e-12 * (1.0 + np.abs(logdet))
        best[moving] = np.where(fell, logdet, best[moving])
        after = nearest(d2, h)
        changed = fell & np.any(after != member[moving], axis=1)
        member[moving[changed]] = after[changed]
        moving = moving[changed]
        taken += 1
    if len(moving):
        _, logdet = features.distances(*features.moments(member[moving]))
        best[moving] = logdet
    return member, best


def distinct(member: Bools, objective: Floats, keep: int) -> Bools:
    """The best `keep` different subsets, best first."""
    packed, seen, chosen = np.packbits(member, axis=1), set(), []
    for i in np.argsort(objective, kind="stable").tolist():
        key = packed[i].tobytes()
        if key not in seen:
            seen.add(key)
            chosen.append(i)
        if len(chosen) == keep:
            break
    return np.asarray(member[chosen])


def apart(member: Bools, objective: Floats, most: int, shared: float) -> Bools:
    """The best subset, then the next best that has less than `shared` rows in common with those chosen, and so on, `most` at most."""
    chosen: list[int] = []
    for i in np.lexsort((np.arange(len(objective)), objective)):
        if all(int(np.count_nonzero(member[i] & member[k])) < shared for k in chosen):
            chosen.append(int(i))
        if len(chosen) == most:
            break
    return np.asarray(member[chosen])
