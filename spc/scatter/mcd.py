"""The minimum covariance determinant estimator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np

from spc.errors import BadRecipe
from spc.nouns import Bools, Floats, Ints, Scatter
from spc.scatter.contract import Equivariance
from spc.scatter.corrections import consistency, cutoff
from spc.scatter.factor import Hyperplane, factor_of, hyperplane, inverse_of
from spc.scatter.mcd_bias import mcd_bias
from spc.scatter.objective import subset_objective
from spc.scatter.quantiles import median_and_scale
from spc.scatter.search import search
from spc.scatter.steps import Steps, steps_on
from spc.scatter.subsets import sample
from spc.scatter.table import checked

_KNOT = 0.6  # of the spread of other good rows, below which rows are a knot
_ENOUGH = 20_000  # rows that tell where a column lies and how wide it is
Basin = Literal["lowest", "deterministic"]

REWEIGHT = 0.975  # share of good rows that the second stage is meant to keep


def subset_size(n: int, p: int, h: float | int) -> int:
    """The number of rows in the subset: an int as it is, a fraction as robustbase's h.alpha.n resolves it.

    A fraction α between ½ and 1 gives ⌊2m − n + 2(n − m)α⌋ with m = ⌊(n + p + 1)/2⌋.

    >>> subset_size(20, 5, 0.5), subset_size(20, 5, 0.75), subset_size(20, 5, 17)
    (13, 16, 17)
    """
    low = (n + p + 1) // 2
    if isinstance(h, int) and not isinstance(h, bool):
        size = h
    else:
        size = int(2 * low - n + 2 * (n - low) * h + 1e-9)
    if not low <= size <= n:
        raise BadRecipe(f"h = {h} asks for {size} of {n} rows; an MCD needs {low} to {n}.", cure="Use a fraction between 0.5 and 1.")
    return size


def subset_share(n: int, p: int, size: int) -> float:
    """The fraction α that `subset_size` resolves to this size.

    >>> subset_share(100, 5, 76)
    0.75
    """
    low = (n + p + 1) // 2
    return 1.0 if n == low else 0.5 * (size - 2 * low + n) / (n - low)


@dataclass(frozen=True)
class Mcd:
    """The mean and covariance of the h rows whose covariance has the smallest determinant, then reweighted (Rousseeuw 1984, 1999).

    h: a fraction of the rows (0.5 … 1; 0.75 stands up to 25 % of bad rows, 0.5 to nearly half) or a number of rows. The search is
    deterministic: the same rows give the same answer. Called with x (n, p), finite, n > 2p; returns a Scatter in the columns' own
    units, whose `objective` is log det of the h-subset's covariance (divisor h) before any factor, and whose `used` marks the rows
    that the reweighted estimate rests on. Raises TooFewRows, and Degenerate with the equation when h rows lie on a hyperplane.

    A tight cluster makes a determinant small by lying close together: the lowest one may rest on it. When the best subset that the
    deterministic starts lead to disagrees about which rows are bad, or another one of theirs does that leaves such a knot of rows out, it
    is the answer's `rival`; basin "deterministic" makes it the answer and the lowest one the rival. Which of them is the process, a
    person must say.

    Sources: Rousseeuw & Van Driessen 1999 (C-steps), Hubert, Rousseeuw & Verdonck 2012 (deterministic starts), Croux & Haesbroeck
    1999 (consistency), Hardin & Rocke 2005 and Green & Martin 2014 (the law by which rows are kept in the second stage). A small-sample
    factor makes the reported covariance right on average over normal tables.

    >>> x = np.array([[1.0], [1.1], [1.2], [1.3], [1.4], [1.5], [50.0]])
    >>> s = Mcd(h=0.75)(x)
    >>> round(float(s.center[0]), 6), s.used.tolist()
    (1.25, [True, True, True, True, True, True, False])
    """

    h: float | int = 0.75
    seed: int = 0
    basin: Basin = "lowest"
    name: ClassVar[str] = "mcd"
    robust: ClassVar[bool] = True
    equivariance: ClassVar[Equivariance] = "affine"

    def __post_init__(self) -> None:
        if self.basin not in get_args(Basin):
            raise BadRecipe(f"An MCD has no basin '{self.basin}'.", cure="Choose 'lowest' or 'deterministic'.")

    def __call__(self, x: Floats) -> Scatter:
        x = checked(x, self.rows_needed(np.shape(x)[-1]), "a robust covariance (MCD)")
        n, p = x.shape
        h = subset_size(n, p, self.h)
        center, scale = standards(x, h)
        found = search(x, center, 1.0 / scale, h, self.seed)
        stage = _SecondStage(x, center, scale, h)
        lowest = stage.answer(found.member, found.objective)
        for k, (member, objective) in enumerate(found.others):
            other = stage.answer(member, objective)
            if _disagree(lowest, other) and ((k == 0 and not found.sure) or stage.knotted(lowest, other)):
                return replace(lowest, rival=other) if self.basin == "lowest" else replace(other, rival=lowest)
        return lowest

    def rows_needed(self, p: int) -> int:
        """The fewest rows for p variables: 2p + 1, so that the smallest subset still spans the space and outliers can be outvoted."""
        return 2 * p + 1


def standards(x: Floats, h: int) -> tuple[Floats, Floats]:
    """The medians and MADs of x's columns; raises Degenerate when h values of a column are the same."""
    n, p = x.shape
    part = x[sample(n, _ENOUGH, 0)] if n > _ENOUGH else x
    center, scale = median_and_scale(part)
    same = 1e-13 * np.abs(center)
    for j in np.flatnonzero(np.mean(np.abs(part - center) <= same, axis=0) >= 0.9 * h / n):
        count = int(np.sum(np.abs(x[:, j] - center[j]) <= same[j]))
        if count >= h:
            raise Hyperplane(np.eye(p)[j], float(center[j]), count, n)
    return center, scale


