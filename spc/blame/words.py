"""Whose doing a signal is, in the sentence that a person reads.

The rules, one after the other, each with rows of the table in the tests: nothing had a value; a guard moved; spread, not level; a shift
that lasts; nothing stands out; one variable against others; variables that do not go together; variables that moved together; a variable
by itself. The English messages stand here, other languages in the catalogue.
"""

from __future__ import annotations

import numpy as np

from spc.blame.changes import lasting, spread
from spc.blame.matter import Called, Matter, Named, matter
from spc.blame.sizes import SIZES, ordinary, size, sized, up, values
from spc.blame.whose import cause
from spc.language import Language, message, messages, spoken
from spc.nouns import Floats, Model

MEMORY = ("mewma", "mcusum", "ewma_log_t2", "mewmc")
WITHIN = ("dispersion",)  # of the rows within one subgroup: what came before has no part in it
_ABOVE = messages("{name} is {sd} sd above what {others} implies", "{name} is {sd} sd above what {others} imply")
_BELOW = messages("{name} is {sd} sd below what {others} implies", "{name} is {sd} sd below what {others} imply")
_APART = messages(
    "{names} do not go together ({sizes}): which of the two it is cannot be told",
    "{names} do not go together ({sizes}): which of them it is cannot be told",
)
_TOGETHER = messages(
    "{names} moved together ({sizes}): which of the two it is cannot be told",
    "{names} moved together ({sizes}): which of them it is cannot be told",
)
_MANY_APART = message("{names} do not go together: which of them it is cannot be told")
_MANY_TOGETHER = message("{names} moved together: which of them it is cannot be told")
_FOLLOWED = messages(
    "{name} is {value}, not the {expected} that {others} implies", "{name} is {value}, not the {expected} that {others} imply"
)


def sentence(model: Model, x: Floats, language: str = "en", called: Called | None = None) -> str:
    """Whose doing the T² of a row x (p,) is, in one sentence for the person at the line; NaN marks a missing value.

    `language` is "en" or "de", `called` what the site calls its columns.
    """
    x = np.asarray(x, dtype=np.float64).reshape(-1)
    if np.all(np.isnan(x)):
        return worded(Matter("t2", "nothing"), language)
    return worded(matter(model, cause(model, x=x), x, called=called), language)


def worded(told: Matter, language: str = "en", *, since: str = "", moving: bool = False) -> str:
    """The sentence of a signal, with its full stop.

    `since` is when it began, in words ("14:12"), for charts with memory; `moving` says that it has drifted since then.

    >>> warp = Named("warp", 6.4, 6.2, 0.741, 0.35, 0.06, 0.35, "mm")
    >>> worded(Matter("t2", "level", (warp,)))
    'warp is 6.4 sd high (0.741 mm; usual 0.350 ± 0.060 mm).'
    >>> worded(Matter("t2", "relation", (warp,), ("length", "width")), "de")
    'warp liegt 6,2 s über dem, was length und width erwarten lassen (0,741 mm statt 0,350 mm; für sich genommen 6,4 s zu hoch).'
    """
    t = spoken(language)
    if told.kind == "nothing":
        return t.say("No variable has a value") + "."
    said = _clause(t, told, since, moving)
    if told.missing:
        said += t.say("; judged without {names} (no value)", names=t.listed([t.named(one) for one in told.missing], 3))
    return said + "."


def _clause(t: Language, told: Matter, since: str, moving: bool) -> str:
    if told.kind == "guard":
        return _guard(t, told)
    if told.kind == "spread":
        return spread(t, told, since)
    if told.chart in MEMORY:
        return lasting(t, told, since, moving)
    if all(_near(one) for one in told.named):
        return _quiet(t, told)
    if told.kind == "relation":
        return _relation(t, told, told.named[0]) if len(told.named) == 1 else _set(t, told, _APART)
    if len(told.named) > 1 and all(ordinary(one.given) for one in told.named):
        return _set(t, told, _TOGETHER)
    return "; ".join((_relation if _hidden(one) else _level)(t, told, one) for one in told.named)


