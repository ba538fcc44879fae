"""The set of variables to name for a signal, and the laws by which it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import chdtrc, chdtri, fdtrc, fdtri

from spc.blame.sets import FEW, Rest, grown
from spc.nouns import Floats, Ints, Model

_FAR = 0.00135  # probability with which one of several good variables stands out from the others: half of a three-sigma chart's
_ODDS = 5.0  # an alternative that is less than five times less likely, and
_TIED = 0.6  # this closely tied to the member that it would replace (all others given), cannot be told from it


@dataclass(frozen=True)
class Laws:
    """The laws of T² and of its terms for a new row: F laws with the model's degrees of freedom, on the scale of its own limits.

    T²_j ~ lift · F(1, dof); T²_{j|k others} ~ lift · dof/(dof − k) · F(1, dof − k) (Mason, Young & Tracy 1995; for a model of single
    rows lift is (n + 1)/n and dof n − 1). Where the model's limits are not the F law's, terms are first put on the scale of its limit
    for as many variables.
    """

    model: Model

    def limit(self, q: int) -> float:
        """The limit of the squared distance on q variables; the model's own."""
        return self.model.new_limits["t2"][q - 1].value if q else np.inf

    def scale(self, q: int) -> float:
        """What a term of q variables is multiplied with so that the model's limit for them falls on the F law's."""
        return float(_scales(self.model)[q - 1])

    def law(self, q: int, alpha: float) -> float:
        """What the T² of q variables of a good row exceeds with probability alpha, by the F law; by χ² when there are too few rows."""
        dof = self.model.dof
        if dof - q + 1 <= 0:
            return float(chdtri(q, alpha))
        return self.model.lift * dof * q / (dof - q + 1) * float(fdtri(q, dof - q + 1, 1.0 - alpha))

    def term(self, value: float, k: int) -> float:
        """P(term > value) for one variable given k others; NaN when too few rows stand behind it."""
        dof = self.model.dof
        return float(fdtrc(1, dof - k, value / self._unit(k))) if dof - k > 0 else float("nan")

    def terms(self, values: Floats, k: Ints) -> Floats:
        """The same for many terms (s,), each given k (s,) others."""
        enough = self.model.dof - k > 0
        return np.asarray(np.where(enough, fdtrc(1, np.where(enough, self.model.dof - k, 1), values / self._unit(k)), np.nan))

    def term_limits(self, alpha: float, k: Ints) -> Floats:
        """The values (s,) of terms given k (s,) others that are exceeded with probability alpha."""
        enough = self.model.dof - k > 0
        return np.asarray(np.where(enough, fdtri(1, np.where(enough, self.model.dof - k, 1), 1.0 - alpha) * self._unit(k), np.nan))

    def _unit(self, k: int | Ints) -> Floats:
        """What an F law of one variable given k others is multiplied with to be the law of the term."""
        return np.asarray(_units(self.model)[k])

    @property
    def alpha(self) -> float:
        """The false-alarm probability of a point."""
        return self.model.new_limits["t2"][-1].alpha


@lru_cache(maxsize=32)
def _scales(model: Model) -> Floats:
    """What a term of one, two, … all p variables is multiplied with so that the model's limit for as many falls on the F law's; (p,)."""
    own = model.new_limits["t2"]
    q = np.arange(1, len(own) + 1)
    left = model.dof - q + 1
    law = fdtri(q, np.maximum(left, 1), 1.0 - np.array([one.alpha for one in own]))
    ratio = model.lift * model.dof * q / np.maximum(left, 1) * law / np.array([one.value for one in own])
    return np.asarray(np.where((left <= 0) | (np.abs(ratio - 1.0) < 1e-6), 1.0, ratio))


@lru_cache(maxsize=32)
def _units(model: Model) -> Floats:
    """What an F law of one variable given none, one, … all p − 1 others is multiplied with to be the law of the term; (p,)."""
    scales, dof = _scales(model), model.dof
    return np.asarray(model.lift * dof / np.maximum(dof - np.arange(len(scales)), 1) / scales)


Inside = Callable[[Rest], bool]


def inside(laws: Laws) -> Inside:
    """Whether nothing is wrong with what is left of one row: T² within its limit, and no variable that stands out from the others.

    The second counts where many variables are left: one of them can be far out while the T² of thirty is not. Among good variables it
    happens once in 740 rows, however many are left.
    """

    def ok(rest: Rest) -> bool:
        q = rest.count
        if q == 0:
            return True
        if rest.d2 > laws.limit(q):
            return False
        p = laws.term(float(np.max(rest.gains)), q - 1)
        return bool(np.isnan(p)) or p * q >= _FAR

    return ok


def inside_spread(model: Model, m: int, alpha: float) -> Inside:
    """The same for the spread of m rows' worth of deviations: the sum of their squared distances, and of each variable's terms."""

    def ok(rest: Rest) -> bool:
        q = rest.count
        if q == 0:
            return True
        wide = model.lift * model.dof / max(model.dof - q + 1, 1)
        if rest.d2 / wide > float(chdtri(m * q, alpha)):
            return False
        return float(chdtrc(m, float(np.max(rest.gains)) / wide)) * q >= _FAR

    return ok


def named(
    whole: Rest, ok: Inside, odds: float = _ODDS, scale: float = 1.0, more: Callable[[tuple[int, ...], Rest], bool] | None = None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The variables to name, and those of the best set by itself: the smallest set whose shift alone explains the rows.

    Of all sets of a size the most likely is taken, and the size is the smallest with which nothing is wrong with the rest and nobody in
    it belongs to the chosen ones: `more(chosen, rest)` is asked for that. A member that an outsider could replace cannot be told from it,
    and both are named: the two are closely tied when all others are given, without the outsider, too, nothing would be wrong with the
    rest, and it would be less than `odds` times less likely. At least one variable is named, also for rows with which nothing is wrong.
    """
    chosen: tuple[int, ...] = ()
    rest = whole
    while rest.count:
        chosen, rest = grown(whole, chosen, rest)
        if ok(rest) and (more is None or not more(chosen, rest)):
            break
    if ok(whole) or not rest.count or len(chosen) > FEW:
        return chosen, chosen
    return _with_doubles(whole, chosen, ok, 2.0 * np.log(odds) / scale), chosen


def _with_doubles(whole: Rest, chosen: tuple[int, ...], ok: Inside, close: float) -> tuple[int, ...]:
    """The chosen ones, and whoever could stand in the place of one of them."""
    group = list(chosen)
    for j in chosen:
        rest = whole.all_without(tuple(k for k in chosen if k != j))
        gains: Floats = rest.gains
        for k in (int(one) for one in np.flatnonzero(gains > gains[j] - close)):
            if k not in group and rest.tied(j, k) >= _TIED and ok(rest.without(k)):
                group.append(k)
    return tuple(group)
