"""The times of further lines of a file, read as with those of its beginning before them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spc.nouns import Times
from spc.reference.cells import numbers
from spc.reference.plan import Plan
from spc.reference.stamps import numeric_day
from spc.reference.times import from_numbers, parse

_DAY = r"(?:(?:19|20)\d\d([-/.])\d{1,2}\{n}\d{1,2}|\d{1,2}([-/.])\d{1,2}\{m}(?:19|20)\d\d)"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?(?: ?[AaPp][Mm])?"
_ZONE = r"(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?"
_BOTH = re.compile(_DAY.replace("{n}", "1").replace("{m}", "2") + r"(?:T| {1,2})" + _CLOCK + _ZONE, re.ASCII)
_ONE_DAY = re.compile(_DAY.replace("{n}", "1").replace("{m}", "2"), re.ASCII)
_ONE_CLOCK = re.compile(_CLOCK, re.ASCII)
_ISO = re.compile(r"(?:(?:19|20)\d\d-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?\n)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stamped:
    """How the times of a file are read.

    `day_first` is what the beginning settles for good, None when day and month are told apart by all times that are read together;
    `before` and `behind` are the times that go before and behind others then.
    """

    plan: Plan
    timezone: str
    before: tuple[str, ...]
    behind: tuple[str, ...]
    day_first: bool | None
    numeric: bool

    @classmethod
    def of(cls, plan: Plan, timezone: str) -> Stamped | None:
        """How they are read in a file of this plan; None when some of its beginning have none, or are written in another way."""
        columns = [[cells[j] for cells in plan.rows] for j in plan.time]
        texts = _texts(columns)
        if not plan.clocked:
            odd = numbers(texts, plan.mark, 0)[1]
            return None if odd or len(plan.time) > 1 else cls(plan, timezone, texts[:-1], texts[-1:], None, False)
        if not _written(columns):
            return None
        numeric = any(map(numeric_day, texts))
        return cls(plan, timezone, texts[:-1], texts[-1:], _settled(texts, timezone, numeric=numeric), numeric)

    def times(self, columns: Sequence[Sequence[str]]) -> Times | None:
        """The times of some lines; None when they are written in another way than those of the beginning."""
        mine = [columns[j] for j in self.plan.time]
        texts = _texts(mine)
        if not self.plan.clocked:
            return self._of_numbers(texts)
        if (at := self._iso(texts)) is not None:
            return at
        if not _written(mine) or any(numeric_day(one) != self.numeric for one in texts):
            return None
        if self.day_first is not None:
            clock = parse(texts, self.timezone, self.day_first)
            if not clock.unread and not clock.shifted:
                return clock.at
        clock = parse((*self.before, *texts, *self.behind), self.timezone)
        return clock.at[len(self.before) : len(clock.at) - len(self.behind)]

    def _iso(self, texts: Sequence[str]) -> Times | None:
        """Times as programs write them, all in UTC: read at once."""
        if self.numeric or self.day_first is None or len(self.plan.time) > 1:
            return None
        universal = all(one[-1:] == "Z" for one in texts)
        if not universal and self.timezone != "UTC":
            return None
        bare = [one[:-1] for one in texts] if universal else list(texts)
        if not _ISO.fullmatch("\n".join(bare) + "\n"):
            return None
        try:
            return np.array(bare, dtype="datetime64[us]")
        except ValueError:  # the thirtieth of February
            return None

    def _of_numbers(self, texts: Sequence[str]) -> Times | None:
        values, odd = numbers((*self.before, *texts, *self.behind), self.plan.mark, 0)
        clock = None if odd or any(one[:1] == "0" for one in texts) else from_numbers(values, self.timezone)
        return None if clock is None else clock.at[len(self.before) : len(clock.at) - len(self.behind)]


def _texts(columns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The cells of a time, date and time of day put together."""
    if len(columns) == 1:
        return tuple(columns[0])
    return tuple(f"{day.strip()} {clock.strip()}".strip() for day, clock in zip(*columns, strict=True))


def _written(columns: Sequence[Sequence[str]]) -> bool:
    """Whether each cell is a date with a time of day, or each of one column a date and of the other a time of day."""
    if len(columns) == 1:
        return all(map(_BOTH.fullmatch, columns[0]))
    return all(map(_ONE_DAY.fullmatch, columns[0])) and all(map(_ONE_CLOCK.fullmatch, columns[1]))


def _settled(texts: Sequence[str], timezone: str, *, numeric: bool) -> bool | None:
    """Whether the day comes first, when no further time that fits can change that; None when it can."""
    clock = parse(texts, timezone)
    if clock.unread or clock.shifted:
        return None
    if not numeric:
        return clock.day_first
    wrong = parse(texts, timezone, not clock.day_first)
    dotted = clock.day_first and any("." in one[:3] for one in texts)
    return clock.day_first if dotted or len(wrong.unread) > len(clock.unread) else None
