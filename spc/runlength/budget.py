"""How many false alarms a person accepts, in the ways people say it: a probability per point, an ARL₀, so many a week.

One noun for the terminal, the interface and the page, so that the same words give the same limit in each of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from spc.errors import BadRecipe
from spc.nouns import Model
from spc.runlength.persistence import Persistence

DEFAULT_ALPHA = 0.0027
WORDS = ("alpha", "arl0", "false_alarms")  # the ways to say it, of which one is used
ALL_WORDS = (*WORDS, "ucl", "every", "watch")
_SECONDS = {
    "ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "shift": 28800.0,
    "d": 86400.0, "day": 86400.0, "w": 604800.0, "week": 604800.0, "month": 2629800.0, "year": 31557600.0,
}  # fmt: skip
SINGLE = Persistence()  # every point beyond the limit is a signal
_TOLD = ("hour", "shift", "day", "week", "month", "year")


Called = Callable[[str], str]


@dataclass(frozen=True)
class Budget:
    """The false alarms that are accepted: alpha per point, `every` seconds between points (None: unknown), and the rule of the watch.

    A false alarm is the first signal of the watch: `arl0` is the mean number of points of a process in control until it comes. With a
    rule of one point that is 1/alpha; with k of n it is that of the Markov chain for independent points. `asked` are the words in which
    it was said, {"alpha" or "arl0" or "false_alarms", "every", "watch"}, from which the same budget is made again. `point` is what a
    point is made of, "row" or "subgroup": `every` is the time between these.

    >>> budget = Budget.of({"false_alarms": "1 per week", "every": "45s"})
    >>> round(budget.arl0), round(budget.alpha, 9), budget.words
    (13440, 7.4405e-05, '1 false alarm per week at one row every 45 s: one in 13440 rows')
    >>> rule = Budget.of({"arl0": 370, "watch": "2 of 3"})
    >>> round(rule.alpha, 6), round(rule.arl0, 9)
    (0.038496, 370.0)
    """

    alpha: float = DEFAULT_ALPHA
    every: float | None = None
    watch: Persistence = SINGLE
    asked: tuple[tuple[str, str | float], ...] = ()
    point: str = "row"

    @classmethod
    def of(cls, said: Mapping[str, Any], interval: float | None = None, called: Called = str, point: str = "row") -> Budget:
        """The budget of some words; raises BadRecipe unless one of alpha, arl0 and false_alarms is given, at the most.

        alpha and arl0 are numbers or texts; `false_alarms` is a text such as "1 per week", and `every` the time between points, "45s" or
        seconds; `watch` is a text such as "2 of 3". `interval` is the time seen between points, in seconds, which stands in for a missing
        `every`. Other words are none of the budget's and are not looked at. `called` is how a complaint writes a word: --arl0, say;
        `point` what a point is made of.
        """
        given = [word for word in WORDS if said.get(word) is not None]
        if len(given) > 1:
            raise BadRecipe(
                f"{' and '.join(called(word) for word in given)} say the same thing in different ways.", cure="Give one of them."
            )
        way = given[0] if given else "alpha"
        if said.get("every") is not None and way != "false_alarms":
            raise BadRecipe(
                f"{called('every')} has a meaning only with {called('false_alarms')}.",
                cure=f'Add for instance {called("false_alarms")} "1 per week".',
            )
        rule = watched(said["watch"]) if said.get("watch") is not None else SINGLE
        step = interval if said.get("every") is None else duration(said["every"])
        value = said.get(way)
        alpha = _alpha(way, DEFAULT_ALPHA if value is None else value, step, rule, called, point)
        kept = [(way, value if way == "false_alarms" else _number(way, value, called))] if value is not None else []
        if way == "false_alarms" and step is not None:
            kept.append(("every", f"{step:.12g}s"))
        if rule != SINGLE:
            kept.append(("watch", str(rule)))
        return cls(alpha, step, rule, tuple(kept), point)

    @classmethod
    def kept(cls, model: Model) -> Budget:
        """The budget that a model was made for: the words that its recipe keeps, or its alpha; that of its limit, when this was given."""
        said = model.recipe.get("budget") or {}
        point = "row" if model.subgroup is None else "subgroup"
        if any(said.get(word) is not None for word in WORDS):
            return cls.of(said, point=point)
        step = None if said.get("every") is None else duration(said["every"])
        return cls.of({"alpha": model.alpha, "watch": said.get("watch")}, step, point=point)

    def against(self, k: int, n: int, every: float | None = None) -> str:
        """What a line that signals at k of n points, one each `every` seconds, makes of this budget; "" when it is as was assumed.

        >>> Budget.of({"alpha": 0.01}).against(1, 1)
        ''
        >>> Budget.of({"alpha": 0.01}).against(2, 3).partition(";")[2]
        ' this line signals at 2 of 3 points beyond, once in 5125.'
        """
        told, once = [], f"one false alarm in {_plain(self.arl0)} {self.point}s"
        if max(k, self.watch.k) > 1 and (k, n) != (self.watch.k, self.watch.n):
            mine = f"signals of {self.watch} points beyond" if self.watch.n > 1 else "signals of a single point beyond"
            theirs = f"{k} of {n} points beyond" if n > 1 else "a single point beyond"
            try:
                often = f"once in {_plain(replace(self, watch=Persistence(k, n)).arl0)}"
            except BadRecipe:
                often = "how often is not computed"
            told.append(f"The model's limit is for {mine}, {once}; this line signals at {theirs}, {often}.")
        if every is not None and self.every is not None and not 0.99 < every / self.every < 1.01:
            there = replace(self, every=every)
            told.append(f"The budget is for one {self.point} every {self.every:.6g} s; this line has one every {every:g} s: {there.rate}.")
        return " ".join(told)

    @cached_property
    def arl0(self) -> float:
        """The mean number of points until a false alarm."""
        return self.watch.arl(self.alpha)

    def per(self, unit: str) -> float | None:
        """False alarms in a unit of time: "week", "day", "shift" …; None when the time between points is unknown."""
        return None if self.every is None else seconds(f"1 {unit}") / (self.arl0 * self.every)

    @property
    def rate(self) -> str:
        """How often, in the largest unit that is not too large: "1 per week"; "" when the time between points is unknown."""
        found = [(unit, self.per(unit) or 0.0) for unit in _TOLD] if self.every is not None else []
        unit, often = next(((unit, often) for unit, often in found if often >= 0.95), found[-1] if found else ("", 0.0))
        return f"{_plain(often)} per {unit}" if unit else ""

    @property
    def words(self) -> str:
        """The budget in one line."""
        rule = "" if self.watch.n == 1 else f" (a signal is {self.watch} points beyond)"
        if self.every is None:
            return f"one false alarm in {_plain(self.arl0)} {self.point}s{rule}"
        said = dict(self.asked).get("false_alarms")
        often = self._often(str(said)) if said is not None else self.rate
        count, _, unit = often.partition(" per ")
        alarms = "false alarm" if count == "1" else "false alarms"
        return f"{count} {alarms} per {unit} at one {self.point} every {self.every:.6g} s: one in {_plain(self.arl0)} {self.point}s{rule}"

    def _often(self, said: str) -> str:
        number, unit = _rate_parts(said)
        return f"{number:g} per {unit}"

    def to_dict(self) -> dict[str, str | float]:
        """The words that were said; `Budget.of` makes the budget of them again."""
        return dict(self.asked)


def given_limit(said: Mapping[str, Any], called: Called = str) -> float | None:
    """The limit that stands in place of a number of false alarms, None when there is none.

    Raises BadRecipe when it is no positive number, and beside a number of false alarms: each follows from the other.

    >>> given_limit({"ucl": "21,5"}), given_limit({"alpha": 0.01})
    (21.5, None)
    """
    if said.get("ucl") is None:
        return None
    others = [called(word) for word in (*WORDS, "budget") if _says(said.get(word))]
    if others:
        text = f"{called('ucl')} and {' and '.join(others)} say the same thing in different ways."
        raise BadRecipe(text, cure="Give one of them: the other follows from it.")
    limit = _number("ucl", said["ucl"], called)
    if not 0.0 < limit < math.inf:
        raise BadRecipe(f"{called('ucl')} {limit:g} is not a limit.", cure="Give a positive number: a T², such as 21.5.")
    return limit


def _says(value: Any) -> bool:
    """Whether a word, or a kept budget, says how many false alarms there may be."""
    return any(value.get(word) is not None for word in WORDS) if isinstance(value, Mapping) else value is not None


def seconds(words: str) -> float:
    """The length of an interval.

    >>> seconds("45s"), seconds("1.5 min"), seconds("2 hours"), seconds("100ms")
    (45.0, 90.0, 7200.0, 0.1)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", words.lower())
    unit = _SECONDS.get(_unit(found.group(2))) if found else None
    if found is None or unit is None or float(found.group(1)) <= 0:
        raise BadRecipe(f"{words!r} is not a length of time.", cure="Write a number and a unit: 45s, 1.5min, 2h, 1d.")
    return float(found.group(1)) * unit


