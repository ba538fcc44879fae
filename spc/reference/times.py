"""Dates and times as people and machines write them, turned into UTC. Day and month are told apart on the whole column."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spc.errors import BadSettings
from spc.nouns import Floats, Times
from spc.reference.cells import clean, is_missing
from spc.reference.packed import in_blocks
from spc.reference.stamps import day_of, format_of, numeric_day, offset_of, shape, time_of_day

_NAT = np.datetime64("NaT", "us")


@dataclass(slots=True)
class Clock:
    """The times of a column in UTC (NaT where there is none), and what had to be decided on the way."""

    at: Times
    format: str = ""
    unread: list[int] = field(default_factory=list)  # positions of cells that are no time
    doubt: bool = False  # day and month could be the other way round
    shifted: int = 0  # times that summer time makes ambiguous or impossible
    day_first: bool = True


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of a name such as Europe/Berlin; BadSettings when nobody knows it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise BadSettings(
            f"There is no time zone {name!r}.", cure="Use a name such as UTC, Europe/Berlin or America/New_York."
        ) from unknown


def parse(cells: Sequence[str], timezone: str = "UTC", day_first: bool | None = None) -> Clock:
    """The times of a column of cells, (n,) datetime64[us] in UTC; a time without a zone is one of `timezone`.

    `day_first` says whether 03/04 is the third of April, when that is already known; else the column decides.

    >>> parse(["03.04.2025 06:00", "2025-04-03T06:00:00+02:00"], "Europe/Berlin").at.tolist()
    [datetime.datetime(2025, 4, 3, 4, 0), datetime.datetime(2025, 4, 3, 4, 0)]
    """
    first = [clean(c) for c in islice(cells, 1000)]
    if day_first is not None:
        fields, doubt = _read(cells, day_first=day_first), False
    else:
        numeric = any(numeric_day(t) for t in first)
        fields, doubt = _day_or_month(_read(cells, day_first=True), _read(cells, day_first=False) if numeric else None, first)
    zoned = np.isfinite(fields.offset)
    at, shifted = to_utc(np.where(zoned, _NAT, fields.local), timezone)
    at = np.where(zoned, fields.local - _minutes(fields.offset), at)
    found = next((f for t in first if (f := shape(t)) is not None), None)
    return Clock(at, format_of(found, fields.day_first) if found else "", fields.unread, doubt, shifted, fields.day_first)


def _minutes(offset: Floats) -> NDArray[np.timedelta64]:
    return (np.nan_to_num(offset) * 60e6).astype(np.int64).astype("timedelta64[us]")


@dataclass(slots=True)
class _Fields:
    """Local microseconds since 1970 per cell (or none), the offset from UTC in minutes where the cell has one."""

    local: Times
    offset: Floats
    unread: list[int]
    day_first: bool


def _read(cells: Sequence[str], *, day_first: bool) -> _Fields:
    whole = _Fields(np.full(len(cells), _NAT), np.full(len(cells), np.nan), [], day_first)
    days: dict[tuple[str | None, ...], np.datetime64] = {}
    start = 0
    for block in in_blocks(cells):
        _read_block([clean(c) for c in block], start, whole, days)
        start += len(block)
    return whole


def _read_block(texts: list[str], start: int, whole: _Fields, days: dict[tuple[str | None, ...], np.datetime64]) -> None:
    for k in _left_by_the_common_format(texts, whole.local[start : start + len(texts)], whole.day_first):
        found = shape(texts[k])
        if found is None:
            if not is_missing(texts[k]):
                whole.unread.append(start + k)
            continue
        parts = found.groupdict()
        day = tuple(parts.get(key) for key in ("y", "m", "d", "mon", "a", "b"))
        try:
            if day not in days:
                days[day] = day_of(parts, whole.day_first)
            whole.local[start + k] = days[day] + time_of_day(parts)
        except ValueError:
            whole.unread.append(start + k)
            continue
        if parts["z"]:
            whole.offset[start + k] = offset_of(parts["z"])


def _left_by_the_common_format(texts: list[str], local: Times, day_first: bool) -> list[int]:
    """Reads the cells that are written like the first one, all at once, into `local`; the positions of the others."""
    if len(texts) < 64:
        return list(range(len(texts)))
    found = next((f for t in texts[:1000] if (f := shape(t)) is not None), None)
    if found is None or found["z"] or found.groupdict().get("mon") or found["H"] == "24":
        return list(range(len(texts)))
    at = pd.to_datetime(pd.Series(texts, dtype=object), format=format_of(found, day_first), errors="coerce", exact=True)
    local[:] = at.to_numpy().astype("datetime64[us]")
    return [int(i) for i in np.flatnonzero(np.isnat(local))]


def _day_or_month(day_first: _Fields, month_first: _Fields | None, texts: list[str]) -> tuple[_Fields, bool]:
    """The reading under which more cells are dates; then the one that runs forward, in smaller steps. And whether doubt is left."""
    if month_first is None:
        return day_first, False
    if len(day_first.unread) != len(month_first.unread):
        return min((day_first, month_first), key=lambda f: len(f.unread)), False
    if np.array_equal(day_first.local, month_first.local, equal_nan=True):
        return (day_first if _dotted(texts) else month_first), False
    if _dotted(texts):
        return day_first, False
    orders = [_disorder(f.local) for f in (day_first, month_first)]
    twelve_hours = any(t[-1:] in "mM." for t in texts[:100])
    best = month_first if orders[1] < orders[0] or (orders[0] == orders[1] and twelve_hours) else day_first
    return best, orders[0][0] == orders[1][0] and not (twelve_hours and best is month_first)


def _dotted(texts: list[str]) -> bool:
    return any("." in t[:3] for t in texts[:100])


def _disorder(local: Times) -> tuple[int, float]:
    """Backward steps, and the longest step: the wrong reading of day and month jumps about."""
    steps = np.diff(local[~np.isnat(local)]).astype(np.int64)
    return (int(np.sum(steps < 0)), float(np.max(np.abs(steps)))) if len(steps) else (0, 0.0)


def to_utc(local: Times, timezone: str) -> tuple[Times, int]:
    """Local times of a zone in UTC, and how many of them summer time makes ambiguous or impossible."""
    zone = zone_of(timezone)
    if timezone == "UTC" or not len(local):
        return local, 0
    index = pd.DatetimeIndex(local)
    strict = index.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    shifted = int(np.sum(strict.isna()) - np.sum(index.isna()))
    if shifted:
        try:
            strict = index.tz_localize(zone, ambiguous="infer", nonexistent="shift_forward")
        except ValueError:
            strict = index.tz_localize(zone, ambiguous=np.ones(len(index), dtype=bool), nonexistent="shift_forward")
    return strict.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]"), shifted


def from_numbers(values: Floats, timezone: str = "UTC") -> Clock | None:
    """Times written as plain numbers: seconds (ms, us, ns) since 1970, a spreadsheet's day number, or 20250303[060000]; else None.

    >>> from_numbers(np.array([1741000000.0, 1741000045.0])).format
    'seconds since 1970'
    """
    seen = values[np.isfinite(values)]
    if not len(seen):
        return None
    low, high = float(seen.min()), float(seen.max())
    for title, factor in (("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)):
        if 6e8 * factor <= low and high <= 4.2e9 * factor:
            return Clock(_from_micros(values * (1e6 / factor)), f"{title} since 1970")
    if 25_000 <= low and high <= 80_000:  # 1968 to 2119
        local = _from_micros(np.round((values - 25_569.0) * 86_400e3) * 1e3)
        at, shifted = to_utc(local, timezone)
        return Clock(at, "spreadsheet day number", shifted=shifted)
    whole = bool(np.all(seen == np.round(seen)))
    if whole and ((19_000_101 <= low and high <= 21_001_231) or (19e12 <= low and high <= 21.1e12)):
        clock = parse([_compact(v) for v in values], timezone)
        return clock if not clock.unread else None
    return None


def _compact(value: float) -> str:
    if not np.isfinite(value):
        return ""
    digits = f"{value:.0f}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]} {digits[8:] or '0000'}"


def _from_micros(micros: Floats) -> Times:
    at = np.full(len(micros), _NAT)
    known = np.isfinite(micros)
    at[known] = np.round(micros[known]).astype(np.int64).astype("datetime64[us]")
    return at
