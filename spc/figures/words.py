"""Numbers and moments as people read them. Times are UTC microseconds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MOST = 1e300  # a statistic from here on may be more than a number holds (spc.charts.believed), and is only said to be more
PLAIN = 1e15  # from here on a number is written with its power of ten


def number(value: float | None, digits: int = 3) -> str:
    """A number with this many significant digits, without needless zeros or exponents; a dash where there is none.

    >>> number(23.5512), number(0.000123), number(1234567.0), number(float("nan"))
    ('23.6', '0.000123', '1234567', '–')
    >>> number(3.18e46), number(1.7976931348623157e308), number(-math.inf)
    ('3.18e46', 'more than 1e300', 'less than −1e300')
    """
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= MOST:
        return "more than 1e300" if value > 0 else "less than −1e300"
    if abs(value) >= PLAIN:
        return _powered(value, digits)
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(places, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _powered(value: float, digits: int) -> str:
    return f"{value:.{digits - 1}e}".replace("e+", "e")


def near(value: float | None, sd: float) -> str:
    """A value with the digits that its spread can support.

    >>> near(160.01734, 0.05), near(0.7412, 0.06), near(1234.5, 20.0), near(None, 1.0)
    ('160.017', '0.741', '1234', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= PLAIN:
        return _powered(value, 3)
    places = max(0, 1 - math.floor(math.log10(sd))) if sd > 0 else 6
    return f"{value:.{min(places, 12)}f}"


def clock(at: int | None, timezone: str = "UTC", *, date: bool = False) -> str:
    """A moment on the plant's clock.

    >>> clock(1_741_068_000_000_000, "Europe/Berlin"), clock(1_741_068_000_000_000, date=True), clock(None)
    ('07:00:00', '2025-03-04 06:00:00', '–')
    """
    if at is None:
        return "–"
    local = datetime.fromtimestamp(at / SECOND, UTC).astimezone(ZoneInfo(timezone))
    return local.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def utc(at: int | None) -> str:
    """The same moment in UTC, for the hover text."""
    return f"{clock(at, date=True)} UTC" if at is not None else ""


def plain(text: str) -> str:
    """A text from a file as plotly shows it unchanged: a name with < in it is not markup.

    >>> plain("p<0.1 & <b>")
    'p&lt;0.1 &amp; &lt;b>'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;")
