"""Phase I without a law: are these rows stable? Answered by permutation, whatever their distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spc.errors import BadRecipe, TooFewRows
from spc.nouns import Floats, Ints
from spc.phase1.shifts import Found, forward, gains
from spc.phase1.spatial import scores
from spc.scatter.factor import factor
from spc.scatter.quantiles import median_and_scale
from spc.scatter.table import checked

_CELLS = 2_000_000  # numbers permuted at a time
_WILD = 30.0  # robust standard deviations; the same for every order of the rows, so that the probability stays exact
_FEWEST = 12  # rows or subgroups: a step needs six on each side


@dataclass(frozen=True, slots=True)
class Shift:
    """A step that begins with row (or subgroup) `first`, counted from 1, or an isolated subgroup; `gain` is what it explains."""

    kind: Literal["step", "isolated"]
    first: int
    gain: float


@dataclass(frozen=True, eq=False)
class DistributionFree:
    """Whether m rows or subgroups are stable.

    `p_value` is the probability of so large a `statistic` when nothing changes, of whatever law the rows are; `stable` says whether it is
    above `overall`, and `shifts` are what was found when it is not. `score` (m,) is, for each row or subgroup, what a shift that begins
    there would explain, and `limit` what the largest of them exceeds with probability `overall` in a stable table. `names` (m,) are the
    labels of the subgroups, or the row numbers from 1.
    """

    p_value: float
    statistic: float
    overall: float
    shifts: tuple[Shift, ...]
    score: Floats
    limit: float
    names: tuple[object, ...]
    permutations: int

    @property
    def stable(self) -> bool:
        """No shift was found at the overall false-alarm probability that was asked."""
        return self.p_value > self.overall

    @property
    def sentence(self) -> str:
        """The answer in words.

        >>> quiet = DistributionFree(0.4, 1.2, 0.05, (), np.ones(30), 9.0, tuple(range(1, 31)), 999)
        >>> quiet.sentence
        'No shift is seen (p = 0.4, 999 permutations): a stable table would look like this, whatever its distribution.'
        """
        tail = f"(p = {self.p_value:.3g}, {self.permutations} permutations)"
        if self.stable:
            return f"No shift is seen {tail}: a stable table would look like this, whatever its distribution."
        told = [f"{'a step from' if one.kind == 'step' else 'an isolated shift at'} {self._name(one.first)} on" for one in self.shifts]
        told = [words.removesuffix(" on") if "isolated" in words else words for words in told]
        where = f": {', '.join(told)}" if told else ", but not where it begins"
        return f"The table is not stable {tail}{where}. Whatever its distribution, a stable one looks so once in {1 / self.overall:.3g}."

    def _name(self, first: int) -> str:
        name = self.names[first - 1]
        return f"row {name}" if isinstance(name, int) else f"subgroup {name}"

    def to_dict(self) -> dict[str, object]:
        """Plain words and numbers."""
        return {
            "p_value": self.p_value,
            "overall": self.overall,
            "stable": self.stable,
            "permutations": self.permutations,
            "shifts": [{"kind": one.kind, "first": self.names[one.first - 1], "gain": one.gain} for one in self.shifts],
            "sentence": self.sentence,
        }


def distribution_free(
    x: Floats, *, overall: float = 0.05, permutations: int = 999, seed: int = 0, subgroup: Sequence[object] | None = None
) -> DistributionFree:
    """Look for steps (and isolated shifts of subgroups) in rows x (n, p) in order of time, with an exact overall false-alarm rate.

    Rows are whitened by their successive differences (single rows) or within their subgroups, and turned into spatial signed ranks; a
    forward search adds one shift after the other, up to √m; the largest standardised gain is compared with that of permuted rows. A
    stable table is called unstable with probability `overall`, exactly, as long as rows are independent of each other: normal or not.
    For single rows only steps of more than five rows are sought: one row that is merely far off is as likely anywhere in a permutation,
    so that no test of this kind can see it (the T² chart does). `subgroup` (n,) are labels, each in neighbouring rows; sizes may
    differ. The time grows with permutations × n: about a second for 200 rows. Raises BadTable, BadRecipe, TooFewRows and Degenerate.

    Source: Capizzi & Masarotto 2017.

    >>> x = np.random.default_rng(1).standard_t(3, size=(60, 2))
    >>> x[40:] += 2.0
    >>> found = distribution_free(x, permutations=199)
    >>> found.p_value, [(shift.kind, shift.first) for shift in found.shifts]
    (0.005, [('step', 41)])
    """
    x = checked(x, _FEWEST, "a distribution-free Phase I")
    if not 0.0 < overall < 1.0 or permutations < math.ceil(1 / overall) - 1:
        raise BadRecipe(
            f"{permutations} permutations cannot hold an overall false-alarm probability of {overall}.",
            cure=f"Ask for at least {math.ceil(1 / overall) - 1 if 0 < overall < 1 else 19}; 999 are usual.",
        )
    sizes, names = _sizes(len(x), subgroup)
    single = bool(np.all(sizes == 1))
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    z = _scaled(x, sizes, starts)
    most = min(50, round(math.sqrt(len(sizes))))
    rng = np.random.default_rng(seed)
    observed = np.add.reduceat(scores(z[None], sizes)[0], starts, axis=0)
    found = forward(observed, sizes, most, isolated=not single)
    at_start = gains(observed, sizes, isolated=not single)
    totals, largest = np.empty((permutations + 1, most)), np.empty(permutations + 1)
    totals[0], largest[0] = found.totals, at_start.max()
    batch = max(1, _CELLS // z.size)
    for begin in range(1, permutations + 1, batch):
        end = min(begin + batch, permutations + 1)
        mixed = np.stack([z[rng.permutation(len(z))] for _ in range(begin, end)])
        for k, sums in enumerate(np.add.reduceat(scores(mixed, sizes), starts, axis=1), begin):
            totals[k] = forward(sums, sizes, most, isolated=not single).totals
            largest[k] = gains(sums, sizes, isolated=not single).max()
    spread = np.maximum(totals.std(axis=0, ddof=1), 1e-12)
    statistics = ((totals - totals.mean(axis=0)) / spread).max(axis=1)
    p_value = float(np.mean(statistics >= statistics[0] * (1 - 1e-12) if statistics[0] > 0 else statistics >= statistics[0]))
    limit = float(np.sort(largest)[math.ceil((1 - overall) * (permutations + 1)) - 1])
    shifts = _kept(found, len(z), z.shape[1], len(sizes)) if p_value <= overall else ()
    return DistributionFree(p_value, float(statistics[0]), overall, shifts, at_start, limit, names, permutations)


def _sizes(n: int, subgroup: Sequence[object] | None) -> tuple[Ints, tuple[object, ...]]:
    """How many rows each subgroup has, in order, and its name."""
    if subgroup is None:
        return np.ones(n, dtype=np.int64), tuple(range(1, n + 1))
    if len(subgroup) != n:
        raise BadRecipe(f"There are {len(subgroup)} labels for {n} rows.", cure="Give one label for each row.")
    first = [i for i in range(n) if i == 0 or subgroup[i] != subgroup[i - 1]]
    names = tuple(subgroup[i] for i in first)
    if len(set(names)) < len(names):
        again = next(i for i in first if names.count(subgroup[i]) > 1 and i > names.index(subgroup[i]))
        raise BadRecipe(
            f"Subgroup {subgroup[again]} occurs in rows that are not neighbours.", cure="Sort the rows by subgroup, in order of time."
        )
    if len(first) < _FEWEST:
        raise TooFewRows(f"{len(first)} subgroups are too few to look for steps.", cure=f"At least {_FEWEST} are needed.")
    return np.diff([*first, n]).astype(np.int64), names


def _scaled(x: Floats, sizes: Ints, starts: Ints) -> Floats:
    """Columns of unit spread, wild cells brought to 30 robust sd; raises Degenerate, with the equation, when the rows have no scatter."""
    center, scale = median_and_scale(x)
    z = np.clip((x - center) / np.where(scale > 0, scale, 1.0), -_WILD, _WILD)
    factor(z - z.mean(axis=0), len(x) - 1)
    if not np.all(sizes == 1):
        factor(z - np.repeat(np.add.reduceat(z, starts, axis=0) / sizes[:, None], sizes, axis=0), len(x) - len(sizes))
    return z


def _kept(found: Found, n: int, p: int, m: int) -> tuple[Shift, ...]:
    """The first shifts of the search, as many as pay: the gain less p log n + 2 log m for each (the extended BIC of Chen & Chen 2008)."""
    totals = found.totals[: len(found.shifts)]
    worth = totals - np.arange(1, len(totals) + 1) * (p * math.log(n) + 2 * math.log(m))
    most = int(np.argmax(worth)) + 1 if len(worth) else 0
    steps = np.diff(np.concatenate(([0.0], totals)))
    shifts = [Shift(kind, at + 1, float(gain)) for (kind, at), gain in zip(found.shifts[:most], steps[:most], strict=True)]
    return tuple(sorted(shifts, key=lambda one: one.first))