def _near(one: Named) -> bool:
    """Whether a variable is where it should be, by itself and for the others; without either number nobody can say so."""
    return ordinary(one.sigma) and ordinary(one.given) and not (one.sigma is None and one.given is None)


def _hidden(one: Named) -> bool:
    """Whether only the others show that a variable is out."""
    return ordinary(one.sigma) and not ordinary(one.given)


def _guard(t: Language, told: Matter) -> str:
    """A column that never moved, or always followed others."""
    one = told.named[0]
    unit = f" {one.unit}" if one.unit else ""
    said = {"name": t.named(one.name), "value": t.figure(one.value) + unit, "expected": t.figure(one.usual) + unit}
    if told.partners:
        return t.count(*_FOLLOWED, len(told.partners), **said, others=t.listed(told.partners, 3))
    return t.say("{name} is {value}, not {expected}: in the reference it never moved", **said)


def _quiet(t: Language, told: Matter) -> str:
    if not told.named:
        return t.say("no single variable stands out")
    return t.say("no single variable stands out; furthest: {sizes}", sizes=sized(t, told))


def _level(t: Language, told: Matter, one: Named) -> str:
    """A variable by itself."""
    name, sd = t.named(one.name), size(t, one.sigma)
    if not sd:
        said = t.say("{name} is out of its usual range", name=name)
    elif told.before == "residual":
        above, below = (
            message("{name} is {sd} sd above what the row before implies"),
            message("{name} is {sd} sd below what the row before implies"),
        )
        said = t.say(above if up(one.sigma) else below, name=name, sd=sd)
    else:
        said = t.say(message("{name} is {sd} sd high") if up(one.sigma) else message("{name} is {sd} sd low"), name=name, sd=sd)
    shown = values(t, told, one)
    return f"{said} ({shown})" if shown else said


def _relation(t: Language, told: Matter, one: Named) -> str:
    """One variable against what others imply."""
    others = [t.named(name) for name in told.partners]
    if told.before == "residual":
        others = [t.say("the row before"), *others]
    sd = size(t, one.given)
    if not others or not sd:
        return _level(t, told, one)
    said = t.count(*(_ABOVE if up(one.given) else _BELOW), len(others), name=t.named(one.name), sd=sd, others=t.listed(others))
    if one.sigma is None:
        own = ""
    elif ordinary(one.sigma):
        own = t.say("its own value is ordinary")
    else:
        own = t.say(
            message("its own value is {sd} sd high") if up(one.sigma) else message("its own value is {sd} sd low"), sd=size(t, one.sigma)
        )
    shown = "; ".join(part for part in (_instead(t, told, one), own) if part)
    return f"{said} ({shown})" if shown else said


def _instead(t: Language, told: Matter, one: Named) -> str:
    """The value, and the one that the others imply."""
    if one.value is None or one.implied is None:
        return ""
    sd, unit = one.sd or 0.0, f" {one.unit}" if one.unit else ""
    if told.before == "residual":
        return t.say("by {value}", value=t.measured(abs(one.value - one.implied), sd) + unit)
    value, implied = t.measured(one.value, sd) + unit, t.measured(one.implied, sd) + unit
    if told.rows > 1:
        return t.say("mean of {n}: {value} instead of {implied}", n=str(told.rows), value=value, implied=implied)
    return t.say("{value} instead of {implied}", value=value, implied=implied)


def _set(t: Language, told: Matter, said: tuple[str, str]) -> str:
    """A pair or a group of which nobody can tell which one it is."""
    if len(told.named) > SIZES:
        many = _MANY_APART if said is _APART else _MANY_TOGETHER
        return t.say(many, names=t.listed([t.named(one.name) for one in told.named]))
    sizes = sized(t, told)
    if told.kind == "relation" and all(ordinary(one.sigma) for one in told.named):
        sizes += t.say("; each ordinary by itself")
    return t.count(*said, max(len(told.named) - 1, 1), names=t.listed([t.named(one.name) for one in told.named]), sizes=sizes)
