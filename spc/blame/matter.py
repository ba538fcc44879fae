"""What a sentence about a signal is made of: plain facts that can be kept, and put in words later, in any language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from spc.nouns import Cause, Floats, Guard, Model
from spc.nouns.dynamics import column_of

_TIED = 0.3  # the correlation from which a variable is said to imply another
_MOST = 3  # variables that are said to imply another

Called = Mapping[str, tuple[str, str]]  # column -> what the site calls it, and its unit; an empty word leaves what the reference says


@dataclass(frozen=True, slots=True)
class Named:
    """A variable that the sentence names: its distance from its level and from what the others imply, in standard deviations, and
    its value, its usual value and spread, and what the others imply, in its unit. None where there is no such number.
    """

    name: str
    sigma: float | None = None
    given: float | None = None
    value: float | None = None
    usual: float | None = None
    sd: float | None = None
    implied: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A relation of two variables: its correlation now and in the reference. Of a variable with itself: how many times its spread grew."""

    one: str
    other: str
    now: float | None = None
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What a sentence about a signal is made of. `kind` as in Cause, or "nothing" when no variable had a value.

    `partners` are the variables that imply the named one, `rows` how many rows the judged mean is of, `before` whether rows were seen
    with those before them ("residual", "lagged" or ""), `missing` the variables without a value.
    """

    chart: str
    kind: str
    named: tuple[Named, ...] = ()
    partners: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    rows: int = 1
    before: str = ""
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON: finite numbers, texts and lists."""
        named, pairs = (tuple(_worded(each) for each in several) for several in (self.named, self.pairs))
        return {**_worded(self), "named": named, "pairs": pairs}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """What `to_dict` made, also after a journey through JSON; words that a later version may add are passed over."""
        body: dict[str, Any] = {
            word: tuple(value) if isinstance(value, list) else value for word, value in d.items() if word in cls.__slots__
        }
        body["named"] = tuple(Named(**one) for one in d.get("named", ()))
        body["pairs"] = tuple(Pair(**one) for one in d.get("pairs", ()))
        return cls(**body)


def _worded(one: Named | Pair | Matter) -> dict[str, Any]:
    """The fields of a fact; `dataclasses.asdict` would copy every number of it."""
    return {word: getattr(one, word) for word in one.__slots__}


def matter(model: Model, cause: Cause, x: Floats | None = None, *, called: Called | None = None) -> Matter:
    """The facts for the sentence of a cause, and of the values x (p,) behind it, NaN where missing;
    None when no single row is behind it.

    `called` is what the site calls its columns. Of a model with subgroups, `model` is the one for the size of the subgroup judged.
    """
    called = called or {}
    x = np.full(model.p, np.nan) if x is None else np.asarray(x, dtype=np.float64).reshape(-1)
    place = {name: j for j, name in enumerate(model.names)}
    named = [place[name] for name in cause.named if name in place]
    empty = np.isnan(x)
    told = empty.any() and not empty.all() and cause.kind != "spread"  # a spread is that of complete rows
    missing = [model.names[j] for j in np.flatnonzero(empty)] if told else []
    dynamics = "" if model.dynamics is None else model.dynamics.kind
    scale = _prediction(model, missing)
    return Matter(
        chart=cause.chart,
        kind=cause.kind,
        named=tuple(_named(model, cause, j, (float(x[j]), float(scale[j])), called) for j in named),
        partners=tuple(site_name(name, called) for name in partners(model, named, missing)),
        pairs=tuple(_pair(model, one, called) for one in cause.pairs),
        rows=1 if model.subgroup is None else model.subgroup.size,
        before=dynamics,
        missing=tuple(site_name(name, called) for name in missing),
    )


def guard_matter(guard: Guard, value: float, expected: float, called: Called | None = None) -> Matter:
    """The facts for the sentence of a guard that moved."""
    called = called or {}
    one = Named(site_name(guard.name, called), value=_number(value), usual=_number(expected), unit=called.get(guard.name, ("", ""))[1])
    return Matter("guard", "guard", (one,), partners=tuple(site_name(name, called) for name, _ in guard.slopes))


def site_name(name: str, names: Called) -> str:
    """What the site calls a charted variable.

    >>> site_name("flow_lpm (1 row before)", {"flow_lpm": ("flow", "l/min")})
    'flow (1 row before)'
    """
    if not names:
        return name
    column = column_of(name)
    word = names.get(column, ("", ""))[0] or column
    return word + name.removeprefix(column)


def partners(model: Model, named: Sequence[int], missing: Sequence[str] = ()) -> list[str]:
    """The variables that the named ones are most closely tied to: at most three, and at least one when there is another."""
    if not named:
        return []
    tie = np.max(np.abs(model.scatter.correlation[list(named)]), axis=0)
    order = [k for k in np.argsort(-tie, kind="stable").tolist() if k not in named and model.names[k] not in missing]
    close = [k for k in order if tie[k] >= _TIED][:_MOST] or order[:1]
    return [model.names[k] for k in close]


def _prediction(model: Model, missing: Sequence[str]) -> Floats:
    """How far each variable (p,) lies from what the others that have a value imply, as a standard deviation; NaN without a value."""
    if not missing:
        return model.scatter.conditional_scale
    seen = np.array([name not in missing for name in model.names])
    scale = np.full(model.p, np.nan)
    scale[seen] = model.scatter.part(seen).conditional_scale
    return scale


def _named(model: Model, cause: Cause, j: int, measured: tuple[float, float], names: Called) -> Named:
    name, (value, scale) = model.names[j], measured
    center, sd = float(model.scatter.center[j]), float(model.scatter.sd[j])
    given = float(cause.given[j])
    unit = names.get(column_of(name), ("", ""))[1] or model.units[j]
    implied = value - given * scale
    sigma, given_, value_, usual, spread, implied_ = (_number(one) for one in (float(cause.sigma[j]), given, value, center, sd, implied))
    return Named(site_name(name, names), sigma, given_, value_, usual, spread, implied_, unit)


def _pair(model: Model, pair: tuple[str, str, float], names: Called) -> Pair:
    one, other, now = pair
    place = {name: j for j, name in enumerate(model.names)}
    before = None
    if one != other and one in place and other in place:
        s, j, k = model.scatter.covariance, place[one], place[other]
        before = _number(float(s[j, k] / np.sqrt(s[j, j] * s[k, k])))
    return Pair(site_name(one, names), site_name(other, names), _number(now), before)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
