"""A period that a person asks for: the last eight hours, day, week or month, or from one time to another in the plant's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from spc.errors import Complaint

PERIODS: Final = {"8h": timedelta(hours=8), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


def period(kind: str, now: int, zone: tzinfo, since: str = "", until: str = "") -> tuple[int, int]:
    """The first and the last moment, µs UTC: one of `PERIODS` before `now`, or, for any other word, from `since` to `until`.

    A time without an offset is one of `zone`; a date alone begins its day, or as `until` ends it; an empty `until` is now. Raises
    Complaint.

    >>> period("8h", 1741104000000000, UTC)
    (1741075200000000, 1741104000000000)
    >>> period("between", 1741104000000000, UTC, "2025-03-04", "2025-03-04")
    (1741046400000000, 1741132799999999)
    """
    if kind in PERIODS:
        return now - PERIODS[kind] // _MICRO, now
    if not since.strip():
        raise Complaint("It is not said from when.", cure="Give a time such as 2025-03-04 06:00.")
    first = moment(since, zone)
    last = moment(until, zone, end=True) if until.strip() else now
    if last <= first:
        raise Complaint(f"The period ends at {until.strip() or 'now'}, before it begins at {since.strip()}.", cure="Exchange the two.")
    return first, last


def moment(text: str, zone: tzinfo, *, end: bool = False) -> int:
    """A time or a date as µs UTC; a date alone is the first moment of its day, with `end` the last one. Raises Complaint.

    >>> moment("2025-03-04 06:00", UTC)
    1741068000000000
    """
    text = text.strip()
    try:
        at = datetime.fromisoformat(text)
        day = end and len(text) <= 10
        at = at if at.tzinfo is not None else at.replace(tzinfo=zone)
        if day:  # the next midnight on the plant's clock: some days have 23 or 25 hours
            at = (at.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=at.tzinfo)
        return (at.astimezone(UTC) - _EPOCH) // _MICRO - (1 if day else 0)
    except (ValueError, OverflowError) as wrong:
        raise Complaint(f"{text[:60]!r} is not a time.", cure="Write 2025-03-04 06:00, or only the day.") from wrong