def standardised(x: Floats, h: int) -> tuple[Floats, Floats]:
    """x moved and scaled by its columns' medians and MADs, and those scales; raises Degenerate as `standards` does."""
    center, scale = standards(x, h)
    return (x - center) / scale, scale


@dataclass(frozen=True, eq=False)
class _SecondStage:
    """From a subset of h rows of x (n, p) to the reweighted estimate; center and scale (p,) are what the search was standardised by."""

    x: Floats
    center: Floats
    scale: Floats
    h: int

    def answer(self, member: Bools, objective: float) -> Scatter:
        n, p = self.x.shape
        kept = self.h / n
        steps = steps_on(self.x, self.center, 1.0 / self.scale)
        mean, raw = self._moments(steps, np.flatnonzero(member), np.zeros(p))
        d2 = steps.distances(None, mean, inverse_of(raw))
        used = member | (d2 <= cutoff(n, p, kept, REWEIGHT) * consistency(p, kept))
        mean, lower = self._moments(steps, np.flatnonzero(used), mean)
        lower = lower * self.scale[:, None] * np.sqrt(consistency(p, max(kept, REWEIGHT)) / mcd_bias(n, p, subset_share(n, p, self.h)))
        objective += 2.0 * float(np.sum(np.log(self.scale)))
        return Scatter(self.center + mean * self.scale, lower, n, used=used, h=self.h, objective=objective)

    def knotted(self, lowest: Scatter, other: Scatter) -> bool:
        """Whether the rows that the lowest answer alone takes for good lie much closer together than those that both do."""
        x = (self.x - self.center) / self.scale
        alone, both = np.asarray(lowest.used) & ~np.asarray(other.used), np.asarray(lowest.used) & np.asarray(other.used)
        p = x.shape[1]
        if min(np.count_nonzero(alone), np.count_nonzero(both)) <= p:
            return False
        return bool(subset_objective(x[alone]) - subset_objective(x[both]) < 2.0 * p * np.log(_KNOT))

    def _moments(self, steps: Steps, rows: Ints, origin: Floats) -> tuple[Floats, Floats]:
        """Mean (p,) and factor (p, p) of the covariance, divisor rows − 1, of some rows, standardised; the origin is near the mean.

        Raises Degenerate, with the equation in the columns' own units, when the rows lie on a hyperplane.
        """
        total, cross = steps.sums(rows, origin)
        if not np.any(origin):  # not known to be near: take the sums again about the mean
            origin = total / len(rows)
            total, cross = steps.sums(rows, origin)
        lower = factor_of(cross - np.outer(total, total) / len(rows), len(rows) - 1)
        if lower is None:
            middle = self.x[rows].mean(axis=0)
            raise hyperplane(self.x[rows] - middle, middle, self.x)
        return origin + total / len(rows), lower


def _disagree(one: Scatter, other: Scatter) -> bool:
    """Whether two answers differ about which rows are bad, by more rows than chance moves across a cut-off."""
    return int(np.count_nonzero(np.asarray(one.used) != np.asarray(other.used))) > max(2 * one.p, 0.08 * one.n)
