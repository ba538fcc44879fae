"""How far out a variable is and what its value is, as a sentence says it."""

from __future__ import annotations

from spc.blame.matter import Matter, Named
from spc.language import Language, message

_ORDINARY = 2.0  # standard deviations below which a value is ordinary
_HUGE = 1000.0  # beyond this many the number says nothing
_VALUES = 2  # so many variables are told with their values
SIZES = 4  # so many with their sizes; of more the names only


def ordinary(distance: float | None) -> bool:
    """Whether a distance in standard deviations is one that good rows have every day."""
    return distance is None or abs(distance) < _ORDINARY


def up(sigma: float | None) -> bool:
    """Whether it is out upwards."""
    return sigma is not None and sigma > 0


def size(t: Language, sigma: float | None) -> str:
    """A number of standard deviations, without its sign; empty when there is none.

    >>> from spc.language import spoken
    >>> [size(spoken("de"), one) for one in (-4.12, 0.04, 314.0, 1e9, None)]
    ['4,1', '0,04', '314', 'mehr als 1000', '']
    """
    if sigma is None:
        return ""
    sd = abs(sigma)
    if sd >= _HUGE:
        return t.say("more than {number}", number=t.number(_HUGE))
    return t.number(sd, 2 if sd < 0.095 else 1 if sd < 99.95 else 0)


def values(t: Language, told: Matter, one: Named) -> str:
    """The value and what is usual, in the column's unit; empty when unknown, or when too many are named."""
    if one.value is None or one.usual is None or len(told.named) > _VALUES:
        return ""
    sd, unit = one.sd or 0.0, f" {one.unit}" if one.unit else ""
    if told.before == "residual":
        return t.say("by {value}", value=t.measured(abs(one.value - one.usual), sd) + unit)
    value, usual = t.measured(one.value, sd) + unit, t.measured(one.usual, sd)
    if told.rows > 1:
        value = t.say("mean of {n}: {value}", n=str(told.rows), value=value)
    if sd <= 0.0:
        return t.say("{value}; usual {usual}", value=value, usual=usual + unit)
    return t.say("{value}; usual {usual} ± {spread}", value=value, usual=usual, spread=t.measured(sd, sd) + unit)


def sized(t: Language, told: Matter) -> str:
    """The named variables with their values and sizes: "length 160.085 mm, 1.7 sd high; width …"."""
    many = len(told.named) > _VALUES
    said = []
    for one in told.named:
        name, sd = t.named(one.name), size(t, one.sigma) if len(told.named) <= SIZES else ""
        if one.value is not None and not many and told.before != "residual":
            name = f"{name} {t.measured(one.value, one.sd or 0.0)}{' ' + one.unit if one.unit else ''},"
        high, low = message("{name} {sd} sd high"), message("{name} {sd} sd low")
        said.append(t.say(high if up(one.sigma) else low, name=name, sd=sd) if sd else name.rstrip(","))
    return (", " if many else "; ").join(said)
