"""Whose doing a signal is: one answer for every chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spc.blame.company import company
from spc.blame.dispersion import of_covariance
from spc.blame.level import shifted
from spc.blame.named import Laws, inside, named
from spc.blame.outside import Split, far_out, is_outside
from spc.blame.sets import Rest
from spc.blame.shapley import LARGEST, blame
from spc.blame.since import whitened
from spc.blame.spread import of_rows
from spc.nouns import Blame, Cause, Floats, Model, Scatter
from spc.nouns.cause import Kind

ORDINARY = 3.0  # standard deviations up to which a variable's own value is ordinary
_REMEMBER = ("mewma", "mcusum", "ewma_log_t2", "mewmc")  # they ring as soon as they are out: what is left is large then for no other reason
_ABSURD = 2.0**20  # standard deviations from which a value is as far away as any, when it is asked which others are, too
_TELLING = 1.5  # how much further from what the others imply than from its level, for the relation to be the news


def cause(
    model: Model,
    chart: str = "t2",
    *,
    x: Floats | None = None,
    remembered: Floats | None = None,
    value: float = float("nan"),
    rows: Floats | None = None,
    guards: Floats | None = None,
    covariance: Floats | None = None,
    worth: float = float("nan"),
) -> Cause:
    """Whose doing a signal of a chart is, from what that chart judges.

    x (p,): the values behind a T² or SPE, NaN where missing: a row, the mean of a subgroup (with the model for its size), a residual, a
    lagged row; with a `value`, the statistic that the shares are to sum to. remembered (p,): the whitened vector of a MEWMA or MCUSUM, in
    any length, with the statistic `value`. rows (n, p): the last rows up to the signal of an EWMA of log T², with the statistic `value`.
    guards (g,): each guard's deviation in tolerances. covariance (p, p): the whitened covariance of a MEWMC or of a subgroup, `worth` so
    many independent rows, with the statistic `value`; `rows` may
    stand beside it, to tell a shift of the level. Exactly one of the five; raises ValueError otherwise, and for a row without any value.

    >>> from spc.nouns import Limit, Scatter
    >>> limits = {"t2": (Limit(9.1, 0.0027, ""), Limit(12.1, 0.0027, ""))}
    >>> two = Scatter(np.zeros(2), np.array([[1.0, 0.0], [0.8, 0.6]]), 500)
    >>> words = ("a", "b"), ("", ""), two, (), 0.0027, limits, {}, {}, "known", {}, 500
    >>> model = Model(*words, (), (), (), None, None, "", "")
    >>> found = cause(model, x=np.array([2.0, -1.9]))
    >>> found.kind, found.named, found.share.round(2).tolist()
    ('relation', ('a', 'b'), [19.56, 18.47])
    >>> cause(model, x=np.array([5.0, 1.0])).named
    ('a',)
    """
    if sum(one is not None for one in (x, remembered, rows if covariance is None else covariance, guards)) != 1:
        raise ValueError("a cause is found from one of x, remembered, rows, guards and covariance")
    if covariance is not None:
        shift = None if rows is None else shifted(model, model.scatter.whiten(np.atleast_2d(rows)))
        if shift is not None:
            return _scaled(of_row(model, chart, model.scatter.colour(shift)[0]), value)
        return of_covariance(model, chart, np.asarray(covariance, dtype=np.float64), worth, value)
    if x is not None:
        x = np.asarray(x, dtype=np.float64).reshape(-1)
        own = _of_outside(model, chart, x) if is_outside(model, chart) else of_row(model, chart, x)
        return own if math.isnan(value) else _scaled(own, value)
    if remembered is not None:
        return _of_memory(model, chart, np.asarray(remembered, dtype=np.float64), value)
    if rows is not None:
        x, found = of_rows(model, chart, np.atleast_2d(rows), value)
        return found if found is not None else _scaled(of_row(model, chart, x), value)
    return _of_guards(model, chart, np.asarray(guards, dtype=np.float64))


def of_row(model: Model, chart: str, x: Floats) -> Cause:
    """The cause of the T² of a row x (p,)."""
    seen = ~np.isnan(x)
    if not seen.any():
        raise ValueError("a row without any value has no cause")
    parts, place, z = blame(model, x), np.flatnonzero(seen), _white(model, x)
    value = float(np.nansum(parts.share)) if math.isfinite(np.vdot(z, z)) else LARGEST
    x = nearer(model.scatter, x)
    laws = Laws(model)
    part = model.scatter.part(seen)
    whole = Rest.of(part, x[seen][None])
    more = None if chart in _REMEMBER else company(laws, part, x[seen], whole)
    group, _ = named(whole, inside(laws), scale=laws.scale(len(place)), more=more)
    chosen = sorted((int(place[j]) for j in group), key=lambda j: -abs(float(parts.given[0, j])))
    kind = _kind(parts, chosen)
    return Cause(
        chart=chart,
        kind=kind,
        names=model.names,
        value=value,
        share=parts.share[0],
        sigma=parts.sigma[0],
        given=parts.given[0],
        named=tuple(model.names[j] for j in chosen),
        direction=unit(z),
        pairs=_broken(model, parts.sigma[0], chosen) if kind == "relation" else (),
    )


def _white(model: Model, x: Floats) -> Floats:
    return np.asarray((whitened(model.scatter, x[None]) if np.isnan(x).any() else model.scatter.whiten(x[None]))[0])


def nearer(scatter: Scatter, x: Floats) -> Floats:
    """A row (p,) in which a value that is absurdly far away is a million standard deviations from the centre.

    What is found of the others is otherwise lost in its rounding, and they would be named with it.
    """
    reach = _ABSURD * scatter.sd
    away = np.clip(x, -LARGEST, LARGEST) - scatter.center
    return np.asarray(np.where(np.abs(away) > reach, scatter.center + np.copysign(reach, away), x))


def _of_outside(model: Model, chart: str, x: Floats) -> Cause:
    """The cause of the SPE of a row x (p,): a relation, unless a variable that it names is out by itself."""
    if np.isnan(x).any():
        raise ValueError("SPE is of complete rows")
    found, split = of_row(model, chart, x), Split.of(model, chart, nearer(model.scatter, x))
    value, share = (split.value, split.share) if np.abs(found.sigma).max() < _ABSURD else far_out(model, chart, x)
    chosen = sorted(split.named, key=lambda j: -abs(float(found.given[j])))
    relation = float(np.abs(found.sigma[chosen]).max()) < ORDINARY
    return replace(
        found,
        kind="relation" if relation else "level",
        value=value,
        share=share,
        named=tuple(model.names[j] for j in chosen),
        pairs=_broken(model, found.sigma, chosen) if relation else (),
    )


def _kind(parts: Blame, chosen: Sequence[int]) -> Kind:
    """A relation when each named variable's own value is ordinary and what the others imply of it is not."""
    own, given = np.abs(parts.sigma[0, chosen]), np.abs(parts.given[0, chosen])
    hidden = own.max() < ORDINARY <= given.max() and given.max() > _TELLING * own.max()
    return "relation" if hidden else "level"


