"""Whose doing a signal is, and since when: one shape of answer for every chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spc.nouns.arrays import Floats

Kind = Literal["level", "relation", "spread", "guard"]


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """Whose doing a signal is: one shape of answer for every chart.

    chart: the chart that rang (t2, mewma, mcusum, ewma_log_t2, mewmc, spe, dispersion, guard). kind: a variable's own level; a relation of
    variables; spread, not level; a guard. value: the statistic that is split into `share` (p,), signed, which sums to it. sigma (p,): each
    variable's own distance from its level, in standard deviations of what is split (a row, a mean, a smoothed row). given (p,): its
    distance from what the others imply. named: the set to name in a sentence: one variable, a pair, or a group that cannot be
    separated. direction (p,): unit vector in whitened space, what a later incident is compared with. pairs: the relations that broke,
    and by how much.
    """

    chart: str
    kind: Kind
    names: tuple[str, ...]
    value: float
    share: Floats
    sigma: Floats
    given: Floats
    named: tuple[str, ...]
    direction: Floats
    pairs: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Since:
    """When it began: the row, and an interval of about 90 % around it, in row numbers; all at once (step) or bit by bit (drift)."""

    row: int
    low: int
    high: int
    kind: Literal["step", "drift"]
