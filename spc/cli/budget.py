"""How many false alarms a person accepts, in the three ways people say it, as one probability per point."""

from __future__ import annotations

import re

from spc.errors import BadRecipe

DEFAULT_ALPHA = 0.0027
_SECONDS = {
    "ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "shift": 28800.0,
    "d": 86400.0, "day": 86400.0, "w": 604800.0, "week": 604800.0, "month": 2629800.0, "year": 31557600.0,
}  # fmt: skip


def seconds(words: str) -> float:
    """The length of an interval.

    >>> seconds("45s"), seconds("1.5 min"), seconds("2 hours"), seconds("100ms")
    (45.0, 90.0, 7200.0, 0.1)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", words.lower())
    unit = _unit(found.group(2)) if found else None
    if found is None or unit is None or float(found.group(1)) <= 0:
        raise BadRecipe(f"{words!r} is not a length of time.", cure="Write a number and a unit: 45s, 1.5min, 2h, 1d.")
    return float(found.group(1)) * unit


def rate(words: str) -> float:
    """False alarms per second.

    >>> round(1 / rate("1 per week")), round(1 / rate("2/day"))
    (604800, 43200)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:per|/|an?|each|every)\s*([a-z]+)\s*", words.lower())
    unit = _unit(found.group(2)) if found else None
    if found is None or unit is None or float(found.group(1)) <= 0:
        raise BadRecipe(f"{words!r} is not a budget of false alarms.", cure='Write for instance "1 per week" or "2 per day".')
    return float(found.group(1)) / unit


def _unit(word: str) -> float | None:
    """Seconds in a unit, in the singular or the plural."""
    return _SECONDS.get(word, _SECONDS.get(word.removesuffix("s")))


def alpha_of(alpha: float | None, arl0: float | None, false_alarms: str | None, every: str | None, interval: float | None) -> float:
    """The false-alarm probability per point.

    `interval` is the sampling interval seen in the reference, in seconds; it stands in for a missing `every`.

    >>> alpha_of(None, 370.0, None, None, None) == 1 / 370.0
    True
    >>> round(alpha_of(None, None, "1 per week", "45s", None), 9)
    7.4405e-05
    """
    given = [name for name, value in (("--alpha", alpha), ("--arl0", arl0), ("--false-alarms", false_alarms)) if value is not None]
    if len(given) > 1:
        raise BadRecipe(f"{' and '.join(given)} say the same thing in different ways.", cure="Give one of them.")
    if every is not None and false_alarms is None:
        raise BadRecipe("--every has a meaning only with --false-alarms.", cure='Add for instance --false-alarms "1 per week".')
    if arl0 is not None:
        return _probability(1.0 / arl0 if arl0 else 0.0, f"--arl0 {arl0:g}", "Give the number of rows between false alarms: 370.")
    if false_alarms is not None:
        step = seconds(every) if every is not None else interval
        if step is None:
            text = "The reference has no times from which to take the sampling interval."
            raise BadRecipe(text, cure="Add --every, for instance --every 45s.")
        what = f'--false-alarms "{false_alarms}" at one row every {step:g} s'
        return _probability(rate(false_alarms) * step, what, "Ask for fewer false alarms, or give the interval with --every.")
    return DEFAULT_ALPHA if alpha is None else _probability(alpha, f"--alpha {alpha:g}", "Give a probability per point, such as 0.0027.")


def _probability(alpha: float, what: str, cure: str) -> float:
    if not 0.0 < alpha < 1.0:
        raise BadRecipe(f"{what} makes a false-alarm probability of {alpha:g} per point; it must lie between 0 and 1.", cure=cure)
    return alpha