def _broken(model: Model, sigma: Floats, chosen: Sequence[int]) -> tuple[tuple[str, str, float], ...]:
    """The pair in which a named variable is furthest from what the other one by itself implies, and that distance in sd.

    Of several named ones it is a pair of two of them, unless they kept together and one of them has left an outsider.
    """
    tie = model.scatter.correlation[chosen]
    off = (sigma[chosen][:, None] - tie * sigma) / np.sqrt(np.maximum(1.0 - tie**2, 1e-12))
    far = np.nan_to_num(np.abs(off), nan=-1.0)
    far[np.arange(len(chosen)), chosen] = -1.0
    within = np.full_like(far, -1.0)
    within[:, chosen] = far[:, chosen]
    told = within if len(chosen) > 1 and far.max() <= _TELLING * within.max() else far
    a, k = divmod(int(np.argmax(told)), model.p)
    return ((model.names[chosen[a]], model.names[k], float(off[a, k])),) if far.max() > 0.0 else ()


def _of_memory(model: Model, chart: str, remembered: Floats, value: float) -> Cause:
    """A MEWMA is the squared length of its vector, in sd of the moving average; an MCUSUM is the length itself, and is shown in units
    in which its limit is where that of a T² with the same false-alarm probability would be.
    """
    length = float(np.linalg.norm(remembered))
    nothing = length == 0.0 or not value > 0.0
    size = np.sqrt(max(value, 0.0))
    if chart == "mcusum" and chart in model.new_limits:
        own = model.new_limits[chart][-1]
        size = np.sqrt(Laws(model).law(model.p, own.alpha)) * value / own.value
    z = np.zeros(model.p) if nothing else remembered * (size / length)
    found = of_row(model, chart, model.scatter.colour(z)[0])
    return _scaled(found, 0.0 if nothing else value)


def _scaled(found: Cause, value: float) -> Cause:
    """The same cause with shares that sum to the statistic."""
    total = float(np.nansum(found.share))
    with np.errstate(over="ignore", invalid="ignore"):
        share = found.share * (value / total) if total > 0.0 else found.share * 0.0
        lost = math.isinf(float(np.nansum(np.abs(share))))
    if lost or value >= LARGEST:  # then they have their proportions
        share = found.share
    return Cause(found.chart, found.kind, found.names, value, share, found.sigma, found.given, found.named, found.direction, found.pairs)


def _of_guards(model: Model, chart: str, off: Floats) -> Cause:
    """The guard that is furthest out, in tolerances, and all others that are out, too."""
    names = tuple(guard.name for guard in model.guards)
    size = np.nan_to_num(np.abs(off))
    worst = int(np.argmax(size))
    share = np.where(np.arange(len(names)) == worst, size, 0.0)
    out = [int(j) for j in np.argsort(-size, kind="stable") if size[j] > 1.0] or [worst]
    return Cause(chart, "guard", names, float(size[worst]), share, off, off, tuple(names[j] for j in out), unit(np.nan_to_num(off)))


def unit(z: Floats) -> Floats:
    """A vector at length one; one of length zero stays."""
    z = z if math.isfinite(np.vdot(z, z)) else z / np.abs(z).max()
    length = float(np.linalg.norm(z))
    return np.asarray(z / length if length > 0.0 else z)