def rate(words: str) -> float:
    """False alarms per second.

    >>> round(1 / rate("1 per week")), round(1 / rate("2/day"))
    (604800, 43200)
    """
    number, unit = _rate_parts(words)
    return number / _SECONDS[unit]


def watched(words: Any) -> Persistence:
    """The rule of a text such as "2 of 3".

    >>> watched("2 of 3"), str(watched("2/3"))
    (Persistence(k=2, n=3), '2 of 3')
    """
    found = re.fullmatch(r"\s*(\d{1,4})\s*(?:of|/|out of)\s*(\d{1,4})\s*(?:points?|rows?)?\s*", str(words).lower())
    if found is None:
        raise BadRecipe(f"{str(words)[:40]!r} is not a rule for signals.", cure='Write for instance "2 of 3": points beyond the limit.')
    return Persistence(int(found.group(1)), int(found.group(2)))


def _rate_parts(words: str) -> tuple[float, str]:
    """The number and the unit in the singular."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:per|/|an?|each|every)\s*([a-z]+)\s*", words.lower())
    unit = _unit(found.group(2)) if found else ""
    if found is None or unit not in _SECONDS or float(found.group(1)) <= 0:
        raise BadRecipe(f"{words!r} is not a budget of false alarms.", cure='Write for instance "1 per week" or "2 per day".')
    return float(found.group(1)), unit


def _unit(word: str) -> str:
    """A unit in the singular."""
    return word if word in _SECONDS else word.removesuffix("s")


def duration(said: Any) -> float:
    """A length of time in seconds, said as a text or as a number of seconds.

    >>> duration("1.5 min"), duration(45)
    (90.0, 45.0)
    """
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        raise BadRecipe(f"{str(said)[:40]!r} is not a length of time.", cure="Write a number and a unit: 45s, 1.5min, 2h, 1d.")
    return seconds(said) if isinstance(said, str) else seconds(f"{float(said):.12f}s")


def _alpha(way: str, value: Any, step: float | None, rule: Persistence, called: Called, point: str) -> float:
    """The probability per point, from the way in which it was said."""
    if way == "false_alarms":
        if not isinstance(value, str):
            raise BadRecipe(f"{str(value)[:40]!r} is not a budget of false alarms.", cure='Write for instance "1 per week".')
        often, every = rate(value), called("every")
        if step is None:
            text = f"The reference has no times from which to take the time between {point}s."
            raise BadRecipe(text, cure=f"Add {every}, for instance {every} 45s.")
        what = f'{called(way)} "{value}" at one {point} every {step:g} s'
        return _wanted(often * step, rule, what, f"Ask for fewer false alarms, or give the interval with {every}.")
    number = _number(way, value, called)
    what = f"{called(way)} {number:g}"
    if way == "alpha":
        return _probability(number, what, "Give a probability per point, such as 0.0027.")
    return _wanted(1.0 / number if number else 0.0, rule, what, "Give the number of rows between false alarms: 370.")


def _wanted(share: float, rule: Persistence, what: str, cure: str) -> float:
    """The probability per point with which a share of the points are false alarms."""
    share = _probability(share, what, cure)
    return share if rule.k == 1 else rule.alpha(1.0 / share)


def _number(way: str, value: Any, called: Called) -> float:
    """A number, however it was written; a comma is taken for the decimal sign."""
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value.strip().replace(",", ".")) if isinstance(value, str) else float(value)
    except (TypeError, ValueError) as wrong:
        example = {"alpha": "0.0027", "ucl": "21.5"}.get(way, "370")
        raise BadRecipe(
            f"{called(way)} {str(value)[:20]!r} is not a number.", cure=f"Write for instance {called(way)} {example}."
        ) from wrong


def _probability(alpha: float, what: str, cure: str) -> float:
    if not 0.0 < alpha < 1.0:
        raise BadRecipe(f"{what} makes a false-alarm probability of {alpha:g} per point; it must lie between 0 and 1.", cure=cure)
    return alpha


def _plain(value: float) -> str:
    """A number as people write it.

    >>> _plain(370.37), _plain(13440.2), _plain(1.0), _plain(0.123456), _plain(1e9)
    ('370', '13440', '1', '0.12', '1e+09')
    """
    if 100.0 <= value < 1e7:
        return f"{value:.0f}"
    return f"{value:.3g}" if value >= 1.0 else f"{value:.2g}"
