"""One language: its messages from a gettext catalogue, its decimal sign, its clock and its lists.

The messages in the program are the English ones. `locale/LANGUAGE/LC_MESSAGES/spc.po` holds what a translator writes, the .mo beside it
what is read at run time; `python scripts/messages.py` makes the one from the program and the other from the one.
"""

from __future__ import annotations

import gettext
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources

LANGUAGES = ("en", "de")
_COMMA = ("de",)  # languages with a decimal comma
_LAG = re.compile(r"(.*) \((\d+) rows? before\)", re.DOTALL)
_MOST = 1e300  # a number from here on may be more than a number holds, and is only said to be more
_PLAIN = 1e15  # from here on a number is written with its power of ten


def message(text: str) -> str:
    """Marks a message for the catalogue that is looked up later."""
    return text


def messages(one: str, many: str) -> tuple[str, str]:
    """Marks a message that depends on a number of things."""
    return one, many


_MONTHS = (
    *(message("January"), message("February"), message("March"), message("April"), message("May"), message("June")),
    *(message("July"), message("August"), message("September"), message("October"), message("November"), message("December")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How a language says things. What is put into a message is never itself read as one, so names may hold % and braces."""

    code: str
    catalogue: gettext.NullTranslations

    def say(self, message: str, **values: str) -> str:
        """A message in this language, with values in its places.

        >>> spoken("de").say("{name} is {sd} sd high", name="Verzug {%}", sd="4,1")
        'Verzug {%} ist 4,1 s zu hoch'
        """
        return self.catalogue.gettext(message).format(**values)

    def count(self, one: str, many: str, n: int, **values: str) -> str:
        """A message that depends on a number of things, which stands in it as {n}.

        >>> spoken("de").count("{name} ({n} row before)", "{name} ({n} rows before)", 3, name="Druck")
        'Druck (3 Messungen davor)'
        """
        return self.catalogue.ngettext(one, many, n).format(n=str(n), **values)

    def number(self, value: float, places: int = 0) -> str:
        """A number with its decimals; a negative number of decimals rounds to tens, hundreds, …

        >>> spoken("en").number(0.741, 2), spoken("de").number(0.741, 2), spoken("de").number(1234.0, -2)
        ('0.74', '0,74', '1200')
        >>> spoken("en").number(1.7976931348623157e308), spoken("de").number(math.inf)
        ('more than 1e300', 'mehr als 1e300')
        """
        if math.isnan(value):
            return "–"
        if value >= _MOST:
            return self.say("more than {number}", number="1e300")
        large = abs(value) >= _PLAIN or (value != 0.0 and abs(value) < 1e-9)
        text = re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.2e}") if large else f"{round(value, min(places, 12)):.{min(max(places, 0), 12)}f}"
        if not float(text):
            text = text.removeprefix("-")
        text = text.replace("-", "−")
        return text.replace(".", ",") if self.code in _COMMA else text

    def measured(self, value: float, sd: float) -> str:
        """A value with the digits that its spread can support; six when it has none.

        >>> spoken("en").measured(160.01734, 0.05), spoken("de").measured(0.7412, 0.06), spoken("en").measured(1234.5, 20.0)
        ('160.017', '0,741', '1234')
        >>> spoken("en").measured(5.0, 0.0)
        '5'
        """
        spread = math.isfinite(sd) and sd > 0
        if spread and abs(value) < _MOST:
            return self.number(value, 1 - math.floor(math.log10(sd)))
        return self.figure(value)

    def figure(self, value: float | None) -> str:
        """A number with up to six digits.

        >>> spoken("de").figure(4.25), spoken("en").figure(5.0), spoken("en").figure(None)
        ('4,25', '5', '–')
        """
        text = f"{value:.6g}" if value is not None and math.isfinite(value) else "–"
        text = text.replace("-", "−")
        return text.replace(".", ",") if self.code in _COMMA else text

    def listed(self, names: Sequence[str], most: int | None = None) -> str:
        """Names in a row, joined by "and"; beyond `most` only how many more there are.

        >>> spoken("en").listed(["a"]), spoken("de").listed(["a", "b", "c"]), spoken("en").listed(["a", "b", "c", "d"], 2)
        ('a', 'a, b und c', 'a, b and 2 more')
        """
        names = list(names)
        if most is not None and len(names) > most + 1:
            names = [*names[:most], self.count("{n} more", "{n} more", len(names) - most)]
        if len(names) < 2:
            return "".join(names)
        return self.say("{most} and {last}", most=", ".join(names[:-1]), last=names[-1])

    def named(self, name: str) -> str:
        """A charted variable as people read it: of a lagged row, with the row that it stands in.

        >>> spoken("de").named("Durchfluss (2 rows before)"), spoken("en").named("flow (l/min)")
        ('Durchfluss (2 Messungen davor)', 'flow (l/min)')
        """
        found = _LAG.fullmatch(name)
        if found is None:
            return name
        return self.count("{name} ({n} row before)", "{name} ({n} rows before)", int(found[2]), name=found[1])

    def clock(self, at: int, zone: tzinfo = UTC, beside: int | None = None) -> str:
        """A time (µs UTC) on the clock of a zone; with its day when that is not the day of `beside`.

        >>> spoken("en").clock(1741070220000000), spoken("de").clock(1741070220000000, beside=1741170220000000)
        ('06:37', '4. März, 06:37')
        """
        then = datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone)
        text = f"{then:%H:%M}"
        if beside is None or datetime.fromtimestamp(beside / 1e6, UTC).astimezone(zone).date() == then.date():
            return text
        return self.say("{day}, {clock}", day=self.day(at, zone, beside), clock=text)

    def day(self, at: int, zone: tzinfo = UTC, beside: int | None = None) -> str:
        """A day; with its year when that is not the year of `beside`.

        >>> spoken("en").day(1741070220000000), spoken("de").day(1741070220000000)
        ('4 March 2025', '4. März 2025')
        """
        then = datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone)
        values = {"day": str(then.day), "month": self.say(_MONTHS[then.month - 1]), "year": str(then.year)}
        if beside is not None and datetime.fromtimestamp(beside / 1e6, UTC).astimezone(zone).year == then.year:
            return self.say("{day} {month}", **values)
        return self.say("{day} {month} {year}", **values)


@cache
def spoken(code: str = "en") -> Language:
    """The language of a code; an empty one is English. Raises KeyError for one that is not among LANGUAGES.

    >>> spoken("de").code
    'de'
    """
    code = code or "en"
    if code not in LANGUAGES:
        raise KeyError(code)
    with resources.files("spc.language").joinpath(f"locale/{code}/LC_MESSAGES/spc.mo").open("rb") as file:
        return Language(code, gettext.GNUTranslations(file))
