"""C-steps on a table too large to look at every row every time.

After a step most rows cannot have changed sides. With r a row's distance from a reference (an earlier mean and covariance), its distance
from the new ones lies between σ₁(r − δ) and σ₂(r + δ): σ₁ and σ₂ are the extreme singular values of L⁻¹L_ref, δ how far the mean has
moved. The h-th smallest lies between the same bounds of the h-th smallest r. So only the rows in a band of r are measured again, and
the sums are brought up to date by the rows that enter and leave. The subsets are those of plain C-steps, and the table is never copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from spc.nouns import Bools, Floats
from spc.scatter.kernel import rank_value
from spc.scatter.steps import Steps

_WIDE = 0.3  # share of the rows in the band above which measuring them all is the cheaper step
_MANY = 0.1  # share of the rows changing places above which the sums are taken anew


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """A mean (p,), the lower factor (p, p) of a covariance, and the factor's inverse."""

    mean: Floats
    factor: Floats
    inverse: Floats

    @property
    def logdet(self) -> float:
        return float(2.0 * np.sum(np.log(np.diag(self.factor))))


@dataclass(frozen=True, eq=False)
class _Measured:
    """All rows' distances (n,), not squared, from an ellipsoid, and the h-th smallest of them."""

    from_: Ellipsoid
    distance: Floats
    edge: float

    @classmethod
    def of(cls, steps: Steps, ellipsoid: Ellipsoid, h: int) -> _Measured:
        distance = steps.distances(None, ellipsoid.mean, ellipsoid.inverse)
        np.sqrt(distance, out=distance)
        return cls(ellipsoid, distance, rank_value(distance, h - 1))

    def band(self, new: Ellipsoid) -> tuple[float, float]:
        """Between which two distances the rows lie of which it is not sure on which side of the new edge they are."""
        singular = np.linalg.svd(new.inverse @ self.from_.factor, compute_uv=False)
        delta = float(np.linalg.norm(self.from_.inverse @ (new.mean - self.from_.mean)))
        ratio = float(singular[0] / singular[-1]) * (1.0 + 1e-12)
        return (self.edge - delta) / ratio - delta, (self.edge + delta) * ratio + delta


def settle(steps: Steps, member: Bools, h: int, most: int = 200) -> tuple[Bools, float]:
    """A subset of any size to the fixed point of h rows that it leads to: (n,), and log det of its covariance (divisor h)."""
    sums = _Sums(steps, member)
    measured: _Measured | None = None
    best = np.inf
    for _ in range(most):
        ellipsoid = sums.ellipsoid()
        if ellipsoid is None:
            return sums.member, -np.inf
        if sums.count == h:
            if not ellipsoid.logdet < best - 1e-12 * (1.0 + abs(ellipsoid.logdet)):
                break
            best = ellipsoid.logdet
        after, measured = _nearest(steps, ellipsoid, measured, h)
        if not sums.change(after):
            break
    return sums.member, best


def _nearest(steps: Steps, new: Ellipsoid, measured: _Measured | None, h: int) -> tuple[Bools, _Measured]:
    """The h rows nearest an ellipsoid (n,), and the measurement that is the reference of the next step."""
    if measured is not None:
        low, high = measured.band(new)
        sure = measured.distance < low
        band = np.flatnonzero(~sure & (measured.distance <= high))
        if len(band) <= _WIDE * len(sure):
            wanted = h - int(np.count_nonzero(sure))
            sure[band] = _first(steps.distances(band, new.mean, new.inverse), wanted)
            return sure, measured
    measured = _Measured.of(steps, new, h)
    return _first(measured.distance, h), measured


def _first(distance: Floats, count: int) -> Bools:
    """The `count` smallest (n,); among equals the earlier ones."""
    if count <= 0:
        return np.zeros(len(distance), dtype=bool)
    edge = rank_value(distance, count - 1)
    chosen = distance < edge
    ties = np.flatnonzero(distance == edge)
    chosen[ties[: count - int(np.count_nonzero(chosen))]] = True
    return chosen


class _Sums:
    """A subset with its sums, which follow the rows that enter and leave it."""

    def __init__(self, steps: Steps, member: Bools) -> None:
        self._steps = steps
        few = np.flatnonzero(member)[:: max(1, int(np.count_nonzero(member)) // 1000)]
        self._origin = steps.sums(few, np.zeros(steps.x.shape[1]))[0] / len(few)  # near the mean: no digits are lost
        self._anew(member)

    def _anew(self, member: Bools) -> None:
        rows = np.flatnonzero(member)
        self.member, self.count = member.copy(), len(rows)
        self._total, self._cross = self._steps.sums(rows, self._origin)

    def ellipsoid(self) -> Ellipsoid | None:
        """Mean and covariance (divisor: the count) of the subset, or None when it lies on a hyperplane."""
        mean = self._total / self.count
        lower, info = lapack.dpotrf(self._cross / self.count - np.outer(mean, mean), lower=1, clean=1)
        if info:
            return None
        return Ellipsoid(self._origin + mean, np.asarray(lower), np.tril(lapack.dtrtri(lower, lower=1)[0]))

    def change(self, after: Bools) -> bool:
        """Take another subset; whether it was another one."""
        differing = np.flatnonzero(after != self.member)
        if not len(differing):
            return False
        if len(differing) > _MANY * len(after):
            self._anew(after)
            return True
        entered = after[differing]
        for rows, sign in ((differing[entered], 1.0), (differing[~entered], -1.0)):
            total, cross = self._steps.sums(rows, self._origin)
            self._total, self._cross = self._total + sign * total, self._cross + sign * cross
        self.member, self.count = after, self.count + int(2 * np.count_nonzero(entered)) - len(differing)
        return True
