"""One date or time as people and machines write it: recognised by its shape, and taken apart."""

from __future__ import annotations

import datetime
import re

import numpy as np

from spc.reference.cells import clean

_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar jän janv", "feb february februar fév févr", "mar march mär märz mrz mars", "apr april avr", "may mai",
            "jun june juni juin", "jul july juli juil", "aug august août", "sep sept september", "oct october okt oktober",
            "nov november", "dec december dez dezember déc",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


_WORD = r"(?P<mon>[A-Za-zäéûô]{3,9})\.?"


_DATES = (
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
    r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})",
    rf"(?P<d>\d{{1,2}})[-/. ]\s?{_WORD}[-/., ]\s?(?P<y>\d{{4}}|\d{{2}})",
    rf"{_WORD}[ -](?P<d>\d{{1,2}}),?[ -](?P<y>\d{{4}})",
    r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?=[T _-]\d)",
)


_CLOCK = (
    r"(?P<H>\d{1,2})(?:[:.h](?P<M>\d{2})(?:[:.](?P<S>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?|(?P<M2>\d{2})(?P<S2>\d{2})?)"
    r"\s*(?P<p>[AaPp]\.?[Mm]\.?)?"
)


_ZONE = r"\s*(?P<z>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"


_WEEKDAY = r"(?:[A-Za-z]{2,9}\.?,?\s+)?"


_STAMPS = tuple(
    re.compile(rf"{_WEEKDAY}{date}(?:(?:[T _.,-]|,\s|\s-\s)\s*{_CLOCK}{_ZONE})?", re.ASCII if "mon" not in date else 0) for date in _DATES
)


_ONLY_CLOCK = re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<p>[AaPp]\.?[Mm]\.?)?", re.ASCII)


def looks_like_time(cell: str) -> bool:
    """Whether a cell is a date, or a date and time, or a time of day.

    >>> [looks_like_time(c) for c in ("2025-03-03 06:00:00", "3.3.25", "03-Mar-2025 6:00 PM", "06:00:45", "160.017", "1.2.3")]
    [True, True, True, True, False, False]
    """
    text = clean(cell)
    return bool(text) and text[-1:] not in ",;" and (shape(text) is not None or is_clock(text))


def is_clock(cell: str) -> bool:
    """Whether a cell is a time of day without a date."""
    return _ONLY_CLOCK.fullmatch(clean(cell)) is not None


def is_date(cell: str) -> bool:
    """Whether a cell is a date without a time of day."""
    found = shape(clean(cell))
    return found is not None and found["H"] is None


def shape(text: str) -> re.Match[str] | None:
    """The parts of a date, or of a date and time; None when a text is neither."""
    if not (text[:1].isdigit() or text[:1].isalpha()) or not any(c.isdigit() for c in text):
        return None
    for pattern in _STAMPS:
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            if "mon" in parts and parts["mon"].casefold() not in _MONTHS:
                continue
            if "a" in parts and len(parts["y"]) == 2 and parts["H"] is None and parts["s"] == "." and len(text) < 6:
                continue  # 1.2.30 is rather a version
            if _possible(parts):
                return found
    return None


def _possible(parts: dict[str, str | None]) -> bool:
    if "a" in parts:
        a, b = int(parts["a"] or 0), int(parts["b"] or 0)
        return 1 <= min(a, b) <= 12 and max(a, b) <= 31
    month = parts.get("m")
    return 1 <= int(parts["d"] or 0) <= 31 and (month is None or 1 <= int(month) <= 12)


def format_of(found: re.Match[str], day_first: bool) -> str:
    """The strptime format of a cell such as the one that was found."""
    parts = found.groupdict()
    codes = {"y": "%Y" if len(parts["y"]) == 4 else "%y", "m": "%m", "d": "%d", "mon": "%b", "M": "%M", "M2": "%M", "S": "%S", "S2": "%S"}
    codes |= {"a": "%d", "b": "%m"} if day_first else {"a": "%m", "b": "%d"}
    codes |= {"H": "%I" if parts["p"] else "%H", "f": "%f", "p": "%p", "z": "%z"}
    text = found.group(0)
    for start, end, key in sorted(((*found.span(k), k) for k in parts if k in codes and parts[k]), reverse=True):
        text = text[:start] + codes[key] + text[end:]
    return text


def day_of(parts: dict[str, str | None], day_first: bool) -> np.datetime64:
    """The day that the parts mean; ValueError when there is none."""
    year = int(parts["y"] or 0)
    year += (2000 if year < 70 else 1900) if year < 100 else 0
    if parts.get("mon"):
        month, day = _MONTHS[(parts["mon"] or "").casefold()], int(parts["d"] or 0)
    elif parts.get("a"):
        a, b = int(parts["a"] or 0), int(parts["b"] or 0)
        month, day = (b, a) if day_first else (a, b)
    else:
        month, day = int(parts["m"] or 0), int(parts["d"] or 0)
    return np.datetime64(datetime.date(year, month, day), "us")


def time_of_day(parts: dict[str, str | None]) -> np.timedelta64:
    """Since midnight; ValueError when there is no such time."""
    hour = int(parts["H"] or 0)
    minute, second = int(parts.get("M") or parts.get("M2") or 0), int(parts.get("S") or parts.get("S2") or 0)
    if parts["p"]:
        hour = hour % 12 + (12 if parts["p"][0] in "pP" else 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no such time of day")
    micro = int(((parts["f"] or "") + "000000")[:6])
    return np.timedelta64(((hour * 60 + minute) * 60 + second) * 1_000_000 + micro, "us")


def offset_of(zone: str) -> float:
    """Minutes east of Greenwich."""
    if zone.upper() in ("Z", "UTC", "GMT"):
        return 0.0
    digits = zone[1:].replace(":", "")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:] or 0))


def numeric_day(text: str) -> bool:
    """Whether day and month are both numbers before the year, so that they can be confused."""
    found = shape(text)
    return found is not None and found.groupdict().get("a") is not None
