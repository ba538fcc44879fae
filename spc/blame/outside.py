"""Whose doing an SPE is: shares of what lies outside the main relations, and the fewest variables whose shift explains it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from spc.blame.named import Inside, named
from spc.blame.sets import Rest
from spc.blame.shapley import LARGEST, distance, enlarged
from spc.limits.outside import box
from spc.nouns import Floats, Model
from spc.scatter.axes import Outside, even_precision, settled


def is_outside(model: Model, chart: str) -> bool:
    """Whether a chart of a model is one of SPE."""
    return str(model.recipe.get("charts", {}).get(chart, {}).get("name", chart)) == "spe"


@dataclass(frozen=True, eq=False)
class Split:
    """SPE of a row, each variable's signed share of it (p,), and the variables to name, by their places."""

    value: float
    share: Floats
    named: tuple[int, ...]

    @classmethod
    def of(cls, model: Model, chart: str, x: Floats) -> Split:
        """From a complete row x (p,).

        With u the standardised row and e the part of it outside the axes, SPE = Σ u_j e_j, and u_j e_j is the share: the Shapley value of
        SPE, as that of T² is u_j [R⁻¹u]_j. A shift of one variable alone gives all of SPE to that one, whereas e_j² smears it over all
        that the axes tie to it (Alcala & Qin 2009: partial decomposition against complete decomposition contributions).
        """
        asked = model.recipe.get("charts", {}).get(chart, {})
        axes = settled(model.scatter.factor, asked.get("components"), float(asked.get("explained", 0.9)))
        outside, z = Outside.of(model.scatter.factor, axes), model.scatter.whiten(x[None])
        along = outside.along(z)[0]
        u = (x - model.scatter.center) / model.scatter.sd
        value, share = float(np.einsum("i,i->", along, along)), u * (outside.axes @ along)
        total = float(share.sum())  # equal to SPE but for rounding, which a row far out along the axes makes large
        return cls(value, share * (value / total) if total > 0.0 else np.zeros(len(u)), _named(model, chart, outside, axes, u))


def far_out(model: Model, chart: str, x: Floats) -> tuple[float, Floats]:
    """SPE and the shares (p,) of a row whose squares may be no numbers: see `spc.blame.shapley.blame`."""
    away = np.clip(x, -LARGEST, LARGEST) - model.scatter.center
    power = distance(model.scatter, away[None])
    split = Split.of(replace(model, scatter=replace(model.scatter, center=np.zeros(model.p))), chart, np.ldexp(away, -int(power[0])))
    value = math.ldexp(split.value, 2 * int(power[0])) if math.frexp(split.value)[1] + 2 * power[0] <= 1024 else LARGEST
    return value, enlarged(split.share[None], 2 * power)[0]


def _named(model: Model, chart: str, outside: Outside, axes: int, u: Floats) -> tuple[int, ...]:
    """The fewest variables with which, each moved by the best guess of its shift, SPE is within its limit.

    Which ones they are goes by likelihood, and there all directions outside the axes count alike, as they do in SPE.
    """
    limit, precision = model.new_limits[chart][-1], even_precision(model.scatter.factor, axes)
    scale = np.sqrt(np.diag(precision))
    pull = precision @ u
    whole = Rest((pull / scale)[None], precision / np.outer(scale, scale), np.ones(len(u), dtype=bool), float(u @ pull))
    usual = float(box(outside.weight, limit.alpha))
    group, _ = named(whole, _within(precision, outside, u, limit.value), scale=usual / limit.value)
    return group


def _within(precision: Floats, outside: Outside, u: Floats, limit: float) -> Inside:
    """Whether SPE is within its limit once those who were set aside are moved back by their best guess of a shift, (P_AA)⁻¹ [Pu]_A."""
    pull = precision @ u

    def ok(rest: Rest) -> bool:
        gone = np.flatnonzero(~rest.left)
        moved = u.copy()
        if len(gone):
            moved[gone] -= np.linalg.solve(precision[np.ix_(gone, gone)], pull[gone])
        along = moved @ outside.axes
        return float(along @ along) <= limit

    return ok
